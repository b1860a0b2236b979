package secret

import (
	"encoding/base64"
	"slices"
	"strings"
	"sync"

	"github.com/headersafe/headersafe/internal/percent"
)

// maxPercentLayers is how many layers of percent-encoding are undone before the value is taken to
// hide something.
const maxPercentLayers = 8

// Needle finds one secret in outbound text: as it stands, inside a longer value, percent-encoded
// (in full or in part, in up to eight layers; deeper nesting counts as found), and inside base64 of
// either alphabet at any alignment, with whatever stands before and after it: "Basic" credentials,
// say.
//
// A Needle is safe for concurrent use.
type Needle struct {
	secret Value
	once   sync.Once
	base64 **cores // behind two pointers: fmt, given a verb that does not fit, follows one
}

// NewNeedle returns a Needle for the secret. A Needle for an empty secret finds nothing.
func NewNeedle(s Value) *Needle {
	return &Needle{secret: s}
}

// In reports whether text contains the secret in one of the forms listed at [Needle].
func (n *Needle) In(text string) bool {
	raw := n.secret.Reveal()
	// Every encoding is at least as long as what it encodes: most values are too short to look at.
	if raw == "" || len(text) < len(raw) {
		return false
	}
	return inAnyLayer(text, func(text string) bool { return n.plain(text, raw) })
}

// InName reports whether a field name contains the secret in any case, percent-encoded or not. Base64 does not survive
// what HTTP does to the case of a name.
func (n *Needle) InName(name string) bool {
	raw := n.secret.Reveal()
	if raw == "" || len(name) < len(raw) {
		return false
	}
	raw = strings.ToLower(raw)
	return inAnyLayer(name, func(name string) bool { return strings.Contains(strings.ToLower(name), raw) })
}

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

// InField reports whether a field's name or one of its lines contains the secret.
func (n *Needle) InField(name string, lines []string) bool {
	return n.InName(name) || slices.ContainsFunc(lines, n.In)
}

func (n *Needle) plain(text, raw string) bool {
	if strings.Contains(text, raw) {
		return true
	}
	// A form-encoded space is a plus, and the secret's own plus, sent as %2B, has become one by now.
	if strings.IndexByte(raw, ' ') >= 0 && strings.Contains(spaced(text), spaced(raw)) {
		return true
	}
	n.once.Do(func() { c := newCores(raw); n.base64 = &c })
	for _, core := range *n.base64 {
		if core != "" && strings.Contains(text, core) {
			return true
		}
	}
	return false
}

func spaced(s string) string { return strings.ReplaceAll(s, "+", " ") }

// cores are what every base64 text that encodes a secret contains: the characters that depend on the secret alone,
// for each of the three positions at which it can begin in a group of three bytes, in the standard alphabet and, where
// that differs, in the URL-safe one.
type cores [6]string

func newCores(raw string) *cores {
	var c cores
	plain := make([]byte, 2+len(raw))
	copy(plain[2:], raw)
	encoded := make([]byte, base64.RawStdEncoding.EncodedLen(len(plain)))
	for shift := range 3 {
		base64.RawStdEncoding.Encode(encoded, plain[2-shift:])
		first, last := (8*shift+5)/6, 8*(shift+len(raw))/6
		if first >= last {
			continue
		}
		core := encoded[first:last]
		c[2*shift] = string(core)
		if urlSafe(core) {
			c[2*shift+1] = string(core)
		}
	}
	return &c
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
