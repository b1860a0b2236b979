package headerpolicy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/denial"
	"github.com/headersafe/headersafe/internal/stage"
)

// serve sends a request through h, and returns the recorded answer.
func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func get(lines ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/?beta=1", nil)
	r.Header = header(lines...)
	return r
}

func TestWrapRequest(t *testing.T) {
	in := get("Accept: */*", "X-Api-Key: sk-12345678", "X-Other: 1", "Connection: keep-alive")
	inHeader := in.Header.Clone()
	called := 0
	h := mustNew(t, exchangeConfig()).Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		called++
		if diff := cmp.Diff(header("Accept: */*", "X-Api-Key: sk-12345678", "X-Route: alpha"), r.Header); diff != "" {
			t.Error(diff)
		}
		if r.URL.String() != "/?beta=1" {
			t.Errorf("the URL is %s", r.URL)
		}
		r.Header.Set("Accept", "changed")
		r.Header["X-Route"][0] = "changed"
		note := stage.From(r.Context()).Note(stage.HeaderPolicy).(stage.PolicyNote)
		if d := note.Decision.(*Decision); d.Header.Get("Accept") != "*/*" || d.Header.Get("X-Route") != "alpha" {
			t.Error("the handler's changes are in the decision")
		}
		if note.RawQuery != "beta=1" || note.Inbound.Get("X-Other") != "1" {
			t.Errorf("the note lacks what was decided on: %q, %v", note.RawQuery, note.Inbound)
		}
	}))
	if w := serve(h, in); w.Code != http.StatusOK || called != 1 {
		t.Errorf("got %d, %d calls", w.Code, called)
	}
	if diff := cmp.Diff(inHeader, in.Header); diff != "" {
		t.Errorf("the inbound request has changed: %s", diff)
	}
}

func TestWrapRefuses(t *testing.T) {
	never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
	p := mustNew(t, exchangeConfig())
	const misassembled = `"code":"misassembled"`
	tests := []struct {
		name   string
		h      http.Handler
		r      *http.Request
		status int
		says   string
	}{
		{"missing credential", p.Wrap(never), get("Accept: */*"), 400, "Authorization or X-Api-Key"},
		{"alias", p.Wrap(never), get("X_Api_Key: super-secret-value"), 400, `\"X_api_key\"`},
		{"query", p.Wrap(never), func() *http.Request {
			r := get("Accept: */*", "X-Api-Key: sk-12345678")
			r.URL.RawQuery = "nope=super-secret-value"
			return r
		}(), 400, `\"nope\"`},
		{"nil policy", (*Policy)(nil).Wrap(never), get(), 500, misassembled},
		{"zero policy", (&Policy{}).Wrap(never), get(), 500, misassembled},
		{"no handler", p.Wrap(nil), get(), 500, misassembled},
		{"applied twice", p.Wrap(p.Wrap(never)), get("Accept: */*", "X-Api-Key: sk-12345678"), 500, misassembled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := serve(test.h, test.r)
			if body := w.Body.String(); w.Code != test.status || !strings.Contains(body, test.says) || strings.Contains(body, "super-secret") {
				t.Errorf("got %d %s, want %d with %s", w.Code, body, test.status, test.says)
			}
		})
	}
}

func TestWrapPassedByAnotherCopy(t *testing.T) {
	// The source of a secret stands for anything that runs between entering the stage and passing it.
	var ledger *stage.Ledger
	p := mustNew(t, Config{Request: Request{Set: []Set{{Name: "X-Key", Value: Func(func(ctx context.Context) (string, error) {
		ledger = stage.From(ctx)
		return topSecret, ledger.Pass(stage.HeaderPolicy, nil)
	})}}}})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	w := serve(p.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") })), r)
	if w.Code != http.StatusInternalServerError {
		t.Errorf("got %d", w.Code)
	}
}

func TestWrapConsumed(t *testing.T) {
	auth := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l, r, err := stage.Enter(r, stage.Auth)
			if err = errors.Join(err, l.Pass(stage.Auth, stage.AuthNote{Consumed: []string{"X-Acme"}})); err != nil {
				t.Fatal(err)
			}
			next.ServeHTTP(w, r)
		})
	}
	h := auth(mustNew(t, Config{}).Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	if w := serve(h, get()); w.Code != 400 { // beta is not named
		t.Errorf("got %d", w.Code)
	}
	r := get("X_Acme: the key, again")
	r.URL.RawQuery = ""
	if w := serve(h, r); w.Code != 400 || !strings.Contains(w.Body.String(), "X_acme") {
		t.Errorf("an alias of what auth consumed: got %d %s", w.Code, w.Body)
	}
}

