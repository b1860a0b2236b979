package passthrough_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/allocs"
	"github.com/headersafe/headersafe/internal/race"
	"github.com/headersafe/headersafe/internal/stage"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// replay is a body that can be read again and again.
type replay struct {
	text string
	off  int
}

func (b *replay) Read(p []byte) (int, error) {
	n := copy(p, b.text[b.off:])
	if b.off += n; b.off == len(b.text) {
		return n, io.EOF
	}
	return n, nil
}

func (*replay) Close() error { return nil }

// stubTransport answers without a network, and without an allocation of its own: what is measured is everything above
// the transport. It gives the same response each time, so it serves one request at a time, from a proxy that does not
// write into a response's header (a ReverseProxy deletes hop-by-hop fields alone, and there are none).
type stubTransport struct {
	response http.Response
	body     replay
	scratch  [4 << 10]byte
}

func (s *stubTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	for done := r.Body == nil; !done; {
		_, err := r.Body.Read(s.scratch[:])
		done = err != nil
	}
	s.body.off = 0
	return &s.response, nil
}

// stub answers as api.anthropic.com does: 19 fields, and a body of known length.
func stub() *stubTransport {
	s := &stubTransport{body: replay{text: `{"id":"msg_01","type":"message","role":"assistant","content":[{"type":"text","text":"` + strings.Repeat("word ", 100) + `"}]}`}}
	length := len(s.body.text)
	s.response = http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/2.0", ProtoMajor: 2, ContentLength: int64(length), Body: &s.body,
		Header: http.Header{
			"Date": {"Mon, 23 Nov 2026 19:00:00 GMT"}, "Content-Type": {"application/json"}, "Content-Length": {strconv.Itoa(length)},
			"Request-Id": {"req_011CVQ8uJxkY2Zn3a4b5c6d7"}, "Anthropic-Organization-Id": {"5a6b7c8d-1111-2222-3333-444455556666"},
			"Anthropic-Ratelimit-Unified-Status": {"allowed"}, "Anthropic-Ratelimit-Unified-5h-Status": {"allowed"},
			"Anthropic-Ratelimit-Unified-5h-Reset": {"1763935200"}, "Anthropic-Ratelimit-Unified-5h-Utilization": {"0.21"},
			"Anthropic-Ratelimit-Unified-7d-Status": {"allowed"}, "Anthropic-Ratelimit-Unified-7d-Reset": {"1764201600"},
			"Strict-Transport-Security": {"max-age=31536000; includeSubDomains; preload"}, "X-Robots-Tag": {"none"},
			"Cf-Cache-Status": {"DYNAMIC"}, "Cf-Ray": {"9a2b3c4d5e6f7a8b-FRA"}, "Server": {"cloudflare"}, "Vary": {"Accept-Encoding"},
			"Via": {"1.1 google"}, "X-Envoy-Upstream-Service-Time": {"612"},
		},
	}
	return s
}

// claudeCode is a request as Claude Code sends it and net/http's server hands it out: 26 fields, a body, and a context that
// ends when the client leaves.
func claudeCode(ctx context.Context) *http.Request {
	h := http.Header{}
	body := &replay{text: `{"model":"claude-opus-4-5","max_tokens":1024,"messages":[{"role":"user","content":"` + strings.Repeat("word ", 200) + `"}]}`}
	for name, value := range map[string]string{
		"Accept": "application/json", "Accept-Encoding": "gzip, deflate, br, zstd", "Connection": "keep-alive",
		"Anthropic-Beta": "claude-code-20250219,oauth-2025-04-20,interleaved-thinking-2025-05-14", "Anthropic-Version": "2023-06-01",
		"Anthropic-Dangerous-Direct-Browser-Access": "true", "Content-Type": "application/json", "Content-Length": strconv.Itoa(len(body.text)),
		"Authorization": "Bearer sk-ant-oat01-abcdefghijklmnopqrstuvwxyz0123456789", "User-Agent": "claude-cli/2.1.330 (external, sdk-cli)",
		"X-App": "cli", "X-Claude-Code-Session-Id": "0b6b0c0e-1111-2222-3333-444455556666", "X-Gateway-Key": benchKey,
		"X-Stainless-Arch": "x64", "X-Stainless-Lang": "js", "X-Stainless-Os": "Linux", "X-Stainless-Package-Version": "0.70.0",
		"X-Stainless-Retry-Count": "0", "X-Stainless-Runtime": "node", "X-Stainless-Runtime-Version": "v24.3.0", "X-Stainless-Timeout": "600",
		"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "https", "X-Request-Id": "5f0c", "Via": "1.1 edge", "Cookie": "session=1",
	} {
		h[name] = []string{value}
	}
	r := &http.Request{Method: "POST", URL: &url.URL{Path: "/v1/messages", RawQuery: "beta=true"}, Header: h, Host: "gateway",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: body, ContentLength: int64(len(body.text)), RequestURI: "/v1/messages?beta=true"}
	return r.WithContext(ctx)
}

