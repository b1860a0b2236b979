package guardrail

import (
	"math/bits"
	"regexp"
	"slices"
	"strings"
)

// shape is what one kind of credential looks like.
type shape struct {
	kind string // public
	// prefixes are the literal strings one of which every match starts with, of two bytes at least.
	prefixes []string
	// expression matches from the prefix on, within 512 bytes. What follows them need not be matched.
	expression string
	// word says that the prefix is short enough to stand inside other words, and counts only at the start of one.
	word bool
	// marker says that the prefix says it all: there is no value after it whose variety could be judged.
	marker bool
}

// shapeWindow is how much of a text an expression is shown. It bounds what a text full of prefixes can cost.
const shapeWindow = 512

// shapeIndex finds shapes in one pass over a text: a bit for every pair of bytes that a prefix starts with rules
// out nearly every position at once.
type shapeIndex struct {
	pairs  [1 << 16 / 64]uint64
	starts map[uint16][]start
}

type start struct {
	prefix     string
	shape      *shape
	expression *regexp.Regexp
}

func indexShapes(shapes []shape) *shapeIndex {
	x := &shapeIndex{starts: make(map[uint16][]start)}
	for i := range shapes {
		s := &shapes[i]
		expression := regexp.MustCompile(`\A(?:` + s.expression + `)`)
		for _, prefix := range s.prefixes {
			pair := uint16(prefix[0])<<8 | uint16(prefix[1])
			x.pairs[pair>>6] |= 1 << (pair & 63)
			x.starts[pair] = append(x.starts[pair], start{prefix, s, expression})
		}
	}
	return x
}

// find appends the kinds of the credentials in s, each once.
func (x *shapeIndex) find(kinds []string, s string) []string {
	if len(s) == 0 {
		return kinds
	}
	pair := uint16(s[0])
	for i := 1; i < len(s); i++ {
		pair = pair<<8 | uint16(s[i])
		if x.pairs[pair>>6]&(1<<(pair&63)) != 0 {
			kinds = x.at(kinds, s, i-1, pair)
		}
	}
	return kinds
}

// at appends the kinds of the credentials that start at s[i].
func (x *shapeIndex) at(kinds []string, s string, i int, pair uint16) []string {
	for _, c := range x.starts[pair] {
		if !strings.HasPrefix(s[i:], c.prefix) || c.shape.word && !startsWord(s, i) || slices.Contains(kinds, c.shape.kind) {
			continue
		}
		found := c.expression.FindString(s[i:min(len(s), i+shapeWindow)])
		if found != "" && (c.shape.marker || !placeholder(found, c.prefix)) {
			kinds = append(kinds, c.shape.kind)
		}
	}
	return kinds
}

// startsWord reports whether what stands at s[i] can be read as the start of a word: after the start, anything but an
// ASCII letter or digit, or an escape of JSON or of a URL (`\n`, `\u003d`, "%3D"), which end in one.
func startsWord(s string, i int) bool {
	if i == 0 || !isAlphanumeric(s[i-1]) {
		return true
	}
	before := s[max(0, i-6):i]
	n := len(before)
	switch {
	case n >= 2 && before[n-2] == '\\' && strings.IndexByte("nrtbf", before[n-1]) >= 0:
		return true
	case n >= 3 && before[n-3] == '%':
		return isHex(before[n-2:])
	}
	return n == 6 && before[:2] == `\u` && isHex(before[2:])
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; !('0' <= s[i] && s[i] <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}

// placeholder reports whether what was found only stands in for a key. What comes last is what a key owes to chance.
func placeholder(found, prefix string) bool {
	const tail = 24
	value := strings.TrimRight(found[len(prefix):], "\"'\\`,;) \n")
	if strings.HasSuffix(value, "EXAMPLE") || strings.HasSuffix(value, "EXAMPLEKEY") {
		return true
	}
	value = value[max(0, len(value)-tail):]
	var seen [4]uint64
	for i := range len(value) {
		seen[value[i]>>6] |= 1 << (value[i] & 63)
	}
	distinct := 0
	for _, word := range seen {
		distinct += bits.OnesCount64(word)
	}
	return distinct < 6
}
