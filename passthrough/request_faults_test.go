package passthrough_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/http2"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// crossed checks that exactly one request, with exactly these fields, reached the upstream, and that every secret
// kept to its place.
func (g *gateway) crossed(r reply, want ...string) {
	g.t.Helper()
	if r.status != http.StatusOK {
		g.t.Errorf("got %v, want 200", r)
	}
	seen := g.upstream.seen()
	if len(seen) != 1 {
		g.t.Fatalf("the upstream got %d requests, want 1: %v", len(seen), seen)
	}
	slices.Sort(want)
	if diff := difference(want, seen[0].sent()); diff != "" {
		g.t.Errorf("what crossed (-want +got):\n%s", diff)
	}
	g.keeps()
}

// crossCase is a request and what of it must reach the upstream.
type crossCase struct {
	name string
	with option
	call call
	want []string
}

func runCross(t *testing.T, cases []crossCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				var options []option
				if c.with != nil {
					options = append(options, c.with)
				}
				g := newGateway(t, w.startUpstream(t, answer{}), options...)
				g.crossed(g.do(w, c.call), c.want...)
			})
		})
	}
}

// refuseCase is a request that must not leave, and how it is answered.
type refuseCase struct {
	name   string
	with   option
	call   call
	status int
	code   string
}

func runRefuse(t *testing.T, cases []refuseCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				var options []option
				if c.with != nil {
					options = append(options, c.with)
				}
				g := newGateway(t, w.startUpstream(t, answer{}), options...)
				g.refused(g.do(w, c.call), c.status, c.code)
			})
		})
	}
}

// with joins options.
func with(options ...option) option {
	return func(c *passthrough.Config) {
		for _, change := range options {
			change(c)
		}
	}
}

const (
	callerLine   = "authorization: Bearer " + callerToken
	upstreamLine = "authorization: Bearer " + upstreamKey
)

func TestR1_GatewayKeyInAuthorization(t *testing.T) {
	runCross(t, []crossCase{
		{"replaced by the gateway's own", with(injecting, carriers(auth.Bearer())),
			call{bare: true, fields: []string{"Authorization: Bearer " + gatewayKey}}, []string{upstreamLine}},
		{"scheme in another case", with(injecting, carriers(auth.Bearer())),
			call{bare: true, fields: []string{"authorization: bEARER " + gatewayKey}}, []string{upstreamLine}},
		{"removed beside the caller's X-Api-Key", carriers(auth.Bearer()),
			call{bare: true, fields: []string{"Authorization: Bearer " + gatewayKey, "X-Api-Key: " + callerToken}}, []string{"x-api-key: " + callerToken}},
	})
	runRefuse(t, []refuseCase{
		{"forwarded as if it were the caller's own", nil,
			call{bare: true, fields: []string{"X-Gateway-Key: " + gatewayKey, "Authorization: Bearer " + gatewayKey}}, 400, "sealed"},
	})
}

func TestR2_GatewayKeyField(t *testing.T) {
	runCross(t, []crossCase{
		{"bare", nil, call{}, []string{callerLine}},
		{"after Bearer", nil, call{bare: true, fields: []string{"X-Gateway-Key: Bearer " + gatewayKey, good[1]}}, []string{callerLine}},
		{"named by a prefix of the policy", headers(headerpolicy.Config{Request: headerpolicy.Request{Forward: []string{"X-*"}}}),
			call{fields: []string{"X-Trace: 1"}}, []string{callerLine, "x-trace: 1"}},
	})
}

