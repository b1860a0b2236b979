package passthrough_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/stage"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// counting is an upstream in memory that keeps what reached it.
type counting struct{ seen []*http.Request }

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.seen = append(c.seen, r)
	return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// pieces are the parts of a chain, to be put together in any order.
type pieces struct {
	upstream *counting
	wraps    map[string]func(http.Handler) http.Handler
	ends     map[bool]http.Handler // by whether the forwarder is unguarded
}

func newPieces(t testing.TB) *pieces {
	t.Helper()
	p := &pieces{upstream: &counting{}, ends: map[bool]http.Handler{}}
	gate, err := auth.New(auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keyring(t)})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := headerpolicy.New(headerpolicy.Anthropic())
	if err != nil {
		t.Fatal(err)
	}
	for unguarded, reason := range map[bool]string{true: "a test", false: ""} {
		if p.ends[unguarded], err = passthrough.NewForwarder(passthrough.ForwarderConfig{
			Upstream:  passthrough.Upstream{URL: "https://upstream.example", RoundTripper: p.upstream},
			Unguarded: reason,
		}); err != nil {
			t.Fatal(err)
		}
	}
	p.wraps = map[string]func(http.Handler) http.Handler{
		"recorder": passthrough.NewRecorder(passthrough.RecorderConfig{}).Wrap,
		"auth":     gate.Wrap,
		"policy":   policy.Wrap,
		"guard":    guarding(stage.GuardNote{}),
	}
	return p
}

// guarding is a guardrail's place in the chain: it lets everything pass, and leaves a note.
func guarding(note stage.GuardNote) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ledger, r, err := stage.Enter(r, stage.Guardrail)
			if err == nil {
				err = ledger.Pass(stage.Guardrail, note)
			}
			if err != nil {
				stage.Deny(w, r, stage.Guardrail, stage.Misassembled(err))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// serve has a good request go through h.
func serve(h http.Handler) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/v1/messages?beta=true", strings.NewReader("{}"))
	r.RequestURI = "/v1/messages?beta=true"
	for _, line := range good {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestOnlyTheRightChainForwards tries every chain of up to five stages: each order, each omission, each repeat.
func TestOnlyTheRightChainForwards(t *testing.T) {
	p := newPieces(t)
	right := map[string]bool{
		"auth policy guard false": true, "recorder auth policy guard false": true,
		"auth policy true": true, "recorder auth policy true": true,
	}
	names := []string{"recorder", "auth", "policy", "guard"}
	chains := [][]string{nil}
	tried := 0
	for depth := 0; depth <= 5; depth++ {
		var longer [][]string
		for _, chain := range chains {
			for unguarded, end := range p.ends {
				h := end
				for i := len(chain) - 1; i >= 0; i-- {
					h = p.wraps[chain[i]](h)
				}
				p.upstream.seen = nil
				w := serve(h)
				tried++
				name := strings.TrimSpace(fmt.Sprint(strings.Join(chain, " "), " ", unguarded))
				status, hits := http.StatusInternalServerError, 0
				if right[name] {
					status, hits = http.StatusOK, 1
				}
				if w.Code != status || len(p.upstream.seen) != hits {
					t.Errorf("%s: %d and %d hits, want %d and %d", name, w.Code, len(p.upstream.seen), status, hits)
				}
			}
			for _, n := range names {
				longer = append(longer, append(chain[:len(chain):len(chain)], n))
			}
		}
		chains = longer
	}
	t.Logf("%d chains", tried)
}

func TestZeroValuesRefuse(t *testing.T) {
	p := newPieces(t)
	for name, h := range map[string]http.Handler{
		"the zero forwarder":     p.wraps["auth"](p.wraps["policy"](new(passthrough.Forwarder))),
		"a nil forwarder":        p.wraps["auth"](p.wraps["policy"]((*passthrough.Forwarder)(nil))),
		"the zero route":         new(passthrough.Route),
		"a nil route":            (*passthrough.Route)(nil),
		"the zero policy":        p.wraps["auth"](new(headerpolicy.Policy).Wrap(p.ends[true])),
		"the zero gate":          new(auth.Gate).Wrap(p.wraps["policy"](p.ends[true])),
		"a forwarder on its own": p.ends[true],
	} {
		if w := serve(h); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "NewForwarder") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if len(p.upstream.seen) != 0 {
		t.Errorf("the upstream got %v", p.upstream.seen)
	}
}

// changing is a middleware between two stages.
func changing(change func(*http.Request) *http.Request) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, change(r)) })
	}
}

