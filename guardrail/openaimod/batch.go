package openaimod

import (
	"unicode/utf8"

	"github.com/headersafe/headersafe/guardrail"
)

// overlap is how much of a piece the next one repeats, so that what stands at a cut is read whole.
const overlap = 256

// piece is a string to ask about, and the text that it is of.
type piece struct {
	value string
	text  int
}

// batch cuts texts into pieces of at most size bytes, and puts at most count of them together, of at most size
// bytes in all. Empty texts say nothing and are left out.
func batch(texts []guardrail.Text, count, size int) [][]piece {
	var batches [][]piece
	var current []piece
	bytes := 0
	add := func(p piece) {
		if len(current) == count || len(current) > 0 && bytes+len(p.value) > size {
			batches, current, bytes = append(batches, current), nil, 0
		}
		current, bytes = append(current, p), bytes+len(p.value)
	}
	for i, text := range texts {
		rest := text.Value
		for len(rest) > size {
			cut := runeStart(rest, size)
			add(piece{rest[:cut], i})
			rest = rest[runeStart(rest, cut-overlap):]
		}
		if rest != "" {
			add(piece{rest, i})
		}
	}
	if len(current) > 0 {
		batches = append(batches, current)
	}
	return batches
}

// runeStart returns the last place at or before i at which s can be cut without breaking a character.
func runeStart(s string, i int) int {
	for back := i; back > i-utf8.UTFMax; back-- {
		if utf8.RuneStart(s[back]) {
			return back
		}
	}
	return i // no UTF-8: there is nothing to break
}
