package secret

import (
	"encoding/base64"
	"strings"

	"github.com/headersafe/headersafe/internal/percent"
)

// Search is a [Needle] for one goroutine, to be declared as a variable of the function that searches, and kept nowhere:
// there it costs one small allocation, and with a secret for each request that is what counts. It holds the secret in
// clear, and a printer would show it. The zero Search finds nothing.
type Search struct {
	raw     string
	encoded bool
	cores   string // see encode; one after the other
	ends    [6]int // where each of them ends
}

// For makes a zero Search one for the secret.
func (s *Search) For(v Value) { s.raw = v.Reveal() }

// In reports whether text contains the secret in one of the forms listed at [Needle].
func (s *Search) In(text string) bool {
	// Every encoding is at least as long as what it encodes: most values are too short to look at.
	if s.raw == "" || len(text) < len(s.raw) {
		return false
	}
	return inAnyLayer(text, s.plain)
}

// InName reports whether a field name contains the secret in any case, percent-encoded or not. Base64 does not survive
// what HTTP does to the case of a name.
func (s *Search) InName(name string) bool {
	if s.raw == "" || len(name) < len(s.raw) {
		return false
	}
	return inAnyLayer(name, func(name string) bool { return containsFold(name, s.raw) })
}

// InField reports whether a field's name or one of its lines contains the secret.
func (s *Search) InField(name string, lines []string) bool {
	for _, line := range lines {
		if s.In(line) {
			return true
		}
	}
	return s.InName(name)
}

// maxPercentLayers is how many layers of percent-encoding are undone before the value is taken to
// hide something.
const maxPercentLayers = 8

// inAnyLayer reports whether found holds for text, or for text with layers of percent-encoding undone.
func inAnyLayer(text string, found func(string) bool) bool {
	if found(text) {
		return true
	}
	if strings.IndexByte(text, '%') < 0 {
		return false
	}
	for range maxPercentLayers {
		decoded, changed := percent.Decode(text)
		if !changed {
			return false
		}
		if text = decoded; found(text) {
			return true
		}
	}
	_, more := percent.Decode(text)
	return more
}

// containsFold reports whether text contains part, which is not empty, in any case of its letters, of which names have
// those of ASCII alone.
func containsFold(text, part string) bool {
	first := lower(part[0])
	for i := 0; i+len(part) <= len(text); i++ {
		if lower(text[i]) == first && strings.EqualFold(text[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// plain reports whether text, which is not percent-encoded, contains the secret.
func (s *Search) plain(text string) bool {
	if strings.Contains(text, s.raw) {
		return true
	}
	// A form-encoded space is a plus, and the secret's own plus, sent as %2B, has become one by now.
	if strings.IndexByte(s.raw, ' ') >= 0 && strings.Contains(spaced(text), spaced(s.raw)) {
		return true
	}
	s.encode()
	start := 0
	for _, end := range s.ends {
		if start < end && strings.Contains(text, s.cores[start:end]) {
			return true
		}
		start = end
	}
	return false
}

func spaced(s string) string { return strings.ReplaceAll(s, "+", " ") }

// encode works out what every base64 text that encodes the secret contains, its cores: the characters that depend on
// the secret alone, for each of the three positions at which it can begin in a group of three bytes, in the standard
// alphabet and, where that differs, in the URL-safe one.
func (s *Search) encode() {
	if s.encoded {
		return
	}
	s.encoded = true
	all := make([]byte, 0, 256)
	plain := append(make([]byte, 2, 64), s.raw...)
	whole := make([]byte, 0, 96)
	for shift := range 3 {
		whole = base64.RawStdEncoding.AppendEncode(whole[:0], plain[2-shift:])
		last := 8 * (shift + len(s.raw)) / 6
		core := whole[min((8*shift+5)/6, last):last]
		all = append(all, core...)
		s.ends[2*shift] = len(all)
		if urlSafe(core) {
			all = append(all, core...)
		}
		s.ends[2*shift+1] = len(all)
	}
	s.cores = string(all)
}

// urlSafe rewrites base64 text in the URL-safe alphabet, in place, and reports whether that changed it.
func urlSafe(text []byte) bool {
	changed := false
	for i, c := range text {
		switch c {
		case '+':
			text[i], changed = '-', true
		case '/':
			text[i], changed = '_', true
		}
	}
	return changed
}
