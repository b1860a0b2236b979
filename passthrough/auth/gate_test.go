package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/stage"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// spy counts what reaches it.
type spy struct{ hits int }

func (s *spy) ServeHTTP(http.ResponseWriter, *http.Request) { s.hits++ }

func TestUnassembledGateRefuses(t *testing.T) {
	for name, g := range map[string]*auth.Gate{"nil": nil, "zero": {}} {
		t.Run(name, func(t *testing.T) {
			got := pass(t, g, read(t, "/ | X-Gateway-Key: alice-secret"))
			want := "500 misassembled: auth: the gate is nil or zero: use what New returns"
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWrapWithoutHandlerRefuses(t *testing.T) {
	w := httptest.NewRecorder()
	gate(t, auth.Header("X-Gateway-Key")).Wrap(nil).ServeHTTP(w, read(t, "/ | X-Gateway-Key: alice-secret"))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d", w.Code)
	}
}

// TestOutOfPlaceRefuses puts the gate after a gate and after the stages that follow it.
func TestOutOfPlaceRefuses(t *testing.T) {
	enter := func(s stage.Stage, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l, r, err := stage.Enter(r, s)
			if err != nil {
				t.Error(err)
			}
			if err := l.Pass(s, nil); err != nil {
				t.Error(err)
			}
			next.ServeHTTP(w, r)
		})
	}
	key := auth.Header("X-Gateway-Key")
	for _, tt := range []struct {
		name  string
		build func(next http.Handler) http.Handler
		want  int
	}{
		{"alone", func(next http.Handler) http.Handler { return gate(t, key).Wrap(next) }, 200},
		{"after observe", func(next http.Handler) http.Handler { return enter(stage.Observe, gate(t, key).Wrap(next)) }, 200},
		{"twice", func(next http.Handler) http.Handler { return gate(t, key).Wrap(gate(t, key).Wrap(next)) }, 500},
		{"after an anonymous one", func(next http.Handler) http.Handler { return anonymous(t).Wrap(gate(t, key).Wrap(next)) }, 500},
		{"after headerpolicy", func(next http.Handler) http.Handler { return enter(stage.HeaderPolicy, gate(t, key).Wrap(next)) }, 500},
		{"after guardrail", func(next http.Handler) http.Handler { return enter(stage.Guardrail, gate(t, key).Wrap(next)) }, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var next spy
			w := httptest.NewRecorder()
			tt.build(&next).ServeHTTP(w, read(t, "/ | X-Gateway-Key: alice-secret"))
			if hits := map[int]int{200: 1, 500: 0}[tt.want]; w.Code != tt.want || next.hits != hits {
				t.Errorf("status %d with %d hits, want %d with %d", w.Code, next.hits, tt.want, hits)
			}
		})
	}
}

// TestOvertakenRefuses has another copy of the request pass the stage while the verifier is at work.
func TestOvertakenRefuses(t *testing.T) {
	var ledger *stage.Ledger
	v := auth.VerifierFunc(func(ctx context.Context, _ auth.Credential) (auth.Caller, error) {
		return auth.Caller{ID: "alice"}, stage.From(ctx).Pass(stage.Auth, nil)
	})
	r := read(t, "/ | X-Gateway-Key: alice-secret")
	ledger, r, err := stage.Enter(r, stage.Auth)
	if err != nil {
		t.Fatal(err)
	}
	var next spy
	w := httptest.NewRecorder()
	gateWith(t, v, auth.Header("X-Gateway-Key")).Wrap(&next).ServeHTTP(w, r)
	if denial, by := ledger.Denied(); w.Code != 500 || next.hits != 0 || denial == nil || by != stage.Auth {
		t.Errorf("status %d with %d hits, denial %v by %v", w.Code, next.hits, denial, by)
	}
}