func TestWrapExplainsWhatWasThere(t *testing.T) {
	// auth names each field that would go no further, and those of them that the request had.
	var decision *Decision
	h := mustNew(t, Config{}).Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		decision = stage.From(r.Context()).Note(stage.HeaderPolicy).(stage.PolicyNote).Decision.(*Decision)
	}))
	l, r, err := stage.Enter(httptest.NewRequest(http.MethodGet, "/", nil), stage.Observe)
	if err != nil {
		t.Fatal(err)
	}
	l.Begin(nil, true)
	l.SetNote(stage.Auth, stage.AuthNote{Consumed: []string{"Authorization", "X-Gateway-Key"}, Present: []string{"X-Gateway-Key"}})
	serve(h, r)
	if got, want := outcome(decision, nil), "X-Gateway-Key dropped: consumed by auth"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWrapObserved(t *testing.T) {
	for _, observed := range []bool{false, true} {
		var decision *Decision
		h := mustNew(t, exchangeConfig()).Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			decision = stage.From(r.Context()).Note(stage.HeaderPolicy).(stage.PolicyNote).Decision.(*Decision)
		}))
		l, r, err := stage.Enter(get("Accept: */*", "X-Api-Key: sk-12345678"), stage.Observe)
		if err != nil {
			t.Fatal(err)
		}
		l.Begin(nil, observed)
		serve(h, r)
		if got := decision.Fields != nil; got != observed {
			t.Errorf("observed %v: reasons %v", observed, got)
		}
	}
}

// respond runs a handler under the response policy of exchangeConfig, with an outer middleware's fields set before,
// and returns what the writer beneath got.
func respond(t *testing.T, c Config, outer http.Header, next http.HandlerFunc) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	for name, lines := range outer {
		w.Header()[name] = lines
	}
	c.Request = Request{Set: c.Request.Set}
	mustNew(t, c).Wrap(next).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return w
}

func TestWrapResponse(t *testing.T) {
	write := func(status int, lines ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for name, values := range header(lines...) {
				w.Header()[name] = values
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "body")
		}
	}
	suppressed := http.Header{"Content-Type": nil} // so that net/http does not guess
	tests := []struct {
		name  string
		outer []string
		next  http.HandlerFunc
		code  int
		want  http.Header
		body  string
	}{
		{"named and not", nil, write(201, "Content-Type: a/b", "Server: x"), 201, header("Content-Type: a/b"), "body"},
		{"no type", nil, write(200), 200, suppressed, "body"},
		{"length is framing", nil, write(200, "Content-Length: 4"), 200, http.Header{"Content-Type": nil, "Content-Length": {"4"}}, "body"},
		{"an odd length is not", nil, write(200, "Content-Length: +4"), 200, suppressed, "body"},
		{"outer fields stay", []string{"X-Frame-Options: DENY", "Location: /outer"}, write(200, "Location: /inner"), 200,
			http.Header{"Content-Type": nil, "X-Frame-Options": {"DENY"}, "Location": {"/outer"}}, "body"},
		{"vary gathers", []string{"Vary: Origin"}, write(200, "Vary: Accept"), 200, http.Header{"Content-Type": nil, "Vary": {"Origin", "Accept"}}, "body"},
		{"the body's fields are the upstream's", []string{"Content-Type: text/plain"}, write(200, "Content-Type: a/b"), 200, header("Content-Type: a/b"), "body"},
		{"cookies", []string{"Set-Cookie: outer=1"}, write(200, "Set-Cookie: a=1", "Set-Cookie: b=2"), 200, http.Header{"Content-Type": nil, "Set-Cookie": {"outer=1", "a=1"}}, "body"},
		{"S1: echoed secret", nil, write(200, "Vary: x"+topSecret, "X-Ratelimit-A: 1"), 200, http.Header{"Content-Type": nil, "X-Ratelimit-A": {"1"}}, "body"},
		{"S1: in base64", nil, write(200, "Vary: Basic eDpzay10b3Atc2VjcmV0LTAxMjM0NTY3ODk="), 200, suppressed, "body"},
		{"S1: in a name", nil, write(200, "X-Ratelimit-Sk-Top-Secret-0123456789: 1"), 200, suppressed, "body"},
		{"upgrade", nil, write(101, "Vary: a"), 502, nil, ""},
		{"encoding not named", nil, write(200, "Content-Encoding: br"), 502, nil, ""},
		{"nothing written", nil, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Vary", "a") }, 200, http.Header{"Content-Type": nil, "Vary": {"a"}}, ""},
		{"write without a header", nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }, 200, suppressed, "x"},
		{"the header twice", nil, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(202)
			w.WriteHeader(500)
			w.WriteHeader(103)
		}, 202, suppressed, ""},
		{"read from", nil, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.(io.ReaderFrom).ReadFrom(strings.NewReader("copied"))
		}, 200, suppressed, "copied"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := exchangeConfig()
			c.Request.Set = []Set{{Name: "Authorization", Value: Secret(topSecret).WithScheme("Bearer")}}
			w := respond(t, c, header(test.outer...), test.next)
			if w.Code != test.code {
				t.Fatalf("got %d, want %d", w.Code, test.code)
			}
			if test.code == http.StatusBadGateway {
				if body := w.Body.String(); !strings.HasPrefix(body, `{"title":"Bad Gateway"`) || strings.Contains(body, "}body") {
					t.Errorf("the refused body went out: %s", body)
				}
				return
			}
			if diff := cmp.Diff(test.want, w.Header()); diff != "" {
				t.Error(diff)
			}
			if w.Body.String() != test.body {
				t.Errorf("got body %q", w.Body)
			}
		})
	}
}