func TestMiddlewareBetweenTheStages(t *testing.T) {
	want := http.Header{"Authorization": {"Bearer " + callerToken}, "User-Agent": nil}
	in := func(change func(http.Header)) func(*http.Request) *http.Request {
		return func(r *http.Request) *http.Request { change(r.Header); return r }
	}
	for _, c := range []struct {
		name   string
		change func(*http.Request) *http.Request
		status int
		want   http.Header
	}{
		{"nothing", func(r *http.Request) *http.Request { return r }, 200, want},
		{"a copy of the request", func(r *http.Request) *http.Request { return r.Clone(r.Context()) }, 200, want},
		{"a field slipped in", in(func(h http.Header) {
			h.Set("X-Slipped", "1")
			h.Set("X-Api-Key", "x")
			h.Set("Connection", "Authorization")
		}), 200, want},
		{"a field removed", in(func(h http.Header) { h.Del("Authorization") }), 200, http.Header{"User-Agent": nil}},
		{"all of them removed", func(r *http.Request) *http.Request { r.Header = nil; return r }, 200, http.Header{"User-Agent": nil}},
		{"a field changed", in(func(h http.Header) { h.Set("Authorization", "Bearer another") }), 500, nil},
		{"a field changed in place", in(func(h http.Header) { h["Authorization"][0] = "Bearer another" }), 500, nil},
		{"a line added", in(func(h http.Header) { h.Add("Authorization", "Bearer another") }), 500, nil},
		{"the query changed", func(r *http.Request) *http.Request { r.URL.RawQuery = "key=x"; return r }, 500, nil},
		{"the query removed", func(r *http.Request) *http.Request { r.URL.RawQuery = ""; return r }, 500, nil},
		{"a trailer slipped in", func(r *http.Request) *http.Request { r.Trailer = http.Header{"X-Slipped": {"1"}}; return r }, 200, want},
		{"the host", func(r *http.Request) *http.Request { r.Host = "evil.example"; return r }, 200, want},
		{"an absolute URL", func(r *http.Request) *http.Request { r.URL.Scheme, r.URL.Host = "https", "evil.example"; return r }, 400, nil},
		{"the ledger lost", func(r *http.Request) *http.Request { return r.WithContext(context.Background()) }, 500, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPieces(t)
			w := serve(p.wraps["auth"](p.wraps["policy"](changing(c.change)(p.ends[true]))))
			if w.Code != c.status {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if c.want == nil {
				if len(p.upstream.seen) != 0 {
					t.Errorf("the upstream got %v", p.upstream.seen)
				}
				return
			}
			if len(p.upstream.seen) != 1 {
				t.Fatalf("the upstream got %d requests", len(p.upstream.seen))
			}
			out := p.upstream.seen[0]
			if diff := difference(c.want, out.Header); diff != "" || out.Host != "upstream.example" || out.URL.Host != "upstream.example" || len(out.Trailer) != 0 {
				t.Errorf("%s %v %v (-want +got):\n%s", out.Host, out.URL, out.Trailer, diff)
			}
		})
	}
}

func TestMiddlewareAfterTheGuardrail(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*http.Request) *http.Request
		status int
	}{
		{"nothing", func(r *http.Request) *http.Request { return r }, 200},
		{"the body", func(r *http.Request) *http.Request { r.Body = io.NopCloser(strings.NewReader("other")); return r }, 500},
		{"the path", func(r *http.Request) *http.Request { r.URL.Path = "/v1/other"; return r }, 500},
		{"the method", func(r *http.Request) *http.Request { r.Method = http.MethodPut; return r }, 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPieces(t)
			inspected := io.NopCloser(strings.NewReader("{}"))
			guard := guarding(stage.GuardNote{Target: "POST /v1/messages", Body: inspected})
			h := guard(changing(c.change)(p.ends[false]))
			h = changing(func(r *http.Request) *http.Request { r.Body = inspected; return r })(h)
			if w := serve(p.wraps["auth"](p.wraps["policy"](h))); w.Code != c.status {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

func TestVerdictIsAwaited(t *testing.T) {
	for name, denied := range map[string]*passthrough.Denial{"let pass": nil, "blocked": {Status: 403, Code: "blocked", Message: "No."}} {
		t.Run(name, func(t *testing.T) {
			p := newPieces(t)
			guard := guarding(stage.GuardNote{Await: func(context.Context) *passthrough.Denial { return denied }})
			w := serve(p.wraps["auth"](p.wraps["policy"](guard(p.ends[false]))))
			if want := map[bool]int{true: 200, false: 403}[denied == nil]; w.Code != want {
				t.Errorf("%d, want %d", w.Code, want)
			}
		})
	}
}
