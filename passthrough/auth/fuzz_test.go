package auth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/passthrough/auth"
)

// everyCarrier is what the fuzz target picks from, by the bits of its first argument.
var everyCarrier = []auth.Carrier{
	auth.Header("X-Gateway-Key"), auth.Header("X-Api-Key"), auth.Bearer(), auth.Basic(),
	auth.Query("key"), auth.Query("api_key"), auth.Cookie("gw"), auth.ProxyAuthorization(),
}

// FuzzGate sends any query and any header lines, with keys as a middleware could write them, through gates of any
// carriers and a verifier that accepts whatever reaches it.
//
// Oracle: the inbound request stays as it was. On refusal the next handler is not called, and the status is 400 or
// 401. On success, as net/http and net/url read the copy, no configured carrier is left in it; and what is no
// carrier is there byte for byte, in its order.
func FuzzGate(f *testing.F) {
	for _, seed := range []struct {
		carriers      uint8
		query, header string
	}{
		{0xff, "", "X-Gateway-Key: alice-secret"},
		{0x01, "a=1&key=x", "X-Gateway-Key: Bearer alice-secret\nAuthorization: Bearer oauth\nCookie: a=b"},
		{0x01, "", "x-gateway-key: alice-secret\nX_Gateway_Key: a\nX-Gateway-Key: b"},
		{0x02, "", "X-Api-Key: alice-secret\nX.Api.Key: alice-secret"},
		{0x0c, "", "Authorization: Basic bWU6YWxpY2Utc2VjcmV0\nauthorization: x"},
		{0x05, "", "Authorization: Digest a=\"b\", Bearer c\nX-Gateway-Key: alice-secret"},
		{0x05, "", "Authorization: Bearer\talice-secret\nX-Gateway-Key: alice-secret"},
		{0x10, "a=%41&key=alice-secret&&b=+;c", ""},
		{0x30, "%6bey=alice-secret&api%5fkey=alice-secret&a=%zz&k=%6", ""},
		{0x10, "x&key=alice-secret&=&Key=&", "Cookie: gw=1"},
		{0x40, "", "Cookie: a=1; gw=\"alice-secret\" ;b=2; ;c\nCookie: gw2=x"},
		{0x40, "", "cookie: gw=alice-secret\nCookie: a; =b;"},
		{0x80, "", "Proxy-Authorization: basic YWxpY2Utc2VjcmV0Og==\nAuthorization: Bearer x"},
		{0xff, "key=alice-secret", "Authorization: Bearer alice-secret\nX-Gateway-Key: alice-secret\nCookie: gw=alice-secret"},
	} {
		f.Add(seed.carriers, seed.query, seed.header)
	}
	yes := auth.VerifierFunc(func(context.Context, auth.Credential) (auth.Caller, error) { return auth.Caller{ID: "!"}, nil })
	f.Fuzz(func(t *testing.T, bits uint8, query, lines string) {
		var carriers []auth.Carrier
		for i, c := range everyCarrier {
			if bits&(1<<i) != 0 {
				carriers = append(carriers, c)
			}
		}
		if carriers == nil {
			return
		}
		in := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/v1", RawQuery: query}, Header: http.Header{}}
		for line := range strings.SplitSeq(lines, "\n") {
			name, value, _ := strings.Cut(line, ":")
			in.Header[name] = append(in.Header[name], strings.TrimSpace(value))
		}
		before := snap(in)
		var out *http.Request
		w := httptest.NewRecorder()
		h := gateWith(t, yes, carriers...).Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { out = r }))
		h.ServeHTTP(w, in)
		if diff := cmp.Diff(before, snap(in)); diff != "" {
			t.Errorf("the inbound request changed (-before +after):\n%s", diff)
		}
		switch {
		case out == nil && (w.Code == 400 || w.Code == 401):
		case out == nil || w.Code != 200:
			t.Errorf("answered %d, handed on %v", w.Code, out)
		default:
			o := oracle{t: t, carriers: carriers}
			o.nothingLeft(out)
			if diff := cmp.Diff(o.others(in), o.others(out)); diff != "" {
				t.Errorf("what is no carrier changed (-in +out):\n%s", diff)
			}
		}
	})
}

