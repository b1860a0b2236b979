package guardrail

import (
	"slices"
	"strconv"
	"strings"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// A text that goes on from event to event is known by its key, which says where it stands in the answer that the events
// make up: "choices[1].delta.tool_calls[0].function.arguments". The elements of some lists go by their member "index", as
// clients have it. Those of all others are one place, whatever members they have: an array of tokens goes on from event
// to event. In an array within such a one, the tokens that might have been, it is the position that counts.

// maxIndex is the highest index of a choice, block, item or part.
const maxIndex = 9999

var errIndex = fault("an index is missing, or is no whole number from 0 to 9999")

// indexOf returns the number at n.
func indexOf(t *jsonscan.Tape, n jsonscan.Node) (int, error) {
	raw := t.Raw(n)
	if t.Type(n) != jsonscan.Number {
		return 0, errIndex
	}
	index := 0
	for _, c := range raw {
		if c < '0' || c > '9' {
			return 0, errIndex // "1e1" and "1.0" are whole numbers to some parsers
		}
		if index = 10*index + int(c-'0'); index > maxIndex {
			return 0, errIndex
		}
	}
	return index, nil
}

// index returns the number that the member of n with the given name has.
func (r *eventReader) index(n jsonscan.Node, name string) (int, error) {
	if member, ok := memberOf(r.tape, n, name); ok {
		return indexOf(r.tape, member)
	}
	return 0, errIndex
}

// place makes a key of names and indexes: place("content", 3, ".text") is "content[3].text". An index that is negative
// is left out.
func (r *eventReader) place(name string, index int, more string, second int, last string) keySpan {
	start := len(r.keys)
	r.keys = appendIndex(append(r.keys, name...), index)
	r.keys = appendIndex(append(r.keys, more...), second)
	r.keys = append(r.keys, last...)
	return keySpan{start, len(r.keys)}
}

// placeIn makes a key of five parts: "output[0].content[1].text".
func (r *eventReader) placeIn(name string, index int, list string, position int, last string) keySpan {
	key := r.place(name, index, ".", none, list)
	r.keys = appendIndex(r.keys, position)
	r.keys = append(append(r.keys, '.'), last...)
	key.end = len(r.keys)
	return key
}

// further returns a key continued.
func (r *eventReader) further(key keySpan, more string) keySpan {
	start := len(r.keys)
	r.keys = append(append(r.keys, r.keys[key.start:key.end]...), more...)
	return keySpan{start, len(r.keys)}
}

func appendIndex(key []byte, index int) []byte {
	if index < 0 {
		return key
	}
	return append(strconv.AppendInt(append(key, '['), int64(index), 10), ']')
}

// within says that n goes on with the texts of key. A nil wording goes by the table.
func (r *eventReader) within(n jsonscan.Node, key keySpan, as *wording) {
	r.bases = append(r.bases, base{node: n, end: r.tape.After(n), key: key, as: as})
}

// goOn adds an item to the text that it goes on with.
func (r *eventReader) goOn(b *base, it item) error {
	if b.over {
		return errTextEnded
	}
	r.key = append(r.key[:0], r.keys[b.key.start:b.key.end]...)
	if err := r.appendPath(b.node, it.node); err != nil {
		return err
	}
	as := wording{}
	switch {
	case b.as != nil:
		as = *b.as
	case it.selector >= 0:
		as = r.table.wordings[it.selector]
	}
	return r.say(it, as)
}

// appendPath appends to the key the way from a value to one below it.
func (r *eventReader) appendPath(from, to jsonscan.Node) error {
	var store [16]jsonscan.Node
	way := store[:0]
	for n := to; n != from; n, _ = r.tape.Parent(n) {
		way = append(way, n)
	}
	nested := false
	for _, n := range slices.Backward(way) {
		position, element := r.tape.Index(n)
		switch {
		case !element:
			r.key = r.tape.AppendName(append(r.key, '.'), n)
		case nested:
			r.key = appendIndex(r.key, position)
		default:
			index, err := r.ownIndex(n)
			if err != nil {
				return err
			}
			if nested = index == none; nested {
				r.key = append(r.key, "[]"...)
			} else {
				r.key = appendIndex(r.key, index)
			}
		}
		if len(r.key) > maxKey {
			return errDeep
		}
	}
	return nil
}

// maxKey bounds a key, in bytes: it is made up anew for each string.
const maxKey = 4096

var errDeep = fault("a text stands too deep, or below names that are too long")

// ownIndex returns the index by which an element goes; none if it goes by none.
func (r *eventReader) ownIndex(element jsonscan.Node) (int, error) {
	list, _ := r.tape.Parent(element)
	if !slices.ContainsFunc(indexedLists[:], func(name string) bool { return r.tape.NameIs(list, name) }) {
		return none, nil
	}
	if r.indexed.element != element {
		index := none
		if at, ok := memberOf(r.tape, element, "index"); ok {
			var err error
			if index, err = indexOf(r.tape, at); err != nil {
				return 0, err
			}
		}
		r.indexed.element, r.indexed.index = element, index
	}
	return r.indexed.index, nil
}

// say adds an item to the text of the key.
func (r *eventReader) say(it item, as wording) error {
	i, err := r.channels.find(r.key)
	if err != nil {
		return err
	}
	if i == none {
		c := channel{kind: as.kind, role: r.role(it), place: r.placeName(it), whole: r.key[0] == eventOnly[0]}
		if i, err = r.channels.open(r.key, c, as.escapes); err != nil {
			return err
		}
	}
	return r.channels.add(i, r.text(it), &r.piece)
}

// placeName returns the key as it goes into records: without names that the upstream made up.
func (r *eventReader) placeName(it item) string {
	for n, ok := it.node, true; ok; n, ok = r.tape.Parent(n) {
		name, _ := r.tape.Name(n)
		if r.table.rule.paths.lookup(name) == unknownName && len(name) > 0 && !harmlessName(name) {
			return normalizedPath(r.tape, it.node, r.table.rule)
		}
	}
	return strings.TrimPrefix(string(r.key), eventOnly)
}
