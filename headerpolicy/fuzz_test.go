package headerpolicy

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http/httpguts"

	"github.com/headersafe/headersafe/internal/secret"
)

// canary stands for what must not be repeated in a message: it is part of every value that the fuzzer gives.
const canary = "cAnArY0123456789"

// fuzzHeader makes a header of lines "name:value". Names are canonical unless the line begins with "!".
func fuzzHeader(text string) http.Header {
	h := http.Header{}
	for line := range strings.SplitSeq(text, "\n") {
		name, value, _ := strings.Cut(line, ":")
		if raw, ok := strings.CutPrefix(name, "!"); ok {
			h[raw] = append(h[raw], value)
		} else {
			h.Add(name, value)
		}
	}
	return h
}

func fuzzConfig() Config {
	c := exchangeConfig()
	c.Request.Credentials[0].Optional = true
	c.Request.Require = nil
	return c
}

// named says, without the package's own code, whether a name of the output is one that fuzzConfig names.
func named(name string, exact []string, prefix string) bool {
	if slices.Contains(exact, name) {
		return true
	}
	rest, ok := strings.CutPrefix(name, prefix)
	return ok && !strings.ContainsAny(rest, "_.") && !strings.HasSuffix(strings.ToLower(rest), "api-key")
}

// FuzzRequest holds every decision against these oracles: what crosses is named, sound, and of the input or the
// policy; at most one credential crosses; an alias never does; deciding again changes nothing; the input is
// neither changed nor shared; the explained decision is the same; no value is in a message.
func FuzzRequest(f *testing.F) {
	f.Add("Accept:*/*\nX-Api-Key:"+canary, "beta=1", "")
	f.Add("Authorization:Bearer oat-"+canary+"\nX-List:a,b\nX_List:c", "tag=1&tag=2", "X-Gateway-Key")
	f.Add("Authorization:Bearer "+canary+"\nX-Api-Key:"+canary+"\nX_Api_Key:z", "", "")
	f.Add("!accept:"+canary+"\nAccept:b\nConnection:x-list,accept\n!connection:x-route", "ids[]=1&ids%5B%5D=2", "Accept")
	f.Add("Cookie:a="+canary+"; x=1; a=2\n!cookie:b=\"3", "f-x=%zz", "Cookie")
	f.Add("X-Stainless-Os:1\nX-Stainless-Api-Key:"+canary+"\nX-Stainless_Os:2\nX-Stainless-a.b:1\n!X-Stainless-\x00:1", "beta="+canary+"&beta=2", "X_A.b")
	f.Add("Content-Encoding:br\nX-Route:"+canary+"\nSession_id:1\nSession.Id:2\nX-Gateway_Key:"+canary, canary+"=1", "X-Gateway-Key")
	config := fuzzConfig()
	p := mustNew(f, config)
	exact := []string{"Accept", "Content-Type", "X-List", "Session_id", "Authorization", "X-Api-Key", "X-Route", "Cookie"}
	f.Fuzz(func(t *testing.T, text, query, consumed string) {
		in := RequestInput{Header: fuzzHeader(text), RawQuery: query}
		if consumed != "" {
			in.Consumed = []string{http.CanonicalHeaderKey(consumed)}
		}
		before := in.Header.Clone()
		d, err := p.Request(t.Context(), in)

		if err != nil {
			if len(d.Header) != 0 {
				t.Errorf("refused, and yet %v would cross", d.Header)
			}
			told := err.Error() + "\n" + d.String()
			if strings.Contains(told, canary) && !inNames(in) {
				t.Errorf("a value is told: %s", told)
			}
		}
		quick, _, refusal := p.decide(t.Context(), in, false)
		if (refusal == nil) != (err == nil) || !cmp.Equal(quick.Header, d.Header) {
			t.Errorf("explained and unexplained decisions differ: %v, %v", quick.Header, d.Header)
		}
		for name, lines := range d.Header {
			if !named(name, exact, "X-Stainless-") {
				t.Errorf("%q crosses and is not named", name)
			}
			if slices.Contains(in.Consumed, name) && name != "X-Route" && name != "Cookie" && name != "X-List" {
				t.Errorf("%s crosses, and auth consumed it", name)
			}
			for _, line := range lines {
				if !httpguts.ValidHeaderFieldValue(line) {
					t.Errorf("%s crosses with an invalid value %q", name, line)
				}
			}
			if lines := before[name]; name != "X-Route" && name != "X-List" && name != "Cookie" && len(lines) > 0 && !slices.Equal(lines, d.Header[name]) {
				t.Errorf("%s: %q crossed as %q", name, lines, d.Header[name])
			}
		}
		if d.Header["Authorization"] != nil && d.Header["X-Api-Key"] != nil {
			t.Error("two credentials cross")
		}
		if route := d.Header["X-Route"]; err == nil && !slices.Equal(route, []string{"alpha"}) {
			t.Errorf("the set field is %q", route)
		}
		if err == nil {
			checkQuery(t, query)
			again, err := p.Request(t.Context(), RequestInput{Header: d.Header, RawQuery: query})
			if err != nil || !cmp.Equal(d.Header, again.Header) {
				t.Errorf("not idempotent: %v: %s", err, cmp.Diff(d.Header, again.Header))
			}
		}
		for name, lines := range d.Header {
			for i := range lines {
				lines[i] = "overwritten"
			}
			d.Header[name] = append(lines, "appended")
		}
		if diff := cmp.Diff(before, in.Header); diff != "" {
			t.Errorf("the input changed: %s", diff)
		}
	})
}

