package auth_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/stage"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// TestTrailer sends the credential a second time in the trailer, announced and not, and reads the body to its end
// before looking.
func TestTrailer(t *testing.T) {
	g := gate(t, auth.Header("X-Gateway-Key"), auth.Bearer(), auth.Cookie("gw"))
	var got string
	h := g.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text := body(t, r.Body)
		got = fmt.Sprintf("%s %v", text, r.Trailer)
	}))
	announce := func(names string) string { return "Trailer: " + names + "\r\n" }
	const values = "X-Gateway-Key: alice-secret\r\nX-Sum: 5\r\nAuthorization: Bearer alice-secret\r\nproxy-authorization: x\r\nCookie: gw=alice-secret\r\n"
	for _, tt := range []struct{ name, announced, trailer, want string }{
		{"announced", announce("x-gateway-key, X-Sum, authorization, Proxy-Authorization, cookie"), values, "hello map[X-Sum:[5]]"},
		{"the carrier alone announced", announce("X-Gateway-Key"), values, "hello map[]"},
		{"another alone announced", announce("X-Sum"), "X-Sum: 5\r\n", "hello map[X-Sum:[5]]"},
		{"announced and not sent", announce("X-Gateway-Key, X-Sum"), "", "hello map[X-Sum:[]]"},
		{"not announced", "", values, "hello map[]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(h)
			defer server.Close()
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			got = ""
			fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Gateway-Key: alice-secret\r\n%s"+
				"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n%s\r\n", tt.announced, tt.trailer)
			_ = body(t, conn)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTrailerOverHTTP2(t *testing.T) {
	var got string
	server := httptest.NewUnstartedServer(gate(t, auth.Header("X-Gateway-Key")).Wrap(http.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) {
			text := body(t, r.Body)
			got = fmt.Sprintf("%s %v", text, r.Trailer)
		})))
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	server.StartTLS()
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, io.MultiReader(strings.NewReader("hello")))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Gateway-Key", aliceKey)
	r.Trailer = http.Header{"X-Gateway-Key": {aliceKey}, "X-Sum": {"5"}}
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if diff := cmp.Diff("hello map[X-Sum:[5]]", got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", resp.Proto, diff)
	}
}

func TestTrailerAliasIsRefused(t *testing.T) {
	r := read(t, "/ | X-Gateway-Key: alice-secret")
	r.Trailer = http.Header{"X_gateway_key": nil}
	want := "400 alias: field X_gateway_key is an alias of header X-Gateway-Key"
	if diff := cmp.Diff(want, pass(t, gate(t, auth.Header("X-Gateway-Key")), r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestConsumed pins the names that later stages must not forward, also from a trailer that comes late.
func TestConsumed(t *testing.T) {
	for _, tt := range []struct {
		name     string
		carriers []auth.Carrier
		request  string
		want     []string
	}{
		{"header", []auth.Carrier{auth.Header("X-Gateway-Key"), auth.Header("X-Old")}, "/ | X-Old: alice-secret", []string{"X-Gateway-Key", "X-Old", "Proxy-Authorization"}},
		{"bearer", []auth.Carrier{auth.Bearer()}, "/ | Authorization: Bearer alice-secret", []string{"Proxy-Authorization", "Authorization"}},
		{"bearer unused", []auth.Carrier{auth.Bearer(), auth.Query("key")}, "/?key=alice-secret", []string{"Proxy-Authorization", "Authorization"}},
		{"another scheme", []auth.Carrier{auth.Bearer(), auth.Query("key")}, "/?key=alice-secret | Authorization: Basic eDp5", []string{"Proxy-Authorization"}},
		{"cookie", []auth.Carrier{auth.Cookie("gw"), auth.ProxyAuthorization()}, "/ | Cookie: gw=alice-secret", []string{"Proxy-Authorization"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := gate(t, tt.carriers...)
			var note stage.AuthNote
			h := g.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				note = stage.From(r.Context()).Note(stage.Auth).(stage.AuthNote)
			}))
			r := read(t, tt.request)
			h.ServeHTTP(httptest.NewRecorder(), r)
			if diff := cmp.Diff(tt.want, note.Consumed); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := note.Credential.Reveal(); got != aliceKey {
				t.Errorf("credential %q", got)
			}
			d, err := g.Check(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			slices.Reverse(d.Consumed) // the caller's own, so it may
			h.ServeHTTP(httptest.NewRecorder(), r)
			if diff := cmp.Diff(tt.want, note.Consumed); diff != "" {
				t.Errorf("Decision shares Consumed with the gate (-want +got):\n%s", diff)
			}
		})
	}
}
