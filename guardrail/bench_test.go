package guardrail

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/headersafe/headersafe/internal/jsonscan"
	"github.com/headersafe/headersafe/internal/jsonscan/bodies"
)

// discard is a ResponseWriter that keeps nothing.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

type passing struct{ scope Scope }

func (p passing) Describe() Description {
	return Description{Name: fmt.Sprint("passing ", p.scope), Scope: p.scope}
}
func (passing) Check(context.Context, Input) (Verdict, error) { return Verdict{}, nil }

var drain = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
})

// benchRequest returns a request that can be served many times, and what makes it ready for the next.
func benchRequest(body []byte) (r *http.Request, again func() *http.Request) {
	reader := bytes.NewReader(body)
	base, _ := http.NewRequest("POST", "/v1/messages", nil)
	base.Header = http.Header{"Content-Type": {"application/json"}}
	base.ContentLength = int64(len(body))
	base.Body = io.NopCloser(reader)
	return base, func() *http.Request {
		reader.Reset(body)
		r := *base
		return &r
	}
}

// The whole middleware, in steady state: a guard of whole conversations, which is shown all texts; a guard of single
// texts that has seen all of them; one whose verdicts are not kept; and none of the middleware, reading the body.
func BenchmarkWrap(b *testing.B) {
	configs := []struct {
		name  string
		scope Scope
		ttl   time.Duration
	}{{"whole", WholeConversation, 0}, {"per text, kept", PerText, 0}, {"per text, not kept", PerText, -1}}
	for _, shape := range bodies.Shapes {
		for _, size := range bodies.Sizes {
			body := bodies.Make(shape, size.Bytes)
			for _, c := range configs {
				b.Run(fmt.Sprintf("%s/%s/%s", shape, size.Name, c.name), func(b *testing.B) {
					g := must(b, Config{
						Endpoints: Anthropic(), Guards: []Guard{passing{c.scope}}, Cache: Cache{TTL: c.ttl},
						DangerouslyAllowOpaque: "a benchmark",
					})
					benchServe(b, g.Wrap(drain), body)
				})
			}
			b.Run(fmt.Sprintf("%s/%s/bare", shape, size.Name), func(b *testing.B) { benchServe(b, drain, body) })
		}
	}
}

func benchServe(b *testing.B, h http.Handler, body []byte) {
	_, again := benchRequest(body)
	w := &discard{header: http.Header{}}
	h.ServeHTTP(w, again())
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, again())
	}
}

// Scanning, and scanning with a rule's selection, beside gjson's validation of the same bytes.
func BenchmarkRead(b *testing.B) {
	g := must(b, Config{Endpoints: Anthropic(), Guards: []Guard{passing{}}})
	for _, shape := range bodies.Shapes {
		for _, size := range bodies.Sizes {
			body := bodies.Make(shape, size.Bytes)
			b.Run(fmt.Sprintf("%s/%s/gjson.ValidBytes", shape, size.Name), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				for b.Loop() {
					if !gjson.ValidBytes(body) {
						b.Fatal("invalid")
					}
				}
			})
			b.Run(fmt.Sprintf("%s/%s/scan", shape, size.Name), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					tape, err := jsonscan.Scan(body, jsonscan.Limits{}, nil)
					if err != nil {
						b.Fatal(err)
					}
					tape.Release()
				}
			})
			b.Run(fmt.Sprintf("%s/%s/scan and select", shape, size.Name), func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					tape, found, d := g.read(g.rules[0], body)
					if d != nil {
						b.Fatal(d)
					}
					found.release()
					tape.Release()
				}
			})
		}
	}
}
