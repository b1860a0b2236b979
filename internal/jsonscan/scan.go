package jsonscan

import (
	"math"
	"slices"
)

// Scan reads src, one JSON text, and returns its tape. The error, if any, is an *Error. selected may be nil.
func Scan(src []byte, limits Limits, selected *Names) (*Tape, error) {
	if uint64(len(src)) >= math.MaxUint32 {
		return nil, &Error{Offset: math.MaxUint32, Kind: KindSize}
	}
	if kind := checkEncoding(src); kind != 0 {
		return nil, &Error{Offset: 0, Kind: kind}
	}
	t, _ := pool.Get().(*Tape)
	if t == nil {
		t = new(Tape)
	}
	t.src = src
	if src == nil {
		t.src = []byte{} // a nil source is how Release knows a released tape
	}
	s := scanner{tape: t, src: t.src, nodes: t.nodes[:0], limits: limits.withDefaults(), selected: selected, open: none}
	err := s.document()
	t.nodes = s.nodes
	if err != nil {
		t.Release()
		return nil, err
	}
	return t, nil
}

// scanner is one pass over a text. The arrays and objects that are open need no stack: each node knows its parent.
type scanner struct {
	tape     *Tape
	src      []byte
	nodes    []node
	limits   Limits
	selected *Names

	open  uint32 // the innermost open array or object, or none
	depth int    // how many are open

	// What the next value is to be called.
	name, nameEnd uint32
	nameFlags     flags
}

func (s *scanner) document() *Error {
	src := s.src
	i := skipSpace(src, 0)
	if i == len(src) {
		return &Error{Offset: i, Kind: KindEmpty}
	}
	for {
		// src[i] begins a value.
		end, opened, err := s.value(i)
		if err != nil {
			return err
		}
		i = end
		if opened {
			i = skipSpace(src, i)
			if i == len(src) {
				return &Error{Offset: i, Kind: KindTruncated}
			}
			if !s.closes(src[i]) {
				if i, err = s.member(i); err != nil {
					return err
				}
				continue
			}
			if err := s.close(i); err != nil {
				return err
			}
			i++
		}
		// A value has ended: close what ends with it, up to the comma before the next one.
		for {
			i = skipSpace(src, i)
			if s.open == none {
				return s.end(i)
			}
			s.nodes[s.open].count++
			if i == len(src) {
				return &Error{Offset: i, Kind: KindTruncated}
			}
			if src[i] == ',' {
				break
			}
			if !s.closes(src[i]) {
				return s.unexpected(i)
			}
			if err := s.close(i); err != nil {
				return err
			}
			i++
		}
		i = skipSpace(src, i+1)
		if i == len(src) {
			return &Error{Offset: i, Kind: KindTruncated}
		}
		if i, err = s.member(i); err != nil {
			return err
		}
	}
}

// value adds the value that begins at src[i]. It returns the index after a scalar, or after the bracket of an array or
// object, which then is open.
func (s *scanner) value(i int) (end int, opened bool, err *Error) {
	src := s.src
	if len(s.nodes) >= s.limits.MaxNodes {
		return i, false, &Error{Offset: i, Kind: KindNodes}
	}
	// The node is filled in where it is to stay: most of a scan is spent on such writes.
	self := uint32(len(s.nodes))
	if len(s.nodes) == cap(s.nodes) {
		s.nodes = slices.Grow(s.nodes, 1)
	}
	s.nodes = s.nodes[:self+1]
	nd := &s.nodes[self]
	nd.start, nd.next, nd.parent = uint32(i), self+1, s.open
	nd.name, nd.nameEnd, nd.flags, nd.count = s.name, s.nameEnd, s.nameFlags, 0
	switch c := src[i]; c {
	case '"':
		at, f, kind := scanString(src, i+1)
		if kind != 0 {
			return i, false, &Error{Offset: at, Kind: kind}
		}
		end, nd.typ, nd.flags = at+1, String, nd.flags|f
	case '{', '[':
		if s.depth >= s.limits.MaxDepth {
			return i, false, &Error{Offset: i, Kind: KindDepth}
		}
		s.depth++
		s.open = self
		end, opened, nd.typ = i+1, true, Object
		if c == '[' {
			nd.typ = Array
		}
	case 't', 'f', 'n':
		at, typ, ok := scanLiteral(src, i)
		if !ok {
			return i, false, &Error{Offset: at, Kind: KindLiteral}
		}
		end, nd.typ = at, typ
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		at, ok := scanNumber(src, i)
		if !ok {
			return i, false, s.badNumber(at)
		}
		end, nd.typ = at, Number
	default:
		return i, false, s.unexpected(i)
	}
	nd.end = uint32(end)
	return end, opened, nil
}

// member reads what stands before a value, from src[i] on: nothing in an array, a name and a colon in an object. It returns
// the index of the value's first byte.
func (s *scanner) member(i int) (value int, err *Error) {
	src := s.src
	container := &s.nodes[s.open]
	if container.typ == Array {
		s.name, s.nameEnd, s.nameFlags = container.count, 0, 0
		if src[i] == ']' {
			return i, &Error{Offset: i, Kind: KindTrailingComma}
		}
		return i, nil
	}
	if src[i] != '"' {
		if src[i] == '}' {
			return i, &Error{Offset: i, Kind: KindTrailingComma}
		}
		return i, s.unexpectedName(i)
	}
	end, f, kind := scanString(src, i+1)
	if kind != 0 {
		return i, &Error{Offset: end, Kind: kind}
	}
	if f&textNUL != 0 {
		return i, &Error{Offset: i, Kind: KindNULName}
	}
	s.name, s.nameEnd, s.nameFlags = uint32(i)+1, uint32(end), f<<nameShift
	i = skipSpace(src, end+1)
	if i < len(src) && src[i] != ':' {
		return i, s.unexpectedName(i)
	}
	i = skipSpace(src, i+1)
	if i >= len(src) {
		return i, &Error{Offset: len(src), Kind: KindTruncated}
	}
	return i, nil
}

// closes reports whether c closes what is open. In ASCII both closing brackets are two after their opening ones.
func (s *scanner) closes(c byte) bool {
	if s.nodes[s.open].typ == Array {
		return c == ']'
	}
	return c == '}'
}

// close ends the innermost array or object, whose bracket is src[i].
func (s *scanner) close(i int) *Error {
	self := s.open
	nd := &s.nodes[self]
	nd.end = uint32(i) + 1
	nd.next = uint32(len(s.nodes))
	s.open = nd.parent
	s.depth--
	if nd.typ == Object {
		return s.tape.checkNames(s.nodes, self, s.selected)
	}
	return nil
}

// end is called behind the document, past white space.
func (s *scanner) end(i int) *Error {
	switch {
	case i == len(s.src):
		return nil
	case s.src[i] == '/':
		return &Error{Offset: i, Kind: KindComment}
	}
	return &Error{Offset: i, Kind: KindTrailingData}
}
