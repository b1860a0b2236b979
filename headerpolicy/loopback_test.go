package headerpolicy

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// protect starts a server with a ReverseProxy to the upstream, under the policy, inside a middleware that sets
// fields of its own.
func protect(t *testing.T, c Config, upstream string) string {
	t.Helper()
	target, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorLog: log.New(io.Discard, "", 0),
	}
	protected := mustNew(t, c).Wrap(proxy)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Outer", "stays")
		w.Header().Set("Vary", "Origin")
		protected.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// sorted returns field lines in order, without those that differ from run to run.
func sorted(fields rawhttp.Fields) []string {
	var out []string
	for _, line := range fields {
		if name, _, _ := strings.Cut(line, ":"); name != "Host" && name != "Date" {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

func TestReverseProxyRequest(t *testing.T) {
	upstream := rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.1 204 No Content\n\n"))
	gateway := protect(t, Config{Request: Request{
		Forward: []string{"Accept", "User-Agent", "session_id", "X-Stainless-*", "Accept-Encoding"},
		Set:     []Set{{Name: "Authorization", Value: Secret(topSecret).WithScheme("Bearer")}},
		Cookies: []string{"keep"},
		Query:   Query{Forward: []string{"beta"}},
	}}, upstream.URL())

	res := rawhttp.Do(t, gateway, "GET /v1/models?beta=%74rue HTTP/1.1\nHost: gateway\nAuthorization: Bearer the-callers-own\n"+
		"X-Api-Key: other\nCookie: gateway=1; keep=2\nx-stainless-os: Linux\nSESSION_ID: 7\nAccept: a\naccept: b\nProxy: http://evil\n"+
		"X-Forwarded-For: 1.2.3.4\nConnection: keep-alive, x-private\nX-Private: 1\nKeep-Alive: 5\nTE: trailers\nAccept-Encoding: identity\nUser-Agent: test\n\n")
	if res.Status() != 204 {
		t.Fatalf("got %s", res)
	}
	got := upstream.Requests()[0]
	want := []string{
		"Accept-Encoding: identity", "Accept: a", "Accept: b", "Authorization: Bearer " + topSecret,
		"Cookie: keep=2", "Session_id: 7", "User-Agent: test", "X-Stainless-Os: Linux",
	}
	if diff := cmp.Diff(want, sorted(got.Fields)); diff != "" {
		t.Error(diff)
	}
	if got.Target() != "/v1/models?beta=%74rue" {
		t.Errorf("the target is %s", got.Target())
	}
}

func TestReverseProxyRefuses(t *testing.T) {
	upstream := rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.1 204 No Content\n\n"))
	gateway := protect(t, Anthropic(), upstream.URL())
	const key = "X-Api-Key: sk-12345678\n"
	tests := []struct {
		name   string
		lines  string
		status int
		code   string
	}{
		{"R10", key + "Connection: x-api-key\n", 400, "nominated-field"},
		{"R11, several", key + "Connection:\nConnection: close\nconnection: , X-API-KEY\n", 400, "nominated-field"},
		{"R13", key + "X_Api_Key: other\n", 400, "alias"},
		{"R13, lower case", key + "x-api_key: other\n", 400, "alias"},
		{"R15", "Authorization: Bearer aaaaaa\nauthorization: Bearer bbbbbb\n", 400, "repeated-field"},
		{"R7", key + "Authorization: Bearer other-9876\n", 400, "competing-credentials"},
		{"none", "Accept: */*\n", 400, "missing-credential"},
		{"S9", "Authorization: NTLM TlRMTVNTUAAB\n", 400, "connection-bound-credential"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			res := rawhttp.Do(t, gateway, "GET / HTTP/1.1\nHost: gateway\n"+test.lines+"\n")
			if res.Status() != test.status || !strings.Contains(string(res.Body), `"`+test.code+`"`) {
				t.Errorf("got %s, want %d %s", res, test.status, test.code)
			}
		})
	}
	if upstream.Hits() != 0 {
		t.Errorf("%d requests reached the upstream", upstream.Hits())
	}
}

func TestReverseProxyResponse(t *testing.T) {
	upstream := rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.1 200 OK\nContent-Type: a/b\nServer: secret-version\nSet-Cookie: s=1\nSet-Cookie: keep=2; Path=/\n"+
		"Vary: Accept\nX-Outer: evil\nAlt-Svc: h3\nConnection: x-hop\nX-Hop: 1\nProxy-Authenticate: Basic\nX-Echo: Bearer "+topSecret+"\nX-Id: 7\nX_Id: 8\nContent-Length: 2\n\nok"))
	gateway := protect(t, Config{
		Request:  Request{Set: []Set{{Name: "Authorization", Value: Secret(topSecret).WithScheme("Bearer")}}},
		Response: Response{Forward: []string{"Content-Type", "Vary", "X-Outer", "X-Hop", "X-Echo", "X-Id"}, SetCookies: []string{"keep"}},
	}, upstream.URL())
	res := rawhttp.Do(t, gateway, "GET / HTTP/1.1\nHost: gateway\n\n")
	want := []string{"Content-Length: 2", "Content-Type: a/b", "Set-Cookie: keep=2; Path=/", "Vary: Accept", "Vary: Origin", "X-Id: 7", "X-Outer: stays"}
	if diff := cmp.Diff(want, sorted(res.Fields)); diff != "" || string(res.Body) != "ok" {
		t.Errorf("S1, S5, S8: %s%s", diff, res.Body)
	}
}