// inNames reports whether the canary stands where a name belongs, which a message may repeat.
func inNames(in RequestInput) bool {
	for name := range in.Header {
		if strings.Contains(strings.ToLower(name), strings.ToLower(canary)) {
			return true
		}
	}
	for part := range strings.SplitSeq(in.RawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(name); err == nil && strings.Contains(decoded, canary) {
			return true
		}
	}
	return slices.ContainsFunc(in.Consumed, func(name string) bool {
		return strings.Contains(strings.ToLower(name), strings.ToLower(canary))
	})
}

// checkQuery holds a query that crosses against net/url: it parses, and has named parameters alone, once each where
// that is asked.
func checkQuery(t *testing.T, raw string) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		t.Errorf("the query %q crosses and does not parse: %v", raw, err)
	}
	for name, v := range values {
		switch {
		case name == "tag", name == "ids[]":
		case name == "beta" && len(v) == 1, strings.HasPrefix(name, "f-") && len(v) == 1:
		default:
			t.Errorf("the query %q crosses with %q, %d times", raw, name, len(v))
		}
	}
}

// FuzzResponse holds responses, through Wrap, against these oracles: what reaches the client is named or the gateway's
// own, and the secret that the policy set is in none of it, nor in the trailers.
func FuzzResponse(f *testing.F) {
	f.Add("Content-Type:a/b\nVary:x", 200)
	f.Add("Vary:"+topSecret+"\nX-Ratelimit-A:1\nSet-Cookie:a="+topSecret+"\nSet-Cookie:b=1", 404)
	f.Add("!content-type:a\nContent-Type:b\nTrailer:X-Digest\nX-Digest:1\n!Trailer:X-Sum-A:"+topSecret, 200)
	f.Add("Link:</a>\nLocation:"+url.QueryEscape(topSecret), 103)
	f.Add("Content-Encoding:br\nConnection:vary\nVary:a\nContent-Length:3", 304)
	f.Add("X-Ratelimit-"+topSecret+":1\nX_Ratelimit_A:1\nRetry-After:1\nRetry-After:2", 500)
	c := exchangeConfig()
	c.Request = Request{Set: []Set{{Name: "Authorization", Value: Secret(topSecret).WithScheme("Bearer")}}}
	p := mustNew(f, c)
	needle := secret.NewNeedle(secret.New(topSecret))
	exact := []string{
		"Content-Type", "Content-Length-Hint", "Location", "Retry-After", "Vary", "Set-Cookie", "Content-Length",
		"X-Outer", http.TrailerPrefix + "X-Digest",
	}
	denied := []string{"Cache-Control", "X-Content-Type-Options"}
	f.Fuzz(func(t *testing.T, text string, status int) {
		if status < 100 || status > 999 {
			return
		}
		w := httptest.NewRecorder()
		w.Header().Set("X-Outer", "1")
		p.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, lines := range fuzzHeader(text) {
				w.Header()[name] = lines
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte("body"))
		})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		refused := strings.Contains(w.Body.String(), `"status":502`) // the recorder takes a 1xx for the final status
		for name, lines := range w.Header() {
			ok := named(name, exact, "X-Ratelimit-") || named(name, nil, http.TrailerPrefix+"X-Sum-") ||
				refused && slices.Contains(denied, name)
			if !ok {
				t.Errorf("%q reaches the client and is not named", name)
			}
			if needle.InName(name) || slices.ContainsFunc(lines, needle.In) {
				t.Errorf("%q: %q holds the secret", name, lines)
			}
		}
		if w.Header().Get("X-Outer") != "1" {
			t.Error("the gateway's own field is gone")
		}
	})
}
