package main

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/leaktest"
)

// The chain as the service has it, its mux and middleware included.
func TestNothingLeaks(t *testing.T) {
	log := new(leaktest.Log)
	leaktest.Run(t, leaktest.Target{
		Handler: func(upstream string) http.Handler {
			route, err := chain(upstream, passthrough.LogTo(slog.New(slog.NewTextHandler(log, nil))))
			if err != nil {
				t.Fatal(err)
			}
			return service(route)
		},
		Log:       log,
		Gateway:   leaktest.Header("X-Gateway-Key", key),
		Caller:    leaktest.Bearer(""),
		Prefix:    "/anthropic",
		Parameter: "beta",
		Fields:    []string{"Content-Type: application/json"},
		Body:      `{"model":"claude","max_tokens":64,"messages":[{"role":"user","content":"hello"}]}`,
		Skip: map[string]string{
			"T2-not-asked-for": "the guard reads the whole request before anything is forwarded",
			"T3-in-the-upload": "the guard reads the whole request before anything is forwarded",
			"T5-early-reply":   "the guard reads the whole request before anything is forwarded",
		},
	})
}