func TestReverseProxyAddsNothing(t *testing.T) {
	upstream := rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\n<html\n0\n\n"))
	gateway := protect(t, Config{}, upstream.URL())
	res := rawhttp.Do(t, gateway, "GET / HTTP/1.1\nHost: gateway\n\n")
	if diff := cmp.Diff([]string{"Transfer-Encoding: chunked", "Vary: Origin", "X-Outer: stays"}, sorted(res.Fields)); diff != "" {
		t.Errorf("a type was guessed, or something else was added: %s", diff)
	}
}

func TestReverseProxyInformational(t *testing.T) {
	upstream := rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.1 103 Early Hints\nLink: </a>\nX-Private: 1\nX-Echo: "+topSecret+"\n\n"+
		"HTTP/1.1 102 Processing\n\nHTTP/1.1 200 OK\nContent-Length: 0\n\n"))
	tests := []struct {
		name  string
		names []string
		want  [][]string
	}{
		{"S2: none named, none crosses", nil, nil},
		{"named", []string{"Link", "X-Echo"}, [][]string{{"Link: </a>"}, nil}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			gateway := protect(t, Config{
				Request:  Request{Set: []Set{{Name: "X-Key", Value: Secret(topSecret)}}},
				Response: Response{Informational: test.names},
			}, upstream.URL())
			res := rawhttp.Do(t, gateway, "GET / HTTP/1.1\nHost: gateway\n\n")
			var got [][]string
			for _, head := range res.Informational {
				got = append(got, sorted(head.Fields))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"Content-Length: 0", "Vary: Origin", "X-Outer: stays"}, sorted(res.Fields)); diff != "" {
				t.Errorf("S2: outer fields were wiped: %s", diff)
			}
		})
	}
}

func TestReverseProxyContinue(t *testing.T) {
	// Nobody but this hop asked the upstream for a 100, but if it comes it has no fields.
	upstream := rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.1 100 Continue\nX-Private: 1\n\nHTTP/1.1 204 No Content\n\n"))
	gateway := protect(t, Config{}, upstream.URL())
	res := rawhttp.Do(t, gateway, "GET / HTTP/1.1\nHost: gateway\n\n")
	for _, head := range res.Informational {
		if len(head.Fields) != 0 {
			t.Errorf("got %s", head)
		}
	}
	if res.Status() != 204 {
		t.Errorf("got %s", res)
	}
}

func TestReverseProxyResponseTrailers(t *testing.T) {
	const body = "Transfer-Encoding: chunked\n\n2\nok\n0\nX-Digest: d\nX-Private: p\nX-Echo: " + topSecret + "\nSet-Cookie: s=1\n\n"
	for name, reply := range map[string]string{
		"announced":   "HTTP/1.1 200 OK\nTrailer: X-Digest, X-Private, X-Echo\n" + body,
		"unannounced": "HTTP/1.1 200 OK\n" + body,
	} {
		t.Run(name, func(t *testing.T) {
			upstream := rawhttp.Upstream(t, rawhttp.Reply(reply))
			gateway := protect(t, Config{
				Request:  Request{Set: []Set{{Name: "X-Key", Value: Secret(topSecret)}}},
				Response: Response{Trailers: []string{"X-Digest", "X-Echo"}},
			}, upstream.URL())
			res := rawhttp.Do(t, gateway, "GET / HTTP/1.1\nHost: gateway\n\n")
			if diff := cmp.Diff(rawhttp.Fields{"X-Digest: d"}, res.Trailers); diff != "" || string(res.Body) != "ok" {
				t.Errorf("S3: %s%s", diff, res)
			}
		})
	}
}

func TestRequestTrailersThroughWrap(t *testing.T) {
	// ReverseProxy clones the request before its trailer has come; a handler that reads the body first sees it.
	const request = "POST / HTTP/1.1\nHost: gateway\nTransfer-Encoding: chunked\nTrailer: X-Digest, X-Private, X-Api-Key\n\n" +
		"2\nok\n0\nX-Digest: d\nX-Private: p\nX-Api-Key: k\nX-Late: l\n\n"
	for name, c := range map[string]Config{
		"named": {Request: Request{Trailers: []string{"X-Digest", "X-Late"}}},
		"none":  {},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after http.Header
			server := httptest.NewServer(mustNew(t, c).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				before = r.Trailer.Clone()
				if body, err := io.ReadAll(r.Body); err != nil || string(body) != "ok" {
					t.Errorf("got %q, %v", body, err)
				}
				after = r.Trailer
			})))
			t.Cleanup(server.Close)
			if res := rawhttp.Do(t, server.URL, request); res.Status() != 200 {
				t.Fatalf("got %s", res)
			}
			wantBefore, wantAfter := http.Header(nil), http.Header(nil)
			if name == "named" {
				wantBefore, wantAfter = http.Header{"X-Digest": nil}, http.Header{"X-Digest": {"d"}}
			}
			if diff := cmp.Diff(wantBefore, before) + cmp.Diff(wantAfter, after); diff != "" {
				t.Errorf("R16: %s", diff)
			}
		})
	}
}
