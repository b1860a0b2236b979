package headerpolicy

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/headersafe/headersafe/internal/field"
)

// claudeCode is the header of a Claude Code request as it reaches the gateway: 26 fields with those that a load
// balancer in front adds.
func claudeCode() http.Header {
	return http.Header{
		"Accept":          {"application/json"},
		"Accept-Encoding": {"gzip, deflate, br, zstd"},
		"Anthropic-Beta":  {"claude-code-20250219,oauth-2025-04-20,interleaved-thinking-2025-05-14,context-management-2025-06-27"},
		"Anthropic-Dangerous-Direct-Browser-Access": {"true"},
		"Anthropic-Version":                         {"2023-06-01"},
		"Authorization":                             {"Bearer sk-ant-oat01-0123456789abcdefghijklmnopqrstuvwxyz"},
		"Connection":                                {"keep-alive"},
		"Content-Length":                            {"87387"},
		"Content-Type":                              {"application/json"},
		"User-Agent":                                {"claude-cli/2.1.330 (external, sdk-cli)"},
		"X-App":                                     {"cli"},
		"X-Claude-Code-Session-Id":                  {"4b1f0a52-7c2f-4f0e-9a43-6f7c0f1e2d3c"},
		"X-Stainless-Arch":                          {"x64"},
		"X-Stainless-Lang":                          {"js"},
		"X-Stainless-Os":                            {"Linux"},
		"X-Stainless-Package-Version":               {"0.74.0"},
		"X-Stainless-Retry-Count":                   {"0"},
		"X-Stainless-Runtime":                       {"node"},
		"X-Stainless-Runtime-Version":               {"v24.3.0"},
		"X-Stainless-Timeout":                       {"600"},
		"X-Forwarded-For":                           {"203.0.113.9"},
		"X-Forwarded-Host":                          {"gateway.example"},
		"X-Forwarded-Proto":                         {"https"},
		"X-Request-Id":                              {"0f9a"},
		"Traceparent":                               {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
		"Via":                                       {"1.1 lb"},
	}
}

func mustNew(t testing.TB, c Config) *Policy {
	t.Helper()
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func BenchmarkRequest(b *testing.B) {
	p := mustNew(b, Anthropic())
	in := RequestInput{Header: claudeCode(), RawQuery: "beta=true", Consumed: []string{"X-Gateway-Key"}}
	for name, explained := range map[string]bool{"unobserved": false, "explained": true} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, refusal := p.decide(b.Context(), in, explained); refusal != nil {
					b.Fatal(refusal)
				}
			}
		})
	}
}

func BenchmarkResponse(b *testing.B) {
	p := mustNew(b, Anthropic())
	h := anthropicResponse()
	var place [32]field.Field
	for name, respond := range map[string]func() error{
		"handed over": func() error { _, err := (&handler{policy: p}).Respond(place[:0], h); return err },
		"copied":      func() error { _, err := p.ResponseHeader(h); return err },
		"explained":   func() error { _, err := p.Response(h); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := respond(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// anthropicResponse is the header of a streamed answer.
func anthropicResponse() http.Header {
	return http.Header{
		"Date":                                       {"Mon, 23 Nov 2026 19:00:00 GMT"},
		"Content-Type":                               {"text/event-stream; charset=utf-8"},
		"Cache-Control":                              {"no-cache"},
		"Connection":                                 {"keep-alive"},
		"Request-Id":                                 {"req_011CVQ"},
		"Anthropic-Organization-Id":                  {"5a6b"},
		"Anthropic-Ratelimit-Unified-Status":         {"allowed"},
		"Anthropic-Ratelimit-Unified-5h-Status":      {"allowed"},
		"Anthropic-Ratelimit-Unified-5h-Reset":       {"1763935200"},
		"Anthropic-Ratelimit-Unified-5h-Utilization": {"0.21"},
		"Anthropic-Ratelimit-Unified-7d-Status":      {"allowed"},
		"Anthropic-Ratelimit-Unified-7d-Reset":       {"1764201600"},
		"Strict-Transport-Security":                  {"max-age=31536000; includeSubDomains; preload"},
		"X-Robots-Tag":                               {"none"},
		"Cf-Cache-Status":                            {"DYNAMIC"},
		"Cf-Ray":                                     {"9a2"},
		"Server":                                     {"cloudflare"},
		"Vary":                                       {"Accept-Encoding"},
		"X-Envoy-Upstream-Service-Time":              {"612"},
	}
}

func BenchmarkWrap(b *testing.B) {
	answer := anthropicResponse()
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, lines := range answer {
			h[name] = lines
		}
		w.WriteHeader(http.StatusOK)
	})
	handlers := map[string]http.Handler{"bare": next, "wrapped": mustNew(b, Anthropic()).Wrap(next)}
	for name, handler := range handlers {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodPost, "/v1/messages?beta=true", http.NoBody)
			r.Header = claudeCode()
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(discardWriter{}, r)
			}
		})
	}
}

// discardWriter is a ResponseWriter that costs next to nothing.
type discardWriter struct{}

func (discardWriter) Header() http.Header         { return http.Header{} }
func (discardWriter) Write(p []byte) (int, error) { return len(p), nil }
func (discardWriter) WriteHeader(int)             {}
