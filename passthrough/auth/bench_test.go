package auth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

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
// Of the gate's own, one each: the copy of the request, its context with the caller, the secret's holder, the note in
// the ledger; and the copy of the header, two for up to eight fields and four for more. The gate that stands
// outermost, with no observer before it, makes the ledger too, which is three.
func TestAllocations(t *testing.T) {
	h := gate(t, auth.Header("X-Gateway-Key")).Wrap(nowhere{})
	for _, tt := range []struct {
		name  string
		r     *http.Request
		limit float64
	}{
		{"few fields", read(t, "/v1 | X-Gateway-Key: alice-secret | Accept: */*"), 3 + 6},
		{"many fields", typical(t), 3 + 8},
	} {
		w := nowhere{http.Header{}}
		if got := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, tt.r) }); got > tt.limit {
			t.Errorf("%s: %v allocations, want at most %v", tt.name, got, tt.limit)
		}
		enter := testing.AllocsPerRun(100, func() { _, _, _ = stage.Enter(tt.r, stage.Auth) })
		if enter > 3 {
			t.Errorf("the ledger alone: %v allocations", enter)
		}
	}
}

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
		b.Run(bb.name, func(b *testing.B) {
			h := bb.gate.Wrap(nowhere{})
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
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
