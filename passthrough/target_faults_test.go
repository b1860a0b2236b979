package passthrough_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
)

// anyQuery names every parameter.
var anyQuery = headers(headerpolicy.Config{Request: headerpolicy.Request{Query: headerpolicy.Query{Forward: []string{"*"}}}})

func runTargets(t *testing.T, o option, code string, targets ...string) {
	for _, target := range targets {
		t.Run(strings.ReplaceAll(target, "/", "|"), func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				g := newGateway(t, w.startUpstream(t, answer{}), o)
				r := g.do(w, call{target: target})
				if r.status == 0 || !strings.Contains(r.body, code) { // net/http's own server refused it
					if r.status == http.StatusOK || g.upstream.hits() != 0 {
						t.Errorf("got %v, and the upstream %v", r, g.upstream.seen())
					}
					if r.status != http.StatusBadRequest && r.err == nil {
						t.Errorf("got %v, want 400", r)
					}
					return
				}
				g.refused(r, 400, code)
			})
		})
	}
}

// runForwarded checks that targets cross as they came.
func runForwarded(t *testing.T, o option, targets ...string) {
	for _, target := range targets {
		t.Run(strings.ReplaceAll(target, "/", "|"), func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				g := newGateway(t, w.startUpstream(t, answer{}), o)
				g.crossed(g.do(w, call{target: target}), callerLine)
				if got := g.upstream.seen()[0].start; got != "POST "+target {
					t.Errorf("the upstream got %q, want %q", got, target)
				}
			})
		})
	}
}

func TestU1_UnparsableQuery(t *testing.T) {
	runTargets(t, anyQuery, "query-invalid", "/a?b=%zz", "/a?b=1;c=2", "/a?%=1", "/a?b=%0", "/a?b=\x7f", "/a?%ff=1", "/a?b%00=1")
	runTargets(t, anyQuery, "query-repeated", "/a?b=1&b=2", "/a?b=1&%62=2")
	runTargets(t, anyQuery, "query-not-named", "/a?access_token=x", "/a?%61pi_key=x", "/a?=1")
	runTargets(t, with(), "query-not-named", "/a?b=1", "/a?beta=true&x=1")
	runForwarded(t, anyQuery, "/a?b=1&c=%20+%26&d", "/a?", "/a?&b=1&&", "/a?b=%2F..%2F", "/a?x[]=1&x[]=2")
}

func TestU2_TooManyParameters(t *testing.T) {
	many := make([]string, 10_001)
	for i := range many {
		many[i] = "p" + strconv.Itoa(i)
	}
	for _, w := range []wire{{h1, h1}, {h2, h1}} {
		t.Run(w.client, func(t *testing.T) {
			g := newGateway(t, w.startUpstream(t, answer{}), anyQuery)
			g.refused(g.do(w, call{target: "/a?" + strings.Join(many, "&")}), 400, "query-too-many")
		})
	}
	runForwarded(t, anyQuery, "/a?"+strings.Join(many[:256], "&"))
}

func TestU3_Traversal(t *testing.T) {
	below := func(c *passthrough.Config) { c.Upstream.URL += "/base" }
	runTargets(t, below, "bad-target",
		"/../secret", "/a/../../secret", "/a/..", "/./a", "/a/.", "/%2e%2e/secret", "/a/%2E%2e%2fsecret", "/a/%2f..%2f..%2fsecret",
		"/a/..%2fsecret", "/a/%252e%252e/secret", "/..;/secret", "/a/..;x=y/secret", "/a/..%3b/secret", "/a\\..\\secret", "/a/%5c..%5csecret", "/a%5Csecret",
		"//evil.example/a", "///a", "/a//b", "/%2f/evil.example", "/%2fevil.example/a", "/a%2f%252fb", "/a%00", "/a%0d%0aX-Injected:1", "/a%2500", "/%25252525252e", "/a/..%20/b")
	for target, want := range map[string]string{
		"/v1/a%20b":             "/base/v1/a%20b",
		"/v1/a%2Fb":             "/base/v1/a%2Fb", // an encoded slash that climbs nowhere is the upstream's to read
		"/v1/...":               "/base/v1/...",
		"/v1/.hidden":           "/base/v1/.hidden",
		"/v1/@evil.example":     "/base/v1/@evil.example",
		"/@evil.example/a":      "/base/@evil.example/a",
		"/v1/models/a:b;c=d,e!": "/base/v1/models/a:b;c=d,e!",
		"/%E2%82%AC":            "/base/%E2%82%AC",
		"/":                     "/base/",
		"/base2/../x"[:6]:       "/base/base2", // below the base: never beside it
	} {
		t.Run(strings.ReplaceAll(target, "/", "|"), func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				g := newGateway(t, w.startUpstream(t, answer{}), below)
				g.crossed(g.do(w, call{target: target}), callerLine)
				if got := g.upstream.seen()[0].start; got != "POST "+want {
					t.Errorf("the upstream got %q, want %q", got, want)
				}
			})
		})
	}
}