// discardWriter is a ResponseWriter that costs next to nothing.
type discardWriter struct{ header http.Header }

func (w *discardWriter) Header() http.Header            { return w.header }
func (*discardWriter) WriteHeader(int)                  {}
func (*discardWriter) Write(p []byte) (int, error)      { return len(p), nil }
func (*discardWriter) Flush()                           {}
func (*discardWriter) EnableFullDuplex() error          { return nil }
func (*discardWriter) SetReadDeadline(time.Time) error  { return nil }
func (*discardWriter) SetWriteDeadline(time.Time) error { return nil }

// rig is what stands around a handler. It is used again for each exchange, and so adds nothing to what the handler costs.
type rig struct {
	handler http.Handler
	request *http.Request
	body    *replay
	writer  discardWriter
}

func newRig(tb testing.TB, h http.Handler) *rig {
	ctx, cancel := context.WithCancel(context.Background())
	tb.Cleanup(cancel)
	r := claudeCode(ctx)
	body, _ := r.Body.(*replay)
	return &rig{handler: h, request: r, body: body, writer: discardWriter{make(http.Header, 32)}}
}

// exchange serves one request.
func (r *rig) exchange() {
	r.body.off = 0
	clear(r.writer.header)
	r.handler.ServeHTTP(&r.writer, r.request)
}

const benchKey = "alice-key-0123456789abcdef"

func benchRoute(tb testing.TB, observer passthrough.Observer) http.Handler {
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(benchKey)})
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
			r := newRig(b, c.handler)
			b.ReportAllocs()
			for b.Loop() {
				r.exchange()
			}
		})
	}
}

// forwarderAlone returns a chain in which the stages before the forwarder cost nothing but a ledger with their notes and a
// copy of the request that carries it.
func forwarderAlone(tb testing.TB) http.Handler {
	tb.Helper()
	forwarder, err := passthrough.NewForwarder(passthrough.ForwarderConfig{
		Upstream: passthrough.Upstream{URL: "https://api.example", RoundTripper: stub()}, Unguarded: "a benchmark",
	})
	if err != nil {
		tb.Fatal(err)
	}
	var passed *http.Request
	gate, policy := benchStages(tb)
	newRig(tb, gate.Wrap(policy.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { passed = r })))).exchange()
	before := stage.From(passed.Context())
	auth, decided := before.Auth(), before.Policy()
	decided.Filter = nil
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l, r, _ := stage.Enter(r, stage.Auth)
		r.Header = passed.Header
		if err := errors.Join(l.PassAuth(auth), l.PassPolicy(decided)); err != nil {
			tb.Error(err)
		}
		forwarder.ServeHTTP(w, r)
	})
}

func benchStages(tb testing.TB) (*auth.Gate, *headerpolicy.Policy) {
	tb.Helper()
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(benchKey)})
	if err != nil {
		tb.Fatal(err)
	}
	gate, err := auth.New(auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys})
	if err != nil {
		tb.Fatal(err)
	}
	policy, err := headerpolicy.New(headerpolicy.Anthropic())
	if err != nil {
		tb.Fatal(err)
	}
	return gate, policy
}

// BenchmarkStages runs each stage alone, before a handler that does nothing, and gets for each what a stranger would: a
// request of its own, which a stage of the same chain goes without.
func BenchmarkStages(b *testing.B) {
	gate, policy := benchStages(b)
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		name    string
		handler http.Handler
	}{
		{"recorder", passthrough.NewRecorder(passthrough.RecorderConfig{}).Wrap(nothing)},
		{"auth", gate.Wrap(nothing)},
		{"headerpolicy", policy.Wrap(nothing)},
		{"forwarder", forwarderAlone(b)},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := newRig(b, c.handler)
			b.ReportAllocs()
			for b.Loop() {
				r.exchange()
			}
		})
	}
}

// The line that a whole route must hold: one more allocation for each request is a decision to take, not an accident. Of
// the bytes nearly half are the header of the outbound request, 18 fields, and a third the request itself with its body.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("allocations cannot be counted under the race detector")
	}
	for _, c := range []struct {
		name    string
		handler http.Handler
		limit   float64
		bytes   uint64
	}{
		{"nobody observes", benchRoute(t, nil), 16, 3300},
		{"observed", benchRoute(t, passthrough.ObserverFunc(func(context.Context, *passthrough.Exchange) {})), 42, 8_500},
	} {
		r := newRig(t, c.handler)
		if got := testing.AllocsPerRun(100, r.exchange); got > c.limit {
			t.Errorf("%s: %v allocations, the limit is %v", c.name, got, c.limit)
		}
		if got := allocs.BytesPerRun(200, r.exchange); got > c.bytes {
			t.Errorf("%s: %d bytes, the limit is %d", c.name, got, c.bytes)
		}
	}
}