func TestWrapDiscardsRefusedBody(t *testing.T) {
	w := respond(t, exchangeConfig(), nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		n, err := w.Write([]byte("compressed"))
		copied, copyErr := w.(io.ReaderFrom).ReadFrom(strings.NewReader("more"))
		if n != 10 || err != nil || copied != 4 || copyErr != nil {
			t.Errorf("the handler learns of it: %d, %v, %d, %v", n, err, copied, copyErr)
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	})
	if body := w.Body.String(); w.Code != 502 || strings.Contains(body, "compressed") || strings.Contains(body, "more") {
		t.Errorf("got %d %s", w.Code, body)
	}
}

func TestWrapSeesNothingOfOuterFields(t *testing.T) {
	respond(t, exchangeConfig(), header("X-Outer: 1"), func(w http.ResponseWriter, _ *http.Request) {
		if len(w.Header()) != 0 {
			t.Errorf("the handler sees %v", w.Header())
		}
	})
}

func TestWrapDenialWithin(t *testing.T) {
	// A stage within, a guardrail say, answers in the gateway's own name: the policy is for the upstream's words.
	w := respond(t, Config{}, header("Cache-Control: public"), func(w http.ResponseWriter, r *http.Request) {
		stage.Deny(w, r, stage.Guardrail, denial.Denial{Status: 403, Code: "blocked", Message: "No.", Header: header("X-Why: policy")})
	})
	if w.Code != 403 || w.Header().Get("X-Why") != "policy" || w.Header().Get("Cache-Control") != "no-store" || !strings.Contains(w.Body.String(), "blocked") {
		t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestWrapRelayed(t *testing.T) {
	// The forwarder has filtered the response itself, and says so.
	w := respond(t, exchangeConfig(), header("X-Outer: 1"), func(w http.ResponseWriter, r *http.Request) {
		note := stage.From(r.Context()).Note(stage.HeaderPolicy).(stage.PolicyNote)
		if note.Filter != w || note.Policy == nil || note.Response == nil {
			t.Errorf("the note is incomplete: %+v", note)
		}
		if beneath := note.Filter.Relay(); beneath == nil || beneath == w {
			t.Error("the forwarder gets the writer beneath")
		}
		if w.Header().Get("X-Outer") != "1" {
			t.Error("the forwarder works on the real header")
		}
		w.Header().Set("X-Anything", "1")
		w.WriteHeader(299)
		_, _ = w.Write([]byte("as it is"))
		w.(http.Flusher).Flush()
	})
	if w.Code != 299 || w.Header().Get("X-Anything") != "1" || w.Body.String() != "as it is" || !w.Flushed {
		t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestWrapControls(t *testing.T) {
	w := &controlled{ResponseRecorder: httptest.NewRecorder()}
	h := mustNew(t, Config{}).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		if _, _, err := c.Hijack(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("a handler can write past the policy: %v", err)
		}
		if _, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
			t.Error("a handler can get hold of the writer beneath")
		}
		err := errors.Join(c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{}), c.EnableFullDuplex(), c.Flush())
		if err != nil {
			t.Error(err)
		}
		stage.From(r.Context()).Policy().Filter.Relay()
		if _, _, err := c.Hijack(); err != nil {
			t.Errorf("the forwarder cannot: %v", err)
		}
	}))
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if diff := cmp.Diff([]string{"read deadline", "write deadline", "full duplex", "hijack"}, w.calls); diff != "" || !w.Flushed {
		t.Error(diff)
	}
}

