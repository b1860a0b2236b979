package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Two names are equal when case is folded if strings.EqualFold says so: character by character, each pair being equal
// or in one orbit of unicode.SimpleFold. Here every orbit has one representative, its ASCII lower-case letter
// if it has one and its smallest member otherwise, and names are equal when their representatives are.

// foldPages holds the representatives of all characters that are not their own, by the character's upper bits. Asking
// unicode.SimpleFold for each character of a hostile text would be slow.
var foldPages = sync.OnceValue(func() *[foldLimit >> 8]*[256]rune {
	var pages [foldLimit >> 8]*[256]rune
	for _, cased := range unicode.CaseRanges {
		for r := rune(cased.Lo); r <= rune(cased.Hi); r++ {
			page := pages[r>>8]
			if page == nil {
				page = new([256]rune)
				for i := range page {
					page[i] = r&^0xff | rune(i)
				}
				pages[r>>8] = page
			}
			page[r&0xff] = representative(r)
		}
	}
	return &pages
})

// foldLimit is above every character that has a case. A test walks all of Unicode to see that it is.
const foldLimit = 0x20000

func representative(r rune) rune {
	least := r
	for c := unicode.SimpleFold(r); c != r; c = unicode.SimpleFold(c) {
		least = min(least, c)
	}
	return lower(least)
}

func lower(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		r += 'a' - 'A'
	}
	return r
}

func foldRune(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		return lower(r)
	case r >= foldLimit:
		return r
	}
	if page := foldPages()[r>>8]; page != nil {
		return page[r&0xff]
	}
	return r
}

// appendFolded appends the folded form of the scanned raw, unescaped, to dst.
func appendFolded(dst, raw []byte) []byte {
	for len(raw) > 0 {
		r, n := decodeRune(raw)
		dst = utf8.AppendRune(dst, foldRune(r))
		raw = raw[n:]
	}
	return dst
}

// equalFolded reports whether the scanned names a and b are equal when case is folded, and whether they are equal as they are,
// both after unescaping.
func equalFolded(a, b []byte) (folded, exact bool) {
	exact = true
	for len(a) > 0 && len(b) > 0 {
		ra, na := decodeRune(a)
		rb, nb := decodeRune(b)
		if ra != rb {
			exact = false
			if foldRune(ra) != foldRune(rb) {
				return false, false
			}
		}
		a, b = a[na:], b[nb:]
	}
	if len(a) > 0 || len(b) > 0 {
		return false, false
	}
	return true, exact
}

// foldsTo is equalFolded for a scanned name and a plain one.
func foldsTo(raw []byte, name string) (folded, exact bool) {
	exact = true
	for len(raw) > 0 && name != "" {
		r, n := decodeRune(raw)
		want, width := utf8.DecodeRuneInString(name)
		if r != want {
			exact = false
			if foldRune(r) != foldRune(want) {
				return false, false
			}
		}
		raw, name = raw[n:], name[width:]
	}
	if len(raw) > 0 || name != "" {
		return false, false
	}
	return true, exact
}

// keyOf returns a key that is the same for names that are equal when case is folded, provided that they are
// ASCII without escapes or went through appendFolded. It looks at the ends of the name alone, so it
// costs next to nothing and can be made to collide at will: fit to tell a few names apart before comparing them, not
// to spread many.
func keyOf(name []byte) uint64 {
	// Setting bit 5 folds letters, and some other bytes together, which only adds collisions.
	const fold = ones * 0x20
	n := len(name)
	switch {
	case n >= 8:
		head := binary.LittleEndian.Uint64(name) | fold
		tail := binary.LittleEndian.Uint64(name[n-8:]) | fold
		return (head ^ bits.RotateLeft64(tail, 29)) + uint64(n)
	case n >= 4:
		head := binary.LittleEndian.Uint32(name) | fold&0xffffffff
		tail := binary.LittleEndian.Uint32(name[n-4:]) | fold&0xffffffff
		return uint64(head) | uint64(tail)<<32
	case n > 0:
		return uint64(name[0]|0x20) | uint64(name[n/2]|0x20)<<8 | uint64(name[n-1]|0x20)<<16 | uint64(n)<<24
	}
	return 0
}
