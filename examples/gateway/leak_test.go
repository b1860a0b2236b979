package main

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/headersafe/headersafe/passthrough/leaktest"
)

// The program's own wiring, as its routes are mounted.
func TestNothingLeaks(t *testing.T) {
	const key, upstreamKey = "gw-alice-5d20c9e1", "sk-openai-own-91f3b7"
	log := new(leaktest.Log)
	wired := func(upstream, upstreamKey string) (http.Handler, error) {
		opts := &options{anthropic: upstream, openai: upstream, keys: "alice=" + key, upstreamKey: upstreamKey}
		return opts.gateway(slog.New(slog.NewTextHandler(log, nil)))
	}
	for name, target := range map[string]leaktest.Target{
		"anthropic": {
			Gateway: leaktest.Header("X-Gateway-Key", key), Caller: leaktest.Bearer(""),
			Prefix: "/anthropic", WebSocket: "/anthropic/v1/ws", Parameter: "beta", Fields: []string{"Anthropic-Version: 2023-06-01"},
		},
		"anthropic with an API key": {
			Gateway: leaktest.Header("X-Gateway-Key", key), Caller: leaktest.Header("X-Api-Key", ""),
			Prefix: "/anthropic", WebSocket: "/anthropic/v1/ws", Parameter: "beta",
		},
		"openai": {
			Gateway: leaktest.Header("X-Gateway-Key", key), Upstream: leaktest.Bearer(upstreamKey),
			Prefix: "/openai", Path: "/openai/v1/responses", WebSocket: "/openai/v1/realtime?model=gpt", Parameter: "model",
		},
		"openai with the key as a token": {
			Gateway: leaktest.Bearer(key), Upstream: leaktest.Bearer(upstreamKey),
			Prefix: "/openai", Path: "/openai/v1/responses", WebSocket: "/openai/v1/realtime?model=gpt", Parameter: "model",
		},
	} {
		t.Run(name, func(t *testing.T) {
			target.Log = log
			target.Handler = func(upstream string) http.Handler {
				g, err := wired(upstream, upstreamKey)
				if err != nil {
					t.Fatal(err)
				}
				return g
			}
			target.WithoutSecret = func(upstream string) http.Handler {
				g, err := wired(upstream, "")
				if err != nil {
					return nil // as should be
				}
				return g
			}
			leaktest.Run(t, target)
		})
	}
}
