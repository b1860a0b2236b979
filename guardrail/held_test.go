package guardrail

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// gated is a guard that gives its verdict when told to.
type gated struct {
	fake
	asked chan struct{}
	gate  chan Verdict
}

func newGated() *gated {
	g := &gated{asked: make(chan struct{}, 8), gate: make(chan Verdict)}
	g.check = func(ctx context.Context, _ Input) (Verdict, error) {
		g.asked <- struct{}{}
		select {
		case v := <-g.gate:
			return v, nil
		case <-ctx.Done():
			return Verdict{}, ctx.Err()
		}
	}
	return g
}

// Not a byte of the upstream's answer is released before the verdict, and none at all after a block.
func TestAlongsideHoldsTheAnswer(t *testing.T) {
	answers := map[string]string{
		"a short one":        "HTTP/1.1 200 OK\nX-Answer: 1\nSet-Cookie: a=b\nContent-Length: 6\n\nanswer",
		"a stream":           "HTTP/1.1 200 OK\nX-Answer: 1\nContent-Type: text/event-stream\nTransfer-Encoding: chunked\n\n6\nanswer\n0\n\n",
		"early hints":        "HTTP/1.1 103 Early Hints\nLink: <answer>\n\nHTTP/1.1 200 OK\nX-Answer: 1\nContent-Length: 6\n\nanswer",
		"an error":           "HTTP/1.1 500 Internal Server Error\nX-Answer: 1\nContent-Length: 6\n\nanswer",
		"nothing but a head": "HTTP/1.1 204 No Content\nX-Answer: 1\n\n",
	}
	for name, answer := range answers {
		for _, block := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/block=%v", name, block), func(t *testing.T) {
				guard := newGated()
				sent := make(chan struct{})
				addr, up := proxied(t, Config{Endpoints: chat(), Guards: []Guard{InMode(guard, Alongside)}}, func(x *rawhttp.Exchange) {
					x.ReadBody()
					x.Send(answer)
					close(sent)
				})
				conn := rawhttp.Dial(t, addr)
				body := says("hello")
				conn.Send(head + fmt.Sprintf("Content-Length: %d\n\n%s", len(body), body))
				<-guard.asked
				<-sent // the upstream has answered in full
				early := make(chan struct{})
				go func() {
					defer close(early)
					guard.gate <- Verdict{Block: block, Reason: "because"}
				}()
				res := conn.ReadResponse()
				<-early
				if up.Hits() != 1 {
					t.Errorf("%d hits", up.Hits())
				}
				text := res.String()
				if block {
					if res.Status() != 400 || strings.Contains(text, "nswer") || strings.Contains(text, "Cookie") || !strings.Contains(text, "because") || !res.Complete() {
						t.Errorf("%s", text)
					}
					return
				}
				if !strings.Contains(text, "X-Answer") || !res.Complete() {
					t.Errorf("%s", text)
				}
			})
		}
	}
}

// Until the verdict, whatever a handler tries.
func TestHeldWriter(t *testing.T) {
	attempts := map[string]func(http.ResponseWriter){
		"write":       func(w http.ResponseWriter) { _, _ = io.WriteString(w, "answer") },
		"status":      func(w http.ResponseWriter) { w.WriteHeader(201) },
		"information": func(w http.ResponseWriter) { w.Header().Set("Link", "answer"); w.WriteHeader(103) },
		"flush":       func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
		"a flusher":   func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
		"nothing":     func(http.ResponseWriter) {},
		"a trailer":   func(w http.ResponseWriter) { w.Header().Set(http.TrailerPrefix+"X", "answer") },
		"unwrapping": func(w http.ResponseWriter) {
			if u, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
				_, _ = io.WriteString(u.Unwrap(), "answer")
			}
		},
		"hijacking": func(w http.ResponseWriter) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_, _ = io.WriteString(conn, "answer")
				_ = conn.Close()
			}
		},
		"the panic of a proxy": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"after an error": func(w http.ResponseWriter) {
			w.Header().Set("X", "answer")
			http.Error(w, "answer", http.StatusBadGateway)
		},
	}
	for name, attempt := range attempts {
		t.Run(name, func(t *testing.T) {
			guard := newGated()
			canceled := make(chan error, 1)
			g := must(t, Config{Endpoints: chat(), Guards: []Guard{InMode(guard, Alongside)}})
			server := httptest.NewServer(g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Answer", "answer")
				if name == "the panic of a proxy" {
					<-r.Context().Done()
				}
				attempt(w)
				<-r.Context().Done() // a block ends the upstream's work
				canceled <- context.Cause(r.Context())
				attempt(w)
			})))
			defer server.Close()
			conn := rawhttp.Dial(t, server.URL)
			body := says("hello")
			conn.Send(head + fmt.Sprintf("Content-Length: %d\n\n%s", len(body), body))
			<-guard.asked
			guard.gate <- Verdict{Block: true, Reason: "because"}
			res := conn.ReadResponse()
			if res.Status() != 400 || !res.Complete() || strings.Contains(res.String(), "nswer") || !strings.Contains(string(res.Body), "because") {
				t.Errorf("%s", res)
			}
		})
	}
}

// Everything that a handler may ask of its writer still works when the verdict is in.
func TestHeldWriterAfterPassing(t *testing.T) {
	g := must(t, Config{Endpoints: chat(), Guards: []Guard{InMode(&fake{}, Alongside)}})
	server := httptest.NewServer(g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		for what, err := range map[string]error{
			"EnableFullDuplex": control.EnableFullDuplex(),
			"SetReadDeadline":  control.SetReadDeadline(time.Time{}),
			"SetWriteDeadline": control.SetWriteDeadline(time.Time{}),
		} {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		header := w.Header()
		header.Set("Trailer", "X-Announced")
		header.Set("X-Answer", "1")
		w.WriteHeader(202)
		_, _ = io.WriteString(w, "one")
		if err := control.Flush(); err != nil {
			t.Errorf("Flush: %v", err)
		}
		header.Set("X-Announced", "2")
		w.Header().Set(http.TrailerPrefix+"X-Late", "3")
	})))
	defer server.Close()
	body := says("hello")
	res := rawhttp.Do(t, server.URL, head+fmt.Sprintf("Content-Length: %d\n\n%s", len(body), body))
	if res.Status() != 202 || string(res.Body) != "one" || res.Fields.Get("X-Answer") != "1" ||
		res.Trailers.Get("X-Announced") != "2" || res.Trailers.Get("X-Late") != "3" {
		t.Errorf("%s", res)
	}
}

// A panic that is none of ours goes on.
func TestHeldPanics(t *testing.T) {
	for _, value := range []any{"a fault", http.ErrAbortHandler} {
		h := must(t, Config{Endpoints: chat(), Guards: []Guard{InMode(&fake{}, Alongside)}}).Wrap(
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(value) }))
		func() {
			defer func() {
				if p := recover(); p != value {
					t.Errorf("recovered %v, want %v", p, value)
				}
			}()
			post(h, says("hello"))
		}()
	}
}
