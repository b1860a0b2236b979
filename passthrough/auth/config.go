package auth

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/headersafe/headersafe/internal/field"
)

// Config says where callers present their credential and who judges it.
type Config struct {
	_ [0]func() // keyed literals only

	// Carriers are the places in which a credential may arrive. It is looked for in all of them,
	// and removed from all of them. Required.
	Carriers []Carrier

	// Verifier judges what was found; a [*Keyring], say. Required.
	Verifier Verifier

	// DangerouslyAnonymous is the written reason why anybody may call. With it, nobody is asked for a
	// credential, so Carriers and Verifier must be empty, and [CallerFrom] finds nobody.
	DangerouslyAnonymous string

	// Realm is the protection space of the challenges in WWW-Authenticate (RFC 9110 section 11.5):
	// printable ASCII without quotation marks and backslashes. The default is "gateway".
	Realm string
}

// ConfigError is one mistake in a [Config], a list of [Key] or the text that [ParseKeys] reads. The
// functions that return it report all mistakes at once, joined by [errors.Join].
type ConfigError struct {
	Field  string // "Carriers[1]", "keys[0].Secret", "line 3"
	Value  string // what stands there, where it is worth saying; never a secret, nor an ID
	Reason string // what is wrong and the way out
}

// Error returns the field, the value and the reason.
func (e *ConfigError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("auth: %s: %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("auth: %s: %q: %s", e.Field, e.Value, e.Reason)
}

// New compiles the Config into a Gate that shares nothing with it but the Verifier. The error joins one
// [*ConfigError] for each mistake.
func New(c Config) (*Gate, error) {
	var errs []error
	mistake := func(field, value, reason string) {
		errs = append(errs, &ConfigError{field, value, reason})
	}

	realm := c.Realm
	if realm == "" {
		realm = "gateway"
	}
	if !visibleASCII(strings.ReplaceAll(realm, " ", "-")) || strings.ContainsAny(realm, `"\`) {
		mistake("Realm", realm, `printable ASCII without " and \ is wanted`)
	}

	if c.DangerouslyAnonymous != "" {
		if strings.TrimSpace(c.DangerouslyAnonymous) == "" {
			mistake("DangerouslyAnonymous", "", "blank: write down why anybody may call")
		}
		if len(c.Carriers) > 0 {
			mistake("Carriers", "", "an anonymous gate looks for no credential: leave out Carriers or DangerouslyAnonymous")
		}
		if c.Verifier != nil {
			mistake("Verifier", "", "an anonymous gate asks nobody: leave out Verifier or DangerouslyAnonymous")
		}
	} else {
		if len(c.Carriers) == 0 {
			mistake("Carriers", "", "none: no caller could present anything; name one, such as Header(\"X-Gateway-Key\")")
		}
		if reason := verifierFault(c.Verifier); reason != "" {
			mistake("Verifier", "", reason)
		}
		for i, carrier := range c.Carriers {
			reason := carrier.fault()
			if reason == "" {
				reason = clash(carrier, c.Carriers[:i])
			}
			if reason != "" {
				mistake(fmt.Sprintf("Carriers[%d]", i), carrier.String(), reason)
			}
		}
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	return compile(c, realm), nil
}

func verifierFault(v Verifier) string {
	switch v := v.(type) {
	case nil:
		return "nil: name who judges a credential, or say DangerouslyAnonymous"
	case *Keyring:
		if v == nil {
			return "a nil *Keyring: use what NewKeyring returns without an error"
		}
	case VerifierFunc:
		if v == nil {
			return "a nil VerifierFunc"
		}
	}
	return ""
}

// clash says why c cannot stand beside the carriers before it, or nothing.
func clash(c Carrier, before []Carrier) string {
	for _, other := range before {
		switch {
		case c == other:
			return "named before"
		case c.kind == other.kind && field.Fold(c.name) == field.Fold(other.name):
			return "an alias of " + other.String() + ": an upstream could take one for the other, so keep one"
		}
	}
	return ""
}

// compile makes the immutable form of a Config without mistakes.
func compile(c Config, realm string) *Gate {
	g := &Gate{
		ready:     true,
		anonymous: c.DangerouslyAnonymous != "",
		verifier:  c.Verifier,
	}
	var labels []string
	for _, carrier := range c.Carriers {
		p := place{name: carrier.name, folded: field.Fold(carrier.name), carrier: carrier.String()}
		switch carrier.kind {
		case inHeader:
			p.parse = parseKey
			g.fields = append(g.fields, p)
			g.consumed = append(g.consumed, p.name)
		case asProxyAuthorization:
			p.name, p.folded, p.parse = "Proxy-Authorization", "proxy-authorization", parseProxy
			g.fields = append(g.fields, p)
		case asBearer:
			g.bearer = true
		case asBasic:
			g.basic = true
		case inQuery:
			g.query = append(g.query, p)
		case inCookie:
			g.cookies = append(g.cookies, p)
		}
		g.challenges = append(g.challenges, carrier.challenge(realm))
		labels = append(labels, p.carrier)
	}
	g.asked = strings.Join(labels, ", ")
	g.consumed = append(g.consumed, "Proxy-Authorization")
	if g.bearer || g.basic {
		g.consumedAuthorization = slices.Concat(g.consumed, []string{"Authorization"})
	}
	return g
}

// unauthenticatedHeader returns the fields of every 401, a copy for each.
func (g *Gate) unauthenticatedHeader() http.Header {
	return http.Header{"Www-Authenticate": slices.Clone(g.challenges)}
}
