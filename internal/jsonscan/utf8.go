package jsonscan

import (
	"encoding/binary"
	"unicode/utf8"
)

// Text in Western languages is ASCII with a few other characters strewn in, which makes utf8.Valid mispredict a branch at each of
// them. This automaton has no branch on the bytes: it skips ASCII eight bytes at a time and steps through the rest.
// The states are multiples of 6 and each byte's row holds the next state for state s at its bits s to s+5,
// so that a step is one load and one shift.
const (
	utf8Accept = 6 * iota
	utf8Reject
	utf8Last1   // one continuation byte to come
	utf8Last2   // two
	utf8Last3   // three
	utf8AfterE0 // two, the first not so low that the form is overlong
	utf8AfterED // two, the first not so high that it is a surrogate
	utf8AfterF0 // three, the first not so low that the form is overlong
	utf8AfterF4 // three, the first not so high that it is beyond U+10FFFF
)

var utf8Rows = func() (rows [256]uint64) {
	set := func(state, from, to, next int) {
		for b := from; b <= to; b++ {
			rows[b] &^= 63 << state
			rows[b] |= uint64(next) << state
		}
	}
	for state := utf8Accept; state <= utf8AfterF4; state += 6 {
		set(state, 0, 255, utf8Reject)
	}
	set(utf8Accept, 0x00, 0x7f, utf8Accept)
	set(utf8Accept, 0xc2, 0xdf, utf8Last1)
	set(utf8Accept, 0xe0, 0xef, utf8Last2)
	set(utf8Accept, 0xe0, 0xe0, utf8AfterE0)
	set(utf8Accept, 0xed, 0xed, utf8AfterED)
	set(utf8Accept, 0xf0, 0xf0, utf8AfterF0)
	set(utf8Accept, 0xf1, 0xf3, utf8Last3)
	set(utf8Accept, 0xf4, 0xf4, utf8AfterF4)
	set(utf8Last1, 0x80, 0xbf, utf8Accept)
	set(utf8Last2, 0x80, 0xbf, utf8Last1)
	set(utf8Last3, 0x80, 0xbf, utf8Last2)
	set(utf8AfterE0, 0xa0, 0xbf, utf8Last1)
	set(utf8AfterED, 0x80, 0x9f, utf8Last1)
	set(utf8AfterF0, 0x90, 0xbf, utf8Last2)
	set(utf8AfterF4, 0x80, 0x8f, utf8Last2)
	return rows
}()

// validUTF8 is utf8.Valid.
func validUTF8(b []byte) bool {
	state := uint64(utf8Accept)
	for len(b) >= 8 {
		if state&63 == utf8Accept && binary.LittleEndian.Uint64(b)&tops == 0 {
			b = b[8:]
			continue
		}
		state = utf8Rows[b[0]] >> (state & 63)
		state = utf8Rows[b[1]] >> (state & 63)
		state = utf8Rows[b[2]] >> (state & 63)
		state = utf8Rows[b[3]] >> (state & 63)
		state = utf8Rows[b[4]] >> (state & 63)
		state = utf8Rows[b[5]] >> (state & 63)
		state = utf8Rows[b[6]] >> (state & 63)
		state = utf8Rows[b[7]] >> (state & 63)
		b = b[8:]
	}
	for _, c := range b {
		state = utf8Rows[c] >> (state & 63)
	}
	return state&63 == utf8Accept
}

// badUTF8 returns the offset of the first invalid byte of b.
func badUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(b)
}
