package passthrough_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/race"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// stubTransport answers without a network: what is measured is everything above the transport.
type stubTransport struct{ header http.Header }

func (s stubTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: s.header.Clone(), ContentLength: 13,
		Body: io.NopCloser(strings.NewReader(`{"ok":"true"}`)), Request: r,
	}, nil
}

func stub() stubTransport {
	h := http.Header{}
	for _, name := range []string{"Content-Type", "Date", "Request-Id", "Anthropic-Organization-Id", "Cf-Ray", "Server",
		"Strict-Transport-Security", "X-Robots-Tag", "Cf-Cache-Status", "Via", "Vary",
		"Anthropic-Ratelimit-Requests-Limit", "Anthropic-Ratelimit-Requests-Remaining", "Anthropic-Ratelimit-Requests-Reset",
		"Anthropic-Ratelimit-Tokens-Limit", "Anthropic-Ratelimit-Tokens-Remaining", "Anthropic-Ratelimit-Tokens-Reset",
		"X-Envoy-Upstream-Service-Time", "Content-Length"} {
		h[name] = []string{"13"}
	}
	return stubTransport{h}
}

// claudeCode is a request as Claude Code sends it, as net/http's server hands it out: 26 fields.
func claudeCode() *http.Request {
	h := http.Header{}
	for name, value := range map[string]string{
		"Accept": "application/json", "Accept-Encoding": "gzip, deflate, br, zstd", "Connection": "keep-alive",
		"Anthropic-Beta": "claude-code-20250219,oauth-2025-04-20,interleaved-thinking-2025-05-14", "Anthropic-Version": "2023-06-01",
		"Anthropic-Dangerous-Direct-Browser-Access": "true", "Content-Type": "application/json", "Content-Length": "13",
		"Authorization": "Bearer sk-ant-oat01-abcdefghijklmnopqrstuvwxyz0123456789", "User-Agent": "claude-cli/2.1.330 (external, sdk-cli)",
		"X-App": "cli", "X-Claude-Code-Session-Id": "0b6b0c0e-1111-2222-3333-444455556666", "X-Gateway-Key": "alice-key-0123456789abcdef",
		"X-Stainless-Arch": "x64", "X-Stainless-Lang": "js", "X-Stainless-Os": "Linux", "X-Stainless-Package-Version": "0.70.0",
		"X-Stainless-Retry-Count": "0", "X-Stainless-Runtime": "node", "X-Stainless-Runtime-Version": "v24.3.0", "X-Stainless-Timeout": "600",
		"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "https", "X-Request-Id": "5f0c", "Via": "1.1 edge", "Cookie": "session=1",
	} {
		h[name] = []string{value}
	}
	return &http.Request{Method: "POST", URL: &url.URL{Path: "/v1/messages", RawQuery: "beta=true"}, Header: h, Host: "gateway",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: 13, RequestURI: "/v1/messages?beta=true"}
}

// discardWriter is a ResponseWriter that costs nothing.
type discardWriter struct{ header http.Header }

func (w *discardWriter) Header() http.Header         { return w.header }
func (w *discardWriter) WriteHeader(int)             {}
func (w *discardWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *discardWriter) Flush()                      {}
func (w *discardWriter) EnableFullDuplex() error     { return nil }

func benchRoute(tb testing.TB, observer passthrough.Observer) http.Handler {
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret("alice-key-0123456789abcdef")})
	if err != nil {
		tb.Fatal(err)
	}
	route, err := passthrough.New(passthrough.Config{
		Upstream:  passthrough.Upstream{URL: "https://api.example", RoundTripper: stub()},
		Auth:      auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys},
		Headers:   headerpolicy.Anthropic(),
		Unguarded: "a benchmark",
		Observer:  observer,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return route
}

type bufferPool struct{ sync.Pool }

func (p *bufferPool) Get() []byte  { return *p.Pool.Get().(*[]byte) }
func (p *bufferPool) Put(b []byte) { p.Pool.Put(&b) }

func reverseProxy(pool httputil.BufferPool) http.Handler {
	target := &url.URL{Scheme: "https", Host: "api.example"}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: stub(), BufferPool: pool}
}

// exchange serves one request with a small body.
func exchange(h http.Handler, template *http.Request) {
	r := new(http.Request)
	*r = *template
	r.Body = io.NopCloser(strings.NewReader(`{"model":"x"}`))
	h.ServeHTTP(&discardWriter{header: make(http.Header, 16)}, r)
}

// BenchmarkExchange compares a whole route above the transport with a bare ReverseProxy that checks nothing.
func BenchmarkExchange(b *testing.B) {
	pool := &bufferPool{sync.Pool{New: func() any { buf := make([]byte, 32<<10); return &buf }}}
	for _, c := range []struct {
		name    string
		handler http.Handler
	}{
		{"route", benchRoute(b, nil)},
		{"route, observed", benchRoute(b, passthrough.ObserverFunc(func(_ context.Context, _ *passthrough.Exchange) {}))},
		{"ReverseProxy", reverseProxy(nil)},
		{"ReverseProxy with a pool", reverseProxy(pool)},
	} {
		b.Run(c.name, func(b *testing.B) {
			template := claudeCode()
			b.ReportAllocs()
			for b.Loop() {
				exchange(c.handler, template)
			}
		})
	}
}

// The line that a whole route must hold, above a transport that allocates 14 times itself: one more allocation for each
// request is a decision to take, not an accident.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("allocations cannot be counted under the race detector")
	}
	template := claudeCode()
	for _, c := range []struct {
		name    string
		handler http.Handler
		limit   float64
	}{
		{"nobody observes", benchRoute(t, nil), 92},
		{"observed", benchRoute(t, passthrough.ObserverFunc(func(context.Context, *passthrough.Exchange) {})), 150},
	} {
		if got := testing.AllocsPerRun(100, func() { exchange(c.handler, template) }); got > c.limit {
			t.Errorf("%s: %v allocations, the limit is %v", c.name, got, c.limit)
		}
	}
}
