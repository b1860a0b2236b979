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
func (g *Gate) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ledger, r, err := stage.Enter(r, stage.Auth)
		if err == nil && next == nil {
			err = errNoNext
		}
		if err != nil {
			stage.Deny(w, r, stage.Auth, stage.Misassembled(err))
			return
		}
		d, denied := g.check(r.Context(), r)
		if denied != nil {
			stage.Deny(w, r, stage.Auth, *denied)
			return
		}
		err = ledger.Pass(stage.Auth, stage.AuthNote{
			Caller:     d.Caller.ID,
			Anonymous:  d.Anonymous,
			Credential: d.credential,
			Consumed:   d.Consumed,
			Present:    present(ledger, r.Header, d.Consumed),
		})
		if err != nil {
			stage.Deny(w, r, stage.Auth, stage.Misassembled(err))
			return
		}
		ctx := r.Context()
		if !d.Anonymous {
			ctx = &callerContext{ctx, d.Caller}
		}
		next.ServeHTTP(w, g.strip(ctx, r, d))
	})
}
