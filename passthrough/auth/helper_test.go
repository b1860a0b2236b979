package auth_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/stage"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// The keys of the tests: alice and bob may call, carol's key has expired.
const (
	aliceKey = "alice-secret"
	bobKey   = "bob-secret-2"
	carolKey = "carol-secret"
)

func keyring(t testing.TB) *auth.Keyring {
	t.Helper()
	k, err := auth.NewKeyring(
		auth.Key{ID: "alice", Secret: auth.NewSecret(aliceKey)},
		auth.Key{ID: "bob", Secret: auth.NewSecret(bobKey)},
		auth.Key{ID: "carol", Secret: auth.NewSecret(carolKey), Expires: time.Unix(1, 0)},
	)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func gate(t testing.TB, carriers ...auth.Carrier) *auth.Gate {
	t.Helper()
	return gateWith(t, keyring(t), carriers...)
}

func gateWith(t testing.TB, v auth.Verifier, carriers ...auth.Carrier) *auth.Gate {
	t.Helper()
	g, err := auth.New(auth.Config{Carriers: carriers, Verifier: v})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// read parses a request as a server reads it off the wire: the target, then the header lines, with " | "
// between them.
func read(t testing.TB, text string) *http.Request {
	t.Helper()
	lines := strings.Split(text, " | ")
	lines[0] = "GET " + lines[0] + " HTTP/1.1\r\nHost: gateway.test"
	raw := strings.Join(lines, "\r\n") + "\r\n\r\n"
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return r
}

// show renders what the next handler got in the notation of read.
func show(r *http.Request) string {
	parts := []string{r.URL.RequestURI()}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			parts = append(parts, name+": "+value)
		}
	}
	return strings.Join(parts, " | ")
}

// snapshot is what a gate must leave as it was.
type snapshot struct {
	URL, RequestURI string
	Header, Trailer http.Header
	Form            map[string][]string
}

func snap(r *http.Request) snapshot {
	s := snapshot{RequestURI: r.RequestURI, Header: r.Header.Clone(), Trailer: r.Trailer.Clone()}
	s.Form = http.Header(r.Form).Clone()
	if r.URL != nil {
		s.URL = r.URL.String()
	}
	return s
}

// pass sends r through the gate and says, in one line, what became of it: "alice: " and what the next
// handler got, or "401 unauthenticated: " and the private detail. It checks that the gate left r alone, and that
// Check and Wrap agree.
func pass(t testing.TB, g *auth.Gate, r *http.Request) string {
	t.Helper()
	before := snap(r)
	decision, checkErr := g.Check(r.Context(), r)
	if diff := cmp.Diff(before, snap(r)); diff != "" {
		t.Errorf("Check touched the request (-before +after):\n%s", diff)
	}

	var result string
	next := http.HandlerFunc(func(_ http.ResponseWriter, out *http.Request) {
		caller, ok := auth.CallerFrom(out.Context())
		note, _ := stage.From(out.Context()).Note(stage.Auth).(stage.AuthNote)
		if ok == note.Anonymous || caller.ID != note.Caller || caller.ID != decision.Caller.ID {
			t.Errorf("caller in context %q (%t), in note %q, decided %q", caller.ID, ok, note.Caller, decision.Caller.ID)
		}
		if diff := cmp.Diff(decision.Consumed, note.Consumed); diff != "" {
			t.Errorf("consumed (-Check +Wrap):\n%s", diff)
		}
		result = caller.ID + ": " + show(out)
	})
	w := httptest.NewRecorder()
	g.Wrap(next).ServeHTTP(w, r)
	if diff := cmp.Diff(before, snap(r)); diff != "" {
		t.Errorf("Wrap touched the request (-before +after):\n%s", diff)
	}

	var denial *auth.Denial
	errors.As(checkErr, &denial)
	switch {
	case checkErr == nil && result != "":
		return result
	case denial != nil && result == "" && w.Code == denial.Status:
		return fmt.Sprintf("%d %s: %s", denial.Status, denial.Code, denial.Detail)
	}
	t.Errorf("Check says %v, Wrap answered %d and handed on %q", checkErr, w.Code, result)
	return ""
}

// exchange is one case of a table: a request in the notation of read, and the line that pass must return.
type exchange struct{ name, request, want string }

func run(t *testing.T, g *auth.Gate, exchanges []exchange) {
	t.Helper()
	for _, x := range exchanges {
		t.Run(x.name, func(t *testing.T) {
			if diff := cmp.Diff(x.want, pass(t, g, read(t, x.request))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func body(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
