package passthrough_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
)

// words is a guard that blocks "banned", and waits before it says anything.
type words struct{ wait <-chan struct{} }

func (words) Describe() guardrail.Description { return guardrail.Description{Name: "words"} }

func (g words) Check(ctx context.Context, in guardrail.Input) (guardrail.Verdict, error) {
	select {
	case <-g.wait:
	case <-ctx.Done():
		return guardrail.Verdict{}, ctx.Err()
	}
	for i, text := range in.Texts {
		if strings.Contains(text.Value, "banned") {
			return guardrail.Verdict{Block: true, Reason: "It holds a word.", Matches: []int{i}}, nil
		}
	}
	return guardrail.Verdict{}, nil
}

func now() <-chan struct{} {
	ready := make(chan struct{})
	close(ready)
	return ready
}

// guarded puts guards before the route.
func guarded(guards ...guardrail.Guard) option {
	return func(c *passthrough.Config) {
		c.Unguarded = ""
		c.Guardrail = guardrail.Config{Endpoints: guardrail.Anthropic(), Guards: guards}
	}
}

// asking is a request with a message, as raw bytes.
func asking(text string, fields ...string) string {
	body := `{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"` + text + `"}]}`
	head := "POST /v1/messages HTTP/1.1\nHost: gateway\nX-Gateway-Key: " + gatewayKey + "\nAuthorization: Bearer " + callerToken +
		"\nContent-Type: application/json\nTransfer-Encoding: chunked\n" + strings.Join(append(fields, ""), "\n")
	return head + "\n" + hex(len(body)) + "\n" + body + "\n0\n"
}

func hex(n int) string {
	const digits = "0123456789abcdef"
	if n < 16 {
		return digits[n : n+1]
	}
	return hex(n/16) + digits[n%16:n%16+1]
}

func TestGuardedRoute(t *testing.T) {
	up := rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 2\n\n{}"))
	g := newGateway(t, &upstream{url: up.URL()}, guarded(words{now()}),
		headers(headerpolicy.Config{Request: headerpolicy.Request{Trailers: []string{"X-Named"}}}))

	if res := rawhttp.Do(t, g.url, asking("a good one", "Trailer: X-Named")+"X-Named: v\n\n"); res.Head.Status() != http.StatusOK {
		t.Fatal(res)
	}
	requests := up.Requests()
	if len(requests) != 1 {
		t.Fatalf("%d requests", len(requests))
	}
	if got := requests[0]; !strings.Contains(string(got.Body), "a good one") || got.Head.Fields.Has("Trailer") || len(got.Trailers) > 0 {
		t.Errorf("the upstream got %v %q and the trailers %v", got.Head, got.Body, got.Trailers)
	}
	if e := g.record(); e.Outcome != passthrough.Forwarded || e.Guardrail == nil || e.Guardrail.Guards[0].Outcome != guardrail.Passed {
		t.Errorf("%+v", e)
	}

	res := rawhttp.Do(t, g.url, asking("a banned one")+"\n")
	if res.Head.Status() != http.StatusBadRequest || !strings.Contains(string(res.Body), "It holds a word.") {
		t.Error(res)
	}
	if e := g.record(); e.Outcome != passthrough.Denied || e.Denial.Stage != "guardrail" || e.Path != "" {
		t.Errorf("%+v", e)
	}
	res = rawhttp.Do(t, g.url, "GET /v1/messages HTTP/1.1\nHost: g\nX-Gateway-Key: "+gatewayKey+"\nAuthorization: Bearer "+callerToken+
		"\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n")
	if status := res.Head.Status(); status < 400 || status > 499 {
		t.Errorf("a WebSocket on a guarded route: %v", res)
	}
	if up.Hits() != 1 {
		t.Errorf("%d hits, want 1", up.Hits())
	}
}