func TestU3_PrefixBoundary(t *testing.T) {
	everywhere(t, func(t *testing.T, w wire) {
		g := newGateway(t, w.startUpstream(t, answer{}))
		mounted := &gateway{t: t, upstream: g.upstream}
		mux := http.NewServeMux()
		mux.Handle("/anthropic/", http.StripPrefix("/anthropic", g.route))
		mounted.serve(mux)
		for _, target := range []string{"/anthropicX/v1", "/anthropic%2f..%2fadmin", "/anthropic/..%2fadmin", "/anthropic@evil.example/v1"} {
			if r := mounted.do(w, call{target: target}); r.status == http.StatusOK {
				t.Errorf("%s: got %v", target, r)
			}
		}
		if hits := g.upstream.hits(); hits != 0 {
			t.Errorf("the upstream got %v", g.upstream.seen())
		}
		if r := mounted.do(w, call{target: "/anthropic/v1/messages"}); r.status != http.StatusOK {
			t.Errorf("got %v", r)
		}
		if got := g.upstream.seen()[0].start; got != "POST /v1/messages" {
			t.Errorf("the upstream got %q", got)
		}
	})
}

func TestU4_AbsoluteForm(t *testing.T) {
	runTargets(t, with(), "bad-target", "http://evil.example/v1/messages", "https://api.anthropic.com/v1/messages", "http://user@evil.example/", "mailto:a@b", "v1/messages", "*")
	t.Run("a lying Host", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			g := newGateway(t, w.startUpstream(t, answer{}))
			var r reply
			if w.client == h1 {
				res := rawhttp.Do(t, g.url, "POST /v1/messages HTTP/1.1\nHost: evil.example\n"+strings.Join(good, "\n")+"\n\n")
				r = reply{status: res.Status()}
			} else {
				fields := append([]string{":method: POST", ":scheme: https", ":authority: evil.example", ":path: /v1/messages"}, lowered(good)...)
				r = reply{status: rawhttp.DoH2(t, g.url, fields, "").Status()}
			}
			g.crossed(r, callerLine)
			if got := g.upstream.seen()[0].fields.Get("host"); "http://"+got != g.upstream.url {
				t.Errorf("Host: %q", got)
			}
		})
	})
	t.Run("two Hosts", func(t *testing.T) {
		w := wire{h1, h1}
		g := newGateway(t, w.startUpstream(t, answer{}))
		r := g.do(w, call{fields: []string{"Host: evil.example"}})
		if r.status != http.StatusBadRequest || g.upstream.hits() != 0 {
			t.Errorf("got %v", r)
		}
	})
}

func TestU5_Fragment(t *testing.T) {
	runTargets(t, with(), "bad-target", "/v1/messages#frag", "/#", "/v1#/../..")
	runTargets(t, anyQuery, "query-invalid", "/v1/messages?a=1#frag")
	runForwarded(t, with(), "/v1/messages%23frag")
}

func TestM1_ConnectIsRefused(t *testing.T) {
	smuggled := "GET /admin HTTP/1.1\r\nHost: x\r\n\r\n"
	t.Run("with a body over HTTP/2", func(t *testing.T) {
		for _, protocol := range []string{h1, h2} {
			w := wire{h2, protocol}
			g := newGateway(t, w.startUpstream(t, answer{}))
			s := rawhttp.DialH2(t, g.url).Open(false, append([]string{":method: CONNECT", ":authority: upstream:80"}, lowered(good)...)...)
			s.Data(true, smuggled)
			m := s.ReadMessage()
			g.refused(reply{status: m.Status(), body: string(m.Body)}, 405, "method-not-allowed")
		}
	})
	t.Run("extended, for a WebSocket over HTTP/2", func(t *testing.T) { // RFC 8441: not offered in the settings
		w := wire{h2, h1}
		g := newGateway(t, w.startUpstream(t, answer{}))
		s := rawhttp.DialH2(t, g.url).Open(false, append([]string{":method: CONNECT", ":protocol: websocket", ":scheme: http", ":path: /", ":authority: a"}, lowered(good)...)...)
		if m := s.ReadMessage(); m.Status() == http.StatusOK || g.upstream.hits() != 0 {
			t.Errorf("got %v", m)
		}
	})
	t.Run("HTTP/1.1", func(t *testing.T) {
		w := wire{h1, h1}
		for _, target := range []string{"upstream:80", "/v1/messages"} {
			g := newGateway(t, w.startUpstream(t, answer{}))
			g.refused(g.do(w, call{method: http.MethodConnect, target: target, body: smuggled}), 405, "method-not-allowed")
		}
	})
}

