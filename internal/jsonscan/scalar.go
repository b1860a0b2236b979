package jsonscan

// scanNumber finds the end of the number that begins at src[i], a digit or a minus sign (RFC 8259 section 6).
// At a fault it returns the fault's offset and ok false.
func scanNumber(src []byte, i int) (end int, ok bool) {
	if src[i] == '-' {
		i++
	}
	switch {
	case i < len(src) && src[i] == '0':
		i++
		if i < len(src) && isDigit(src[i]) {
			return i, false
		}
	default:
		if i, ok = scanDigits(src, i); !ok {
			return i, false
		}
	}
	if i < len(src) && src[i] == '.' {
		if i, ok = scanDigits(src, i+1); !ok {
			return i, false
		}
	}
	if i < len(src) && src[i]|0x20 == 'e' {
		i++
		if i < len(src) && (src[i] == '+' || src[i] == '-') {
			i++
		}
		if i, ok = scanDigits(src, i); !ok {
			return i, false
		}
	}
	return i, true
}

// scanDigits steps over the digits from src[i] on: ok is false when there is none.
func scanDigits(src []byte, i int) (end int, ok bool) {
	start := i
	for i < len(src) && isDigit(src[i]) {
		i++
	}
	return i, i > start
}

func isDigit(c byte) bool { return c-'0' < 10 }

// scanLiteral finds the end and type of the literal that begins with src[i], one of t, f and n.
func scanLiteral(src []byte, i int) (end int, typ Type, ok bool) {
	word, typ := "null", Null
	switch src[i] {
	case 't':
		word, typ = "true", True
	case 'f':
		word, typ = "false", False
	}
	end = i + len(word)
	if end > len(src) || string(src[i:end]) != word {
		return i, typ, false
	}
	return end, typ, true
}

// skipSpace returns the index of the first byte from i on that is not white space (RFC 8259 section 2).
func skipSpace(src []byte, i int) int {
	for i < len(src) && (src[i] == ' ' || src[i] == '\n' || src[i] == '\r' || src[i] == '\t') {
		i++
	}
	return i
}
