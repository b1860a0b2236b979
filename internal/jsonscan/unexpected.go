package jsonscan

// Only the reason that is given depends on this file: whatever gets here is refused.

// unexpected names the fault of src[i], which neither begins a value nor ends one.
func (s *scanner) unexpected(i int) *Error {
	kind := KindUnexpected
	switch c := s.src[i]; {
	case c == '/' || c == '#':
		kind = KindComment
	case !s.valueExpected(i):
		// Such as a second value without a comma.
	case c == '+' || c == '.':
		kind = KindNumber
	case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		kind = KindLiteral
	}
	return &Error{Offset: i, Kind: kind}
}

// valueExpected reports whether a value could begin at src[i]: at the start, and after a bracket, comma or colon.
func (s *scanner) valueExpected(i int) bool {
	for i--; i >= 0; i-- {
		switch s.src[i] {
		case ' ', '\t', '\n', '\r':
		case '[', ',', ':':
			return true
		default:
			return false
		}
	}
	return true
}

// unexpectedName names the fault of src[i], which is neither the name nor the colon that should stand there.
func (s *scanner) unexpectedName(i int) *Error {
	kind := KindUnexpected
	if c := s.src[i]; c == '/' || c == '#' {
		kind = KindComment
	}
	return &Error{Offset: i, Kind: kind}
}

// badNumber names the fault of a number that breaks off at src[i].
func (s *scanner) badNumber(i int) *Error {
	if i == len(s.src) {
		return &Error{Offset: i, Kind: KindTruncated}
	}
	return &Error{Offset: i, Kind: KindNumber}
}
