package headerpolicy

import (
	"context"
	"errors"
	"net/http"

	"github.com/headersafe/headersafe/internal/denial"
	"github.com/headersafe/headersafe/internal/stage"
)

// Wrap enforces the policy around next, in both directions. next sees a request whose header has only what crosses,
// and whatever it writes passes the response policy. What outer middleware sets on the response stays, and next
// does not see it.
//
// A refused request gets the [Refusal]'s status, and next is not called. Nor is it called if the policy was not
// made by [New], or has been applied to the request before (500).
func (p *Policy) Wrap(next http.Handler) http.Handler { return &handler{p, stage.NextOf(next)} }

// handler is a policy in its place in a chain.
type handler struct {
	policy *Policy
	next   stage.Next
}

// ServeHTTP applies the policy.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l, ctx := stage.Open(r)
	h.ServeStage(ctx, l, w, r)
}

// ServeStage is ServeHTTP within an exchange.
func (h *handler) ServeStage(ctx context.Context, l *stage.Ledger, w http.ResponseWriter, r *http.Request) {
	r, f, ok := h.admit(ctx, l, w, r)
	switch {
	case !ok:
	case f == nil:
		h.next.Serve(ctx, l, w, r)
	default:
		h.next.Serve(ctx, l, f, r)
		f.finish()
	}
}

// admit passes the stage, or answers the request. It returns the request for the next stage and, unless that reads in the
// note what was decided and applies the response policy itself, the filter for it to write to.
func (h *handler) admit(ctx context.Context, l *stage.Ledger, w http.ResponseWriter, r *http.Request) (*http.Request, *filter, bool) {
	err := l.Enter(stage.HeaderPolicy)
	switch {
	case err != nil:
	case h.policy == nil || h.policy.request == nil:
		err = errors.New("headerpolicy: the policy was not made by New")
	case h.next.Missing():
		err = errors.New("headerpolicy: Wrap has no handler to call")
	}
	if err != nil {
		l.Deny(w, stage.HeaderPolicy, stage.Misassembled(err))
		return nil, nil, false
	}
	auth := l.Auth()
	decision, secrets, refusal := h.policy.decide(ctx, RequestInput{
		Header:   r.Header,
		RawQuery: r.URL.RawQuery,
		Trailer:  r.Trailer,
		Consumed: auth.Consumed,
		present:  auth.Present,
	}, l.Observed())
	note := stage.PolicyNote{Policy: h.policy, Decision: decision, Response: h, RawQuery: r.URL.RawQuery, Inbound: r.Header}
	if refusal != nil {
		l.SetNote(stage.HeaderPolicy, note)
		l.Deny(w, stage.HeaderPolicy, refusal.denial())
		return nil, nil, false
	}
	note.Secrets = secrets
	var f *filter
	if h.next.Stage() == nil {
		f = &filter{w: w, policy: h.policy, ledger: l, secrets: secrets}
		note.Filter = f
	}
	if f != nil || len(r.Trailer) > 0 { // a stage needs no copy of the request, other than for a trailer
		r = h.policy.narrow(r, decision)
	}
	if err := l.PassPolicy(note); err != nil {
		l.Deny(w, stage.HeaderPolicy, stage.Misassembled(err))
		return nil, nil, false
	}
	return r, f, true
}

// narrow returns the request as the next handler may see it. Its header is a copy of what was decided, and the decision gets
// slices of its own: whatever the handlers before and after this one do to theirs leaves it as it is.
func (p *Policy) narrow(r *http.Request, d *Decision) *http.Request {
	own(d.Header)
	out := new(http.Request)
	*out = *r
	out.Header = d.Header.Clone()
	out.Trailer = nil
	if len(d.Trailer) > 0 {
		out.Trailer = make(http.Header, len(d.Trailer))
		for _, name := range d.Trailer {
			out.Trailer[name] = nil
		}
		out.Body = &trailerBody{ReadCloser: r.Body, policy: p, in: r, out: out.Trailer}
	}
	return out
}

func (r *Refusal) denial() denial.Denial {
	return denial.Denial{Status: r.Status, Code: r.Code, Message: r.Reason}
}
