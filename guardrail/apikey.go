package guardrail

import (
	"fmt"
	"log/slog"

	"github.com/headersafe/headersafe/internal/secret"
)

// APIKey is the key that a guard shows to the service behind it. fmt, encoding/json, encoding/xml and slog print
// "[redacted]" for it, wherever it stands. The zero APIKey is empty.
type APIKey struct{ value secret.Value }

// NewAPIKey returns key as an APIKey.
func NewAPIKey(key string) APIKey { return APIKey{secret.New(key)} }

// Reveal returns the key itself, for the moment in which it is sent.
func (k APIKey) Reveal() string { return k.value.Reveal() }

// String returns "[redacted]".
func (k APIKey) String() string { return k.value.String() }

// GoString returns "[redacted]".
func (k APIKey) GoString() string { return k.value.GoString() }

// Format writes "[redacted]" for every verb.
func (k APIKey) Format(f fmt.State, verb rune) { k.value.Format(f, verb) }

// MarshalText returns "[redacted]".
func (k APIKey) MarshalText() ([]byte, error) { return k.value.MarshalText() }

// LogValue returns "[redacted]".
func (k APIKey) LogValue() slog.Value { return k.value.LogValue() }