func TestM2_UpgradeToH2cIsIgnored(t *testing.T) {
	w := wire{h1, h1}
	t.Run("h2c", func(t *testing.T) {
		g := newGateway(t, w.startUpstream(t, answer{}))
		g.crossed(g.do(w, call{fields: []string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"}}), callerLine)
	})
	t.Run("the prior-knowledge preface inside a request is no request", func(t *testing.T) {
		g := newGateway(t, w.startUpstream(t, answer{}))
		g.do(w, call{fields: []string{"Connection: Upgrade", "Upgrade: h2c"}, body: http2.ClientPreface})
		if seen := g.upstream.seen(); len(seen) != 1 || seen[0].body != http2.ClientPreface {
			t.Errorf("the upstream got %v", seen)
		}
	})
	t.Run("the upstream switches unasked", func(t *testing.T) {
		noGoroutineLeft(t)
		closed := make(chan struct{})
		g := newGateway(t, upstreamOf(rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
			x.ReadBody()
			x.Send("HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: h2c\n\n")
			_, _ = x.AwaitClose()
			close(closed)
			x.Close()
		})))
		r := g.do(w, call{fields: []string{"Connection: Upgrade", "Upgrade: h2c"}})
		if e := g.record(); r.status != http.StatusBadGateway || e.Outcome != passthrough.UpstreamMalformed {
			t.Errorf("got %v, %v", r, e.Outcome)
		}
		<-closed
	})
	t.Run("websocket beside h2c", func(t *testing.T) {
		g := newGateway(t, w.startUpstream(t, answer{}), headers(headerpolicy.WebSocket()))
		g.refused(g.do(w, call{method: http.MethodGet, fields: []string{"Connection: Upgrade", "Upgrade: websocket, h2c", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}}), 400, "bad-upgrade")
	})
}

func TestM3_TraceIsRefused(t *testing.T) {
	everywhere(t, func(t *testing.T, w wire) {
		g := newGateway(t, w.startUpstream(t, answer{}))
		g.refused(g.do(w, call{method: http.MethodTrace}), 405, "method-not-allowed")
	})
	t.Run("the endpoint list cannot allow it", func(t *testing.T) {
		w := wire{h1, h1}
		g := newGateway(t, w.startUpstream(t, answer{}), func(c *passthrough.Config) { c.Endpoints = []string{"TRACE /v1/messages", "CONNECT /v1/messages"} })
		g.refused(g.do(w, call{method: http.MethodTrace}), 405, "method-not-allowed")
	})
}

func TestEndpoints(t *testing.T) {
	only := func(c *passthrough.Config) { c.Endpoints = []string{"POST /v1/messages", "GET /v1/models/{id}"} }
	runRefuse(t, []refuseCase{
		{"not listed", only, call{target: "/v1/files"}, 404, "unknown-endpoint"},
		{"below one that is listed", only, call{target: "/v1/messages/batches"}, 404, "unknown-endpoint"},
		{"another method", only, call{method: http.MethodDelete}, 405, "method-not-allowed"},
	})
	everywhere(t, func(t *testing.T, w wire) {
		g := newGateway(t, w.startUpstream(t, answer{}), only)
		g.crossed(g.do(w, call{method: http.MethodGet, target: "/v1/models/a%2Fb"}), callerLine)
		if e := g.record(); e.Endpoint != "GET /v1/models/{id}" || e.Path != "/v1/models/a%2Fb" {
			t.Errorf("endpoint %q, path %q", e.Endpoint, e.Path)
		}
		if r := g.do(w, call{method: http.MethodPut}); r.status != http.StatusMethodNotAllowed || r.fields.Get("Allow") != "POST" {
			t.Errorf("got %v, want Allow: POST", r)
		}
	})
}
