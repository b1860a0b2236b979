package headerpolicy

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// header makes a header map of raw lines, "Name: value" each. Names stay as they are written.
func header(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h[name] = append(h[name], value)
	}
	return h
}

// outcome is a decision and its error in a form to compare: the reason of each field, or the code of the refusal with
// its status.
func outcome(d *Decision, err error) string {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return http.StatusText(refusal.Status) + ": " + refusal.Code + " " + refusal.Name
	}
	lines := strings.Split(strings.TrimSpace(d.String()), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return strings.Join(lines, "; ")
}

// exchangeConfig names one field of every kind.
func exchangeConfig() Config {
	return Config{
		Request: Request{
			Forward: []string{"Accept", "Content-Type", "X-List", "X-Stainless-*", "session_id"},
			Credentials: []Credential{{OneOf: []CredentialField{
				{Name: "Authorization"}, {Name: "X-Api-Key"},
			}}},
			Set:      []Set{{Name: "X-Route", Value: Static("alpha")}},
			Merge:    []Merge{{Name: "X-List", Member: "oauth", With: CredentialField{Name: "Authorization", Accept: BearerPrefix("oat-")}}},
			Require:  []string{"Accept"},
			Cookies:  []string{"a", "b"},
			Query:    Query{Forward: []string{"beta", "tag", "ids[]", "f-*"}, Repeat: []string{"tag"}},
			Trailers: []string{"X-Digest"},
		},
		Response: Response{
			Forward:       []string{"Content-Type", "Content-Length-Hint", "Location", "Retry-After", "X-Ratelimit-*", "Vary"},
			SetCookies:    []string{"a"},
			Informational: []string{"Link"},
			Trailers:      []string{"X-Digest", "X-Sum-*"},
		},
	}
}

