package passthrough_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

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
