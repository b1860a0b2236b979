package leaktest_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
	"github.com/headersafe/headersafe/passthrough/leaktest"
)

const (
	gatewayKey     = "gw-alice-3f9c71d2"
	upstreamSecret = "sk-upstream-own-70b1e4"
)

// route builds a route of this library, mounted under a prefix.
func route(upstream string, policy headerpolicy.Config, log *leaktest.Log, carriers ...auth.Carrier) (http.Handler, error) {
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(gatewayKey)})
	if err != nil {
		return nil, err
	}
	r, err := passthrough.New(passthrough.Config{
		Upstream:  passthrough.Upstream{URL: upstream + "/base"},
		Auth:      auth.Config{Carriers: carriers, Verifier: keys},
		Headers:   policy,
		Unguarded: "the kit asks about headers",
		Observer:  passthrough.LogTo(slog.New(slog.NewTextHandler(log, nil))),
	})
	return http.StripPrefix("/mounted", r), err
}

// injecting adds the gateway's own credential to a policy, in place of the callers'.
func injecting(policy headerpolicy.Config, name, scheme, secret string) headerpolicy.Config {
	source := headerpolicy.Secret(secret)
	if scheme != "" {
		source = source.WithScheme(scheme)
	}
	policy.Request.Credentials = nil
	return policy.With(headerpolicy.Config{Request: headerpolicy.Request{Set: []headerpolicy.Set{{Name: name, Value: source}}}})
}

// Every preset, with each kind of credential that it is made for.
func TestPresets(t *testing.T) {
	t.Parallel()
	header := auth.Header("X-Gateway-Key")
	inHeader := leaktest.Header("X-Gateway-Key", gatewayKey)
	for _, c := range []struct {
		name     string
		policy   headerpolicy.Config
		carriers []auth.Carrier
		target   leaktest.Target
	}{
		{"Anthropic, the caller's token", headerpolicy.Anthropic().With(headerpolicy.WebSocket()), []auth.Carrier{header},
			leaktest.Target{Gateway: inHeader, Caller: leaktest.Bearer(""), Parameter: "beta"}},
		{"Anthropic, the caller's API key", headerpolicy.Anthropic().With(headerpolicy.WebSocket()), []auth.Carrier{auth.Query("gw")},
			leaktest.Target{Gateway: leaktest.Query("gw", gatewayKey), Caller: leaktest.Header("X-Api-Key", ""), Parameter: "beta"}},
		{"Anthropic, the gateway's API key", injecting(headerpolicy.Anthropic(), "X-Api-Key", "", upstreamSecret).With(headerpolicy.WebSocket()), []auth.Carrier{auth.Bearer()},
			leaktest.Target{Gateway: leaktest.Bearer(gatewayKey), Upstream: leaktest.Header("X-Api-Key", upstreamSecret), Parameter: "beta"}},
		{"OpenAI, the gateway's API key", injecting(headerpolicy.OpenAI(), "Authorization", "Bearer", upstreamSecret), []auth.Carrier{header, auth.Bearer()},
			leaktest.Target{Gateway: inHeader, Upstream: leaktest.Bearer(upstreamSecret), Parameter: "model"}},
		{"OpenAI, the key in Basic", injecting(headerpolicy.OpenAI(), "Authorization", "Bearer", upstreamSecret), []auth.Carrier{auth.Basic()},
			leaktest.Target{Gateway: leaktest.Basic(gatewayKey), Upstream: leaktest.Bearer(upstreamSecret), Parameter: "model"}},
		{"Gemini, the caller's API key", headerpolicy.Gemini(), []auth.Carrier{auth.Cookie("gw")},
			leaktest.Target{Gateway: leaktest.Cookie("gw", gatewayKey), Caller: leaktest.Header("X-Goog-Api-Key", ""), Parameter: "alt"}},
		{"Gemini, the gateway's API key", injecting(headerpolicy.Gemini(), "X-Goog-Api-Key", "", upstreamSecret), []auth.Carrier{header},
			leaktest.Target{Gateway: inHeader, Upstream: leaktest.Header("X-Goog-Api-Key", upstreamSecret), Parameter: "alt"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			log := new(leaktest.Log)
			target := c.target
			target.Log = log
			target.Prefix, target.Path, target.Base = "/mounted", "/mounted/v1/messages", "/base"
			target.WebSocket = "/mounted/v1/realtime"
			target.Handler = func(upstream string) http.Handler {
				h, err := route(upstream, c.policy, log, c.carriers...)
				if err != nil {
					t.Fatal(err)
				}
				return h
			}
			target.WithoutSecret = func(upstream string) http.Handler {
				policy := c.policy.With(headerpolicy.Config{})
				for i := range policy.Request.Set {
					policy.Request.Set[i].Value = headerpolicy.Secret("None")
				}
				h, err := route(upstream, policy, log, c.carriers...)
				if err != nil {
					return nil // as should be
				}
				return h
			}
			leaktest.Run(t, target)
		})
	}
}
