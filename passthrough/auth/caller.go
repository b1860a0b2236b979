package auth

import (
	"context"
	"maps"
	"strings"

	"github.com/headersafe/headersafe/internal/stage"
)

// maxIDLength is the length of a caller's ID in bytes.
const maxIDLength = 256

// Caller is who calls, as the verifier has it.
type Caller struct {
	// ID names the caller in the exchange record, in limits and in logs: 1 to 256 visible ASCII
	// characters, and no secret.
	ID string

	// Attributes are the verifier's further findings for the service's own handlers: a team, a plan.
	Attributes map[string]string
}

// CallerFrom returns the caller whom [Gate.Wrap] found, with Attributes of its own. It reports false for a context that
// came through no gate, and behind an anonymous one: there is nobody then, not somebody called anonymous.
func CallerFrom(ctx context.Context) (Caller, bool) {
	l := stage.From(ctx)
	if l == nil {
		return Caller{}, false
	}
	note := l.Auth()
	if note.Caller == "" {
		return Caller{}, false
	}
	return Caller{ID: note.Caller, Attributes: maps.Clone(note.Attributes)}, true
}

func validID(id string) bool { return len(id) <= maxIDLength && visibleASCII(id) }

// fault says what is wrong with a caller that a verifier returned for the secret, or nothing.
func (c Caller) fault(secret string) string {
	switch {
	case c.ID == "":
		return "the verifier accepted a credential and named no caller"
	case !validID(c.ID):
		return "the verifier returned a caller's ID that is not 1 to 256 visible ASCII characters"
	case strings.Contains(c.ID, secret):
		return "the verifier returned the secret as the caller's ID"
	}
	for key, value := range c.Attributes {
		if strings.Contains(key, secret) || strings.Contains(value, secret) {
			return "the verifier returned the secret among the caller's attributes"
		}
	}
	return ""
}