// controlled is a ResponseWriter that can do all that a server's can.
type controlled struct {
	*httptest.ResponseRecorder
	calls []string
}

func (c *controlled) SetReadDeadline(time.Time) error {
	c.calls = append(c.calls, "read deadline")
	return nil
}

func (c *controlled) SetWriteDeadline(time.Time) error {
	c.calls = append(c.calls, "write deadline")
	return nil
}

func (c *controlled) EnableFullDuplex() error {
	c.calls = append(c.calls, "full duplex")
	return nil
}

func TestWrapPanics(t *testing.T) {
	h := mustNew(t, Config{}).Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("the abort was swallowed, and a broken response would look whole")
		}
	}()
	serve(h, httptest.NewRequest(http.MethodGet, "/", nil))
}

func (c *controlled) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c.calls = append(c.calls, "hijack")
	return nil, nil, nil
}

func TestTrailerBodyDropsWhatIsUnsound(t *testing.T) {
	p := mustNew(t, Config{Request: Request{Trailers: []string{"X-Digest", "X-Sum"}}})
	in := &http.Request{Trailer: http.Header{"X-Digest": {"d\x00"}, "X-Sum": {"s"}}}
	out := http.Header{"X-Digest": nil, "X-Sum": nil}
	body := &trailerBody{ReadCloser: io.NopCloser(strings.NewReader("ok")), policy: p, in: in, out: out}
	for range 2 { // the end may be read more than once
		if _, err := io.ReadAll(body); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(http.Header{"X-Digest": nil, "X-Sum": {"s"}}, out); diff != "" {
		t.Error(diff)
	}
}

// The decision is nobody else's, even if somebody before the policy still has the request that it was made on, and changes
// a line of it in place.
func TestTheDecisionIsNobodyElses(t *testing.T) {
	in := get("Accept: */*", "X-Api-Key: sk-12345678")
	serve(mustNew(t, exchangeConfig()).Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		in.Header["Accept"][0] = "changed"
		d, _ := stage.From(r.Context()).Policy().Decision.(*Decision)
		if d.Header.Get("Accept") != "*/*" || r.Header.Get("Accept") != "*/*" {
			t.Errorf("decided %q, handed on %q", d.Header["Accept"], r.Header["Accept"])
		}
	})), in)
}

// A response header that has been decided on stays as it is, even where the writer beneath sends it later: what the handler
// then writes into its own has been looked at by nobody.
func TestWhatWasDecidedOnIsWhatIsSent(t *testing.T) {
	p := mustNew(t, Config{
		Request:  Request{Set: []Set{{Name: "Authorization", Value: Secret("sk-upstream-secret")}}, Query: Query{Forward: []string{"beta"}}},
		Response: Response{Forward: []string{"Request-Id"}},
	})
	late := http.TimeoutHandler(p.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Request-Id"] = []string{"req_1"}
		w.WriteHeader(http.StatusOK)
		w.Header()["Request-Id"][0] = r.Header.Get("Authorization")
	})), time.Minute, "")
	if diff := cmp.Diff([]string{"req_1"}, serve(late, get()).Header()["Request-Id"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