func TestR3_SameKeyInAnUnexpectedCarrier(t *testing.T) {
	second := func(line string) call { return call{fields: []string{line}} }
	runRefuse(t, []refuseCase{
		{"a forwarded field", nil, second("X-App: " + gatewayKey), 400, "sealed"},
		{"inside a longer value", nil, second("User-Agent: cli/1 (" + gatewayKey + ")"), 400, "sealed"},
		{"percent-encoded", nil, second("X-App: " + strings.ReplaceAll(gatewayKey, "-", "%2d")), 400, "sealed"},
		{"percent-encoded twice", nil, second("X-App: " + strings.ReplaceAll(gatewayKey, "-", "%252D")), 400, "sealed"},
		{"in base64", nil, second("X-App: " + base64.StdEncoding.EncodeToString([]byte("a:"+gatewayKey))), 400, "sealed"},
		{"in base64 for URLs", nil, second("X-App: " + base64.RawURLEncoding.EncodeToString([]byte("??"+gatewayKey+">"))), 400, "sealed"},
		{"under a prefix", nil, second("X-Stainless-Key: " + gatewayKey), 400, "sealed"},
		{"in a field's name", nil, second("X-Stainless-" + gatewayKey + ": 1"), 400, "sealed"},
		{"in a member of a merged list", nil, second("Anthropic-Beta: a, " + gatewayKey), 400, "sealed"},
		{"as the caller's own credential", nil, call{bare: true, fields: []string{good[0], "X-Api-Key: " + gatewayKey}}, 400, "sealed"},
		{"in both, as apiKeyHelper sends it", nil,
			call{bare: true, fields: []string{good[0], "X-Api-Key: " + gatewayKey, "Authorization: Bearer " + gatewayKey}}, 400, "sealed"},
	})
	runCross(t, []crossCase{
		{"a field that is not named", nil, second("X-Litellm-Api-Key: " + gatewayKey), []string{callerLine}},
		{"a cookie that is not named", nil, second("Cookie: key=" + gatewayKey), []string{callerLine}},
		{"Proxy-Authorization", nil, second("Proxy-Authorization: Bearer " + gatewayKey), []string{callerLine}},
		{"two carriers that agree", with(injecting, carriers(auth.Header("X-Gateway-Key"), auth.Bearer())),
			call{bare: true, fields: []string{good[0], "Authorization: Bearer " + gatewayKey}}, []string{upstreamLine}},
	})
}

func TestR4_UnrelatedSecrets(t *testing.T) {
	var fields []string
	for _, name := range []string{"Api-Key", "X-Goog-Api-Key", "Cookie", "X-Amz-Security-Token", "X-Auth-Token", "Private-Token", "Set-Cookie", "Authentication"} {
		fields = append(fields, name+": unrelated-secret-1")
	}
	runCross(t, []crossCase{
		{"none is named", nil, call{fields: fields}, []string{callerLine}},
		{"a prefix does not name them", headers(headerpolicy.Config{Request: headerpolicy.Request{Forward: []string{"X-*", "A*"}}}),
			call{fields: fields}, []string{callerLine}},
	})
}

func TestR5_UpstreamKeyMissing(t *testing.T) {
	set := func(s headerpolicy.Source) option {
		return func(c *passthrough.Config) {
			c.Headers.Request.Credentials = nil
			c.Headers = c.Headers.With(headerpolicy.Config{Request: headerpolicy.Request{Set: []headerpolicy.Set{{Name: "Authorization", Value: s.WithScheme("Bearer")}}}})
		}
	}
	value := func(v string, err error) option {
		return set(headerpolicy.Func(func(context.Context) (string, error) { return v, err }))
	}
	runRefuse(t, []refuseCase{
		{"the source fails", value("", errors.New("vault is sealed: "+upstreamKey)), call{}, 503, "secret-unavailable"},
		{"empty", value("", nil), call{}, 503, "secret-unavailable"},
		{"None", value("None", nil), call{}, 503, "secret-unavailable"},
		{"a placeholder", value("os.environ/UPSTREAM_KEY", nil), call{}, 503, "secret-unavailable"},
	})
	for _, s := range []headerpolicy.Source{headerpolicy.Env("HEADERSAFE_TEST_UNSET"), headerpolicy.Secret(""), headerpolicy.Secret("None"), headerpolicy.Secret("os.environ/KEY")} {
		g := &gateway{t: t}
		cfg := g.config(&upstream{url: "http://127.0.0.1:1"})
		set(s)(&cfg)
		if _, err := passthrough.New(cfg); err == nil || !strings.Contains(err.Error(), "Request.Set") {
			t.Errorf("New with %v: error %v, want one about Request.Set", s, err)
		}
	}
}

