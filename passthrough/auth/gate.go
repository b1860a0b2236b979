package auth

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/secret"
	"github.com/headersafe/headersafe/internal/stage"
)

// Gate is a compiled [Config]. It is immutable and safe for concurrent use. The zero Gate and a nil one
// refuse every request with 500.
type Gate struct {
	ready     bool
	anonymous bool
	verifier  Verifier

	fields        []place // header carriers and Proxy-Authorization
	query         []place
	cookies       []place
	bearer, basic bool

	challenges []string // of every 401
	asked      string   // the carriers' names, for the private detail

	consumed              []string // canonical names of the fields that are always removed
	consumedAuthorization []string // the same, and Authorization
}

// Decision is what a gate found out about a request that it lets through.
type Decision struct {
	Caller    Caller   // the zero Caller if Anonymous
	Anonymous bool     // nobody was asked
	Carrier   string   // where the credential was; of several, one
	Consumed  []string // canonical names of the header and trailer fields that go no further

	credential secret.Value
	irregular  bool // the header holds keys that are not in canonical form
}

// Check decides about r and does not touch it. The error is a [*Denial]; r then goes nowhere.
func (g *Gate) Check(ctx context.Context, r *http.Request) (Decision, error) {
	d, denied := g.check(ctx, r)
	if denied != nil {
		return Decision{}, denied
	}
	d.Consumed = slices.Clone(d.Consumed)
	return d, nil
}

// present returns which of the names stand in h, for the record; nil if nobody wants one.
func present(l *stage.Ledger, h http.Header, names []string) []string {
	if !l.Observed() {
		return nil
	}
	there := make([]string, 0, len(names))
	for key := range h {
		if name := field.Canonical(key); slices.Contains(names, name) {
			there = append(there, name)
		}
	}
	return there
}

var (
	errNoGate = errors.New("auth: the gate is nil or zero: use what New returns")
	errNoNext = errors.New("auth: Wrap was given no handler")
)

func (g *Gate) check(ctx context.Context, r *http.Request) (Decision, *Denial) {
	if g == nil || !g.ready {
		return Decision{}, misassembled(errNoGate)
	}
	if g.anonymous {
		irregular, _ := g.survey(r.Header) // without carriers there are no aliases
		return Decision{Anonymous: true, Consumed: g.consumed, irregular: irregular}, nil
	}
	f, denied := g.extract(r)
	if denied != nil {
		return Decision{}, denied
	}
	c := Credential{Carrier: f.carrier, Username: f.username, secret: secret.New(f.secret)}
	caller, err := g.verifier.Verify(ctx, c)
	if err != nil {
		return Decision{}, g.refused(ctx, c, err)
	}
	if reason := caller.fault(f.secret); reason != "" {
		return Decision{}, misassembled(errors.New("auth: " + reason))
	}
	caller.Attributes = maps.Clone(caller.Attributes) // the verifier may go on writing to its own
	d := Decision{
		Caller:     caller,
		Carrier:    f.carrier,
		Consumed:   g.consumed,
		credential: c.secret,
		irregular:  f.irregular,
	}
	if (g.bearer || g.basic) && !f.foreign {
		d.Consumed = g.consumedAuthorization
	}
	return d, nil
}

// Wrap returns a handler that calls next, once [Gate.Check] lets a request through, with a copy of the
// request from which the credential has been removed and whose context holds the [Caller]. The request
// that came in, its header and its URL stay as they are. Any other request is answered with the denial.
//
// Where next is a header policy's handler, nothing stands in between that could see the request: the policy is told what is
// consumed, takes none of it, and goes without the copy.
func (g *Gate) Wrap(next http.Handler) http.Handler { return &handler{g, stage.NextOf(next)} }

// handler is a gate in its place in a chain.
type handler struct {
	gate *Gate
	next stage.Next
}

// ServeHTTP asks who calls.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l, ctx := stage.Open(r)
	h.ServeStage(ctx, l, w, r)
}

// ServeStage is ServeHTTP within an exchange.
func (h *handler) ServeStage(ctx context.Context, l *stage.Ledger, w http.ResponseWriter, r *http.Request) {
	if r, denied := h.admit(ctx, l, r); denied != nil {
		l.Deny(w, stage.Auth, *denied)
	} else {
		h.next.Serve(ctx, l, w, r)
	}
}

// admit passes the stage, and returns the request for the next one.
//
// It is a function of its own, as its like are in the other stages, because what it needs of the stack would else be
// held for as long as the response streams: a goroutine's stack is doubled where it does not suffice.
func (h *handler) admit(ctx context.Context, l *stage.Ledger, r *http.Request) (*http.Request, *Denial) {
	err := l.Enter(stage.Auth)
	if err == nil && h.next.Missing() {
		err = errNoNext
	}
	if err != nil {
		return nil, misassembled(err)
	}
	d, denied := h.gate.check(ctx, r)
	if denied != nil {
		return nil, denied
	}
	err = l.PassAuth(stage.AuthNote{
		Caller:     d.Caller.ID,
		Attributes: d.Caller.Attributes,
		Anonymous:  d.Anonymous,
		Credential: d.credential,
		Consumed:   d.Consumed,
		Present:    present(l, r.Header, d.Consumed),
	})
	if err != nil {
		return nil, misassembled(err)
	}
	if h.next.Stage() == nil || !h.gate.namesAll(r, d) {
		r = h.gate.strip(ctx, r, d)
	}
	return r, nil
}
