package guardrail

import (
	"iter"
	"unicode"
	"unicode/utf8"
)

// view is one way to read a text.
type view uint8

const (
	rawView      view = iota
	strippedView      // without what is not seen
	foldedView        // and letters and digits in disguise as ASCII
	tagView           // and tag characters as ASCII
	viewCount
)

func (v view) String() string {
	return [viewCount]string{
		"as they stand",
		"invisible characters removed",
		"letters in disguise read as ASCII",
		"tag characters read as ASCII",
	}[v]
}

// views is the set of views in which a text may differ from its other views.
type views uint8

// all yields the views of the set, and the raw view always.
func (s views) all() iter.Seq[view] {
	return func(yield func(view) bool) {
		for v := rawView; v < viewCount; v++ {
			if (v == rawView || s&(1<<v) != 0) && !yield(v) {
				return
			}
		}
	}
}

// viewsOf returns which views of s are worth a look. Almost always none but the raw one are.
func viewsOf(s string) views {
	var found views
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if unseenASCII(c) {
				found |= 1 << strippedView
			}
			i++
			continue
		}
		r, width := utf8.DecodeRuneInString(s[i:])
		i += width
		switch {
		case isTag(r):
			found |= 1<<strippedView | 1<<tagView
		case unseen(r):
			found |= 1 << strippedView
		case disguised(r) != r:
			found |= 1 << foldedView
		}
	}
	return found
}

// appendView appends s, read the way v says, to dst.
func appendView(dst []byte, s string, v view) []byte {
	if v == rawView {
		return append(dst, s...)
	}
	for _, r := range s {
		switch {
		case v == tagView && isTag(r):
			dst = append(dst, byte(r-0xE0000))
		case unseen(r):
		case v >= foldedView:
			dst = utf8.AppendRune(dst, disguised(r))
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// isTag reports whether r is a tag character that stands for a printable ASCII character.
func isTag(r rune) bool { return 0xE0020 <= r && r <= 0xE007E }

// unseenASCII reports whether c is a control other than white space.
func unseenASCII(c byte) bool {
	return c < ' ' && (c < '\t' || c > '\r') || c == 0x7F
}

// unseen reports whether no reader sees r: controls other than white space, format characters (zero-width spaces
// and joiners, soft hyphens, bidirectional controls, tags), variation selectors, and the other characters that
// Unicode lets a renderer ignore, such as the Hangul fillers (UAX #44, Default_Ignorable_Code_Point). The seam, which
// is no character, counts too.
func unseen(r rune) bool {
	if r < utf8.RuneSelf {
		return unseenASCII(byte(r))
	}
	return r == seam || unicode.In(r, unicode.Cf, unicode.Cc, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) &&
		r != '\u0085' // next line, which is white space
}

// disguised returns the ASCII character that r is a variant of by Unicode's compatibility mappings, for the blocks
// that hold whole alphabets, and a space for every space; any other r as it is.
func disguised(r rune) rune {
	switch {
	case r < 0xA0:
		return r
	case 0xFF01 <= r && r <= 0xFF5E: // Halfwidth and Fullwidth Forms
		return r - 0xFF01 + '!'
	case 0x1D400 <= r && r <= 0x1D6A3: // Mathematical Alphanumeric Symbols: thirteen Latin alphabets
		return letter((r - 0x1D400) % 52)
	case 0x1D7CE <= r && r <= 0x1D7FF: // and five rows of digits
		return '0' + (r-0x1D7CE)%10
	case 0x24B6 <= r && r <= 0x24E9: // Enclosed Alphanumerics: circled letters
		return letter(r - 0x24B6)
	case unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp):
		return ' '
	}
	if ascii, ok := letterlike[r]; ok {
		return ascii
	}
	return r
}

// letter returns the n-th of A to Z and a to z.
func letter(n rune) rune {
	if n < 26 {
		return 'A' + n
	}
	return 'a' + n - 26
}

// letterlike fills the gaps of the mathematical alphabets: these letters were in Unicode before them.
var letterlike = map[rune]rune{
	'ℂ': 'C', 'ℊ': 'g', 'ℋ': 'H', 'ℌ': 'H', 'ℍ': 'H', 'ℎ': 'h', 'ℐ': 'I', 'ℑ': 'I', 'ℒ': 'L', 'ℓ': 'l',
	'ℕ': 'N', 'ℙ': 'P', 'ℚ': 'Q', 'ℛ': 'R', 'ℜ': 'R', 'ℝ': 'R', 'ℤ': 'Z', 'ℨ': 'Z', 'ℬ': 'B', 'ℭ': 'C',
	'ℯ': 'e', 'ℰ': 'E', 'ℱ': 'F', 'ℳ': 'M', 'ℴ': 'o', 'ℹ': 'i', 'K': 'K',
}
