package passthrough

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/headersafe/headersafe/internal/endpoint"
	"github.com/headersafe/headersafe/internal/target"
)

// Upstream is the one place that a route forwards to.
type Upstream struct {
	_ [0]func()

	// URL is the base URL, such as "https://api.anthropic.com" or "https://proxy.example/llm". Its path comes
	// before the request's own. It must hold no user information, query or fragment.
	URL string

	// DangerouslyPlaintext is the written reason why credentials may travel unencrypted: http to another
	// machine is refused without one. Loopback needs none.
	DangerouslyPlaintext string

	// H2C speaks HTTP/2 without TLS, with prior knowledge (RFC 9113 section 3.3), to an http URL.
	H2C bool

	// TLS is for an upstream with a certificate authority of its own, or that wants a client certificate.
	// InsecureSkipVerify is refused: it would hand the credential to whoever answers.
	TLS *tls.Config

	// Proxy says which forward proxy to use, as [http.Transport] has it; nil means none, whatever the
	// environment says.
	Proxy func(*http.Request) (*url.URL, error)

	// RoundTripper replaces the HTTP client, for tests and for clients of one's own; TLS, Proxy and H2C must
	// then be unset. It must not follow redirects, add fields, or decode bodies. An [*http.Transport] is
	// cloned, and its compression switched off. Unlike the client that it replaces, it may take what an HTTP/1.1
	// upstream sends beyond the end of a response for the response to the next request: see "Connections" in the
	// package's documentation.
	RoundTripper http.RoundTripper

	// Timeouts bound each part of an exchange.
	Timeouts Timeouts
}

// Timeouts bound the parts of an exchange. Zero means the default, which suits model calls of ten minutes; a
// negative duration means no bound.
type Timeouts struct {
	_ [0]func()

	Dial           time.Duration // to connect: 10 s
	TLSHandshake   time.Duration // 10 s
	ResponseHeader time.Duration // from the last byte of the request to the response's header: 15 min
	Idle           time.Duration // while a body or a WebSocket flows, without a byte in either direction: 5 min
	Exchange       time.Duration // from the first byte to the last, WebSockets excepted: 1 h
}

// The defaults of [Timeouts].
const (
	DefaultDialTimeout           = 10 * time.Second
	DefaultTLSHandshakeTimeout   = 10 * time.Second
	DefaultResponseHeaderTimeout = 15 * time.Minute
	DefaultIdleTimeout           = 5 * time.Minute
	DefaultExchangeTimeout       = time.Hour
)

func (t Timeouts) withDefaults() Timeouts {
	or := func(d *time.Duration, preset time.Duration) {
		switch {
		case *d == 0:
			*d = preset
		case *d < 0:
			*d = 0
		}
	}
	or(&t.Dial, DefaultDialTimeout)
	or(&t.TLSHandshake, DefaultTLSHandshakeTimeout)
	or(&t.ResponseHeader, DefaultResponseHeaderTimeout)
	or(&t.Idle, DefaultIdleTimeout)
	or(&t.Exchange, DefaultExchangeTimeout)
	return t
}

// ForwarderConfig configures a [Forwarder].
type ForwarderConfig struct {
	_ [0]func()

	Upstream Upstream

	// Endpoints lists what may be called, as [http.ServeMux] patterns without a host: "POST /v1/messages",
	// "GET /v1/models/{id}". Anything else is answered 404, or 405 if only the method is wrong. Empty means
	// every path below the upstream's base.
	Endpoints []string

	// Unguarded is the written reason why no guardrail stands before this forwarder. Exactly one of a
	// guardrail stage and this reason must be there.
	Unguarded string
}

// ConfigError is one mistake in a configuration. Constructors report all of them at once, joined with
// [errors.Join].
type ConfigError struct {
	Field  string // where: "Upstream.URL"
	Value  string // what stood there; empty where it could be a secret
	Reason string // why it will not do, and what would
}

// Error returns the field, the value and the reason.
func (e *ConfigError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("passthrough: %s %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("passthrough: %s %q %s", e.Field, e.Value, e.Reason)
}

// NewForwarder compiles cfg. The error joins a [*ConfigError] for every mistake.
func NewForwarder(cfg ForwarderConfig) (*Forwarder, error) {
	var errs []error
	mistake := func(field, value, reason string) {
		errs = append(errs, &ConfigError{Field: field, Value: value, Reason: reason})
	}

	base, err := target.ParseBase(cfg.Upstream.URL)
	if err != nil { // the URL is not quoted: it may hold a password
		mistake("Upstream.URL", "", err.Error())
	} else if base.Plaintext() && cfg.Upstream.DangerouslyPlaintext == "" {
		mistake("Upstream.URL", cfg.Upstream.URL, "sends credentials unencrypted: use https, or say why not in DangerouslyPlaintext")
	}

	for _, r := range []struct{ field, reason string }{
		{"Upstream.DangerouslyPlaintext", cfg.Upstream.DangerouslyPlaintext}, {"Unguarded", cfg.Unguarded},
	} {
		if r.reason != "" && strings.TrimSpace(r.reason) == "" {
			mistake(r.field, r.reason, "is blank: write the reason down")
		}
	}

	var endpoints *endpoint.Set
	if len(cfg.Endpoints) > 0 {
		var faults []endpoint.Fault
		endpoints, faults = endpoint.Compile(cfg.Endpoints)
		for _, f := range faults {
			mistake("Endpoints", f.Pattern, f.Reason)
		}
	}

	transport, faults := cfg.Upstream.transport()
	for _, f := range faults {
		mistake(f.field, "", f.reason)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	f := &Forwarder{
		base:      base,
		endpoints: endpoints,
		patterns:  append([]string(nil), cfg.Endpoints...),
		transport: transport,
		settles:   cfg.Upstream.settles(),
		timeouts:  cfg.Upstream.Timeouts.withDefaults(),
		unguarded: cfg.Unguarded,
	}
	f.tunnels.init()
	return f, nil
}
