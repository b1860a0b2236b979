package jsonscan

import "bytes"

// checkEncoding refuses a text that some parsers would decode by its first bytes (RFC 8259 section 8.1, and RFC 4627 section 3
// from which the guessing comes) while others take it as it stands. In UTF-8, no JSON text begins with a
// byte order mark, with 0xFE or 0xFF, or has a NUL among its first four bytes.
func checkEncoding(src []byte) Kind {
	switch {
	case bytes.HasPrefix(src, []byte("\xef\xbb\xbf")):
		return KindBOM
	case bytes.HasPrefix(src, []byte("\xfe\xff")), bytes.HasPrefix(src, []byte("\xff\xfe")):
		return KindEncoding
	case bytes.IndexByte(src[:min(len(src), 4)], 0) >= 0:
		return KindEncoding
	}
	return 0
}
