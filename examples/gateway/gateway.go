package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// plaintext is why an http URL will do, for an upstream or a guard.
const plaintext = "the operator gave an http URL"

// gateway serves both routes.
type gateway struct {
	routes   []*passthrough.Route
	handlers map[string]http.Handler // by the first segment of the path
}

func (o *options) gateway(logger *slog.Logger) (*gateway, error) {
	entries, err := auth.ParseKeys(keyLines(o.keys))
	if err != nil {
		return nil, fmt.Errorf("GATEWAY_KEYS: %w", err)
	}
	keys, err := auth.NewKeyring(entries...)
	if err != nil {
		return nil, fmt.Errorf("GATEWAY_KEYS: %w", err)
	}
	readAnthropic, unguarded, readErr := o.guardrail(guardrail.Anthropic())
	readOpenAI, _, _ := o.guardrail(guardrail.OpenAI())
	if readErr != nil {
		return nil, readErr
	}

	anthropic, anthropicErr := passthrough.New(passthrough.Config{
		Route:     "anthropic",
		Upstream:  passthrough.Upstream{URL: o.anthropic, DangerouslyPlaintext: plaintext},
		Auth:      auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys},
		Headers:   headerpolicy.Anthropic().With(headerpolicy.WebSocket()),
		Guardrail: readAnthropic,
		Unguarded: unguarded,
		Errors:    passthrough.AnthropicErrors,
		Observer:  passthrough.LogTo(logger),
	})

	toOpenAI := headerpolicy.OpenAI()
	toOpenAI.Request.Set = []headerpolicy.Set{{
		Name:  "Authorization",
		Value: headerpolicy.Secret(o.upstreamKey).WithScheme("Bearer"),
	}}
	openai, openaiErr := passthrough.New(passthrough.Config{
		Route:     "openai",
		Upstream:  passthrough.Upstream{URL: o.openai, DangerouslyPlaintext: plaintext},
		Auth:      auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key"), auth.Bearer()}, Verifier: keys},
		Headers:   toOpenAI,
		Guardrail: readOpenAI,
		Unguarded: unguarded,
		Errors:    passthrough.OpenAIErrors,
		Observer:  passthrough.LogTo(logger),
	})
	if err := errors.Join(anthropicErr, openaiErr); err != nil {
		return nil, err
	}
	return &gateway{
		routes: []*passthrough.Route{anthropic, openai},
		handlers: map[string]http.Handler{
			"anthropic": http.StripPrefix("/anthropic", anthropic),
			"openai":    http.StripPrefix("/openai", openai),
		},
	}, nil
}

// ServeHTTP goes by the first segment of the path. An http.ServeMux would do as well; it answers a path that is not
// clean with a redirect, where a route refuses it in its provider's own shape.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	handler, ok := g.handlers[first]
	if !ok {
		http.Error(w, "this gateway serves /anthropic/ and /openai/", http.StatusNotFound)
		return
	}
	handler.ServeHTTP(w, r)
}

// shutdown ends the WebSockets.
func (g *gateway) shutdown(ctx context.Context) error {
	var wg sync.WaitGroup
	errs := make([]error, len(g.routes))
	for i, route := range g.routes {
		wg.Go(func() { errs[i] = route.Shutdown(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
