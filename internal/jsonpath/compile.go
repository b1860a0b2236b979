package jsonpath

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// Bounds on expressions. They are far beyond what anybody writes, and keep the parser's and the evaluator's stacks small.
const (
	MaxExpression = 8192 // bytes in an expression
	MaxNesting    = 64   // parentheses, filters and function calls inside one another
)

// Compile parses an expression. The error, if any, is an *Error.
func Compile(expr string) (*Path, error) {
	p := &parser{src: expr}
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	return path, nil
}

// MustCompile is Compile for expressions that are known to be good. It panics if expr is not.
func MustCompile(expr string) *Path {
	p, err := Compile(expr)
	if err != nil {
		panic(err)
	}
	return p
}

// parser is a recursive descent over the grammar of RFC 9535, appendix A. Its methods stop at the first fault, which they
// raise as a panic with an *Error, caught in path: every step of a descent can fail.
type parser struct {
	src      string
	pos      int
	depth    int
	names    []string
	absolute int
}

func (p *parser) path() (path *Path, err error) {
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case *Error:
			path, err = nil, fault
		default:
			panic(fault)
		}
	}()
	if len(p.src) > MaxExpression {
		p.failAt(MaxExpression, KindLimit, "longer than %d bytes", MaxExpression)
	}
	for i, r := range p.src {
		if _, n := utf8.DecodeRuneInString(p.src[i:]); r == utf8.RuneError && n == 1 {
			p.failAt(i, KindEncoding, "invalid UTF-8")
		}
	}
	segments := p.root()
	if p.pos < len(p.src) {
		p.fail(KindSyntax, "unexpected %s", p.here())
	}
	return &Path{
		expr:     p.src,
		segments: segments,
		names:    p.names,
		absolute: p.absolute,
		singular: isSingular(segments),
	}, nil
}

// root parses the whole expression, of which "$" or "$." may be missing.
func (p *parser) root() []segment {
	switch c := p.peek(); {
	case c == '$':
		p.pos++
		return p.segments(nil)
	case c == '[' || c == '.':
		return p.segments(nil)
	case c == '*' || p.atName():
		return p.segments([]segment{{selectors: []selector{p.shorthand()}}})
	}
	p.fail(KindSyntax, "an expression cannot begin with %s", p.here())
	return nil
}

// segments parses *(S segment). White space that no segment follows is left for the caller.
func (p *parser) segments(list []segment) []segment {
	for {
		start := p.pos
		p.space()
		switch {
		case p.accept(".."):
			s := segment{descendant: true}
			if p.peek() == '[' {
				s.selectors = p.bracketed()
			} else {
				s.selectors = []selector{p.shorthand()}
			}
			list = append(list, s)
		case p.accept("."):
			list = append(list, segment{selectors: []selector{p.shorthand()}})
		case p.peek() == '[':
			list = append(list, segment{selectors: p.bracketed()})
		default:
			p.pos = start
			return list
		}
	}
}

// shorthand parses what may follow a dot: a wildcard or a name without quotes (section 2.5.1.1).
func (p *parser) shorthand() selector {
	if p.accept("*") {
		return selector{kind: byWildcard}
	}
	start := p.pos
	if !p.atName() {
		p.fail(KindSyntax, "a name or * must follow the dot, not %s", p.here())
	}
	for p.atName() || isDigit(p.peek()) {
		_, n := utf8.DecodeRuneInString(p.src[p.pos:])
		p.pos += n
	}
	return p.named(p.src[start:p.pos])
}

func (p *parser) named(name string) selector {
	if !slices.Contains(p.names, name) {
		p.names = append(p.names, name)
	}
	return selector{kind: byName, name: name}
}

// bracketed parses a bracketed selection (section 2.5.1.1).
func (p *parser) bracketed() []selector {
	var list []selector
	p.expect("[")
	for {
		p.space()
		list = append(list, p.selector())
		p.space()
		if p.accept("]") {
			return list
		}
		if !p.accept(",") {
			p.fail(KindSyntax, "a comma or ] must follow a selector, not %s", p.here())
		}
	}
}

func (p *parser) selector() selector {
	switch c := p.peek(); {
	case c == '\'' || c == '"':
		return p.named(p.quoted())
	case c == '*':
		p.pos++
		return selector{kind: byWildcard}
	case c == '?':
		p.pos++
		p.space()
		p.enter()
		filter := p.or()
		p.leave()
		return selector{kind: byFilter, filter: filter}
	case c == ':' || c == '-' || isDigit(c):
		return p.indexOrSlice()
	}
	p.fail(KindSyntax, "no selector begins with %s", p.here())
	return selector{}
}

// indexOrSlice parses an index (section 2.3.3) or a slice (section 2.3.4).
func (p *parser) indexOrSlice() selector {
	var r sliceRange
	if p.peek() != ':' {
		r.start, r.hasStart = p.integer(), true
		end := p.pos
		p.space()
		if p.peek() != ':' {
			p.pos = end
			return selector{kind: byIndex, index: r.start}
		}
	}
	p.expect(":")
	p.space()
	r.step = 1
	if p.peek() == '-' || isDigit(p.peek()) {
		r.end, r.hasEnd = p.integer(), true
		p.space()
	}
	if p.accept(":") {
		end := p.pos
		p.space()
		if p.peek() == '-' || isDigit(p.peek()) {
			r.step = p.integer()
		} else {
			p.pos = end
		}
	}
	return selector{kind: bySlice, slice: r}
}

// enter and leave bound the depth of the recursion.
func (p *parser) enter() {
	if p.depth++; p.depth > MaxNesting {
		p.fail(KindLimit, "nested deeper than %d", MaxNesting)
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) fail(kind Kind, format string, args ...any) {
	p.failAt(p.pos, kind, format, args...)
}

func (p *parser) failAt(offset int, kind Kind, format string, args ...any) {
	panic(&Error{Expr: p.src, Offset: offset, Kind: kind, Detail: fmt.Sprintf(format, args...)})
}
