package secret

import "sync/atomic"

// Needle finds one secret in outbound text: as it stands, inside a longer value, percent-encoded
// (in full or in part, in up to eight layers; deeper nesting counts as found), and inside base64 of
// either alphabet at any alignment, with whatever stands before and after it: "Basic" credentials,
// say.
//
// A Needle is safe for concurrent use.
type Needle struct {
	secret Value
	search atomic.Pointer[Search] // made when first needed; fmt does not follow it
}

// NewNeedle returns a Needle for the secret. A Needle for an empty secret finds nothing.
func NewNeedle(s Value) *Needle { return &Needle{secret: s} }

func (n *Needle) ready() *Search {
	s := n.search.Load()
	if s == nil {
		s = new(Search)
		s.For(n.secret)
		s.encode()
		n.search.Store(s) // if somebody else was faster, it is the same
	}
	return s
}

// In reports whether text contains the secret in one of the forms listed at [Needle].
func (n *Needle) In(text string) bool { return n.ready().In(text) }

// InName reports whether a field name contains the secret in any case, percent-encoded or not. Base64 does not survive
// what HTTP does to the case of a name.
func (n *Needle) InName(name string) bool { return n.ready().InName(name) }

// InField reports whether a field's name or one of its lines contains the secret.
func (n *Needle) InField(name string, lines []string) bool { return n.ready().InField(name, lines) }
