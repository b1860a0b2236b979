package passthrough_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// gateway is a route on a server that speaks HTTP/1.1 and HTTP/2, with all that it says and records kept.
type gateway struct {
	t        testing.TB
	url      string
	upstream *upstream
	route    *passthrough.Route
	records  chan *passthrough.Exchange
	logs     lockedBuffer
	replies  lockedBuffer
}

// an option changes a route's configuration.
type option func(*passthrough.Config)

// headers adds to what the policy names.
func headers(more headerpolicy.Config) option {
	return func(c *passthrough.Config) { c.Headers = c.Headers.With(more) }
}

// injecting makes the route one with a key of the gateway's own for the upstream.
func injecting(c *passthrough.Config) {
	c.Headers.Request.Credentials = nil
	c.Headers = c.Headers.With(headerpolicy.Config{Request: headerpolicy.Request{
		Set: []headerpolicy.Set{{Name: "Authorization", Value: headerpolicy.Secret(upstreamKey).WithScheme("Bearer")}},
	}})
}

// carriers replaces the places in which the gateway's key may arrive.
func carriers(all ...auth.Carrier) option {
	return func(c *passthrough.Config) { c.Auth.Carriers = all }
}

// keyring knows the gateway's one key.
func keyring(t testing.TB) *auth.Keyring {
	t.Helper()
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(gatewayKey)})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// fingerprintKey keys the fingerprints of the tests' records.
var fingerprintKey = []byte("fingerprints of the tests")

// config is the founding case: the gateway's key in X-Gateway-Key, the caller's own credential forwarded.
func (g *gateway) config(u *upstream) passthrough.Config {
	logged := passthrough.LogTo(slog.New(slog.NewJSONHandler(&g.logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return passthrough.Config{
		Route:     "test",
		Upstream:  passthrough.Upstream{URL: u.url, H2C: u.h2c},
		Auth:      auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keyring(g.t)},
		Headers:   headerpolicy.Anthropic(),
		Unguarded: "the tests of this package are about forwarding",
		Observer: passthrough.ObserverFunc(func(ctx context.Context, e *passthrough.Exchange) {
			logged.Observe(ctx, e)
			fmt.Fprint(&g.logs, printed(e))
			g.records <- e
		}),
		FingerprintKey: fingerprintKey,
	}
}

func newGateway(t testing.TB, u *upstream, options ...option) *gateway {
	t.Helper()
	g := &gateway{t: t, upstream: u, records: make(chan *passthrough.Exchange, 1<<14)}
	cfg := g.config(u)
	for _, change := range options {
		change(&cfg)
	}
	route, err := passthrough.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g.route = route
	g.serve(route)
	return g
}

// serve starts the server that callers see.
func (g *gateway) serve(h http.Handler) {
	server := httptest.NewUnstartedServer(h)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(&g.logs, nil), slog.LevelError)
	server.Start()
	g.t.Cleanup(server.Close)
	g.url = server.URL
}

// behind is the gateway with a middleware around its route.
func (g *gateway) behind(middleware func(http.Handler) http.Handler) *gateway {
	outer := &gateway{t: g.t, upstream: g.upstream, route: g.route, records: g.records}
	outer.serve(middleware(g.route))
	return outer
}

// setting is a middleware that sets fields of the response before it calls the next handler.
func setting(fields ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, line := range fields {
				name, value, _ := strings.Cut(line, ": ")
				w.Header().Add(name, value)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// record waits for the record of the next exchange to end.
func (g *gateway) record() *passthrough.Exchange {
	g.t.Helper()
	select {
	case e := <-g.records:
		return e
	case <-time.After(rawhttp.Patience):
		g.t.Fatal("no record of the exchange")
		return nil
	}
}
