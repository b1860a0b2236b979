package passthrough

import (
	"context"
	"errors"
	"net/http"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// Config is a whole route: who may call, what crosses, where it goes.
type Config struct {
	_ [0]func()

	// Route is a name for the exchange records.
	Route string

	// Upstream is the one place that the route forwards to.
	Upstream Upstream

	// Auth says how callers prove who they are. What they prove it with goes no further.
	Auth auth.Config

	// Headers says what crosses in either direction: start from a preset of package headerpolicy.
	Headers headerpolicy.Config

	// Endpoints lists what may be called; see [ForwarderConfig].
	Endpoints []string

	// Guardrail reads what requests say before anything is forwarded.
	Guardrail guardrail.Config

	// Unguarded is the written reason why none does. Exactly one of the two is given.
	Unguarded string

	// Errors is the shape in which the route says no: the one that its clients' SDK parses. Nil is [ProblemErrors].
	Errors ErrorShape

	// Observer is given the record of each exchange. Nil: none is made.
	Observer Observer

	// FingerprintKey keys the fingerprints in the records; see [RecorderConfig].
	FingerprintKey []byte
}

// Route is a compiled [Config]: an [http.Handler] that is safe for concurrent use. Mount it where its paths are
// relative to the upstream's base: under [http.StripPrefix] where the gateway puts a prefix before them.
type Route struct {
	handler   http.Handler
	forwarder *Forwarder
}

// New compiles cfg into a route. The error joins every mistake of every part: of [*ConfigError] here and of the
// types of the same name in packages auth, headerpolicy and guardrail.
func New(cfg Config) (*Route, error) {
	gate, authErr := auth.New(cfg.Auth)
	policy, policyErr := headerpolicy.New(cfg.Headers)
	forwarder, forwarderErr := NewForwarder(ForwarderConfig{
		Upstream:  cfg.Upstream,
		Endpoints: cfg.Endpoints,
		Unguarded: cfg.Unguarded,
	})
	wrapGuard, guardErr := cfg.guard()
	if err := errors.Join(authErr, policyErr, guardErr, forwarderErr); err != nil {
		return nil, err
	}
	recorder := NewRecorder(RecorderConfig{
		Route:          cfg.Route,
		Observer:       cfg.Observer,
		Errors:         cfg.Errors,
		FingerprintKey: cfg.FingerprintKey,
	})
	return &Route{handler: recorder.Wrap(gate.Wrap(policy.Wrap(wrapGuard(forwarder)))), forwarder: forwarder}, nil
}

// guard returns the guardrail's stage: none where the config says why.
func (cfg *Config) guard() (wrap func(*Forwarder) http.Handler, err error) {
	switch given := !cfg.Guardrail.IsZero(); {
	case given && cfg.Unguarded != "":
		return nil, &ConfigError{Field: "Unguarded", Value: cfg.Unguarded, Reason: "contradicts Guardrail: leave one of them out"}
	case given:
		guard, err := guardrail.New(cfg.Guardrail)
		if err != nil {
			return nil, err
		}
		return func(next *Forwarder) http.Handler { return guard.Wrap(next) }, nil
	case cfg.Unguarded == "":
		return nil, &ConfigError{Field: "Guardrail", Reason: "is missing: set it, or say in Unguarded why nothing reads the requests of this route"}
	}
	return func(next *Forwarder) http.Handler { return adjacent{next} }, nil
}

// ServeHTTP serves the route. The zero Route refuses.
func (r *Route) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if r == nil || r.handler == nil {
		NewRecorder(RecorderConfig{}).Wrap((*Forwarder)(nil)).ServeHTTP(w, req)
		return
	}
	r.handler.ServeHTTP(w, req)
}

// Shutdown ends the route's WebSockets; see [Forwarder.Shutdown].
func (r *Route) Shutdown(ctx context.Context) error {
	if r == nil || r.forwarder == nil {
		return nil
	}
	return r.forwarder.Shutdown(ctx)
}
