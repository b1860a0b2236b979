// Command byhand composes the pieces of a route inside a service that has a mux and middleware of its own.
//
//	go run ./examples/byhand
//
// runs the service and three requests to it on loopback, in front of an embedded upstream, and prints the answers and
// the records. The second request says what the guard blocks; the third lacks the caller's key.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/headersafe/headersafe/examples/internal/fakeupstream"
	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// key is alice's. A real service has it from its configuration.
const key = "alice-gateway-key"

// chain composes the pieces. Their order is fixed: the forwarder answers 500 to a request that has passed others.
func chain(upstream string, observer passthrough.Observer) (http.Handler, error) {
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(key)})
	if err != nil {
		return nil, err
	}
	gate, gateErr := auth.New(auth.Config{
		Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")},
		Verifier: keys,
	})
	policy, policyErr := headerpolicy.New(headerpolicy.Anthropic())
	words, wordsErr := guardrail.Patterns("words", `(?i)\bproject\s+nightingale\b`)
	if err := errors.Join(gateErr, policyErr, wordsErr); err != nil {
		return nil, err
	}
	guard, guardErr := guardrail.New(guardrail.Config{
		Endpoints: guardrail.Anthropic(),
		Guards:    []guardrail.Guard{words},
	})
	forwarder, forwarderErr := passthrough.NewForwarder(passthrough.ForwarderConfig{
		Upstream: passthrough.Upstream{URL: upstream},
	})
	if err := errors.Join(guardErr, forwarderErr); err != nil {
		return nil, err
	}
	recorder := passthrough.NewRecorder(passthrough.RecorderConfig{
		Route:    "anthropic",
		Observer: observer,
		Errors:   passthrough.AnthropicErrors,
	})
	return recorder.Wrap(gate.Wrap(policy.Wrap(guard.Wrap(forwarder)))), nil
}

// service is what was there before: a health check, and a middleware around everything. What the middleware puts on the
// request does not cross, unless the policy names it.
func service(route http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("/anthropic/", http.StripPrefix("/anthropic", route))
	return tracing(mux)
}

func tracing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Internal-Trace", "7f3a")
		w.Header().Set("X-Trace", "7f3a")
		next.ServeHTTP(w, r)
	})
}

func run(out io.Writer) error {
	upstream := httptest.NewServer(fakeupstream.Anthropic())
	defer upstream.Close()
	record := passthrough.ObserverFunc(func(_ context.Context, e *passthrough.Exchange) {
		fmt.Fprintf(out, "record: caller=%q outcome=%s", e.Caller, e.Outcome)
		if e.Denial != nil {
			fmt.Fprintf(out, " denied by %s: %s", e.Denial.Stage, e.Denial.Code)
		}
		for _, f := range e.Request {
			if f.Name == "X-Internal-Trace" {
				fmt.Fprintf(out, " %s: %s", f.Name, f.Reason)
			}
		}
		fmt.Fprintln(out)
	})
	route, err := chain(upstream.URL, record)
	if err != nil {
		return err
	}
	gateway := httptest.NewServer(service(route))
	defer gateway.Close()

	for _, r := range []struct{ key, text string }{
		{key, "hello"},
		{key, "tell me about Project Nightingale"},
		{"", "hello"},
	} {
		status, err := ask(gateway.URL, r.key, r.text)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "answer: %d\n", status)
	}
	return nil
}

// ask sends one message, as a client with a token of its own.
func ask(gateway, key, text string) (status int, err error) {
	body := fmt.Sprintf(`{"model":"claude","max_tokens":64,"messages":[{"role":"user","content":%q}]}`, text)
	req, err := http.NewRequest(http.MethodPost, gateway+"/anthropic/v1/messages", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Anthropic-Version", "2023-06-01")
	req.Header.Set("Authorization", "Bearer sk-ant-oat01-my-own-token")
	if key != "" {
		req.Header.Set("X-Gateway-Key", key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}
