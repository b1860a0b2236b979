// Package secret holds credentials in a form that no printer shows, and finds them again in what
// is about to leave, however they are encoded there.
package secret

import (
	"fmt"
	"log/slog"
)

// Redacted is what every printer shows in place of a secret.
const Redacted = "[redacted]"

// MinLength is the length in bytes below which a credential is refused: it would be guessed, and
// the seal, which looks for it inside every outbound value, would find it by chance.
const MinLength = 6

// Value is a secret string. fmt, encoding/json, encoding/xml and slog print [Redacted] for it,
// also where it stands in an unexported field, which fmt reads by reflection: the string is
// behind a pointer. The zero Value is empty.
type Value struct{ p *string }

// New returns s as a Value.
func New(s string) Value { return Value{&s} }

// Reveal returns the secret itself. Each call is a place to review.
func (v Value) Reveal() string {
	if v.p == nil {
		return ""
	}
	return *v.p
}

// Empty reports whether there is no secret.
func (v Value) Empty() bool { return v.p == nil || *v.p == "" }

// String returns [Redacted].
func (Value) String() string { return Redacted }

// GoString returns [Redacted].
func (Value) GoString() string { return Redacted }

// Format writes [Redacted] for every verb and flag.
func (Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Redacted)) }

// MarshalText returns [Redacted].
func (Value) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// LogValue returns [Redacted].
func (Value) LogValue() slog.Value { return slog.StringValue(Redacted) }
