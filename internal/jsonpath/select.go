package jsonpath

import (
	"math"
	"sync"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// Select appends what the expression selects in t to dst, in the RFC's order and, where an expression selects
// a node several times, as often. budget may be nil for one of DefaultSteps. If the error is not nil, it is ErrBudget or
// ErrPattern and dst is returned as it came.
func (p *Path) Select(t *jsonscan.Tape, dst []jsonscan.Node, budget *Budget) ([]jsonscan.Node, error) {
	e, _ := evaluators.Get().(*evaluator)
	if e == nil {
		e = new(evaluator)
	}
	e.tape = t
	e.left = DefaultSteps(t)
	if budget != nil {
		e.left = budget.Steps
	}
	if cap(e.absolute) < p.absolute {
		e.absolute = make([]answer, p.absolute)
	}
	e.absolute = e.absolute[:p.absolute]
	clear(e.absolute)

	e.nodes = dst
	out := results{collect: true, limit: noLimit}
	e.walk(p.segments, jsonscan.Root, &out)
	selected, err := e.nodes, e.err
	if budget != nil {
		budget.Steps = max(e.left, 0)
	}
	e.release()
	if err != nil {
		return dst, err
	}
	return selected, nil
}

// evaluator is one evaluation. It walks depth first, segment by segment: for each node that a segment selects, the remaining segments are
// followed before the next one is looked for. That gives the nodes in the order of the RFC's node lists without
// holding any list but the last, and its recursion is as deep as the expression is long, not as the document.
type evaluator struct {
	tape     *jsonscan.Tape
	left     int64 // steps
	err      error
	nodes    []node     // what is selected
	absolute []answer   // of absolute queries in filters
	later    []node     // elements of slices that run backwards
	pairs    []nodePair // values yet to be compared
	buffers  [2][]byte  // unescaped texts
	patterns patternCache
}

var evaluators sync.Pool // of *evaluator

// maxPooled is how much an evaluator may keep for its next use, in entries or bytes of each kind.
const maxPooled = 1 << 14

func (e *evaluator) release() {
	e.tape, e.err, e.nodes = nil, nil, nil
	e.later, e.pairs = e.later[:0], e.pairs[:0]
	if cap(e.later) > maxPooled {
		e.later = nil
	}
	if cap(e.pairs) > maxPooled {
		e.pairs = nil
	}
	for i, b := range e.buffers {
		if cap(b) > maxPooled {
			e.buffers[i] = nil
		}
	}
	e.patterns = patternCache{}
	evaluators.Put(e)
}

// spend takes steps from the budget. When it returns false everything must stop.
func (e *evaluator) spend(steps int64) bool {
	if e.left -= steps; e.left >= 0 && e.err == nil {
		return true
	}
	if e.err == nil {
		e.err = ErrBudget
	}
	return false
}

// results is where a walk ends: in the evaluator's list, or for a filter's query in a count that may stop at limit.
type results struct {
	collect bool
	limit   int
	count   int
	first   node
}

const noLimit = math.MaxInt

// add reports whether to go on.
func (e *evaluator) add(n node, out *results) bool {
	if out.collect {
		e.nodes = append(e.nodes, n)
		return true
	}
	if out.count == 0 {
		out.first = n
	}
	out.count++
	return out.count < out.limit
}

// answer is the result of an absolute query, which is the same for every node that a filter tries.
type answer struct {
	known bool
	count int
	first node
}

// query follows a filter's query from the current node, or from the root, and returns how many nodes it selects, counting no further than
// limit, and the first of them.
func (e *evaluator) query(q *query, at node, limit int) (count int, first node) {
	if q.slot < 0 {
		out := results{limit: limit}
		e.walk(q.segments, at, &out)
		return out.count, out.first
	}
	a := e.absolute[q.slot]
	if !a.known {
		out := results{limit: limit}
		e.walk(q.segments, jsonscan.Root, &out)
		a = answer{known: true, count: out.count, first: out.first}
		e.absolute[q.slot] = a
	}
	return a.count, a.first
}

// walk follows the segments from n and reports whether to go on.
func (e *evaluator) walk(segments []segment, n node, out *results) bool {
	if !e.spend(1) {
		return false
	}
	if len(segments) == 0 {
		return e.add(n, out)
	}
	s, rest := &segments[0], segments[1:]
	if !s.descendant {
		return e.apply(s, rest, n, out)
	}
	for d, end := n, e.tape.After(n); d < end; d++ {
		if !e.spend(1) || !e.apply(s, rest, d, out) {
			return false
		}
	}
	return true
}

// apply tries each of a segment's selectors on the children of n.
func (e *evaluator) apply(s *segment, rest []segment, n node, out *results) bool {
	if e.tape.Count(n) == 0 {
		return true
	}
	for i := range s.selectors {
		more := true
		switch sel := &s.selectors[i]; sel.kind {
		case byName:
			more = e.member(sel.name, rest, n, out)
		case byWildcard:
			more = e.children(nil, rest, n, out)
		case byFilter:
			more = e.children(sel.filter, rest, n, out)
		case byIndex:
			more = e.element(sel.index, rest, n, out)
		case bySlice:
			more = e.elements(sel.slice, rest, n, out)
		}
		if !more {
			return false
		}
	}
	return true
}

// member is the name selector (section 2.3.1). A scanned object has each name once.
func (e *evaluator) member(name string, rest []segment, n node, out *results) bool {
	t := e.tape
	if t.Type(n) != jsonscan.Object {
		return true
	}
	for c, end := n+1, t.After(n); c < end; c = t.After(c) {
		if !e.spend(1) {
			return false
		}
		if t.NameIs(c, name) {
			return e.walk(rest, c, out)
		}
	}
	return true
}

// children is the wildcard selector (section 2.3.2), or with a filter the filter selector (section 2.3.5).
func (e *evaluator) children(filter logical, rest []segment, n node, out *results) bool {
	t := e.tape
	for c, end := n+1, t.After(n); c < end; c = t.After(c) {
		if filter != nil {
			if !e.spend(1) || !filter.holds(e, c) {
				if e.err != nil {
					return false
				}
				continue
			}
		}
		if !e.walk(rest, c, out) {
			return false
		}
	}
	return true
}
