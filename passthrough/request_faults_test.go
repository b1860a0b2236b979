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

func TestR10_ConnectionNominatesASetField(t *testing.T) {
	merging := headers(headerpolicy.Config{Request: headerpolicy.Request{
		Merge:   []headerpolicy.Merge{{Name: "Anthropic-Beta", Member: "oauth-2025-04-20"}},
		Require: []string{"Anthropic-Version"},
	}})
	version := "Anthropic-Version: 2023-06-01"
	for _, c := range []struct {
		name string
		with option
		call call
	}{
		{"a set field", injecting, call{fields: []string{"Connection: Authorization"}}},
		{"a set field, among others", injecting, call{fields: []string{"Connection: close, X-App, authorization"}}},
		{"a credential", merging, call{fields: []string{version, "Connection: authorization"}}},
		{"a merged field", merging, call{fields: []string{version, "Connection: anthropic-beta"}}},
		{"a required field", merging, call{fields: []string{version, "Connection: Anthropic-Version"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := wire{h1, h1}
			g := newGateway(t, w.startUpstream(t, answer{}), c.with)
			g.refused(g.do(w, c.call), 400, "nominated-field")
		})
	}
	t.Run("a field that crosses as it came may be nominated", func(t *testing.T) {
		w := wire{h1, h1}
		g := newGateway(t, w.startUpstream(t, answer{}))
		g.crossed(g.do(w, call{fields: []string{"X-App: cli", "Connection: x-app"}}), callerLine)
	})
	t.Run("the gateway's key stays consumed", func(t *testing.T) {
		w := wire{h1, h1}
		g := newGateway(t, w.startUpstream(t, answer{}))
		g.crossed(g.do(w, call{fields: []string{"Connection: X-Gateway-Key"}}), callerLine)
	})
	t.Run("Connection does not exist in HTTP/2", func(t *testing.T) {
		w := wire{h2, h1}
		g := newGateway(t, w.startUpstream(t, answer{}), injecting)
		if r := g.do(w, call{fields: []string{"Connection: authorization"}}); r.status == http.StatusOK {
			t.Errorf("got %v", r)
		}
		if hits := g.upstream.hits(); hits != 0 {
			t.Errorf("the upstream got %d requests", hits)
		}
	})
}

func TestR11_SeveralConnectionLines(t *testing.T) {
	for _, c := range []struct {
		name   string
		fields []string
		want   []string // besides the credential
	}{
		{"two lines", []string{"Connection: X-App", "Connection: X-Stainless-Os", "X-App: 1", "X-Stainless-Os: 2"}, nil},
		{"the first empty", []string{"Connection: ", "Connection: X-App", "X-App: 1"}, nil},
		{"lower case", []string{"connection: x-app", "X-App: 1"}, nil},
		{"empty members", []string{"Connection: ,, x-app ,", "X-App: 1"}, nil},
		{"tabs", []string{"Connection: close,\tx-app", "X-App: 1"}, nil},
		{"not nominated", []string{"Connection: keep-alive", "Keep-Alive: timeout=5", "X-App: 1"}, []string{"x-app: 1"}},
		{"hop-by-hop without being nominated", []string{"Keep-Alive: 1", "Proxy-Connection: close", "Te: gzip", "Upgrade: h2c", "Http2-Settings: AAMAAABk"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := wire{h1, h1}
			g := newGateway(t, w.startUpstream(t, answer{}))
			g.crossed(g.do(w, call{fields: c.fields}), append(c.want, callerLine)...)
		})
	}
}

func TestR12_XForwarded(t *testing.T) {
	spoofed := []string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil", "X-Real-Ip: 127.0.0.1", "Forwarded: for=127.0.0.1", "Via: 1.1 x"}
	runCross(t, []crossCase{
		{"spoofed", nil, call{fields: spoofed}, []string{callerLine}},
		{"none is added", nil, call{}, []string{callerLine}},
		{"named: as they came, nothing appended", headers(headerpolicy.Config{Request: headerpolicy.Request{Forward: []string{"X-Forwarded-For"}}}),
			call{fields: spoofed}, []string{callerLine, "x-forwarded-for: 127.0.0.1"}},
		{"named, and not sent", headers(headerpolicy.Config{Request: headerpolicy.Request{Forward: []string{"X-Forwarded-*"}}}),
			call{}, []string{callerLine}},
	})
}

func TestR13_Aliases(t *testing.T) {
	another := func(name string) call { return call{fields: []string{name + ": something-else-1"}} }
	runRefuse(t, []refuseCase{
		{"X_Api_Key", nil, another("X_Api_Key"), 400, "alias"},
		{"X.Api.Key", nil, another("X.Api.Key"), 400, "alias"},
		{"x-api_key", nil, another("x-api_key"), 400, "alias"},
		{"X_Gateway_Key", nil, another("X_Gateway_Key"), 400, "alias"},
		{"X.Gateway-Key", nil, another("X.Gateway-Key"), 400, "alias"},
		{"an alias of a forwarded field", nil, another("Anthropic_Beta"), 400, "alias"},
		{"an alias of a credential that is not named", nil, another("Api_Key"), 400, "alias"},
		{"the only carrier there is", nil, call{bare: true, fields: []string{"X_Gateway_Key: " + gatewayKey, good[1]}}, 400, "alias"},
		{"the alias holds the key", nil, call{fields: []string{"X_Gateway_Key: " + gatewayKey}}, 400, "alias"},
	})
	runCross(t, []crossCase{{"an alias of nothing", nil, another("X_Whatever"), []string{callerLine}}})
}

func TestR14_SetReplacesWhatTheCallerSent(t *testing.T) {
	runCross(t, []crossCase{
		{"one line", injecting, call{}, []string{upstreamLine}},
		{"two lines", injecting, call{fields: []string{"authorization: Basic abc", "AUTHORIZATION: x"}}, []string{upstreamLine}},
		{"none", injecting, call{bare: true, fields: good[:1]}, []string{upstreamLine}},
		{"empty", injecting, call{bare: true, fields: []string{good[0], "Authorization:"}}, []string{upstreamLine}},
	})
}

func TestR15_RepeatedAuthorization(t *testing.T) {
	runRefuse(t, []refuseCase{
		{"two of the caller's own", nil, call{fields: []string{"Authorization: Bearer another-token-1"}}, 400, "repeated-field"},
		{"the same twice", nil, call{fields: []string{good[1]}}, 400, "repeated-field"},
		{"the key and another, as a carrier", with(injecting, carriers(auth.Bearer())),
			call{bare: true, fields: []string{"Authorization: Bearer " + gatewayKey, good[1]}}, 400, "ambiguous-credential"},
		{"joined by a comma, as a carrier", with(injecting, carriers(auth.Bearer())),
			call{bare: true, fields: []string{"Authorization: Bearer " + gatewayKey + ", Bearer " + callerToken}}, 400, "ambiguous-credential"},
		{"the gateway's field twice", nil, call{fields: []string{"x-gateway-key: another-key-1"}}, 400, "ambiguous-credential"},
	})
}

func TestR16_RequestTrailers(t *testing.T) {
	named := headers(headerpolicy.Config{Request: headerpolicy.Request{Trailers: []string{"X-Checksum", "X-Note"}}})
	for _, c := range []struct {
		name string
		with option
		call call
		want []string
	}{
		{"credentials, announced", nil, call{trailers: []string{"X-Gateway-Key: " + gatewayKey, "X-Api-Key: secret-in-trailer", "Api-Key: secret-in-trailer"}}, nil},
		{"credentials, not announced", nil, call{unannounced: true, trailers: []string{"X-Gateway-Key: " + gatewayKey, "Authorization: Bearer secret-in-trailer"}}, nil},
		{"beside one that is named", named, call{trailers: []string{"X-Api-Key: secret-in-trailer", "X-Checksum: abc", "X-Other: 1"}}, []string{"x-checksum: abc"}},
		{"named, not announced", named, call{unannounced: true, trailers: []string{"X-Checksum: abc"}}, nil},
		{"named twice", named, call{trailers: []string{"X-Checksum: abc", "X-Note: def"}}, []string{"x-checksum: abc", "x-note: def"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				var options []option
				if c.with != nil {
					options = append(options, c.with)
				}
				g := newGateway(t, w.startUpstream(t, answer{}), options...)
				c.call.body = "{}"
				if r := g.do(w, c.call); r.status != http.StatusOK {
					t.Fatalf("got %v", r)
				}
				a := g.upstream.seen()[0]
				if strings.Contains(a.String(), "secret-in-trailer") {
					t.Errorf("a credential crossed:\n%v", a)
				}
				if diff := difference(c.want, sortedFields(a.trailers)); diff != "" {
					t.Errorf("trailers (-want +got):\n%s", diff)
				}
				g.keeps()
			})
		})
	}
	for _, line := range []string{"Authorization: Bearer secret-in-trailer", "Cookie: secret-in-trailer", "Content-Length: 5", "Host: secret-in-trailer"} {
		name, _, _ := strings.Cut(line, ":")
		t.Run(name+" is no trailer at all", func(t *testing.T) { // RFC 9110 section 6.5.1
			everywhere(t, func(t *testing.T, w wire) {
				g := newGateway(t, w.startUpstream(t, answer{}))
				g.do(w, call{body: "{}", trailers: []string{line}}) // net/http refuses such a request itself, or drops the field
				for _, a := range g.upstream.seen() {
					if len(a.trailers) > 0 || strings.Contains(a.String(), "secret-in-trailer") {
						t.Errorf("it crossed:\n%v", a)
					}
				}
				g.keeps()
			})
		})
	}
	t.Run("one that is named holds the gateway's key", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			g := newGateway(t, w.startUpstream(t, answer{}), named)
			g.do(w, call{body: "{}", trailers: []string{"X-Checksum: " + gatewayKey}})
			if e := g.record(); e.Outcome != passthrough.SealedBody {
				t.Errorf("outcome %v, want %v", e.Outcome, passthrough.SealedBody)
			}
			g.keeps()
		})
	})
}

