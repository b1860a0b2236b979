package auth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/passthrough/auth"
)

func TestR1_GatewayKeyInAuthorization(t *testing.T) {
	serve(t, gate(t, auth.Bearer(), auth.Basic())).run(t, []exchange{
		{"bearer", "/v1 | Authorization: Bearer alice-secret", "200 /v1"},
		{"basic", "/v1 | Authorization: " + basic("me", aliceKey), "200 /v1"},
		{"unknown", "/v1 | Authorization: Bearer mallory-secret", "401 unauthenticated"},
	})
}

func TestR2_GatewayKeyHeader(t *testing.T) {
	serve(t, gate(t, auth.Header("X-Gateway-Key"))).run(t, []exchange{
		{"bare", "/v1 | X-Gateway-Key: alice-secret", "200 /v1"},
		{"beside the caller's own token", "/ | Authorization: Bearer sk-ant-oat01-x | x-gateway-key: Bearer alice-secret", "200 / | Authorization: Bearer sk-ant-oat01-x"},
		{"unknown", "/v1 | X-Gateway-Key: mallory-secret", "401 unauthenticated"},
	})
}

func TestR3_SameKeyInSecondCarrier(t *testing.T) {
	s := serve(t, gate(t, auth.Header("X-Gateway-Key"), auth.Header("X-Api-Key"), auth.Bearer()))
	s.run(t, []exchange{
		{"in all", "/ | X-Gateway-Key: alice-secret | X-Api-Key: alice-secret | Authorization: Bearer alice-secret", "200 /"},
		{"in two", "/ | X-Api-Key: alice-secret | Authorization: Bearer alice-secret", "200 /"},
		{"another in the second", "/ | X-Gateway-Key: alice-secret | X-Api-Key: bob-secret-2", "400 ambiguous-credential"},
	})
}

func TestR9_KeyInQueryCookieBasic(t *testing.T) {
	s := serve(t, gate(t, auth.Query("key"), auth.Cookie("gw"), auth.Basic(), auth.ProxyAuthorization()))
	s.run(t, []exchange{
		{"query", "/v1?a=%41&key=alice-secret", "200 /v1?a=%41"},
		{"cookie", "/ | Cookie: a=1; gw=alice-secret; b=2", "200 / | Cookie: a=1; b=2"},
		{"basic user name", "/ | Authorization: " + basic(aliceKey, ""), "200 /"},
		{"proxy authorization", "/ | Proxy-Authorization: Bearer alice-secret", "200 /"},
		{"repeated by encoding", "/?key=alice-secret&%6bey=alice-secret", "400 ambiguous-credential"},
		{"repeated cookie", "/ | Cookie: gw=alice-secret; gw=alice-secret", "400 ambiguous-credential"},
	})
}

func TestR13_AliasOfCarrier(t *testing.T) {
	serve(t, gate(t, auth.Header("X-Gateway-Key"))).run(t, []exchange{
		{"underscores alone", "/ | X_Gateway_Key: alice-secret", "400 alias"},
		{"beside the carrier", "/ | X-Gateway-Key: alice-secret | X_Gateway_Key: alice-secret", "400 alias"},
		{"dots", "/ | X-Gateway-Key: alice-secret | x.gateway.key: x", "400 alias"},
		{"mixed, lower case", "/ | X-Gateway-Key: alice-secret | x-gateway_key: x", "400 alias"},
		{"of no carrier", "/ | X-Gateway-Key: alice-secret | X_Other_Key: x", "200 / | X_other_key: x"},
	})
	serve(t, gate(t, auth.Header("X_Gateway_Key"))).run(t, []exchange{
		{"a carrier that is itself odd", "/ | X_Gateway_Key: alice-secret", "200 /"},
		{"its hyphenated form", "/ | X_Gateway_Key: alice-secret | X-Gateway-Key: x", "400 alias"},
	})
}

func TestR15_RepeatedAuthorization(t *testing.T) {
	serve(t, gate(t, auth.Bearer())).run(t, []exchange{
		{"two keys", "/ | Authorization: Bearer alice-secret | Authorization: Bearer bob-secret-2", "400 ambiguous-credential"},
		{"the same twice", "/ | Authorization: Bearer alice-secret | Authorization: Bearer alice-secret", "400 ambiguous-credential"},
		{"another scheme first", "/ | Authorization: Basic eDp5 | Authorization: Bearer alice-secret", "400 ambiguous-credential"},
		{"another scheme last", "/ | Authorization: Bearer alice-secret | Authorization: Basic eDp5", "400 ambiguous-credential"},
		{"an empty one", "/ | Authorization: | Authorization: Bearer alice-secret", "400 ambiguous-credential"},
		{"joined by a proxy", "/ | Authorization: Basic eDp5, Bearer alice-secret", "400 ambiguous-credential"},
	})
}

