package guardrail

import (
	"bytes"
	"math"
	"slices"
	"strings"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// paths are all the simple paths of a rule as one tree, followed at once while the tape is walked: a rule has
// dozens of paths, most of which begin alike.
type paths struct {
	states []state // states[0] is the root's
	known  map[string]nameID
	table  []nameSlot // the same, for looking up what a document holds; its length is a power of two
	names  [][]byte   // by nameID
	alike  [][]nameID
}

// nameID is the number of a name that the rule knows.
type nameID int32

const unknownName nameID = -1

// state is a place in the tree of paths: what has been followed so far.
type state struct {
	byName  []edge[nameID]
	names   []uint16 // byName by nameID, 0 for none, where there are many of them
	byIndex []edge[int]
	byTest  []testEdges
	any     int  // the state that a wildcard leads to; 0 for none
	descend int  // the state from which every value below is looked at as well; 0 for none
	stays   bool // this is one of those: it holds for everything below
	mark    mark
	paths   []int // the Text selectors that end here
}

type edge[K comparable] struct {
	key K
	to  int
}

// testEdges are the tests of one member, which is looked for once.
type testEdges struct {
	member  string
	names   []string // its parts
	byValue []edge[string]
}

func (p *paths) newState(stays bool) int {
	p.states = append(p.states, state{stays: stays, mark: noMark})
	return len(p.states) - 1
}

// know makes name one that the rule knows.
func (p *paths) know(name string) nameID {
	if id, ok := p.known[name]; ok {
		return id
	}
	if p.known == nil {
		p.known = make(map[string]nameID)
	}
	id := nameID(len(p.names))
	p.known[name] = id
	p.names = append(p.names, []byte(name))
	return id
}

// add adds a path.
func (p *paths) add(steps []step, m mark) {
	if len(p.states) == 0 {
		p.newState(false)
	}
	at := 0
	for _, s := range steps {
		if s.descend {
			if p.states[at].descend == 0 {
				p.states[at].descend = p.newState(true)
			}
			at = p.states[at].descend
		}
		at = p.follow(at, s)
	}
	end := &p.states[at]
	end.mark.lists |= m.lists
	if m.text >= 0 {
		end.paths = append(end.paths, m.text)
		if end.mark.text < 0 {
			end.mark.text = m.text
		}
	}
}

// follow returns the state that a step leads to, a new one if need be.
func (p *paths) follow(at int, s step) int {
	switch s.kind {
	case byWildcard:
		if p.states[at].any == 0 {
			p.states[at].any = p.newState(false)
		}
		return p.states[at].any
	case byIndex:
		for _, e := range p.states[at].byIndex {
			if e.key == s.index {
				return e.to
			}
		}
		to := p.newState(false)
		p.states[at].byIndex = append(p.states[at].byIndex, edge[int]{s.index, to})
		return to
	case byTest:
		return p.followTest(at, s.test)
	}
	id := p.know(s.name)
	for _, e := range p.states[at].byName {
		if e.key == id {
			return e.to
		}
	}
	to := p.newState(false)
	p.states[at].byName = append(p.states[at].byName, edge[nameID]{id, to})
	return to
}

func (p *paths) followTest(at int, t test) int {
	i := slices.IndexFunc(p.states[at].byTest, func(e testEdges) bool { return e.member == t.member })
	if i < 0 {
		i = len(p.states[at].byTest)
		names := strings.Split(t.member, ".")[1:]
		for _, name := range names {
			p.know(name)
		}
		p.states[at].byTest = append(p.states[at].byTest, testEdges{member: t.member, names: names})
	}
	for _, e := range p.states[at].byTest[i].byValue {
		if e.key == t.value {
			return e.to
		}
	}
	to := p.newState(false)
	tests := &p.states[at].byTest[i]
	tests.byValue = append(tests.byValue, edge[string]{t.value, to})
	return to
}

// seal is called when all paths and names are in.
func (p *paths) seal() {
	p.alike = make([][]nameID, len(p.names))
	for i, name := range p.names {
		for j, other := range p.names {
			if i != j && bytes.EqualFold(name, other) {
				p.alike[i] = append(p.alike[i], nameID(j))
			}
		}
	}
	for i := range p.states {
		s := &p.states[i]
		if len(s.byName) < manyNames || len(p.states) > math.MaxUint16 {
			continue
		}
		s.names = make([]uint16, len(p.names))
		for _, e := range s.byName {
			s.names[e.key] = uint16(e.to)
		}
	}
	size := 16
	for size < 4*len(p.names) {
		size *= 2
	}
	p.table = make([]nameSlot, size)
	for id, name := range p.names {
		at := p.slot(name)
		for p.table[at].used {
			at = (at + 1) & (size - 1)
		}
		p.table[at] = nameSlot{true, nameID(id), string(name)}
	}
}

// nameSlot is a place in a table of names by open addressing.
type nameSlot struct {
	used bool
	id   nameID
	name string
}

// slot returns where the search for a name begins. The names in the table are the rule's: a document cannot make the
// searches longer than they are.
func (p *paths) slot(name []byte) int {
	n := len(name)
	if n == 0 {
		return 0
	}
	hash := uint32(n)*0x9e3779b1 ^ uint32(name[0])*0x85ebca77 ^ uint32(name[n/2])*0xc2b2ae3d ^ uint32(name[n-1])*0x27d4eb2f
	return int(hash^hash>>15) & (len(p.table) - 1)
}

func (p *paths) lookup(name []byte) nameID {
	for at := p.slot(name); p.table[at].used; at = (at + 1) & (len(p.table) - 1) {
		if p.table[at].name == string(name) {
			return p.table[at].id
		}
	}
	return unknownName
}

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
	n, ok := v.node, true
	for _, name := range tests.names {
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

// identify returns the ID of a member's name and its unescaped spelling, for which scratch may be used.
func (p *paths) identify(t *jsonscan.Tape, n jsonscan.Node, scratch []byte) (id nameID, spelt, kept []byte) {
	spelt, escaped := t.Name(n)
	if escaped {
		scratch = t.AppendName(scratch[:0], n)
		spelt = scratch
	}
	return p.lookup(spelt), spelt, scratch
}
