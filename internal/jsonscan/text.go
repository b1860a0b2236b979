package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// Text returns what stands between the quotes of the string n, as a view of the source, and whether it holds
// escapes. Without escapes it is the string's value. It is nil unless n is a string.
func (t *Tape) Text(n Node) (raw []byte, escaped bool) {
	nd := &t.nodes[n]
	if nd.typ != String {
		return nil, false
	}
	return t.src[nd.start+1 : nd.end-1 : nd.end-1], nd.flags&textEscaped != 0
}

// Name returns the name of the member n as it stands between its quotes, as a view of the source, and whether it holds
// escapes. It is nil unless n stands in an object.
func (t *Tape) Name(n Node) (raw []byte, escaped bool) {
	nd := &t.nodes[n]
	if nd.parent == none || t.nodes[nd.parent].typ != Object {
		return nil, false
	}
	return t.src[nd.name:nd.nameEnd:nd.nameEnd], nd.flags&nameEscaped != 0
}

// AppendText appends the value of the string n, unescaped, to dst. It appends nothing unless n is a string.
func (t *Tape) AppendText(dst []byte, n Node) []byte {
	raw, escaped := t.Text(n)
	if !escaped {
		return append(dst, raw...)
	}
	return appendUnescaped(dst, raw)
}

// AppendName appends the name of the member n, unescaped, to dst. It appends nothing unless n stands in an object.
func (t *Tape) AppendName(dst []byte, n Node) []byte {
	raw, escaped := t.Name(n)
	if !escaped {
		return append(dst, raw...)
	}
	return appendUnescaped(dst, raw)
}

// String returns a copy of the value of the string n, unescaped. It is empty unless n is a string.
func (t *Tape) String(n Node) string {
	raw, escaped := t.Text(n)
	if !escaped {
		return string(raw)
	}
	return string(appendUnescaped(nil, raw))
}

// NameIs reports whether n is a member whose name, unescaped, is name. It allocates nothing.
func (t *Tape) NameIs(n Node, name string) bool {
	nd := &t.nodes[n]
	if nd.parent == none || t.nodes[nd.parent].typ != Object {
		return false
	}
	raw := t.src[nd.name:nd.nameEnd]
	if nd.flags&nameEscaped == 0 {
		return string(raw) == name
	}
	return unescapedIs(raw, name)
}

// TextIs reports whether n is a string whose value, unescaped, is text. It allocates nothing.
func (t *Tape) TextIs(n Node, text string) bool {
	raw, escaped := t.Text(n)
	if !escaped {
		return t.nodes[n].typ == String && string(raw) == text
	}
	return unescapedIs(raw, text)
}

// appendUnescaped relies on raw having been scanned: every escape in it is complete. It copies eight bytes at a time
// and then keeps those before the backslash: escapes are too close together for calls to the runtime's copy.
func appendUnescaped(dst, raw []byte) []byte {
	at := len(dst)
	// Text is never longer than its escaped form; 8 more, so that there is always room for a whole word.
	dst = slices.Grow(dst, len(raw)+8)
	dst = dst[:at+len(raw)+8]
	for i := 0; i < len(raw); {
		if i+8 <= len(raw) {
			x := binary.LittleEndian.Uint64(raw[i:])
			binary.LittleEndian.PutUint64(dst[at:], x)
			// As in special, the lowest bit set is exact.
			y := x ^ ones*'\\'
			m := (y - ones) &^ y & tops
			if m == 0 {
				i, at = i+8, at+8
				continue
			}
			n := bits.TrailingZeros64(m) >> 3
			i, at = i+n, at+n
		} else if raw[i] != '\\' {
			dst[at] = raw[i]
			i, at = i+1, at+1
			continue
		}
		if c := simple[raw[i+1]]; c != 0 {
			dst[at] = c
			i, at = i+2, at+1
			continue
		}
		r, n := decodeEscape(raw[i:])
		at += utf8.EncodeRune(dst[at:], r)
		i += n
	}
	return dst[:at]
}

func unescapedIs(raw []byte, s string) bool {
	// A string is never longer than its escaped form.
	if len(s) > len(raw) {
		return false
	}
	for len(raw) > 0 {
		r, n := decodeRune(raw)
		want, width := utf8.DecodeRuneInString(s)
		// width 1 with RuneError is a bad byte in s, which no scanned text can hold.
		if width == 0 || r != want || (want == utf8.RuneError && width == 1) {
			return false
		}
		raw, s = raw[n:], s[width:]
	}
	return s == ""
}

// decodeRune returns the first character of the scanned, non-empty raw, escaped or not, and how many bytes it takes.
func decodeRune(raw []byte) (r rune, n int) {
	switch c := raw[0]; {
	case c == '\\':
		return decodeEscape(raw)
	case c < utf8.RuneSelf:
		return rune(c), 1
	}
	return utf8.DecodeRune(raw)
}

// decodeEscape returns the character that the escape at the start of the scanned raw stands for, and the escape's length.
func decodeEscape(raw []byte) (r rune, n int) {
	if c := simple[raw[1]]; c != 0 {
		return rune(c), 2
	}
	r = hex4(raw[2:])
	if utf16.IsSurrogate(r) {
		return utf16.DecodeRune(r, hex4(raw[8:])), 12
	}
	return r, 6
}

// hex4 returns the value of the four hexadecimal digits that b begins with, or -1 when it does not.
func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}
