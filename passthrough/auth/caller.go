package auth

import (
	"context"
	"maps"
	"strings"
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

// CallerFrom returns the caller whom [Gate.Wrap] put in the context, with Attributes of its own. It reports
// false outside a gate and behind an anonymous one: there is nobody then, not somebody called anonymous.
func CallerFrom(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(*callerContext)
	if !ok {
		return Caller{}, false
	}
	return Caller{ID: c.caller.ID, Attributes: maps.Clone(c.caller.Attributes)}, true
}

type callerKey struct{}

// callerContext is context.WithValue in one allocation in place of two.
type callerContext struct {
	context.Context
	caller Caller
}

// Value returns the context itself for the key of this package, and what is below it for any other.
func (c *callerContext) Value(key any) any {
	if key == (callerKey{}) {
		return c
	}
	return c.Context.Value(key)
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
