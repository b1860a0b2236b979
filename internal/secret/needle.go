package secret

import (
	"encoding/base64"
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
	base64 []Value // what every base64 text that encodes the secret contains, per alignment and alphabet
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
	if n.plain(text, raw) {
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
		if text = decoded; n.plain(text, raw) {
			return true
		}
	}
	_, more := percent.Decode(text)
	return more
}

// InName reports whether a field name contains the secret in any case.
func (n *Needle) InName(name string) bool {
	raw := n.secret.Reveal()
	if raw == "" || len(name) < len(raw) {
		return false
	}
	return strings.Contains(strings.ToLower(name), strings.ToLower(raw))
}

func (n *Needle) plain(text, raw string) bool {
	if strings.Contains(text, raw) {
		return true
	}
	if strings.IndexByte(raw, ' ') >= 0 && strings.Contains(strings.ReplaceAll(text, "+", " "), raw) {
		return true // a form-encoded space
	}
	n.once.Do(func() { n.base64 = base64Cores(raw) })
	for _, core := range n.base64 {
		if strings.Contains(text, core.Reveal()) {
			return true
		}
	}
	return false
}

// base64Cores returns, for each of the three positions at which the secret can begin in a group of three
// bytes and for both alphabets, the characters that depend on the secret alone.
func base64Cores(raw string) []Value {
	cores := make([]Value, 0, 6)
	for shift := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift, shift+len(raw)), raw...))
		first, last := (8*shift+5)/6, 8*(shift+len(raw))/6
		core := encoded[first:last]
		if core == "" {
			continue
		}
		cores = append(cores, New(core))
		if url := strings.NewReplacer("+", "-", "/", "_").Replace(core); url != core {
			cores = append(cores, New(url))
		}
	}
	return cores
}