func anonymous(t *testing.T) *auth.Gate {
	t.Helper()
	g, err := auth.New(auth.Config{DangerouslyAnonymous: "a public demonstration, with no credential upstream"})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestAnonymous(t *testing.T) {
	run(t, anonymous(t), []exchange{
		{"nothing", "/v1", ": /v1"},
		{"the caller's own stays", "/v1?key=x | Authorization: Bearer a | Cookie: a=b", ": /v1?key=x | Authorization: Bearer a | Cookie: a=b"},
		{"Proxy-Authorization goes", "/v1 | Proxy-Authorization: Basic eA== | Accept: */*", ": /v1 | Accept: */*"},
	})
	r := read(t, "/")
	r.Header = http.Header{"proxy-authorization": {"x"}, "Cookie": {"a=b"}}
	if diff := cmp.Diff(": / | Cookie: a=b", pass(t, anonymous(t), r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestParsedForm has a middleware before the gate read the query into r.Form, which must not keep the key.
func TestParsedForm(t *testing.T) {
	r := read(t, "/?key=alice-secret&a=1")
	if err := r.ParseForm(); err != nil {
		t.Fatal(err)
	}
	var form url.Values
	h := gate(t, auth.Query("key")).Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { form = r.Form }))
	h.ServeHTTP(httptest.NewRecorder(), r)
	if diff := cmp.Diff(url.Values{"a": {"1"}}, form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	if r.Form.Get("key") != aliceKey {
		t.Error("the inbound form was changed")
	}
}

// TestRequestWithoutURL is what a hand-made request can look like.
func TestRequestWithoutURL(t *testing.T) {
	g := gate(t, auth.Query("key"), auth.Header("X-Gateway-Key"))
	r := &http.Request{Header: http.Header{"X-Gateway-Key": {aliceKey}}}
	var next spy
	w := httptest.NewRecorder()
	g.Wrap(&next).ServeHTTP(w, r)
	if w.Code != 200 || next.hits != 1 {
		t.Errorf("status %d with %d hits", w.Code, next.hits)
	}
}

func TestVerifierOutcomes(t *testing.T) {
	const in = "the credential in header X-Gateway-Key: "
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	yes := auth.Caller{ID: "alice"}
	tests := []struct {
		name   string
		ctx    context.Context
		caller auth.Caller
		err    error
		want   string
	}{
		{"yes", t.Context(), yes, nil, "alice: /"},
		{"no", t.Context(), yes, auth.ErrDenied, "401 unauthenticated: " + in + "auth: denied"},
		{"some error", t.Context(), yes, errors.New("bad signature"), "401 unauthenticated: " + in + "bad signature"},
		{"unavailable", t.Context(), yes, fmt.Errorf("store: %w", auth.ErrUnavailable), "503 auth-unavailable: " + in + "store: auth: verifier unavailable"},
		{"cancelled", t.Context(), yes, context.Canceled, "503 auth-unavailable: " + in + "context canceled"},
		{"deadline", t.Context(), yes, fmt.Errorf("introspect: %w", context.DeadlineExceeded), "503 auth-unavailable: " + in + "introspect: context deadline exceeded"},
		{"some error of a cancelled request", cancelled, yes, errors.New("read: closed"), "503 auth-unavailable: " + in + "read: closed"},
		{"no to a cancelled request", cancelled, yes, auth.ErrDenied, "401 unauthenticated: " + in + "auth: denied"},
		{"yes and nobody", t.Context(), auth.Caller{}, nil, "500 misassembled: auth: the verifier accepted a credential and named no caller"},
		{"yes and a line break", t.Context(), auth.Caller{ID: "a\nb"}, nil, "500 misassembled: auth: the verifier returned a caller's ID that is not 1 to 256 visible ASCII characters"},
		{"yes and too long", t.Context(), auth.Caller{ID: strings.Repeat("a", 257)}, nil, "500 misassembled: auth: the verifier returned a caller's ID that is not 1 to 256 visible ASCII characters"},
		{"yes and the secret", t.Context(), auth.Caller{ID: "key:" + aliceKey}, nil, "500 misassembled: auth: the verifier returned the secret as the caller's ID"},
		{"yes and the secret within", t.Context(), auth.Caller{ID: "a", Attributes: map[string]string{"a": "b", "k": aliceKey}}, nil, "500 misassembled: auth: the verifier returned the secret among the caller's attributes"},
		{"a long story", t.Context(), yes, errors.New(strings.Repeat("é", 300)), "401 unauthenticated: " + in + strings.Repeat("é", 256) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := auth.VerifierFunc(func(context.Context, auth.Credential) (auth.Caller, error) { return tt.caller, tt.err })
			r := read(t, "/ | X-Gateway-Key: alice-secret").WithContext(tt.ctx)
			if diff := cmp.Diff(tt.want, pass(t, gateWith(t, v, auth.Header("X-Gateway-Key")), r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifierPanicForwardsNothing(t *testing.T) {
	v := auth.VerifierFunc(func(context.Context, auth.Credential) (auth.Caller, error) { panic("broken") })
	var next spy
	h := gateWith(t, v, auth.Header("X-Gateway-Key")).Wrap(&next)
	defer func() {
		if recover() == nil || next.hits != 0 {
			t.Errorf("the panic was swallowed, or %d requests went on", next.hits)
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), read(t, "/ | X-Gateway-Key: alice-secret"))
}

// TestVerifierSees pins what a verifier is told, and that it is not asked about what cannot be a credential.
func TestVerifierSees(t *testing.T) {
	var seen []string
	v := auth.VerifierFunc(func(_ context.Context, c auth.Credential) (auth.Caller, error) {
		seen = append(seen, fmt.Sprintf("%s, %q, %s", c.Carrier, c.Username, c.Secret()))
		return auth.Caller{}, auth.ErrDenied
	})
	g := gateWith(t, v, auth.Header("X-Gateway-Key"), auth.Basic(), auth.Cookie("gw"), auth.ProxyAuthorization())
	for _, request := range []string{
		"/ | X-Gateway-Key: Bearer alice-secret",
		"/ | Authorization: " + basic("me", "pass word") + " | Cookie: a=b",
		"/ | Authorization: " + basic(aliceKey, ""),
		"/ | X-Gateway-Key: alice-secret | Authorization: " + basic("me", aliceKey),
		"/ | Cookie: gw=alice%2Dsecret",
		"/ | Cookie: gw=x",
		"/ | X-Gateway-Key: " + strings.Repeat("x", 4097),
		"/ | X-Gateway-Key: alice-secret | X-Gateway-Key: alice-secret",
		"/",
	} {
		r := read(t, request)
		if _, err := g.Check(r.Context(), r); err == nil {
			t.Errorf("%s: let through", request)
		}
	}
	want := []string{
		`header X-Gateway-Key, "", alice-secret`,
		`basic, "me", pass word`,
		`basic, "", alice-secret`,
		`header X-Gateway-Key, "me", alice-secret`,
		`cookie gw, "", alice%2Dsecret`,
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCallerIsShared with nobody: neither the verifier nor one handler changes what another handler sees.
func TestCallerIsShared(t *testing.T) {
	attributes := map[string]string{"team": "red"}
	v := auth.VerifierFunc(func(context.Context, auth.Credential) (auth.Caller, error) {
		return auth.Caller{ID: "alice", Attributes: attributes}, nil
	})
	h := gateWith(t, v, auth.Header("X-Gateway-Key")).Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		attributes["team"] = "blue"
		first, _ := auth.CallerFrom(r.Context())
		first.Attributes["team"] = "green"
		second, ok := auth.CallerFrom(context.WithValue(r.Context(), stage.Auth, "wrapped"))
		if diff := cmp.Diff(auth.Caller{ID: "alice", Attributes: map[string]string{"team": "red"}}, second); diff != "" || !ok {
			t.Errorf("%t (-want +got):\n%s", ok, diff)
		}
	}))
	h.ServeHTTP(httptest.NewRecorder(), read(t, "/ | X-Gateway-Key: alice-secret"))
	if c, ok := auth.CallerFrom(t.Context()); ok {
		t.Errorf("outside a gate: %v", c)
	}
}
