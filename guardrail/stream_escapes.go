package guardrail

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// escapes undoes the escapes of JSON strings (RFC 8259 section 7) in a text that comes in pieces: the arguments of a
// tool call. Pieces end anywhere, also within an escape and between the two halves of a surrogate pair. Escapes are
// undone wherever they stand, and what is none stays: whether the text is JSON in the end is the client's business.
type escapes struct {
	pending []byte // an escape that is not complete: a backslash and what follows, or a high surrogate and what follows
}

// differs reports whether the text with this piece decodes to anything but itself.
func (e *escapes) differs(text []byte) bool {
	return len(e.pending) > 0 || bytes.IndexByte(text, '\\') >= 0
}

// decode appends what the piece says, as far as it is certain, to dst.
func (e *escapes) decode(dst, text []byte) []byte {
	if len(e.pending) > 0 {
		text = append(e.pending, text...)
	}
	for len(text) > 0 {
		at := bytes.IndexByte(text, '\\')
		if at < 0 {
			at = len(text)
		}
		dst = append(dst, text[:at]...)
		if text = text[at:]; len(text) == 0 {
			break
		}
		r, size := decodeEscape(text)
		if size == 0 {
			break
		}
		if r == verbatim {
			dst = append(dst, text[:size]...)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
		text = text[size:]
	}
	e.pending = append(e.pending[:0], text...)
	return dst
}

// flush returns what is left when the text ends.
func (e *escapes) flush() []byte {
	rest := e.pending
	e.pending = nil
	return rest
}

// verbatim stands for what is no escape.
const verbatim rune = -1

// decodeEscape decodes the escape that text begins with: a size of 0 says that it goes on beyond the text. A surrogate
// without its other half is U+FFFD.
func decodeEscape(text []byte) (r rune, size int) {
	if len(text) < 2 {
		return 0, 0
	}
	switch c := text[1]; c {
	case '"', '\\', '/':
		return rune(c), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r, size = decodeUnit(text)
		if size != len(`\u0000`) || !utf16.IsSurrogate(r) {
			return r, size
		}
	default:
		return verbatim, 1
	}
	rest := text[size:]
	if r >= 0xdc00 || len(rest) > 0 && rest[0] != '\\' || len(rest) > 1 && rest[1] != 'u' {
		return utf8.RuneError, size
	}
	if len(rest) < 2 {
		return 0, 0
	}
	switch low, lowSize := decodeUnit(rest); {
	case lowSize == 0:
		return 0, 0
	case lowSize == len(`\u0000`) && utf16.DecodeRune(r, low) != utf8.RuneError:
		return utf16.DecodeRune(r, low), size + lowSize
	}
	return utf8.RuneError, size
}

// decodeUnit decodes \u and four digits.
func decodeUnit(text []byte) (r rune, size int) {
	for i := 2; i < 6; i++ {
		if i == len(text) {
			return 0, 0
		}
		digit := strings.IndexByte("0123456789abcdef", text[i]|0x20)
		if digit < 0 || text[i] < '0' {
			return verbatim, 1
		}
		r = r<<4 | rune(digit)
	}
	return r, 6
}
