package auth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/headersafe/headersafe/passthrough/auth"
)

// upstream stands for what follows the gate. It tells what reached it.
var upstream = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	caller, _ := auth.CallerFrom(r.Context())
	fmt.Fprintf(w, "caller %q, %s, header %v", caller.ID, r.URL, r.Header)
})

// send prints the response of h to a request with the given header lines.
func send(h http.Handler, target string, lines ...string) {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
}

// alicesGate returns a gate with these carriers and alice's key.
func alicesGate(carriers ...auth.Carrier) *auth.Gate {
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret("alice-secret")})
	if err != nil {
		panic(err)
	}
	gate, err := auth.New(auth.Config{Carriers: carriers, Verifier: keys})
	if err != nil {
		panic(err)
	}
	return gate
}

func Example() {
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret("alice-secret")})
	if err != nil {
		fmt.Println(err)
		return
	}
	gate, err := auth.New(auth.Config{
		Carriers: []auth.Carrier{auth.Header("X-Gateway-Key"), auth.Bearer()},
		Verifier: keys,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := gate.Wrap(upstream)
	send(h, "/v1", "Accept: */*", "X-Gateway-Key: alice-secret")
	send(h, "/v1", "Accept: */*", "X-Gateway-Key: alice-secret", "Authorization: Bearer alice-secret")
	send(h, "/v1", "Accept: */*")
	// Output:
	// 200 caller "alice", /v1, header map[Accept:[*/*]]
	// 200 caller "alice", /v1, header map[Accept:[*/*]]
	// 401 {"title":"Unauthorized","status":401,"detail":"The gateway wants a valid credential in one of the places that WWW-Authenticate names.","code":"unauthenticated"}
}

// The mistake: the error of New is thrown away, and with it the gate. Nothing is forwarded.
func Example_mistake() {
	gate, _ := auth.New(auth.Config{Carriers: []auth.Carrier{auth.Bearer()}}) // no Verifier
	send(gate.Wrap(upstream), "/v1", "Authorization: Bearer anything")
	// Output:
	// 500 {"title":"Internal Server Error","status":500,"detail":"The gateway's request pipeline is misconfigured; the request was not forwarded.","code":"misassembled"}
}

func ExampleNew() {
	_, err := auth.New(auth.Config{
		Carriers: []auth.Carrier{auth.Header("Authorization"), auth.Header("X-Gateway-Key"), auth.Header("X_Gateway_Key")},
	})
	fmt.Println(err)
	// Output:
	// auth: Verifier: nil: name who judges a credential, or say DangerouslyAnonymous
	// auth: Carriers[0]: "header Authorization": use Bearer or Basic, which leave the other schemes alone
	// auth: Carriers[2]: "header X_gateway_key": an alias of header X-Gateway-Key: an upstream could take one for the other, so keep one
}

func ExampleConfigError() {
	_, err := auth.New(auth.Config{DangerouslyAnonymous: "a public demonstration", Realm: `"`})
	var mistake *auth.ConfigError
	if errors.As(err, &mistake) {
		fmt.Println(mistake.Field, "-", mistake.Reason)
	}
	// Output:
	// Realm - printable ASCII without " and \ is wanted
}

func ExampleConfig_dangerouslyAnonymous() {
	gate, err := auth.New(auth.Config{DangerouslyAnonymous: "a public demonstration; the upstream wants no credential"})
	if err != nil {
		fmt.Println(err)
		return
	}
	send(gate.Wrap(upstream), "/v1")
	// Output:
	// 200 caller "", /v1, header map[]
}

func ExampleGate_Wrap() {
	h := alicesGate(auth.Header("X-Gateway-Key")).Wrap(upstream)
	send(h, "/v1", "X-Gateway-Key: Bearer alice-secret", "Authorization: Bearer the-callers-own")
	send(h, "/v1", "X-Gateway-Key: alice-secret", "X_Gateway_Key: alice-secret")
	// Output:
	// 200 caller "alice", /v1, header map[Authorization:[Bearer the-callers-own]]
	// 400 {"title":"Bad Request","status":400,"detail":"The request holds a name that can be taken for one in which the gateway reads a credential.","code":"alias"}
}

func ExampleGate_Check() {
	gate := alicesGate(auth.Bearer())
	r := httptest.NewRequest(http.MethodGet, "/v1", nil)
	r.Header.Set("Authorization", "Bearer mallory-secret")
	_, err := gate.Check(r.Context(), r)
	fmt.Println(err)
	// Output:
	// unauthenticated: the credential in bearer: auth: denied: unknown key
}

func ExampleDecision() {
	r := httptest.NewRequest(http.MethodGet, "/v1", nil)
	r.Header.Set("X-Gateway-Key", "alice-secret")
	d, err := alicesGate(auth.Header("X-Gateway-Key")).Check(r.Context(), r)
	fmt.Println(d.Caller.ID, "/", d.Carrier, "/", d.Consumed, err)
	// Output:
	// alice / header X-Gateway-Key / [X-Gateway-Key Proxy-Authorization] <nil>
}

func ExampleDenial() {
	r := httptest.NewRequest(http.MethodGet, "/v1", nil)
	_, err := alicesGate(auth.Bearer(), auth.Cookie("gw")).Check(r.Context(), r)
	var denial *auth.Denial
	if errors.As(err, &denial) {
		fmt.Println(denial.Status, denial.Code)
		fmt.Println(denial.Header.Values("WWW-Authenticate"))
		fmt.Println("for the record:", denial.Detail)
	}
	// Output:
	// 401 unauthenticated
	// [Bearer realm="gateway" GatewayKey realm="gateway", cookie="gw"]
	// for the record: missing: nothing in bearer, cookie gw
}