// sortedFields is field lines sorted, names in lower case; nil where there are none.
func sortedFields(fields rawhttp.Fields) []string {
	var out []string
	for _, line := range fields {
		name, value, _ := strings.Cut(line, ": ")
		out = append(out, strings.ToLower(name)+": "+strings.TrimSpace(value))
	}
	slices.Sort(out)
	return out
}

func TestR17_ProxyField(t *testing.T) {
	runCross(t, []crossCase{{"dropped", nil, call{fields: []string{"Proxy: http://evil.example:3128"}}, []string{callerLine}}})
}

func TestR18_ControlFieldsOfOtherGateways(t *testing.T) {
	runCross(t, []crossCase{{"dropped", nil, call{fields: []string{"X-Portkey-Config: {\"retry\":5}", "X-Portkey-Provider: openai", "X-Litellm-Tags: a",
		"Helicone-Auth: Bearer x", "X-Envoy-Retry-On: 5xx", "X-Http-Method-Override: DELETE", "X-Original-Url: /admin", "X-Rewrite-Url: /admin"}}, []string{callerLine}}})

	t.Run("a gateway behind a gateway gets the key of its own alone", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			second := newGateway(t, w.startUpstream(t, answer{}), func(c *passthrough.Config) {
				keys, err := auth.NewKeyring(auth.Key{ID: "first", Secret: auth.NewSecret(upstreamKey)})
				if err != nil {
					t.Fatal(err)
				}
				c.Auth.Verifier = keys
			})
			first := newGateway(t, &upstream{url: second.url, hits: second.upstream.hits, seen: second.upstream.seen}, headers(headerpolicy.Config{Request: headerpolicy.Request{
				Set: []headerpolicy.Set{{Name: "X-Gateway-Key", Value: headerpolicy.Secret(upstreamKey)}}}}))
			first.crossed(first.do(w, call{}), callerLine)
			if e := second.record(); e.Caller != "first" {
				t.Errorf("the second gateway saw %q", e.Caller)
			}
		})
	})
}
