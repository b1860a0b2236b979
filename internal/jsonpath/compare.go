package jsonpath

import (
	"bytes"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// operator is a comparison operator (section 2.3.5.2.2).
type operator uint8

const (
	equal operator = iota
	notEqual
	less
	lessOrEqual
	greater
	greaterOrEqual
)

type comparison struct {
	op          operator
	left, right operand
}

func (c comparison) holds(e *evaluator, at node) bool {
	a, b := e.resolve(c.left.value(e, at)), e.resolve(c.right.value(e, at))
	switch c.op {
	case equal:
		return e.equal(a, b)
	case notEqual:
		return !e.equal(a, b)
	case less:
		return e.less(a, b)
	case lessOrEqual:
		return e.less(a, b) || e.equal(a, b)
	case greater:
		return e.less(b, a)
	default:
		return e.less(b, a) || e.equal(a, b)
	}
}

// less holds between two numbers or two texts alone.
func (e *evaluator) less(a, b value) bool {
	switch {
	case a.kind != b.kind:
		return false
	case a.kind == isNumber:
		return e.order(a, b) < 0
	case a.kind == isText:
		// The order of UTF-8's bytes is that of the characters.
		x, y := e.text(a, 0), e.text(b, 1)
		e.spend(1 + int64(min(len(x), len(y)))/16)
		return bytes.Compare(x, y) < 0
	}
	return false
}

func (e *evaluator) order(a, b value) int {
	x, y := e.digits(a), e.digits(b)
	e.spend(1 + int64(len(x)+len(y))/16)
	return compareNumbers(x, y)
}

// equal compares resolved values, arrays and objects in depth.
func (e *evaluator) equal(a, b value) bool {
	if a.kind != b.kind {
		return false
	}
	if a.kind != isArray && a.kind != isObject {
		return e.scalarsEqual(a, b)
	}
	// A list of pairs in place of recursion: the document's depth is not ours to choose.
	base := len(e.pairs)
	e.pairs = append(e.pairs, nodePair{a.node, b.node})
	same := true
	for same && len(e.pairs) > base {
		last := e.pairs[len(e.pairs)-1]
		e.pairs = e.pairs[:len(e.pairs)-1]
		same = e.spend(1) && e.pairEqual(last)
	}
	e.pairs = e.pairs[:base]
	return same
}

func (e *evaluator) scalarsEqual(a, b value) bool {
	switch a.kind {
	case isNumber:
		return e.order(a, b) == 0
	case isText:
		x, y := e.text(a, 0), e.text(b, 1)
		e.spend(1 + int64(min(len(x), len(y)))/16)
		return bytes.Equal(x, y)
	}
	return true // Nothing, null, true, false: the kind says it all
}

type nodePair struct{ a, b node }

// pairEqual compares two nodes, leaving their children to be compared later.
func (e *evaluator) pairEqual(p nodePair) bool {
	t := e.tape
	if p.a == p.b {
		return true
	}
	typ := t.Type(p.a)
	switch {
	case typ != t.Type(p.b) || t.Count(p.a) != t.Count(p.b):
		return false
	case typ == jsonscan.Array:
		b := p.b + 1
		for a, end := p.a+1, t.After(p.a); a < end; a, b = t.After(a), t.After(b) {
			if !e.spend(1) {
				return false
			}
			e.pairs = append(e.pairs, nodePair{a, b})
		}
		return true
	case typ == jsonscan.Object:
		return e.pairMembers(p)
	}
	return e.scalarsEqual(e.resolve(value{kind: isNode, node: p.a}), e.resolve(value{kind: isNode, node: p.b}))
}

// pairMembers finds for each member of a the one of b with the same name, looking first where it would be if both were
// written in the same order. Other orders cost up to the product of the sizes, which the budget bounds.
func (e *evaluator) pairMembers(p nodePair) bool {
	t := e.tape
	begin, end := p.b+1, t.After(p.b)
	guess := begin
	for a, endA := p.a+1, t.After(p.a); a < endA; a = t.After(a) {
		// a's name is wanted as it reads, in the buffer that comparing texts does not need until later.
		name := t.AppendName(e.buffers[0][:0], a)
		e.buffers[0] = name
		found := false
		for b, tried := guess, 0; tried < t.Count(p.b); tried++ {
			if b == end {
				b = begin
			}
			if !e.spend(1 + int64(len(name))/16) {
				return false
			}
			if nameIs(t, b, name) {
				e.pairs = append(e.pairs, nodePair{a, b})
				guess, found = t.After(b), true
				break
			}
			b = t.After(b)
		}
		if !found {
			return false
		}
	}
	return true
}

func nameIs(t *jsonscan.Tape, n node, name []byte) bool {
	raw, escaped := t.Name(n)
	if !escaped {
		return bytes.Equal(raw, name)
	}
	return t.NameIs(n, string(name))
}
