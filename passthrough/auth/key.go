package auth

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/headersafe/headersafe/internal/secret"
)

// Secret is a string that fmt, encoding/json and slog print as "[redacted]", wherever it stands. It comes
// from [NewSecret].
type Secret struct{ secret.Value }

// NewSecret returns s as a Secret.
func NewSecret(s string) Secret { return Secret{secret.New(s)} }

// Key is one caller's key, given by its secret or by the secret's digest. A caller may have several: that is
// how keys are rotated.
type Key struct {
	_ [0]func() // keyed literals only

	// ID is the [Caller]'s: 1 to 256 visible ASCII characters.
	ID string

	// Secret is 6 to 4096 bytes without white space and control characters. Make it random: a digest
	// protects no secret that can be guessed.
	Secret Secret

	// Digest is the SHA-256 digest of the secret, in its stead.
	Digest [sha256.Size]byte

	// Expires is the time from which the key is denied; zero is never.
	Expires time.Time
}

func (k Key) digest() [sha256.Size]byte {
	if k.Secret.Empty() {
		return k.Digest
	}
	return sha256.Sum256([]byte(k.Secret.Reveal()))
}

// fault returns what is wrong with the key, or nil. It never shows the ID: whoever has put the two the
// wrong way round would find the secret in a log.
func (k Key) fault(at string) *ConfigError {
	raw := k.Secret.Reveal()
	switch noDigest := k.Digest == [sha256.Size]byte{}; {
	case !validID(k.ID):
		return &ConfigError{Field: at + ".ID", Reason: fmt.Sprintf("1 to %d visible ASCII characters are wanted", maxIDLength)}
	case raw == "" && noDigest:
		return &ConfigError{Field: at, Reason: "neither a secret nor a digest"}
	case raw == "":
		return nil
	case !noDigest:
		return &ConfigError{Field: at, Reason: "both a secret and a digest: give one"}
	case strings.ContainsFunc(raw, unicode.IsSpace):
		return &ConfigError{Field: at + ".Secret", Reason: "it holds white space"}
	case strings.ContainsFunc(raw, unicode.IsControl):
		return &ConfigError{Field: at + ".Secret", Reason: "it holds a control character"}
	case strings.Contains(k.ID, raw):
		return &ConfigError{Field: at + ".ID", Reason: "the secret stands in the ID, which is not kept secret"}
	}
	if reason := secretFault(raw); reason != "" {
		return &ConfigError{Field: at + ".Secret", Reason: "it " + reason}
	}
	return nil
}