func TestR6_CallersTokenGoesToOnePlace(t *testing.T) {
	t.Run("not to another provider's route", func(t *testing.T) {
		runCross(t, []crossCase{{"the gateway's key is sent", injecting, call{}, []string{upstreamLine}}})
	})
	t.Run("not to another host", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			elsewhere := w.startUpstream(t, answer{})
			host := strings.TrimPrefix(elsewhere.url, "http://")
			g := newGateway(t, w.startUpstream(t, answer{}))
			g.crossed(g.do(w, call{fields: []string{"X-Forwarded-Host: " + host, "Forwarded: host=" + host, "X-Upstream: " + elsewhere.url,
				"X-Original-Url: " + elsewhere.url}}), callerLine)
			if elsewhere.hits() != 0 {
				t.Errorf("another host got %v", elsewhere.seen())
			}
			if got, want := g.upstream.seen()[0].fields.Get("host"), strings.TrimPrefix(g.upstream.url, "http://"); got != want {
				t.Errorf("Host %q, want %q", got, want)
			}
		})
	})
	t.Run("a kind of token that the policy does not accept", func(t *testing.T) {
		onlyOAuth := func(c *passthrough.Config) {
			c.Headers.Request.Credentials = []headerpolicy.Credential{{OneOf: []headerpolicy.CredentialField{
				{Name: "Authorization", Accept: headerpolicy.BearerPrefix("sk-ant-oat01-")}}}}
		}
		runRefuse(t, []refuseCase{{"another provider's", onlyOAuth,
			call{bare: true, fields: []string{good[0], "Authorization: Bearer sk-proj-123456789"}}, 403, "credential-not-accepted"}})
		runCross(t, []crossCase{{"the one", onlyOAuth, call{}, []string{callerLine}}})
	})
}

func TestR7_CompetingCredentials(t *testing.T) {
	both := call{fields: []string{"X-Api-Key: sk-ant-api03-another-one"}}
	runRefuse(t, []refuseCase{
		{"two that differ", nil, both, 400, "competing-credentials"},
		{"none", nil, call{bare: true, fields: good[:1]}, 400, "missing-credential"},
		{"an empty one", nil, call{bare: true, fields: []string{good[0], "Authorization: Bearer"}}, 400, "missing-credential"},
	})
	runCross(t, []crossCase{
		{"the same twice, as apiKeyHelper sends it", nil, call{fields: []string{"X-Api-Key: " + callerToken}}, []string{callerLine}},
		{"the policy prefers the first", func(c *passthrough.Config) { c.Headers.Request.Credentials[0].PreferFirst = true }, both, []string{callerLine}},
	})
}

func TestR8_RetryAddsNothing(t *testing.T) {
	request := call{method: http.MethodGet, fields: []string{"Cookie: a=b", "X-Forwarded-For: 10.0.0.1", "X-Other: 1", "User-Agent: cli/1"}}
	want := []string{callerLine, "user-agent: cli/1"}
	check := func(t *testing.T, g *gateway, hits int) {
		t.Helper()
		seen := g.upstream.seen()
		if len(seen) != hits {
			t.Errorf("%d requests reached the upstream, want %d", len(seen), hits)
		}
		for i, a := range seen {
			if diff := difference(want, a.sent()); diff != "" {
				t.Errorf("request %d (-want +got):\n%s", i, diff)
			}
		}
		g.keeps()
	}
	for _, client := range []string{h1, h2} {
		t.Run(client+" to HTTP/1.1: the kept connection breaks", func(t *testing.T) {
			noGoroutineLeft(t)
			var mu sync.Mutex
			served := map[int]int{}
			upstream := upstreamOf(rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
				conn := x.ReadBody().Conn
				mu.Lock()
				served[conn]++
				second := served[conn] == 2
				mu.Unlock()
				if second {
					x.Close()
					return
				}
				x.Send("HTTP/1.1 200 OK\nContent-Length: 2\n\n{}")
			}))
			g, w := newGateway(t, upstream), wire{client: client}
			for range 2 {
				if r := g.do(w, request); r.status != http.StatusOK {
					t.Errorf("got %v", r)
				}
			}
			check(t, g, 3)
		})
		t.Run(client+" to HTTP/2: the stream is refused", func(t *testing.T) {
			noGoroutineLeft(t)
			first := make(chan struct{}, 1)
			first <- struct{}{}
			g := newGateway(t, upstreamOfH2(rawhttp.UpstreamH2(t, func(s *rawhttp.Stream) {
				select {
				case <-first:
					s.Reset(http2.ErrCodeRefusedStream)
				default:
					answer{}.sendH2(s)
				}
			})))
			if r := g.do(wire{client: client}, request); r.status != http.StatusOK {
				t.Errorf("got %v", r)
			}
			check(t, g, 2)
		})
	}
}

