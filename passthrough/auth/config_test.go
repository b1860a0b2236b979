package auth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/passthrough/auth"
)

// mistakes lists the errors that err joins, one a line.
func mistakes(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%T joins nothing", err)
	}
	var list []string
	for _, err := range joined.Unwrap() {
		if typed := new(*auth.ConfigError); !errors.As(err, typed) {
			t.Errorf("%T is no *ConfigError", err)
		}
		list = append(list, strings.TrimPrefix(err.Error(), "auth: "))
	}
	return list
}

func TestNewReportsEveryMistake(t *testing.T) {
	keys := keyring(t)
	key := auth.Header("X-Gateway-Key")
	const zero = "the zero Carrier is no place: use Header, Bearer, Basic, Query, Cookie or ProxyAuthorization"
	const meaning = "the field has a meaning of its own, and what carries a credential is removed: choose another name"
	const parameter = "a parameter's name is visible ASCII, written decoded, with none of & ; = + % #"
	const token = "a field name is a token (RFC 9110 section 5.1)"
	tests := []struct {
		name   string
		config auth.Config
		want   []string
	}{
		{"good", auth.Config{Carriers: []auth.Carrier{key, auth.Bearer(), auth.Basic(), auth.Query("api_key"), auth.Cookie("gw"), auth.ProxyAuthorization()}, Verifier: keys}, nil},
		{"same name, other kinds", auth.Config{Carriers: []auth.Carrier{auth.Header("key"), auth.Query("key"), auth.Cookie("key")}, Verifier: keys}, nil},
		{"empty", auth.Config{}, []string{
			`Carriers: none: no caller could present anything; name one, such as Header("X-Gateway-Key")`,
			"Verifier: nil: name who judges a credential, or say DangerouslyAnonymous",
		}},
		{"nil keyring", auth.Config{Carriers: []auth.Carrier{key}, Verifier: (*auth.Keyring)(nil)}, []string{"Verifier: a nil *Keyring: use what NewKeyring returns without an error"}},
		{"nil func", auth.Config{Carriers: []auth.Carrier{key}, Verifier: auth.VerifierFunc(nil)}, []string{"Verifier: a nil VerifierFunc"}},
		{"anonymous and more", auth.Config{Carriers: []auth.Carrier{key}, Verifier: keys, DangerouslyAnonymous: " "}, []string{
			"DangerouslyAnonymous: blank: write down why anybody may call",
			"Carriers: an anonymous gate looks for no credential: leave out Carriers or DangerouslyAnonymous",
			"Verifier: an anonymous gate asks nobody: leave out Verifier or DangerouslyAnonymous",
		}},
		{"realm", auth.Config{Carriers: []auth.Carrier{key}, Verifier: keys, Realm: `a "b"`}, []string{`Realm: "a \"b\"": printable ASCII without " and \ is wanted`}},
		{"realm with a line break", auth.Config{Carriers: []auth.Carrier{key}, Verifier: keys, Realm: "a\r\nb"}, []string{`Realm: "a\r\nb": printable ASCII without " and \ is wanted`}},
		{"carriers", auth.Config{Verifier: keys, Carriers: []auth.Carrier{
			{}, auth.Header("X Key"), auth.Header(""), auth.Header("authorization"), auth.Header("cookie"), auth.Header("proxy-authorization"),
			auth.Header("Content-Length"), auth.Header("Connection"), auth.Header("User-Agent"), auth.Header("Host"),
			auth.Query(""), auth.Query("a b"), auth.Query("a=b"), auth.Query("clé"), auth.Cookie(""), auth.Cookie("a;b"),
		}}, []string{
			`Carriers[0]: "no carrier": ` + zero,
			`Carriers[1]: "header X Key": ` + token,
			`Carriers[2]: "header ": ` + token,
			`Carriers[3]: "header Authorization": use Bearer or Basic, which leave the other schemes alone`,
			`Carriers[4]: "header Cookie": use Cookie, which leaves the other cookies alone`,
			`Carriers[5]: "header Proxy-Authorization": use ProxyAuthorization`,
			`Carriers[6]: "header Content-Length": ` + meaning,
			`Carriers[7]: "header Connection": ` + meaning,
			`Carriers[8]: "header User-Agent": ` + meaning,
			`Carriers[9]: "header Host": ` + meaning,
			`Carriers[10]: "query ": ` + parameter,
			`Carriers[11]: "query a b": ` + parameter,
			`Carriers[12]: "query a=b": ` + parameter,
			`Carriers[13]: "query clé": ` + parameter,
			`Carriers[14]: "cookie ": a cookie's name is a token (RFC 6265 section 4.1.1)`,
			`Carriers[15]: "cookie a;b": a cookie's name is a token (RFC 6265 section 4.1.1)`,
		}},
		{"carriers that clash", auth.Config{Verifier: keys, Carriers: []auth.Carrier{
			key, auth.Bearer(), auth.Header("x-gateway-key"), auth.Header("X_Gateway_Key"), auth.Bearer(), auth.Query("key"), auth.Query("KEY"),
		}}, []string{
			`Carriers[2]: "header X-Gateway-Key": named before`,
			`Carriers[3]: "header X_gateway_key": an alias of header X-Gateway-Key: an upstream could take one for the other, so keep one`,
			`Carriers[4]: "bearer": named before`,
			`Carriers[6]: "query KEY": an alias of query key: an upstream could take one for the other, so keep one`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, err := auth.New(tt.config)
			if (g == nil) != (err != nil) {
				t.Errorf("gate %v with error %v", g, err)
			}
			if diff := cmp.Diff(tt.want, mistakes(t, err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestGateSharesNothingWithItsConfig changes the Config afterwards.
func TestGateSharesNothingWithItsConfig(t *testing.T) {
	carriers := []auth.Carrier{auth.Header("X-Gateway-Key")}
	g := gate(t, carriers...)
	carriers[0] = auth.Header("X-Other")
	if diff := cmp.Diff("alice: /", pass(t, g, read(t, "/ | X-Gateway-Key: alice-secret"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The header of a denial is the caller's to change.
	r := read(t, "/")
	for range 2 {
		_, err := g.Check(t.Context(), r)
		var denial *auth.Denial
		if !errors.As(err, &denial) {
			t.Fatal(err)
		}
		challenges := denial.Header["Www-Authenticate"]
		if diff := cmp.Diff([]string{`GatewayKey realm="gateway", header="X-Gateway-Key"`}, challenges); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		challenges[0] = "changed"
	}
}

func TestChallenges(t *testing.T) {
	g, err := auth.New(auth.Config{
		Carriers: []auth.Carrier{auth.Bearer(), auth.Basic(), auth.Header("x-key"), auth.Query(`k"\`), auth.Cookie("gw"), auth.ProxyAuthorization()},
		Verifier: keyring(t),
		Realm:    "the model gateway",
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.Check(t.Context(), read(t, "/"))
	var denial *auth.Denial
	if !errors.As(err, &denial) {
		t.Fatal(err)
	}
	want := []string{
		`Bearer realm="the model gateway"`,
		`Basic realm="the model gateway", charset="UTF-8"`,
		`GatewayKey realm="the model gateway", header="X-Key"`,
		`GatewayKey realm="the model gateway", query="k\"\\"`,
		`GatewayKey realm="the model gateway", cookie="gw"`,
		`GatewayKey realm="the model gateway", header="Proxy-Authorization"`,
	}
	if diff := cmp.Diff(want, denial.Header["Www-Authenticate"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
