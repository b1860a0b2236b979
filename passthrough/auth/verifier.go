package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/headersafe/headersafe/internal/secret"
)

// Verifier judges a credential. It is called by many requests at once.
//
// It returns the [Caller] whom the credential proves, or an error: one that wraps [ErrUnavailable], or a
// context error, where it could not judge, which the client sees as 503; any other, [ErrDenied] for
// choice, for no, which is the one 401. A Caller without an ID, or one whose ID or Attributes repeat the
// secret, is a fault of the verifier, and refused with 500.
//
// An error's text reaches the exchange record, unless it repeats a part of the secret. A panic is not
// recovered: it aborts the exchange in net/http, and nothing is forwarded.
type Verifier interface {
	Verify(ctx context.Context, c Credential) (Caller, error)
}

// VerifierFunc is a function as a [Verifier].
type VerifierFunc func(ctx context.Context, c Credential) (Caller, error)

// Verify calls f.
func (f VerifierFunc) Verify(ctx context.Context, c Credential) (Caller, error) { return f(ctx, c) }

var (
	// ErrDenied is a verifier's no.
	ErrDenied = errors.New("auth: denied")

	// ErrUnavailable is what a verifier wraps when it cannot judge: its store is down, say.
	ErrUnavailable = errors.New("auth: verifier unavailable")
)

// Credential is what a caller presented: 6 to 4096 bytes without control characters. Printed, it shows the
// carrier alone.
type Credential struct {
	Carrier  string // where it was found: "header X-Gateway-Key"
	Username string // the Basic scheme's user name; "" from other carriers

	secret secret.Value
}

// NewCredential returns a Credential for the test of a [Verifier].
func NewCredential(carrier, username, value string) Credential {
	return Credential{Carrier: carrier, Username: username, secret: secret.New(value)}
}

// Secret returns the secret itself. Each call is a place to review: that it goes to no log, no error and no
// label of a metric.
func (c Credential) Secret() string { return c.secret.Reveal() }

// Digest returns the SHA-256 digest of the secret, under which a store of random keys can file it.
func (c Credential) Digest() [sha256.Size]byte { return sha256.Sum256([]byte(c.secret.Reveal())) }

// Format writes the carrier and "[redacted]" for every verb.
func (c Credential) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, c.Carrier+" "+secret.Redacted)
}

// LogValue returns the carrier and "[redacted]".
func (c Credential) LogValue() slog.Value {
	return slog.StringValue(c.Carrier + " " + secret.Redacted)
}