func TestR9_GatewayKeyInQueryCookieBasicBody(t *testing.T) {
	basic := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("alice:"+gatewayKey))
	cookie := headers(headerpolicy.Config{Request: headerpolicy.Request{Cookies: []string{"theme"}}})
	runCross(t, []crossCase{
		{"a query carrier", carriers(auth.Query("gw")), call{bare: true, target: "/v1/messages?beta=true&gw=" + gatewayKey, fields: good[1:]}, []string{callerLine}},
		{"a query carrier, encoded", carriers(auth.Query("gw")), call{bare: true, target: "/v1/messages?%67w=" + strings.ReplaceAll(gatewayKey, "-", "%2D"), fields: good[1:]}, []string{callerLine}},
		{"a cookie carrier", with(cookie, carriers(auth.Cookie("gw"))),
			call{bare: true, fields: []string{"Cookie: theme=dark; gw=" + gatewayKey + "; other=1", good[1]}}, []string{callerLine, "cookie: theme=dark"}},
		{"a basic carrier", with(injecting, carriers(auth.Basic())), call{bare: true, fields: []string{basic}}, []string{upstreamLine}},
		{"a proxy carrier", carriers(auth.ProxyAuthorization()), call{bare: true, fields: []string{"Proxy-" + basic, good[1]}}, []string{callerLine}},
	})
	runRefuse(t, []refuseCase{
		{"a forwarded parameter", nil, call{target: "/v1/messages?beta=" + gatewayKey}, 400, "sealed"},
		{"a forwarded parameter, encoded", nil, call{target: "/v1/messages?beta=" + url.QueryEscape(strings.ReplaceAll(gatewayKey, "-", "%2D"))}, 400, "sealed"},
		{"a parameter that is not named", nil, call{target: "/v1/messages?key=" + gatewayKey}, 400, "query-not-named"},
		{"a parameter's name", headers(headerpolicy.Config{Request: headerpolicy.Request{Query: headerpolicy.Query{Forward: []string{"*"}}}}),
			call{target: "/v1/messages?" + gatewayKey + "=1"}, 400, "sealed"},
		{"the path", nil, call{target: "/v1/" + gatewayKey}, 400, "sealed"},
		{"the path, encoded", nil, call{target: "/v1/" + strings.ReplaceAll(gatewayKey, "-", "%2D")}, 400, "sealed"},
		{"a forwarded cookie", cookie, call{fields: []string{"Cookie: theme=" + gatewayKey}}, 400, "sealed"},
		{"basic credentials of the caller's own", nil, call{bare: true, fields: []string{good[0], basic}}, 400, "sealed"},
	})
	t.Run("the body", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			g := newGateway(t, w.startUpstream(t, answer{}))
			r := g.do(w, call{body: `{"key":"` + gatewayKey + `"}`})
			if r.status != http.StatusBadRequest || !strings.Contains(r.body, `"code":"sealed"`) {
				t.Errorf("got %v, want 400 sealed", r)
			}
			if e := g.record(); e.Outcome != passthrough.SealedBody {
				t.Errorf("outcome %v, want %v", e.Outcome, passthrough.SealedBody)
			}
			g.keeps()
		})
	})
}
