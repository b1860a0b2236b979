package guardrail

import (
	"bytes"
	"strings"
)

// maxIdentifier is the length in bytes of the longest string that can be passed over as an identifier.
const maxIdentifier = 256

// looksLikeIdentifier reports whether b, a string without escapes, says nothing in words: no spaces, no brackets.
func looksLikeIdentifier(b []byte) bool {
	if len(b) > maxIdentifier {
		return false
	}
	for _, c := range b {
		if !isAlphanumeric(c) && strings.IndexByte("-_.:/+=@", c) < 0 {
			return false
		}
	}
	return true
}

// looksOpaque reports whether b, a string without escapes, is base64, or a data: URL of base64 (RFC 2397).
func looksOpaque(b []byte) bool {
	const scheme = "data:"
	if len(b) < len(scheme) || !bytes.EqualFold(b[:len(scheme)], []byte(scheme)) {
		return looksBase64(b)
	}
	media, data, found := bytes.Cut(b[len(scheme):], []byte(","))
	if !found || len(media) > maxIdentifier || !bytes.HasSuffix(media, []byte(";base64")) {
		return false
	}
	for _, c := range media {
		if !isAlphanumeric(c) && strings.IndexByte("-_.+/;=", c) < 0 {
			return false
		}
	}
	return looksBase64(data)
}

// looksBase64 reports whether b is base64 of either alphabet (RFC 4648 sections 4 and 5), padded or not, and not empty.
func looksBase64(b []byte) bool {
	digits := bytes.TrimRight(b, "=")
	if padding := len(b) - len(digits); len(digits) == 0 || len(digits)%4 == 1 || padding > 0 && (padding > 2 || len(b)%4 != 0) {
		return false
	}
	var seen base64Class
	for len(digits) >= 8 {
		d := digits[:8]
		seen |= base64Classes[d[0]] | base64Classes[d[1]] | base64Classes[d[2]] | base64Classes[d[3]] |
			base64Classes[d[4]] | base64Classes[d[5]] | base64Classes[d[6]] | base64Classes[d[7]]
		if digits = digits[8:]; seen&notBase64 != 0 {
			return false
		}
	}
	for _, c := range digits {
		seen |= base64Classes[c]
	}
	return seen&notBase64 == 0 && seen != standardBase64|urlBase64
}

// base64Class says in which alphabets a byte is not a digit that both have.
type base64Class uint8

const (
	standardBase64 base64Class = 1 << iota // "+/"
	urlBase64                              // "-_"
	notBase64
)

var base64Classes = func() (classes [256]base64Class) {
	for c := range classes {
		switch {
		case isAlphanumeric(byte(c)):
		case c == '+' || c == '/':
			classes[c] = standardBase64
		case c == '-' || c == '_':
			classes[c] = urlBase64
		default:
			classes[c] = notBase64
		}
	}
	return classes
}()

func isAlphanumeric(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
}
