package jsonscan

import "unicode/utf8"

// Names is a set of selected names: those that the caller is going to look for. Scan refuses a text that anywhere has a
// member whose name folds to one of them without being one, since another parser might take it for that one.
// A Names is immutable and safe for concurrent use; a nil one is empty.
type Names struct {
	names []string
	slots []nameSlot // open addressing by key, a power of two, at most half full
	shift uint8      // from a mixed key to an index of slots
}

type nameSlot struct {
	key  uint64
	name int32 // index in names, plus one; 0 is an empty slot
}

// NewNames returns the set of the given names, which are not escaped. Repeats are harmless.
func NewNames(names ...string) *Names {
	s := &Names{}
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			s.names = append(s.names, name)
		}
	}
	size, shift := 4, uint8(62)
	for size < 2*len(s.names) {
		size, shift = size*2, shift-1
	}
	s.slots, s.shift = make([]nameSlot, size), shift
	var folded []byte
	for i, name := range s.names {
		folded = folded[:0]
		for _, r := range name {
			folded = utf8.AppendRune(folded, foldRune(r))
		}
		key := keyOf(folded)
		at := s.first(key)
		for s.slots[at].name != 0 {
			at = s.following(at)
		}
		s.slots[at] = nameSlot{key: key, name: int32(i) + 1}
	}
	return s
}

// Len returns the number of distinct names in the set.
func (s *Names) Len() int {
	if s == nil {
		return 0
	}
	return len(s.names)
}

func (s *Names) first(key uint64) int { return int(key * 0x9e3779b97f4a7c15 >> s.shift) }

func (s *Names) following(at int) int { return (at + 1) & (len(s.slots) - 1) }

// clashes reports whether the scanned raw, whose key is given, folds to a name of the set and is none of them.
func (s *Names) clashes(raw []byte, key uint64) bool {
	clash := false
	for at := s.first(key); s.slots[at].name != 0; at = s.following(at) {
		if s.slots[at].key != key {
			continue
		}
		name := s.names[s.slots[at].name-1]
		if string(raw) == name {
			return false
		}
		folded, exact := foldsTo(raw, name)
		if exact {
			return false
		}
		clash = clash || folded
	}
	return clash
}
