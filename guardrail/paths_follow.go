package guardrail

import (
	"bytes"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// start appends the states in which the walk of a document begins.
func (p *paths) start(active []int) []int {
	if len(p.states) == 0 {
		return active
	}
	return p.enter(active, 0)
}

// enter appends a state that has been reached, and the one that comes with it.
func (p *paths) enter(active []int, to int) []int {
	active = append(active, to)
	if below := p.states[to].descend; below != 0 {
		active = append(active, below)
	}
	return active
}

// step appends, to the end of active, the states that hold at a value, given those from first to last that hold at the
// array or object above it. confusable says that the value's name could be taken for one that a path looks for
// here, and is none.
func (p *paths) step(active []int, first, last int, v *visit) (next []int, confusable bool) {
	for i := first; i < last; i++ {
		s := &p.states[active[i]]
		if s.stays {
			active = append(active, active[i])
		}
		if s.any != 0 {
			active = p.enter(active, s.any)
		}
		for j := range s.byTest {
			active = p.try(active, &s.byTest[j], v)
		}
		if !v.member {
			for _, e := range s.byIndex {
				if e.key == v.index {
					active = p.enter(active, e.to)
				}
			}
			continue
		}
		if to := s.named(v.name); to != 0 {
			active = p.enter(active, to)
		} else if len(s.byName) > 0 && p.confusable(s, v) {
			return active, true
		}
	}
	return active, false
}

// try appends the states that tests of one member lead to.
func (p *paths) try(active []int, tests *testEdges, v *visit) []int {
	n := v.node
	for _, name := range tests.names {
		var ok bool
		if n, ok = memberOf(v.tape, n, name); !ok {
			return active
		}
	}
	for _, e := range tests.byValue {
		if v.tape.TextIs(n, e.key) {
			return p.enter(active, e.to)
		}
	}
	return active
}

// memberOf returns the member of n that has the given name. n may be anything.
func memberOf(t *jsonscan.Tape, n jsonscan.Node, name string) (jsonscan.Node, bool) {
	if t.Type(n) != jsonscan.Object {
		return 0, false
	}
	end := t.After(n)
	for c := n + 1; c < end; c = t.After(c) {
		if t.NameIs(c, name) {
			return c, true
		}
	}
	return 0, false
}

// manyNames is from how many edges on a state has a table of them.
const manyNames = 4

// named returns the state that a name leads to, or 0.
func (s *state) named(name nameID) int {
	if s.names != nil {
		if name == unknownName {
			return 0
		}
		return int(s.names[name])
	}
	for _, e := range s.byName {
		if e.key == name {
			return e.to
		}
	}
	return 0
}

// visit is a value as its array or object has it.
type visit struct {
	tape   *jsonscan.Tape
	node   jsonscan.Node
	member bool
	name   nameID // of a member
	spelt  []byte // a member's name, unescaped
	index  int    // of an element
}

func (p *paths) confusable(s *state, v *visit) bool {
	if v.name != unknownName {
		for _, other := range p.alike[v.name] {
			for _, e := range s.byName {
				if e.key == other {
					return true
				}
			}
		}
		return false
	}
	for _, e := range s.byName {
		if bytes.EqualFold(p.names[e.key], v.spelt) {
			return true
		}
	}
	return false
}
