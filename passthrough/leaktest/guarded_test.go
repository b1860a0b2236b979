package leaktest_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
	"github.com/headersafe/headersafe/passthrough/leaktest"
)

// Routes that read what is asked, with the endpoints of each preset. Guards of answers would refuse those of the kit's
// upstreams, which are in no provider's form.
func TestGuardedPresets(t *testing.T) {
	t.Parallel()
	const reads = "the guard reads the whole request before anything is forwarded"
	for _, c := range []struct {
		name      string
		endpoints []guardrail.Endpoint
		policy    headerpolicy.Config
		target    leaktest.Target
	}{
		{"Anthropic", guardrail.Anthropic(), headerpolicy.Anthropic(), leaktest.Target{
			Path: "/mounted/v1/messages", Caller: leaktest.Bearer(""), Parameter: "beta",
			Body: `{"model":"claude","max_tokens":64,"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}]}`,
		}},
		{"OpenAI", guardrail.OpenAI(), injecting(headerpolicy.OpenAI(), "Authorization", "Bearer", upstreamSecret), leaktest.Target{
			Path: "/mounted/v1/chat/completions", Upstream: leaktest.Bearer(upstreamSecret),
			Body: `{"model":"gpt","messages":[{"role":"user","content":"hello"}]}`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			log := new(leaktest.Log)
			target := c.target
			target.Log = log
			target.Prefix, target.Base = "/mounted", "/base"
			target.Gateway = leaktest.Header("X-Gateway-Key", gatewayKey)
			target.Fields = []string{"Content-Type: application/json"}
			target.Skip = map[string]string{"T2-not-asked-for": reads, "T3-in-the-upload": reads, "T5-early-reply": reads}

			// Put together by hand, because a guardrail takes longer to build than a case to run.
			recorder := passthrough.NewRecorder(passthrough.RecorderConfig{Observer: passthrough.LogTo(slog.New(slog.NewTextHandler(log, nil)))})
			keys := must(auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(gatewayKey)}))(t)
			gate := must(auth.New(auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys}))(t)
			policy := must(headerpolicy.New(c.policy))(t)
			secrets := must(guardrail.Secrets())(t)
			guard := must(guardrail.New(guardrail.Config{Endpoints: c.endpoints, Guards: []guardrail.Guard{secrets}}))(t)
			target.Handler = func(upstream string) http.Handler {
				forwarder := must(passthrough.NewForwarder(passthrough.ForwarderConfig{Upstream: passthrough.Upstream{URL: upstream + target.Base}}))(t)
				return http.StripPrefix(target.Prefix, recorder.Wrap(gate.Wrap(policy.Wrap(guard.Wrap(forwarder)))))
			}
			leaktest.Run(t, target)
		})
	}
}

// must returns v, or ends the test.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
