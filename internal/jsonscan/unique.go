package jsonscan

import "hash/maphash"

// smallObject is up to how many members an object's names are compared each with each, by key, which for the few that
// most objects have beats any table.
const smallObject = 16

// seed keeps the author of a text from knowing which names collide.
var seed = maphash.MakeSeed()

// slot is a place in the table of a large object's names. An empty one has node 0, which is the root and so no member.
type slot struct {
	hash uint32
	node uint32
}

// checkNames looks for two names of the object n that could be taken for one another, and for names that could be taken for a selected
// one. It runs when the object is closed, so that no table outlives it, and touches each member once.
func (t *Tape) checkNames(nodes []node, n uint32, selected *Names) *Error {
	count := nodes[n].count
	if selected != nil && len(selected.names) == 0 {
		selected = nil
	}
	switch {
	case count == 0 || count == 1 && selected == nil:
		return nil
	case count > smallObject:
		return t.checkMany(nodes, n, selected)
	}
	var keys [smallObject]uint64
	var members [smallObject]uint32
	seen := 0
	for c := n + 1; c < nodes[n].next; c = nodes[c].next {
		raw := t.src[nodes[c].name:nodes[c].nameEnd]
		key := t.key(&nodes[c], raw)
		if selected != nil && selected.clashes(raw, key) {
			return nameError(&nodes[c], KindSelectedName)
		}
		for i, k := range keys[:seen] {
			if k == key {
				if err := t.compare(&nodes[members[i]], &nodes[c]); err != nil {
					return err
				}
			}
		}
		keys[seen], members[seen] = key, c
		seen++
	}
	return nil
}

// checkMany is checkNames with a hash table.
func (t *Tape) checkMany(nodes []node, n uint32, selected *Names) *Error {
	size := 1
	for size < 2*int(nodes[n].count) {
		size *= 2
	}
	if cap(t.slots) < size {
		t.slots = make([]slot, size)
	}
	slots := t.slots[:size]
	clear(slots)
	for c := n + 1; c < nodes[n].next; c = nodes[c].next {
		raw := t.src[nodes[c].name:nodes[c].nameEnd]
		t.folded = appendFolded(t.folded[:0], raw)
		if selected != nil && selected.clashes(raw, keyOf(t.folded)) {
			return nameError(&nodes[c], KindSelectedName)
		}
		sum := maphash.Bytes(seed, t.folded)
		hash := uint32(sum >> 32)
		at := int(sum & uint64(size-1))
		for slots[at].node != 0 {
			if slots[at].hash == hash {
				if err := t.compare(&nodes[slots[at].node], &nodes[c]); err != nil {
					return err
				}
			}
			at = (at + 1) & (size - 1)
		}
		slots[at] = slot{hash: hash, node: c}
	}
	return nil
}

// key returns the key of a member's name.
func (t *Tape) key(member *node, raw []byte) uint64 {
	if member.flags&(nameEscaped|nameNonASCII) == 0 {
		return keyOf(raw)
	}
	t.folded = appendFolded(t.folded[:0], raw)
	return keyOf(t.folded)
}

// compare returns an error about the later of two members if their names could be taken for one another.
func (t *Tape) compare(earlier, later *node) *Error {
	folded, exact := equalFolded(t.src[earlier.name:earlier.nameEnd], t.src[later.name:later.nameEnd])
	switch {
	case exact:
		return nameError(later, KindDuplicateName)
	case folded:
		return nameError(later, KindFoldedName)
	}
	return nil
}

func nameError(member *node, kind Kind) *Error {
	return &Error{Offset: int(member.name) - 1, Kind: kind}
}
