// Package vendortest is what the tests of the guard adapters have in common: a server on loopback that records what it is
// asked, and every way in which a vendor fails.
package vendortest

import (
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
	"time"
)

// Key is the key that the adapters are tested with.
const Key = "test-key-0123456789"

// leak is what a vendor says of itself and nobody else may repeat.
const leak = "vendor-internal-detail"

// Request is what a server was asked.
type Request struct {
	Line   string // method and target
	Header http.Header
	Body   string
}

// Server records requests and answers each with what reply returns for it.
type Server struct {
	URL string

	mu       sync.Mutex
	requests []Request
}

// Serve starts a server that lives as long as the test.
func Serve(t testing.TB, reply func(Request) string) *Server {
	t.Helper()
	server := &Server{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		request := Request{r.Method + " " + r.RequestURI, r.Header, string(body)}
		server.mu.Lock()
		server.requests = append(server.requests, request)
		server.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, reply(request))
	}))
	t.Cleanup(s.Close)
	server.URL = s.URL
	return server
}

// Always answers every request alike.
func Always(reply string) func(Request) string { return func(Request) string { return reply } }

// Requests returns what was asked so far, and forgets it.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

// Failures has the adapter's guard, made by ask for a base URL, a deadline and a number of retries, meet each way in
// which a vendor fails. ask reports whether the guard let its input pass. It must err each time, and repeat neither the key nor what the vendor
// said. pass is a reply that would let the input pass: it is also sent after two recoverable failures.
func Failures(t *testing.T, pass string, ask func(base string, deadline time.Duration, retries int) (passed bool, err error)) {
	t.Helper()
	const ample, none = time.Minute, -1
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, pass+leak)
		}
	}
	body := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) }
	}
	redirected := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("a redirect was followed")
		_, _ = io.WriteString(w, pass)
	}))
	defer redirected.Close()
	tests := []struct {
		name     string
		deadline time.Duration
		handler  http.HandlerFunc
	}{
		{"401", ample, status(401)},
		{"429", ample, status(429)},
		{"429 for longer than there is time", ample, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(429)
		}},
		{"500", ample, status(500)},
		{"503", ample, status(503)},
		{"redirect", ample, http.RedirectHandler(redirected.URL, http.StatusTemporaryRedirect).ServeHTTP},
		{"silence", time.Millisecond, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}},
		{"drop by drop", 20 * time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, " "); err != nil {
					return
				}
				_ = http.NewResponseController(w).Flush()
			}
		}},
		{"reset", ample, func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				if tcp, ok := conn.(*net.TCPConn); ok {
					_ = tcp.SetLinger(0)
				}
				_ = conn.Close()
			}
		}},
		{"cut short", ample, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(pass)+1))
			_, _ = io.WriteString(w, pass)
		}},
		{"nonsense", ample, body("<html>" + leak)},
		{"half of it", ample, body(pass[:len(pass)/2])},
		{"more after it", ample, body(pass + pass)},
		{"nothing", ample, body("")},
		{"an empty object", ample, body("{}")},
		{"an array", ample, body("[" + pass + "]")},
		{"too large", ample, body(strings.TrimSuffix(pass, "}") + `,"more":"` + strings.Repeat("x", 1<<20) + `"}`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(tt.handler)
			defer s.Close()
			passed, err := ask(s.URL, tt.deadline, none)
			if err == nil || passed {
				t.Fatalf("passed %t, error %v", passed, err)
			}
			if shown := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(shown, leak) || strings.Contains(shown, Key) {
				t.Errorf("the error leaks: %s", shown)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		s := httptest.NewServer(http.NotFoundHandler())
		s.Close()
		if passed, err := ask(s.URL, ample, none); err == nil || passed {
			t.Errorf("passed %t, error %v", passed, err)
		}
	})
	t.Run("recovery", func(t *testing.T) {
		var hits atomic.Int32
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			switch hits.Add(1) {
			case 1:
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(http.StatusTooManyRequests)
			case 2:
				panic(http.ErrAbortHandler)
			default:
				_, _ = io.WriteString(w, pass)
			}
		}))
		defer s.Close()
		if passed, err := ask(s.URL, ample, 2); err != nil || !passed {
			t.Errorf("passed %t, error %v", passed, err)
		}
	})
}

// Fields returns the fields that the joined errors name; field tells how to ask one for it.
func Fields(err error, field func(error) string) []string {
	var fields []string
	if joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		for _, e := range joined.Unwrap() {
			fields = append(fields, field(e))
		}
	}
	return fields
}
