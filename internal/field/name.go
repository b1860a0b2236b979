// Package field knows HTTP field names and values: the grammar of RFC 9110 section 5,
// the hop-by-hop fields of section 7.6.1, what a Connection field nominates, and the
// aliases under which a name can come back at an upstream that folds punctuation.
//
// Every function here is pure and allocates only what it returns.
package field

import (
	"net/textproto"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Canonical returns the form in which net/http keys a header map: "X-Api-Key" for "x-api-key".
func Canonical(name string) string { return textproto.CanonicalMIMEHeaderKey(name) }

// IsCanonical reports whether name is in the form that [Canonical] returns. It is asked for every field of every request,
// nearly always of a name that is, and costs a fraction of making the form to compare with it.
func IsCanonical(name string) bool {
	place := first
	for i := range len(name) {
		c := canonicalAt[name[i]]
		if c&place == 0 {
			return Canonical(name) == name
		}
		place = c >> 2
	}
	return true
}

// The places of a character in a word of a name.
const (
	first uint8 = 1 << iota
	later
)

// canonicalAt says for a character at which places of a word a canonical name has it, and above that, at which place the
// next character then is. What is not a letter, a digit or a hyphen is left to [Canonical].
var canonicalAt = func() (at [256]uint8) {
	for c := '0'; c <= '9'; c++ {
		at[c] = first | later | later<<2
	}
	for c := 'A'; c <= 'Z'; c++ {
		at[c] = first | later<<2
		at[c+'a'-'A'] = later | later<<2
	}
	at['-'] = first | later | first<<2
	return at
}()

// ValidName reports whether name is a token (RFC 9110 section 5.1).
func ValidName(name string) bool { return httpguts.ValidHeaderFieldName(name) }

// ValidValue reports whether value can stand in a field line (RFC 9110 section 5.5): visible
// characters, spaces, tabs and obs-text, with no white space at either end. Control characters,
// CR, LF and NUL among them, are out.
func ValidValue(value string) bool {
	if value == "" {
		return true
	}
	if isSpace(value[0]) || isSpace(value[len(value)-1]) {
		return false
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// HasAliasPunctuation reports whether name holds a character that CGI, WSGI, PHP and some proxies
// fold into "-" or "_". Only such a name can be an alias of another one.
func HasAliasPunctuation(name string) bool { return strings.ContainsAny(name, "_.") }

// Fold returns the key under which names that an upstream may take for one another meet: lower
// case, with "_" and "." read as "-".
func Fold(name string) string { return string(appendFold(make([]byte, 0, 64), name)) }

func appendFold(dst []byte, name string) []byte {
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '_' || c == '.':
			c = '-'
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