func TestRequest(t *testing.T) {
	const crosses = "Accept: */*"
	const key = "X-Api-Key: sk-12345678"
	tests := []struct {
		name string
		in   []string
		want string
	}{
		{"named and not", []string{crosses, key, "X-Other: 1"}, "Accept forwarded; X-Api-Key forwarded; X-Other dropped: not named; X-Route set"},
		{"prefix", []string{crosses, key, "X-Stainless-Os: Linux"}, "Accept forwarded; X-Api-Key forwarded; X-Route set; X-Stainless-Os forwarded"},
		{"prefix alone", []string{crosses, key, "X-Stainless: Linux"}, "Accept forwarded; X-Api-Key forwarded; X-Route set; X-Stainless dropped: not named"},
		{"prefix, underscore behind it", []string{crosses, key, "X-Stainless-A_b: 1"}, "Accept forwarded; X-Api-Key forwarded; X-Route set; X-Stainless-A_b dropped: not named"},
		{"prefix, credential behind it", []string{crosses, key, "X-Stainless-Api-Key: k"}, "Accept forwarded; X-Api-Key forwarded; X-Route set; X-Stainless-Api-Key dropped: not named"},
		{"not canonical", []string{"accept: */*", "x-API-key: sk-12345678"}, "Accept forwarded; X-Api-Key forwarded; X-Route set"},
		{"set replaces", []string{crosses, key, "X-Route: mine"}, "Accept forwarded; X-Api-Key forwarded; X-Route set"},
		{"hop-by-hop", []string{crosses, key, "Connection: keep-alive", "Te: trailers", "Proxy-Authorization: Basic eA=="}, "Accept forwarded; Connection dropped: hop-by-hop; Proxy-Authorization dropped: hop-by-hop; Te dropped: hop-by-hop; X-Api-Key forwarded; X-Route set"},
		{"framing", []string{crosses, key, "Content-Length: 3", "Expect: 100-continue"}, "Accept forwarded; Content-Length dropped: framing; Expect dropped: framing; X-Api-Key forwarded; X-Route set"},
		{"R12, R17: spoofed proxy fields", []string{crosses, key, "Proxy: http://evil", "X-Forwarded-For: 1.2.3.4"}, "Accept forwarded; Proxy dropped: not named; X-Api-Key forwarded; X-Forwarded-For dropped: not named; X-Route set"},
		{"unnamed credentials of others (R4)", []string{crosses, key, "Api-Key: k", "X-Goog-Api-Key: k"}, "Accept forwarded; Api-Key dropped: not named; X-Api-Key forwarded; X-Goog-Api-Key dropped: not named; X-Route set"},
		{"no lines", []string{crosses, key}, "Accept forwarded; X-Api-Key forwarded; X-Route set"},

		{"several lines of a list", []string{crosses, "Accept: text/html", key}, "Accept forwarded; X-Api-Key forwarded; X-Route set"},
		{"repeated singleton", []string{crosses, key, "Content-Type: a/b", "Content-Type: c/d"}, "Bad Request: repeated-field Content-Type"},
		{"keys that meet", []string{crosses, key, "x-list: a", "X-List: b"}, "Bad Request: repeated-field X-List"},
		{"keys that meet, credential", []string{crosses, key, "x-api-key: sk-other678"}, "Bad Request: repeated-field X-Api-Key"},
		{"invalid value", []string{"Accept: a\x00b", key}, "Bad Request: invalid-field Accept"},
		{"line feed in a value", []string{"Accept: a\r\nX-Evil: 1", key}, "Bad Request: invalid-field Accept"},
		{"white space at an end", []string{"Accept:  a", key}, "Bad Request: invalid-field Accept"},
		{"invalid value, dropped", []string{crosses, key, "X-Other: a\x00b"}, "Accept forwarded; X-Api-Key forwarded; X-Other dropped: not named; X-Route set"},
		{"invalid name, dropped", []string{crosses, key, "X Other: 1"}, `Accept forwarded; "X Other" dropped: invalid; X-Api-Key forwarded; X-Route set`},
		{"invalid name under a prefix", []string{crosses, key, "X-Stainless-\r\n: 1"}, "Bad Request: invalid-field "},

		{"R13: alias of a credential", []string{crosses, key, "X_Api_Key: k"}, "Bad Request: alias X_api_key"},
		{"R13: alias with dots", []string{crosses, key, "X.Api.Key: k"}, "Bad Request: alias X.api.key"},
		{"R13: mixed", []string{crosses, key, "X-Api_Key: k"}, "Bad Request: alias X-Api_key"},
		{"alias of a credential of others", []string{crosses, key, "X_Goog_Api_Key: k"}, "Bad Request: alias X_goog_api_key"},
		{"alias of a set field", []string{crosses, key, "X_Route: mine"}, "Bad Request: alias X_route"},
		{"alias of a forwarded field", []string{crosses, key, "Content_Type: a/b"}, "Bad Request: alias Content_type"},
		{"a named underscore is no alias", []string{crosses, key, "Session_id: 1"}, "Accept forwarded; Session_id forwarded; X-Api-Key forwarded; X-Route set"},
		{"its other spelling is", []string{crosses, key, "Session.id: 1"}, "Bad Request: alias Session.id"},
		{"underscore of no consequence", []string{crosses, key, "X_Other: 1"}, "Accept forwarded; X-Api-Key forwarded; X-Route set; X_other dropped: not named"},

		{"nominated", []string{crosses, key, "Connection: session_id", "Session_id: a"}, "Accept forwarded; Connection dropped: hop-by-hop; Session_id dropped: nominated by Connection; X-Api-Key forwarded; X-Route set"},
		{"R10: nominated set field", []string{crosses, key, "Connection: X-Route"}, "Bad Request: nominated-field X-Route"},
		{"R10: nominated credential", []string{crosses, key, "Connection: close, x-api-key"}, "Bad Request: nominated-field X-Api-Key"},
		{"R10: nominated required field", []string{crosses, key, "Connection: accept"}, "Bad Request: nominated-field Accept"},
		{"R11: empty-first and several lines", []string{crosses, key, "Connection: ", "Connection: ,,", "Connection: x-route"}, "Bad Request: nominated-field X-Route"},
		{"R11: lower-case key", []string{crosses, key, "connection: x-route"}, "Bad Request: nominated-field X-Route"},
		{"invalid member", []string{crosses, key, "Connection: a b"}, "Bad Request: invalid-connection Connection"},
		{"nominated encoding", []string{crosses, key, "Connection: content-encoding", "Content-Encoding: zstd"}, "Bad Request: nominated-field Content-Encoding"},
		{"encoding not named", []string{crosses, key, "Content-Encoding: zstd"}, "Unsupported Media Type: content-encoding-not-named Content-Encoding"},
		{"required", []string{key}, "Bad Request: missing-field Accept"},
	}
	p := mustNew(t, exchangeConfig())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := outcome(p.Request(t.Context(), RequestInput{Header: header(test.in...)}))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRequestMerge(t *testing.T) {
	// With the nomination rule a merged name is the gateway's to answer for.
	c := exchangeConfig()
	c.Request.Merge = append(c.Request.Merge, Merge{Name: "X-Stainless-Flags", Member: "on"})
	p := mustNew(t, c)
	const oat, other = "Authorization: Bearer oat-12345678", "Authorization: Bearer sk-12345678"
	tests := []struct {
		name string
		in   []string
		want http.Header
	}{
		{"absent", []string{oat}, header("X-List: oauth", "X-Stainless-Flags: on")},
		{"present", []string{oat, "X-List: a,oauth ,b"}, header("X-List: a,oauth ,b", "X-Stainless-Flags: on")},
		{"added to the last line", []string{oat, "X-List: a , b", "X-List: c"}, header("X-List: a , b", "X-List: c,oauth", "X-Stainless-Flags: on")},
		{"another case is another member", []string{oat, "X-List: OAuth"}, header("X-List: OAuth,oauth", "X-Stainless-Flags: on")},
		{"part of a member", []string{oat, "X-List: oauth-2"}, header("X-List: oauth-2,oauth", "X-Stainless-Flags: on")},
		{"empty field", []string{oat, "X-List: "}, header("X-List: oauth", "X-Stainless-Flags: on")},
		{"another credential", []string{other, "X-List: a"}, header("X-List: a", "X-Stainless-Flags: on")},
		{"another field", []string{"X-Api-Key: oat-12345678", "X-List: a"}, header("X-List: a", "X-Stainless-Flags: on")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := p.Request(t.Context(), RequestInput{Header: header(append(test.in, "Accept: */*")...)})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"Accept", "Authorization", "X-Api-Key", "X-Route"} {
				delete(d.Header, name)
			}
			if diff := cmp.Diff(test.want, d.Header); diff != "" {
				t.Error(diff)
			}
		})
	}
	got := outcome(p.Request(t.Context(), RequestInput{Header: header("Accept: */*", oat, "Connection: x-list")}))
	if want := "Bad Request: nominated-field X-List"; got != want {
		t.Errorf("a nominated merge: got %s, want %s", got, want)
	}
	d, _ := p.Request(t.Context(), RequestInput{Header: header("Accept: */*", oat)})
	if got := outcome(d, nil); !strings.Contains(got, "X-List merged (oauth)") {
		t.Errorf("the explanation does not tell of the merge: %s", got)
	}
}

