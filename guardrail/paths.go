package guardrail

import (
	"bytes"
	"math"
	"slices"
	"strings"
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