// Alongside: the upstream is asked at once, and nothing of its answer is seen before the verdict.
func TestGuardedAlongside(t *testing.T) {
	for _, c := range []struct {
		text    string
		status  int
		outcome passthrough.Outcome
	}{
		{"a good one", http.StatusOK, passthrough.Forwarded},
		{"a banned one", http.StatusBadRequest, passthrough.Denied},
	} {
		t.Run(c.text, func(t *testing.T) {
			verdict := make(chan struct{})
			up := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
				x.ReadBody()
				x.Send("HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 12\n\n{\"secret\":1}")
				close(verdict) // only now: the answer was there first
			})
			g := newGateway(t, &upstream{url: up.URL()}, guarded(guardrail.InMode(words{verdict}, guardrail.Alongside)),
				headers(headerpolicy.Config{Response: headerpolicy.Response{Informational: []string{"Link"}}}))
			res := rawhttp.Do(t, g.url, asking(c.text)+"\n")
			if res.Head.Status() != c.status || len(res.Informational) > 0 {
				t.Error(res)
			}
			if leaked := strings.Contains(string(res.Body), "secret"); leaked != (c.status == http.StatusOK) {
				t.Errorf("the body is %q", res.Body)
			}
			e := g.record()
			if e.Outcome != c.outcome || c.outcome == passthrough.Denied && e.Denial.Stage != "guardrail" {
				t.Errorf("%s %+v", e.Outcome, e.Denial)
			}
		})
	}
}

// The permutations again, with a real guardrail in its place.
func TestRealGuardrailInAChain(t *testing.T) {
	p := newPieces(t)
	guard, err := guardrail.New(guardrail.Config{Endpoints: guardrail.EveryString("POST /v1/messages"), Guards: []guardrail.Guard{words{now()}}})
	if err != nil {
		t.Fatal(err)
	}
	p.wraps["guard"] = guard.Wrap
	serveJSON := func(h http.Handler) int {
		r := httptest.NewRequest(http.MethodPost, "/v1/messages", strings.NewReader(`{"a":"b"}`))
		for name, value := range map[string]string{"X-Gateway-Key": gatewayKey, "Authorization": "Bearer " + callerToken, "Content-Type": "application/json"} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for _, order := range []string{"auth policy guard", "auth guard policy", "guard auth policy", "policy auth guard", "policy guard auth",
		"guard policy auth", "auth policy guard guard", "policy guard", "auth guard", "guard"} {
		h := p.ends[false]
		names := strings.Fields(order)
		for i := len(names) - 1; i >= 0; i-- {
			h = p.wraps[names[i]](h)
		}
		p.upstream.seen = nil
		status := serveJSON(h)
		if right := order == "auth policy guard"; right != (status == http.StatusOK) || right != (len(p.upstream.seen) == 1) ||
			!right && status != http.StatusInternalServerError {
			t.Errorf("%s: %d and %d hits", order, status, len(p.upstream.seen))
		}
	}
}

// What a guard has read cannot be exchanged on the way to the forwarder.
func TestBodyChangedAfterTheGuardrail(t *testing.T) {
	p := newPieces(t)
	guard, err := guardrail.New(guardrail.Config{Endpoints: guardrail.EveryString("POST /v1/messages", "POST /v1/other"), Guards: []guardrail.Guard{words{now()}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*http.Request) *http.Request{
		"body": func(r *http.Request) *http.Request {
			r.Body = io.NopCloser(strings.NewReader(`{"a":"banned"}`))
			return r
		},
		"path": func(r *http.Request) *http.Request { r.URL.Path = "/v1/other"; return r },
		"method": func(r *http.Request) *http.Request {
			r.Method = http.MethodPut
			return r
		},
	} {
		p.upstream.seen = nil
		h := p.wraps["auth"](p.wraps["policy"](guard.Wrap(changing(change)(p.ends[false]))))
		r := httptest.NewRequest(http.MethodPost, "/v1/messages", strings.NewReader(`{"a":"b"}`))
		r.Header = http.Header{"X-Gateway-Key": {gatewayKey}, "Authorization": {"Bearer " + callerToken}, "Content-Type": {"application/json"}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusInternalServerError || len(p.upstream.seen) != 0 {
			t.Errorf("%s: %d and %d hits", name, w.Code, len(p.upstream.seen))
		}
	}
}

func TestGuardrailAndUnguardedExcludeEachOther(t *testing.T) {
	g := &gateway{t: t}
	for name, change := range map[string]option{
		"neither": func(c *passthrough.Config) { c.Unguarded = "" },
		"both": func(c *passthrough.Config) {
			guarded(words{now()})(c)
			c.Unguarded = "a reason"
		},
		"a guardrail that is wrong": func(c *passthrough.Config) { c.Unguarded, c.Guardrail = "", guardrail.Config{MaxBody: -1} },
	} {
		cfg := g.config(&upstream{url: "https://upstream.example"})
		change(&cfg)
		_, err := passthrough.New(cfg)
		if _, ours := errors.AsType[*passthrough.ConfigError](err); err == nil || name != "a guardrail that is wrong" && !ours {
			t.Errorf("%s: %v", name, err)
		}
	}
}
