package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/headersafe/headersafe/internal/race"
	"github.com/headersafe/headersafe/internal/stage"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// typical is the header of a coding agent's request, 26 fields and the gateway's key.
func typical(t testing.TB) *http.Request {
	r := read(t, "/v1/messages?beta=true | X-Gateway-Key: alice-secret | Authorization: Bearer sk-ant-oat01-0123456789")
	for i := range 25 {
		r.Header.Set(fmt.Sprintf("X-Stainless-Field-%c", 'A'+i), "value")
	}
	return r
}

// nowhere is a ResponseWriter and the next handler.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header                        { return n.header }
func (nowhere) Write(p []byte) (int, error)                  { return len(p), nil }
func (nowhere) WriteHeader(int)                              {}
func (nowhere) ServeHTTP(http.ResponseWriter, *http.Request) {}

// TestAllocations counts what a request costs that is let through by a Header carrier and a Keyring.
//
// Of the gate's own there is the secret's holder alone; the ledger, which carries the caller, is one for the whole chain.
// A handler that is no stage gets a copy of the request as well, and of the header: two for up to eight fields and four
// for more. The number of keys does not matter.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("allocations cannot be counted under the race detector")
	}
	many := make([]auth.Key, 10_000)
	for i := range many {
		many[i] = auth.Key{ID: "caller", Secret: auth.NewSecret(fmt.Sprintf("secret-%09d", i))}
	}
	many[0].Secret = auth.NewSecret(aliceKey)
	keys, err := auth.NewKeyring(many...)
	if err != nil {
		t.Fatal(err)
	}
	few, large := gate(t, auth.Header("X-Gateway-Key")), gateWith(t, keys, auth.Header("X-Gateway-Key"))
	for _, tt := range []struct {
		name  string
		h     http.Handler
		r     *http.Request
		limit float64
	}{
		{"few fields", few.Wrap(nowhere{}), read(t, "/v1 | X-Gateway-Key: alice-secret | Accept: */*"), 2 + 1 + 2},
		{"many fields", few.Wrap(nowhere{}), typical(t), 2 + 1 + 4},
		{"many keys", large.Wrap(nowhere{}), typical(t), 2 + 1 + 4},
		{"before a stage", few.Wrap(nextStage{}), typical(t), 2},
		{"before a stage, many keys", large.Wrap(nextStage{}), typical(t), 2},
	} {
		w := nowhere{http.Header{}}
		if got := testing.AllocsPerRun(100, func() { tt.h.ServeHTTP(w, tt.r) }); got > tt.limit {
			t.Errorf("%s: %v allocations, want at most %v", tt.name, got, tt.limit)
		}
	}
}

// nextStage is the next handler, and a stage.
type nextStage struct{ nowhere }

func (nextStage) ServeStage(context.Context, *stage.Ledger, http.ResponseWriter, *http.Request) {}

// BenchmarkGate is read against BenchmarkBare: the same copy of the request and its header, by the standard library.
func BenchmarkGate(b *testing.B) {
	r, w := typical(b), nowhere{http.Header{}}
	for _, bb := range []struct {
		name string
		gate *auth.Gate
	}{
		{"header", gate(b, auth.Header("X-Gateway-Key"))},
		{"all", gate(b, auth.Header("X-Gateway-Key"), auth.Basic(), auth.Query("key"), auth.Cookie("gw"), auth.ProxyAuthorization())},
	} {
		for next, h := range map[string]http.Handler{"handler": bb.gate.Wrap(nowhere{}), "stage": bb.gate.Wrap(nextStage{})} {
			b.Run(bb.name+" before a "+next, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					h.ServeHTTP(w, r)
				}
			})
		}
	}
}

func BenchmarkGateRefuses(b *testing.B) {
	h := gate(b, auth.Header("X-Gateway-Key")).Wrap(nowhere{})
	r := read(b, "/ | X-Gateway-Key: mallory-secret")
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}

func BenchmarkBare(b *testing.B) {
	r := typical(b)
	b.ReportAllocs()
	for b.Loop() {
		out := r.WithContext(r.Context())
		out.Header = r.Header.Clone()
		out.Header.Del("X-Gateway-Key")
		nowhere{}.ServeHTTP(nil, out)
	}
}

// BenchmarkKeyring shows that a lookup costs the same for one key and for many.
func BenchmarkKeyring(b *testing.B) {
	for _, n := range []int{1, 100, 100_000} {
		keys := make([]auth.Key, n)
		for i := range keys {
			keys[i] = auth.Key{ID: "caller", Secret: auth.NewSecret(fmt.Sprintf("secret-%09d", i))}
		}
		k, err := auth.NewKeyring(keys...)
		if err != nil {
			b.Fatal(err)
		}
		c := auth.NewCredential("header X-Gateway-Key", "", "secret-000000000")
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Verify(b.Context(), c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
