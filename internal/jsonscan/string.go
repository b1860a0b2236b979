package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes at a time: ones times c is the byte c in every lane, tops the top bit of every lane.
const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// special returns a word whose lowest set bit is the top bit of x's first byte that ends a plain run: a quote, a
// backslash or a control character. It is 0 when there is none. Subtracting c from a lane sets the lane's top bit when
// the lane is below c, and borrows from the next lane only then, so that the lowest bit set is exact although the ones
// above it may not be. Lanes that are not ASCII have their top bit from the start and are masked out.
func special(x uint64) uint64 {
	control := x - ones*0x20
	quote := (x ^ ones*'"') - ones
	backslash := (x ^ ones*'\\') - ones
	return (control | quote | backslash) &^ x & tops
}

// simple holds what each escape of one letter stands for, and 0 for what is none.
var simple = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// scanString finds the end of the string whose first byte, after the quote, is src[i]. It returns the index of the closing
// quote, and as flags on a text what the string holds; or else the offset and kind of its first fault, except that
// bad UTF-8 is looked for last, in one go.
func scanString(src []byte, i int) (end int, f flags, kind Kind) {
	start := i
	var seen uint64 // the bits of all bytes of the string
	for {
		for i+8 <= len(src) {
			x := binary.LittleEndian.Uint64(src[i:])
			m := special(x)
			if m == 0 {
				seen |= x
				i += 8
				continue
			}
			// m&-m is the top bit of the first special byte: below it lie the bytes before, and the low bits
			// of that byte, which is ASCII.
			seen |= x & (m&-m - 1)
			i += bits.TrailingZeros64(m) >> 3
			break
		}
		// At a special byte this ends at once. It is for the last bytes of src.
		for i < len(src) && src[i] >= 0x20 && src[i] != '"' && src[i] != '\\' {
			seen |= uint64(src[i])
			i++
		}
		switch {
		case i == len(src):
			return i, f, KindTruncated
		case src[i] == '"':
			if seen&tops != 0 {
				f |= textNonASCII
				if !validUTF8(src[start:i]) {
					return start + badUTF8(src[start:i]), f, KindUTF8
				}
			}
			return i, f, 0
		case src[i] != '\\':
			return i, f, KindControl
		case i+1 < len(src) && simple[src[i+1]] != 0:
			f |= textEscaped
			i += 2
		default:
			n, r, kind := scanUnicodeEscape(src[i:])
			if kind != 0 {
				return i, f, kind
			}
			f |= textEscaped
			if r == 0 {
				f |= textNUL
			}
			i += n
		}
	}
}

// scanUnicodeEscape checks the escape that b begins with, which is not a simple one, and returns its length and its character, or
// a high surrogate for one beyond the BMP. A surrogate is good only as a pair of two, high before low: some parsers keep a lone
// one, some replace it and some refuse it.
func scanUnicodeEscape(b []byte) (n int, r rune, kind Kind) {
	switch {
	case len(b) < 2:
		return 0, 0, KindTruncated
	case b[1] != 'u':
		return 0, 0, KindEscape
	}
	r = hex4(b[2:])
	switch {
	case r < 0:
		return 0, 0, KindEscape
	case r < 0xd800 || r > 0xdfff:
		return 6, r, 0
	case r > 0xdbff || len(b) < 8 || b[6] != '\\' || b[7] != 'u':
		return 0, 0, KindSurrogate
	}
	if low := hex4(b[8:]); low < 0xdc00 || low > 0xdfff {
		return 0, 0, KindSurrogate
	}
	return 12, r, 0
}