// oracle reads requests on its own, with the standard library's parsers and in no hurry.
type oracle struct {
	t        *testing.T
	carriers []auth.Carrier
}

func (o oracle) has(kind, name string) bool {
	return slices.ContainsFunc(o.carriers, func(c auth.Carrier) bool { return c.String() == strings.TrimSpace(kind+" "+name) })
}

// scheme is what a lenient parser takes for the scheme of an Authorization field.
var scheme = regexp.MustCompile("^[ \\t]*([-!#$%&'*+.^_`|~0-9A-Za-z]*)")

// carries reports whether a header line of this name is a carrier's, and goes wholly.
func (o oracle) carries(name, value string) bool {
	switch name = textproto.CanonicalMIMEHeaderKey(name); name {
	case "Proxy-Authorization":
		return true
	case "Authorization":
		return o.has(strings.ToLower(scheme.FindStringSubmatch(value)[1]), "")
	}
	return o.has("header", name)
}

func (o oracle) nothingLeft(r *http.Request) {
	tidy := http.Request{Header: http.Header{}}
	for name, lines := range r.Header {
		for _, line := range lines {
			if o.carries(name, line) {
				o.t.Errorf("%s: %q is left", name, line)
			}
			tidy.Header.Add(name, line)
		}
	}
	for _, cookie := range tidy.Cookies() {
		if o.has("cookie", cookie.Name) {
			o.t.Errorf("cookie %s is left", cookie.Name)
		}
	}
	values, _ := url.ParseQuery(r.URL.RawQuery)
	for name := range values {
		if o.has("query", name) {
			o.t.Errorf("parameter %s is left in %q", name, r.URL.RawQuery)
		}
	}
}

// others lists all that is no carrier's: the header lines, the cookies and the parameters.
func (o oracle) others(r *http.Request) map[string][]string {
	all := map[string][]string{"path:": {r.URL.Path}} // no field has a colon in its name
	for name, lines := range r.Header {
		for _, line := range lines {
			switch {
			case textproto.CanonicalMIMEHeaderKey(name) == "Cookie":
				for member := range strings.SplitSeq(line, ";") {
					cookie, _, _ := strings.Cut(member, "=")
					if !o.has("cookie", strings.Trim(cookie, " \t")) && strings.Trim(member, " \t") != "" {
						all[name] = append(all[name], strings.Trim(member, " \t"))
					}
				}
			case !o.carries(name, line):
				all[name] = append(all[name], line)
			}
		}
	}
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err != nil || !o.has("query", decoded) {
			all["query:"] = append(all["query:"], pair)
		}
	}
	if slices.Equal(all["query:"], []string{""}) { // "key=x" and "key=x&" alike leave nothing
		delete(all, "query:")
	}
	return all
}

// FuzzParseKeys reads any text.
//
// Oracle: what is read makes a keyring, in which every key that is given by its secret verifies as its ID; and no
// mistake repeats a word of the text that could be a secret.
func FuzzParseKeys(f *testing.F) {
	f.Add("# keys\nalice=alice-secret\nbob=sha256:" + strings.Repeat("ab", 32) + "\n\nbob=second-secret expires=2027-01-31T00:00:00Z")
	f.Add("alice=alice-secret\r\nalice=alice-secret\n=x\nalice")
	f.Add("a=sha256:zz expires=\nb=\x00secret\nc=\u00a0secret x")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := auth.ParseKeys(strings.NewReader(text))
		if err != nil {
			for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r <= ' ' || r == '=' }) {
				if len(word) > 16 && strings.Contains(strings.ReplaceAll(err.Error(), "2027-01-31T00:00:00Z", ""), word) { // its own example
					t.Errorf("%q repeats %q", err, word)
				}
			}
			return
		}
		k := new(auth.Keyring)
		if err := k.Replace(keys...); err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if key.Secret.Empty() || !key.Expires.IsZero() {
				continue
			}
			c, err := k.Verify(t.Context(), auth.NewCredential("", "", key.Secret.Reveal()))
			if err != nil || c.ID != key.ID {
				t.Errorf("%q verifies as %q, %v", key.ID, c.ID, err)
			}
		}
	})
}