func TestRequestConsumed(t *testing.T) {
	p := mustNew(t, exchangeConfig())
	const key = "X-Api-Key: sk-12345678"
	tests := []struct {
		name     string
		in       []string
		consumed []string
		want     string
	}{
		{"removed by auth", []string{"Accept: */*", key}, []string{"X-Gateway-Key"}, "Accept forwarded; X-Api-Key forwarded; X-Gateway-Key dropped: consumed by auth; X-Route set"},
		{"alias of it", []string{"Accept: */*", key, "X_Gateway_Pass: k"}, []string{"X-Gateway-Pass"}, "Bad Request: alias X_gateway_pass"},
		{"left behind", []string{"Accept: */*", key, "X-List: k"}, []string{"X-List"}, "Accept forwarded; X-Api-Key forwarded; X-List dropped: consumed by auth; X-Route set"},
		{"a cookie of several", []string{"Accept: */*", key, "Cookie: a=1"}, []string{"Cookie"}, "Accept forwarded; Cookie forwarded (1 of 1 cookies); X-Api-Key forwarded; X-Route set"},
		{"consumed and set", []string{"Accept: */*", key}, []string{"X-Route"}, "Accept forwarded; X-Api-Key forwarded; X-Route set"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := outcome(p.Request(t.Context(), RequestInput{Header: header(test.in...), Consumed: test.consumed}))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTwins(t *testing.T) {
	p := mustNew(t, Config{Request: Request{Forward: []string{"Session-Id", "Session_id"}}})
	tests := []struct {
		in   []string
		want string
	}{
		{[]string{"Session-Id: 1"}, "Session-Id forwarded"},
		{[]string{"Session_id: 1"}, "Session_id forwarded"},
		{[]string{"Session-Id: 1", "Session_id: 1"}, "Session-Id forwarded; Session_id forwarded"},
		{[]string{"Session-Id: 1", "Session_id: 2"}, "Bad Request: alias Session_id"},
	}
	for _, test := range tests {
		if got := outcome(p.Request(t.Context(), RequestInput{Header: header(test.in...)})); got != test.want {
			t.Errorf("%q: got %s, want %s", test.in, got, test.want)
		}
	}
}

func TestLimits(t *testing.T) {
	p := mustNew(t, Config{
		Request:  Request{Forward: []string{"A", "X-*"}, Limits: Limits{Fields: 2, Bytes: 20}},
		Response: Response{Forward: []string{"A", "X-*"}, Informational: []string{"A"}, Trailers: []string{"X-*"}, Limits: Limits{Fields: 2, Bytes: 20}},
	})
	tests := []struct {
		in       []string
		request  string
		response string
		trailer  string
	}{
		{[]string{"A: 1", "X-1: 2"}, "A forwarded; X-1 forwarded", "A forwarded; X-1 forwarded", "A dropped: not named; X-1 forwarded"},
		{[]string{"A: 1", "X-1: 2", "X-2: 3"}, "Request Header Fields Too Large: too-many-fields ", "Bad Gateway: too-many-fields ", "A dropped: not named; X-1 forwarded; X-2 forwarded"},
		{[]string{"X-1: 2", "X-2: 3", "X-3: 3"}, "Request Header Fields Too Large: too-many-fields ", "Bad Gateway: too-many-fields ", "X-1 dropped: invalid (too much); X-2 dropped: invalid (too much); X-3 dropped: invalid (too much)"},
		{[]string{"X-1: 0123456789abcdefgh"}, "Request Header Fields Too Large: fields-too-large ", "Bad Gateway: fields-too-large ", "X-1 dropped: invalid (too much)"},
		{[]string{"B: 1", "C: 1", "D: 1"}, "B dropped: not named; C dropped: not named; D dropped: not named", "B dropped: not named; C dropped: not named; D dropped: not named", "B dropped: not named; C dropped: not named; D dropped: not named"},
	}
	for _, test := range tests {
		in := header(test.in...)
		if got := outcome(p.Request(t.Context(), RequestInput{Header: in})); got != test.request {
			t.Errorf("request %q: got %s, want %s", test.in, got, test.request)
		}
		if got := outcome(p.Response(in)); got != test.response {
			t.Errorf("response %q: got %s, want %s", test.in, got, test.response)
		}
		d := p.ResponseTrailer(in)
		if got := outcome(d, nil); got != test.trailer {
			t.Errorf("trailer %q: got %s, want %s", test.in, got, test.trailer)
		}
		if got, want := len(d.Header), strings.Count(test.trailer, " forwarded"); got != want {
			t.Errorf("trailer %q: %d fields cross, want %d", test.in, got, want)
		}
	}
	many := http.Header{}
	for i := range 120 {
		many.Add("X-Many", strings.Repeat("v", i%3))
	}
	c := Config{Request: Request{Forward: []string{"X-Many"}}}
	if got := outcome(mustNew(t, c).Request(t.Context(), RequestInput{Header: many})); got != "Request Header Fields Too Large: too-many-fields " {
		t.Errorf("the default limit: got %s", got)
	}
	c.Request.Limits.Fields = 200
	d, err := mustNew(t, c).Request(t.Context(), RequestInput{Header: many})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(many, d.Header); diff != "" {
		t.Errorf("more lines than are held in line: %s", diff)
	}
}

func TestRefusalsAreStable(t *testing.T) {
	// A map has no order; of many faults the same one is reported each time.
	in := RequestInput{Header: header("X_Api_Key: 1", "X.Api.Key: 2", "Content-Type: a", "Content-Type: b", "Content-Encoding: br"), RawQuery: "nope=1"}
	p := mustNew(t, exchangeConfig())
	want := outcome(p.Request(t.Context(), in))
	for range 50 {
		if got := outcome(p.Request(t.Context(), in)); got != want {
			t.Fatalf("got %s, then %s", want, got)
		}
	}
}

func TestZeroPolicyRefuses(t *testing.T) {
	for name, p := range map[string]*Policy{"nil": nil, "zero": {}} {
		t.Run(name, func(t *testing.T) {
			h := header("Accept: */*")
			d, err := p.Request(context.Background(), RequestInput{Header: h})
			if err == nil || len(d.Header) != 0 {
				t.Errorf("Request let %v through", d.Header)
			}
			if d, err = p.Response(h); err == nil || len(d.Header) != 0 {
				t.Errorf("Response let %v through", d.Header)
			}
			if h, err := p.ResponseHeader(h); err == nil || len(h) != 0 {
				t.Errorf("ResponseHeader let %v through", h)
			}
			if d, ok := p.Informational(h); ok || len(d.Header) != 0 {
				t.Errorf("Informational let %v through", d.Header)
			}
			if d := p.RequestTrailer(h); len(d.Header) != 0 {
				t.Errorf("RequestTrailer let %v through", d.Header)
			}
			if d := p.ResponseTrailer(h); len(d.Header) != 0 {
				t.Errorf("ResponseTrailer let %v through", d.Header)
			}
			if p.NamesInformational() || p.NamesResponseTrailers() || p.NamesResponseTrailer("Accept") {
				t.Error("it names something")
			}
		})
	}
}