// TestUnauthenticatedLooksTheSame compares whole responses, byte for byte: the client cannot tell whether its key is
// missing, malformed, unknown or expired.
func TestUnauthenticatedLooksTheSame(t *testing.T) {
	s := serve(t, gate(t, auth.Header("X-Gateway-Key"), auth.Bearer(), auth.Query("key")))
	const want = "HTTP/1.1 401 Unauthorized\r\n" +
		"Cache-Control: no-store\r\n" +
		"Content-Length: 160\r\n" +
		"Content-Type: application/problem+json\r\n" +
		"Www-Authenticate: GatewayKey realm=\"gateway\", header=\"X-Gateway-Key\"\r\n" +
		"Www-Authenticate: Bearer realm=\"gateway\"\r\n" +
		"Www-Authenticate: GatewayKey realm=\"gateway\", query=\"key\"\r\n" +
		"X-Content-Type-Options: nosniff\r\n" +
		"Connection: close\r\n\r\n" +
		`{"title":"Unauthorized","status":401,"detail":"The gateway wants a valid credential in one of the places that WWW-Authenticate names.","code":"unauthenticated"}`
	for _, request := range []string{
		"/v1",                                      // missing
		"/v1 | X-Gateway-Key: mallory-secret",      // unknown
		"/v1 | X-Gateway-Key: carol-secret",        // expired
		"/v1 | X-Gateway-Key: alice",               // malformed: short
		"/v1 | X-Gateway-Key: alice-secret x",      // malformed: white space
		"/v1 | X-Gateway-Key:",                     // malformed: empty
		"/v1 | Authorization: Bearer carol-secret", // expired, elsewhere
		"/v1 | Authorization: Bearer",              // malformed, elsewhere
		"/v1?key=%00alice-secret",                  // malformed: control character
	} {
		got := s.raw(t, request)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", request, diff)
		}
	}
}

// TestT7_NoKeyInRefusals logs everything there is about every refusal, private details included, and looks for the
// keys that were presented.
func TestT7_NoKeyInRefusals(t *testing.T) {
	leaky := auth.VerifierFunc(func(_ context.Context, c auth.Credential) (auth.Caller, error) {
		return auth.Caller{}, fmt.Errorf("token %s of %s is not known", c.Secret(), c.Carrier)
	})
	halfLeaky := auth.VerifierFunc(func(_ context.Context, c auth.Credential) (auth.Caller, error) {
		return auth.Caller{}, fmt.Errorf("%w: token starting with %.8s", auth.ErrUnavailable, c.Secret())
	})
	encoding := auth.VerifierFunc(func(_ context.Context, c auth.Credential) (auth.Caller, error) {
		return auth.Caller{}, fmt.Errorf("GET /introspect: %s", basic("gateway", c.Secret()))
	})
	misnaming := auth.VerifierFunc(func(_ context.Context, c auth.Credential) (auth.Caller, error) {
		return auth.Caller{ID: "token:" + c.Secret()}, nil
	})
	attributing := auth.VerifierFunc(func(_ context.Context, c auth.Credential) (auth.Caller, error) {
		return auth.Caller{ID: "x", Attributes: map[string]string{"token": c.Secret()}}, nil
	})
	const key = "zq7Kk2-vXw09-PmtR"
	requests := []string{
		"/ | X-Gateway-Key: " + key,
		"/ | X-Gateway-Key: " + key + " " + key,
		"/ | X-Gateway-Key: " + key + " | X-Gateway-Key: " + key,
		"/ | X-Gateway-Key: " + key + " | Authorization: Bearer other-" + key,
		"/ | X_Gateway_Key: " + key,
		"/ | Authorization: Bearer " + key,
		"/ | Authorization: " + basic(key, ""),
		"/ | Authorization: " + basic(key, key),
		"/ | Authorization: Basic " + key,
		"/?key=" + key,
		"/?key=" + key + ";",
		"/?%4Bey=" + key,
		"/ | Cookie: gw=" + key + "; gw=" + key,
		"/ | Proxy-Authorization: Digest " + key,
	}
	carriers := []auth.Carrier{auth.Header("X-Gateway-Key"), auth.Bearer(), auth.Basic(), auth.Query("key"), auth.Cookie("gw"), auth.ProxyAuthorization()}
	for _, v := range []auth.Verifier{keyring(t), leaky, halfLeaky, encoding, misnaming, attributing} {
		for _, request := range requests {
			r := read(t, request)
			g := gateWith(t, v, carriers...)
			_, err := g.Check(r.Context(), r)
			var denied *auth.Denial
			if !errors.As(err, &denied) {
				t.Fatalf("%T: %q: %v", v, request, err)
			}
			denial := *denied
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Error("refused", "err", err, "denial", denial)
			fmt.Fprintf(&log, "%v %+v %#v", err, err, denial)
			w := httptest.NewRecorder()
			g.Wrap(http.NotFoundHandler()).ServeHTTP(w, r)
			_ = w.Result().Write(&log)
			for i := range len(key) - 5 { // any six bytes of it
				if strings.Contains(log.String(), key[i:i+6]) {
					t.Fatalf("%q came into the log: %s", key[i:i+6], &log)
				}
			}
			if encoded := basic("gateway", key)[17:27]; strings.Contains(log.String(), encoded) { // of the key alone
				t.Fatalf("encoded key in the log: %s", &log)
			}
		}
	}
}
