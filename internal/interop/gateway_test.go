package interop

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

const (
	gatewayKey  = "alice-gateway-key"
	callerToken = "sk-ant-oat01-alices-own"
	upstreamKey = "sk-the-gateways-own"
)

// gateway is the founding case, with a guard before both routes, and guards on answers if there are any.
func gateway(t *testing.T, upstream string, responses guardrail.Responses, observer passthrough.Observer) string {
	t.Helper()
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(gatewayKey)})
	if err != nil {
		t.Fatal(err)
	}
	words, err := guardrail.Patterns("words", "banned")
	if err != nil {
		t.Fatal(err)
	}
	route := func(cfg passthrough.Config) http.Handler {
		cfg.Upstream = passthrough.Upstream{URL: upstream}
		cfg.Guardrail.Guards = []guardrail.Guard{words}
		cfg.Guardrail.Responses = responses
		cfg.Observer = observer
		h, err := passthrough.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	mux := http.NewServeMux()
	mux.Handle("/anthropic/", http.StripPrefix("/anthropic", route(passthrough.Config{
		Auth:      auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys},
		Headers:   headerpolicy.Anthropic(),
		Guardrail: guardrail.Config{Endpoints: guardrail.Anthropic()},
		Errors:    passthrough.AnthropicErrors,
	})))
	mux.Handle("/openai/", http.StripPrefix("/openai", route(passthrough.Config{
		Auth: auth.Config{Carriers: []auth.Carrier{auth.Bearer()}, Verifier: keys},
		Headers: headerpolicy.OpenAI().With(headerpolicy.Config{Request: headerpolicy.Request{Set: []headerpolicy.Set{
			{Name: "Authorization", Value: headerpolicy.Secret(upstreamKey).WithScheme("Bearer")},
		}}}),
		Guardrail: guardrail.Config{Endpoints: guardrail.OpenAI()},
		Errors:    passthrough.OpenAIErrors,
	})))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
