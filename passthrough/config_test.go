package passthrough_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// fields lists the fields that err's mistakes are in.
func mistakes(err error) []string {
	var out []string
	var walk func(error)
	walk = func(err error) {
		switch e := err.(type) {
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				walk(inner)
			}
		case *passthrough.ConfigError:
			out = append(out, e.Field)
		case *auth.ConfigError:
			out = append(out, "auth "+e.Field)
		case *headerpolicy.ConfigError:
			out = append(out, "headers "+e.Field)
		default:
			out = append(out, fmt.Sprintf("%T", err))
		}
	}
	if err != nil {
		walk(err)
	}
	return out
}

func TestForwarderConfig(t *testing.T) {
	insecure := &tls.Config{InsecureSkipVerify: true}
	at := func(u string) passthrough.ForwarderConfig {
		return passthrough.ForwarderConfig{Upstream: passthrough.Upstream{URL: u}}
	}
	upstream := func(u passthrough.Upstream) passthrough.ForwarderConfig {
		return passthrough.ForwarderConfig{Upstream: u}
	}
	for _, c := range []struct {
		name string
		cfg  passthrough.ForwarderConfig
		want []string
	}{
		{"https", at("https://api.example"), nil},
		{"https with a port and a path", at("https://api.example:8443/llm/"), nil},
		{"loopback without TLS", at("http://127.0.0.1:8080"), nil},
		{"loopback without TLS, IPv6", at("http://[::1]:8080"), nil},
		{"localhost without TLS", at("http://localhost"), nil},
		{"nothing", passthrough.ForwarderConfig{}, []string{"Upstream.URL"}},
		{"no host", at("https://"), []string{"Upstream.URL"}},
		{"no scheme", at("api.example"), []string{"Upstream.URL"}},
		{"another scheme", at("ftp://api.example"), []string{"Upstream.URL"}},
		{"not a URL", at("https://api example/%zz"), []string{"Upstream.URL"}},
		{"user information", at("https://user:" + upstreamKey + "@api.example"), []string{"Upstream.URL"}},
		{"a query", at("https://api.example?key=" + upstreamKey), []string{"Upstream.URL"}},
		{"an empty query", at("https://api.example?"), []string{"Upstream.URL"}},
		{"a fragment", at("https://api.example#"), []string{"Upstream.URL"}},
		{"a climbing path", at("https://api.example/a/../b"), []string{"Upstream.URL"}},
		{"plaintext", at("http://api.example"), []string{"Upstream.URL"}},
		{"plaintext to a private network", at("http://10.0.0.1"), []string{"Upstream.URL"}},
		{"plaintext to a name like localhost", at("http://localhost.evil.example"), []string{"Upstream.URL"}},
		{"plaintext, with a reason", upstream(passthrough.Upstream{URL: "http://api.example", DangerouslyPlaintext: "a mesh encrypts it"}), nil},
		{"unverified TLS", upstream(passthrough.Upstream{URL: "https://a.example", TLS: insecure}), []string{"Upstream.TLS"}},
		{"unverified TLS of a transport", upstream(passthrough.Upstream{URL: "https://a.example", RoundTripper: &http.Transport{TLSClientConfig: insecure}}), []string{"Upstream.RoundTripper"}},
		{"a nil transport", upstream(passthrough.Upstream{URL: "https://a.example", RoundTripper: (*http.Transport)(nil)}), []string{"Upstream.RoundTripper"}},
		{"h2c over TLS", upstream(passthrough.Upstream{URL: "https://a.example", H2C: true}), []string{"Upstream.H2C"}},
		{"a RoundTripper and what it replaces", upstream(passthrough.Upstream{URL: "https://a.example", RoundTripper: &http.Transport{}, TLS: &tls.Config{}}), []string{"Upstream.RoundTripper"}},
		{"a RoundTripper and a proxy", upstream(passthrough.Upstream{URL: "https://a.example", RoundTripper: &http.Transport{}, Proxy: http.ProxyURL(&url.URL{})}), []string{"Upstream.RoundTripper"}},
		{"endpoints", passthrough.ForwarderConfig{Upstream: passthrough.Upstream{URL: "https://a.example"}, Endpoints: []string{"POST /a", "no slash", "GET /{", "example.com/a", "POST /a"}},
			[]string{"Endpoints", "Endpoints", "Endpoints", "Endpoints"}},
		{"a blank reason", passthrough.ForwarderConfig{Upstream: passthrough.Upstream{URL: "http://a.example", DangerouslyPlaintext: " "}, Unguarded: "\t"}, []string{"Upstream.DangerouslyPlaintext", "Unguarded"}},
		{"all at once", passthrough.ForwarderConfig{
			Upstream:  passthrough.Upstream{URL: "http://a.example", TLS: insecure, RoundTripper: &http.Transport{}},
			Endpoints: []string{"nowhere"},
		}, []string{"Upstream.URL", "Endpoints", "Upstream.TLS", "Upstream.RoundTripper"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := passthrough.NewForwarder(c.cfg)
			if diff := difference(c.want, mistakes(err)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if (f == nil) != (err != nil) {
				t.Errorf("got %v and %v", f, err)
			}
			if err != nil && strings.Contains(err.Error(), upstreamKey) {
				t.Errorf("a secret in %v", err)
			}
		})
	}
}

func TestRouteConfigReportsEverythingAtOnce(t *testing.T) {
	_, err := passthrough.New(passthrough.Config{
		Upstream:  passthrough.Upstream{URL: "http://a.example"},
		Headers:   headerpolicy.Config{Request: headerpolicy.Request{Forward: []string{"*", "Cookie"}}},
		Unguarded: "a test",
	})
	want := []string{"auth Carriers", "auth Verifier", "headers Request.Forward[0]", "headers Request.Forward[1]", "Upstream.URL"}
	if diff := difference(want, mistakes(err)); diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if e, ok := errors.AsType[*passthrough.ConfigError](err); !ok || e.Value != "http://a.example" || !strings.Contains(e.Error(), `Upstream.URL "http://a.example"`) {
		t.Errorf("got %v", e)
	}
	if e := (&passthrough.ConfigError{Field: "F", Reason: "is wrong"}); e.Error() != "passthrough: F is wrong" {
		t.Errorf("got %v", e)
	}
}

// A route shares nothing with the Config that it was made from.
func TestConfigCanChangeAfterwards(t *testing.T) {
	w := wire{h1, h1}
	var cfg *passthrough.Config
	g := newGateway(t, w.startUpstream(t, answer{}), func(c *passthrough.Config) {
		c.Endpoints = []string{"POST /v1/messages"}
		c.Auth.Carriers = []auth.Carrier{auth.Header("X-Gateway-Key")}
		c.FingerprintKey = []byte("mine")
		cfg = c
	})
	cfg.Endpoints[0] = "GET /other"
	cfg.Auth.Carriers[0] = auth.Bearer()
	cfg.Headers.Request.Forward[0] = "X-Secret"
	cfg.Headers.Request.Credentials[0].OneOf[0] = headerpolicy.CredentialField{Name: "X-Other"}
	cfg.FingerprintKey[0] = 'n'
	g.crossed(g.do(w, call{fields: []string{"X-Secret: 1", "Accept: a/b"}}), callerLine, "accept: a/b")
	if e := g.record(); e.Endpoint != "POST /v1/messages" || e.Credentials[0].Fingerprint != passthrough.Fingerprint([]byte("mine"), gatewayKey) {
		t.Errorf("the record has %+v", e)
	}
}

// A transport of one's own is copied, and neither adds Accept-Encoding nor decodes.
func TestTransportOfOnesOwn(t *testing.T) {
	for _, client := range []string{h1, h2} {
		w := wire{client, h1}
		own := &http.Transport{}
		t.Cleanup(own.CloseIdleConnections)
		g := newGateway(t, w.startUpstream(t, answer{}), func(c *passthrough.Config) { c.Upstream.RoundTripper = own })
		own.Proxy = func(*http.Request) (*url.URL, error) { return nil, errors.New("changed afterwards") }
		g.crossed(g.do(w, call{}), callerLine)
	}
}

func TestProxy(t *testing.T) {
	w := wire{h1, h1}
	proxy := w.startUpstream(t, answer{})
	g := newGateway(t, proxy, func(c *passthrough.Config) {
		c.Upstream.URL = "http://upstream.example"
		c.Upstream.DangerouslyPlaintext = "a test"
		c.Upstream.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy.url) }
	})
	g.crossed(g.do(w, call{}), callerLine)
	if got := proxy.seen()[0].start; got != "POST http://upstream.example/v1/messages" {
		t.Errorf("the proxy got %q", got)
	}
}

// The environment names no proxy to a route: a credential goes where the Config says.
func TestProxyOfTheEnvironmentIsIgnored(t *testing.T) {
	w := wire{h1, h1}
	proxy := w.startUpstream(t, answer{})
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, proxy.url)
	}
	t.Setenv("NO_PROXY", "")
	g := newGateway(t, w.startUpstream(t, answer{}))
	g.crossed(g.do(w, call{}), callerLine)
	if proxy.hits() != 0 {
		t.Errorf("the proxy got %v", proxy.seen())
	}
}
