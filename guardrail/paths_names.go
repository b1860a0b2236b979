package guardrail

import "github.com/headersafe/headersafe/internal/jsonscan"

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

// identify returns the ID of a member's name and its unescaped spelling, for which scratch may be used.
func (p *paths) identify(t *jsonscan.Tape, n jsonscan.Node, scratch []byte) (id nameID, spelt, kept []byte) {
	spelt, escaped := t.Name(n)
	if escaped {
		scratch = t.AppendName(scratch[:0], n)
		spelt = scratch
	}
	return p.lookup(spelt), spelt, scratch
}
