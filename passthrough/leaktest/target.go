package leaktest

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Target is a gateway to be tried: how to reach it, what it takes, and what it is meant to let through.
type Target struct {
	_ [0]func()

	// Handler builds the gateway in front of the upstream at this URL, "http://127.0.0.1:PORT". It is called for each
	// case. Exactly one of Handler and URL is given.
	Handler func(upstream string) http.Handler

	// URL is that of a gateway which is running already, "http://HOST:PORT"; it speaks HTTP/1.1 there, and HTTP/2
	// with prior knowledge if it serves it. Listen is the "HOST:PORT" at which it expects its upstream.
	URL    string
	Listen string

	// Gateway is what a caller proves itself with to the gateway, which must never leave. None: the gateway asks for
	// nothing, and the cases about its key are skipped.
	Gateway Credential

	// Upstream is the secret that the gateway adds for its upstream, which must never come back. None: it adds nothing.
	Upstream Credential

	// Caller is a credential of the caller's own that is meant for the upstream. Without a secret, the kit uses one of
	// its own. None: no credential of a caller's crosses.
	Caller Credential

	// WithoutSecret builds the gateway as Handler does, but with its upstream secret missing from the configuration.
	// It returns nil if the gateway cannot be built like this, as should be.
	WithoutSecret func(upstream string) http.Handler

	// Method and Path are a good request's: POST and /v1/messages if empty. Path is as the caller writes it. Prefix is
	// the beginning of Path that the gateway removes, and Base what it puts in its place.
	Method string
	Path   string
	Prefix string
	Base   string

	// Fields are further lines that a good request must have: "Anthropic-Version: 2023-06-01".
	Fields []string

	// Body is a good request's, where the gateway looks at it. Its type then belongs to Fields.
	Body string

	// Parameter names a query parameter that crosses. Empty: the cases that need one are skipped.
	Parameter string

	// WebSocket is the path and query at which a WebSocket is opened. Empty: those cases are skipped.
	WebSocket string

	// Log is what the gateway has logged so far, in a [Log] that its logger writes to, say. Nil: nothing is known.
	Log fmt.Stringer

	// Skip gives the written reason why cases are outside this gateway's job, by name or, with a "*" at the end, by the
	// beginning of their names: {"S5-*": "cookies of the upstream are relayed on purpose"}.
	Skip map[string]string

	// Cases are further cases beside the kit's own: each file whose name ends in ".txt", at the top of the tree.
	Cases fs.FS

	// Patience is how long any single answer may take: 5 s if zero.
	Patience time.Duration
}

// ConfigError is one mistake in a [Target]. [Audit] reports all of them at once, joined with [errors.Join].
type ConfigError struct {
	Field  string // "Gateway"
	Value  string // what stands there; empty where it could be a secret
	Reason string // what is wrong, and the way out
}

// Error returns the field, the value and the reason.
func (e *ConfigError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("leaktest: %s %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("leaktest: %s %q %s", e.Field, e.Value, e.Reason)
}

const (
	defaultPatience = 5 * time.Second
	callersOwn      = "sk-ant-oat01-leaktest-callers-own-52f8"
	shortestSecret  = 6 // shorter ones are found by chance
)

// withDefaults returns t with what may be left out filled in, or all that is wrong with it.
func (t Target) withDefaults() (Target, error) {
	var errs []error
	mistake := func(field, value, reason string) { errs = append(errs, &ConfigError{field, value, reason}) }

	switch {
	case t.Handler == nil && t.URL == "":
		mistake("Handler", "", "is missing: say how to build the gateway, or give the URL of one that runs")
	case t.Handler != nil && (t.URL != "" || t.Listen != ""):
		mistake("URL", t.URL, "contradicts Handler: give one of them")
	case t.Handler == nil:
		if u, err := url.Parse(t.URL); err != nil || u.Scheme != "http" || u.Host == "" || u.Path != "" {
			mistake("URL", "", "is not of the form http://HOST:PORT; the kit writes raw bytes and speaks no TLS")
		}
		if _, _, err := net.SplitHostPort(t.Listen); err != nil {
			mistake("Listen", t.Listen, "is not the HOST:PORT at which the gateway expects its upstream")
		}
	}
	if t.Method == "" {
		t.Method = http.MethodPost
	}
	if t.Path == "" {
		t.Path = t.Prefix + "/v1/messages"
	}
	if t.Patience == 0 {
		t.Patience = defaultPatience
	}
	if t.Caller.kind != 0 && t.Caller.secret == "" {
		t.Caller.secret = callersOwn
	}
	if !strings.HasPrefix(t.Path, t.Prefix+"/") || strings.ContainsAny(t.Path, "?# \r\n") {
		mistake("Path", t.Path, "must begin with Prefix and a slash, and hold no query")
	}
	for _, given := range []struct {
		field string
		c     Credential
	}{{"Gateway", t.Gateway}, {"Upstream", t.Upstream}, {"Caller", t.Caller}} {
		switch {
		case given.c.none():
		case len(given.c.secret) < shortestSecret:
			mistake(given.field, "", "has a secret of fewer than 6 bytes, which would be found by chance: choose a longer one")
		case given.c.name == "":
			mistake(given.field, "", "has no name")
		}
	}
	if f := t.Gateway.field(); f != "" && strings.EqualFold(f, t.Caller.field()) {
		mistake("Caller", "", "stands in the same field as Gateway, and a request has room for one of them")
	}
	for _, s := range []Credential{t.Gateway, t.Caller} {
		if s.secret != "" && s.secret == t.Upstream.secret {
			mistake("Upstream", "", "has the secret of another credential: nobody could tell which of them leaked")
		}
	}
	t.Fields = slices.Clone(t.Fields)
	return t, errors.Join(errs...)
}

// skipped returns the written reason not to run the case, or "".
func (t *Target) skipped(name string) string {
	if reason, ok := t.Skip[name]; ok {
		return reason
	}
	for pattern, reason := range t.Skip {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok && strings.HasPrefix(name, prefix) {
			return reason
		}
	}
	return ""
}

// upstreamPath is what the upstream gets for the path.
func (t *Target) upstreamPath() string { return t.Base + strings.TrimPrefix(t.Path, t.Prefix) }
