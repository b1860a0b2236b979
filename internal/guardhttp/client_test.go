package guardhttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/guardhttp"
	"github.com/headersafe/headersafe/internal/secret"
)

const key = "sk-test-key-0123456789"

type question struct {
	Text string `json:"text"`
}

type answer struct {
	Flagged *bool  `json:"flagged"`
	Note    string `json:"note"`
}

func mustNew(t testing.TB, cfg guardhttp.Config) *guardhttp.Client {
	t.Helper()
	cfg.Service, cfg.Path, cfg.ReplyNames = "vendor", "/v1/check", []string{"flagged"}
	cfg.Key = secret.New(key)
	c, faults := guardhttp.New(cfg)
	if faults != nil {
		t.Fatal(faults)
	}
	return c
}

func post(t testing.TB, c *guardhttp.Client) (answer, *guardhttp.Error) {
	t.Helper()
	var a answer
	err := c.Post(t.Context(), question{"is <this> all right?"}, &a)
	var failure *guardhttp.Error
	if err != nil && !errors.As(err, &failure) {
		t.Fatalf("error of type %T: %v", err, err)
	}
	return a, failure
}

func TestPostSaysWhatIsDocumented(t *testing.T) {
	type seen struct {
		Line, ContentType, Accept, Authorization, UserAgent, Body string
	}
	var got seen
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = seen{
			r.Method + " " + r.RequestURI, r.Header.Get("Content-Type"), r.Header.Get("Accept"),
			r.Header.Get("Authorization"), r.Header.Get("User-Agent"), string(body),
		}
		_, _ = io.WriteString(w, `{"flagged":true,"note":"n","more":[1]}`)
	}))
	defer s.Close()
	a, failure := post(t, mustNew(t, guardhttp.Config{BaseURL: s.URL + "/base/"}))
	if failure != nil || a.Flagged == nil || !*a.Flagged || a.Note != "n" {
		t.Errorf("answer %+v, error %v", a, failure)
	}
	want := seen{
		"POST /base/v1/check", "application/json", "application/json", "Bearer " + key, "headersafe",
		`{"text":"is <this> all right?"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestPostShowsTheKeyInAFieldOfItsOwn(t *testing.T) {
	var got http.Header
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		_, _ = io.WriteString(w, `{}`)
	}))
	defer s.Close()
	if _, failure := post(t, mustNew(t, guardhttp.Config{BaseURL: s.URL, KeyField: "x-api-key"})); failure != nil {
		t.Fatal(failure)
	}
	if got.Get("X-Api-Key") != key || got.Get("Authorization") != "" {
		t.Errorf("fields %v", got)
	}
}

// Every reply that is not an answer is an error, and says nothing that the service said.
func TestPostRefusesReplies(t *testing.T) {
	const leak = "vendor-internal-detail"
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Detail", leak)
			w.WriteHeader(code)
			_, _ = io.WriteString(w, `{"flagged":false,"error":"`+leak+`"}`)
		}
	}
	body := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) }
	}
	raw := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, s)
				_ = conn.Close()
			}
		}
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string
		hits    int32
	}{
		{"401", status(401), "vendor: replied 401: the key is not accepted", 1},
		{"403", status(403), "vendor: replied 403: the key is not accepted", 1},
		{"400", status(400), "vendor: replied 400: the question is not accepted", 1},
		{"413", status(413), "vendor: replied 413: the texts are too large for it", 1},
		{"429", status(429), "vendor: replied 429: asked too often (2 attempts)", 2},
		{"500", status(500), "vendor: replied 500: in trouble", 1},
		{"503", status(503), "vendor: replied 503: in trouble (2 attempts)", 2},
		{"204", status(204), "vendor: replied 204: not an answer", 1},
		{"201", status(201), "vendor: replied 201: not an answer", 1},
		{"304", status(304), "vendor: replied 304: a redirect, which is not followed", 1},
		{"empty", body(""), "vendor: the reply is not strict JSON: json refused at offset 0: empty text", 1},
		{"a page", body("<html>" + leak), "vendor: the reply is not strict JSON: json refused at offset 0: unexpected byte", 1},
		{"half of it", body(`{"flagged":fal`), "vendor: the reply is not strict JSON: json refused at offset 11: unknown literal", 1},
		{"duplicate", body(`{"flagged":true,"flagged":false}`), "vendor: the reply is not strict JSON: json refused at offset 16: duplicate name", 1},
		{"look-alike", body(`{"Flagged":false}`), "vendor: the reply is not strict JSON: json refused at offset 1: name that folds to a selected name", 1},
		{"array", body(`[{"flagged":false}]`), "vendor: the reply is not of the documented form", 1},
		{"null", body(`null`), "vendor: the reply is not of the documented form", 1},
		{"another type", body(`{"flagged":"` + leak + `"}`), "vendor: the reply is not of the documented form", 1},
		{"deep", body(strings.Repeat("[", 1<<19)), "vendor: the reply is not strict JSON: json refused at offset 128: nested too deeply", 1},
		{"too large", body(`{"flagged":false,"note":"` + strings.Repeat("x", 1<<20) + `"}`), "vendor: the reply is larger than 1048576 bytes", 1},
		{"closed", raw(""), "vendor: the connection broke, or spoke no HTTP (2 attempts)", 2},
		{"no HTTP", raw(leak + "\r\n\r\n"), "vendor: the connection broke, or spoke no HTTP (2 attempts)", 2},
		{"bad status", raw("HTTP/1.1 " + leak + "\r\n\r\n"), "vendor: the connection broke, or spoke no HTTP (2 attempts)", 2},
		{"cut short", raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"flagged\":false}"), "vendor: the connection broke, or spoke no HTTP (2 attempts)", 2},
		{"cut chunk", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n{\"flagged\":false}\r\n"), "vendor: the connection broke, or spoke no HTTP (2 attempts)", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var hits atomic.Int32
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				hits.Add(1)
				tt.handler(w, r)
			}))
			defer s.Close()
			_, failure := post(t, mustNew(t, guardhttp.Config{BaseURL: s.URL, Retries: 1}))
			if failure == nil {
				t.Fatal("no error")
			}
			if failure.Error() != tt.want || hits.Load() != tt.hits {
				t.Errorf("%d hits, error %q, want %d and %q", hits.Load(), failure, tt.hits, tt.want)
			}
			if shown := fmt.Sprintf("%v %+v %#v", failure, failure, failure); strings.Contains(shown, leak) || strings.Contains(shown, key) {
				t.Errorf("the error leaks: %s", shown)
			}
		})
	}
}

func TestPostFollowsNoRedirect(t *testing.T) {
	var elsewhere atomic.Int32
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer target.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		s := httptest.NewServer(http.RedirectHandler(target.URL, code))
		// A client of the user's own that would follow.
		c := mustNew(t, guardhttp.Config{BaseURL: s.URL, Client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}})
		_, failure := post(t, c)
		if failure == nil || failure.Status != code {
			t.Errorf("%d: error %v", code, failure)
		}
		s.Close()
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

func TestPostRefusesCertificate(t *testing.T) {
	var hits atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	s.Config.ErrorLog = discard()
	s.StartTLS()
	defer s.Close()
	_, failure := post(t, mustNew(t, guardhttp.Config{BaseURL: s.URL}))
	if want := "vendor: its certificate was not accepted"; failure == nil || failure.Error() != want || hits.Load() != 0 {
		t.Errorf("error %v, want %s", failure, want)
	}
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) })
	if _, failure = post(t, mustNew(t, guardhttp.Config{BaseURL: s.URL, Client: s.Client()})); failure != nil {
		t.Errorf("with a client that knows the certificate: %v", failure)
	}
}

func TestPostReusesConnections(t *testing.T) {
	var mu sync.Mutex
	conns := make(map[string]bool)
	var n int
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		conns[r.RemoteAddr] = true
		n++
		odd := n%2 == 1
		mu.Unlock()
		if odd {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, strings.Repeat("x", 1000))
			return
		}
		_, _ = io.WriteString(w, `{"flagged":false}`)
	}))
	defer s.Close()
	c := mustNew(t, guardhttp.Config{BaseURL: s.URL})
	for range 6 {
		_, _ = post(t, c)
	}
	if len(conns) != 1 || n != 6 {
		t.Errorf("%d connections for %d requests", len(conns), n)
	}
}

func TestPostWithdrawn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the server notices the client's leaving only then
		cancel()
		<-r.Context().Done()
	}))
	defer s.Close()
	err := mustNew(t, guardhttp.Config{BaseURL: s.URL}).Post(ctx, question{}, &answer{})
	if want := "vendor: the question was withdrawn"; !errors.Is(err, context.Canceled) || err.Error() != want {
		t.Errorf("error %v", err)
	}
}

func TestPostUnaskable(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	c := mustNew(t, guardhttp.Config{BaseURL: s.URL, Retries: -1})
	if err := c.Post(t.Context(), func() {}, &answer{}); err == nil || err.Error() != "vendor: the question could not be put as JSON" {
		t.Errorf("error %v", err)
	}
	s.Close()
	if _, failure := post(t, c); failure == nil || failure.Error() != "vendor: no connection could be made" {
		t.Errorf("error %v", failure)
	}
}

func TestPostTransportErrors(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{&net.DNSError{Err: "no such host", Name: "vendor.example"}, "vendor: its host name could not be resolved"},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, "vendor: no connection could be made"},
		{&net.OpError{Op: "read", Err: errors.New(key)}, "vendor: the connection broke, or spoke no HTTP"},
		{&net.DNSError{IsTimeout: true}, "vendor: an attempt timed out"},
		{errors.New(key), "vendor: the connection broke, or spoke no HTTP"},
	}
	for _, tt := range tests {
		c := mustNew(t, guardhttp.Config{BaseURL: "https://vendor.example", Retries: -1, Client: &http.Client{
			Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, tt.err }),
		}})
		if _, failure := post(t, c); failure == nil || failure.Error() != tt.want {
			t.Errorf("%v: error %v, want %s", tt.err, failure, tt.want)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
