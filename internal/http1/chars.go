package http1

import "github.com/headersafe/headersafe/internal/field"

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isToken reports whether s is a token (RFC 9110 section 5.6.2).
func isToken(s string) bool { return field.ValidName(s) }

// isCanonical reports whether name is in the form in which net/http keys a header.
func isCanonical(name string) bool { return field.IsCanonical(name) }

// isFieldValue reports whether s is a field's value without the white space around it (RFC 9110 section 5.5).
func isFieldValue(s string) bool { return field.ValidValue(s) }

func canonical(name string) string { return field.Canonical(name) }

// isText reports whether s is free of control characters, tabs aside: the content of a field's value (RFC 9110 section
// 5.5) and of a reason phrase (RFC 9112 section 4).
func isText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
