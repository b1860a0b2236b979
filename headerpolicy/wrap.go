package headerpolicy

import (
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
func (p *Policy) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ledger, r, err := stage.Enter(r, stage.HeaderPolicy)
		switch {
		case err != nil:
		case p == nil || p.request == nil:
			err = errors.New("headerpolicy: the policy was not made by New")
		case next == nil:
			err = errors.New("headerpolicy: Wrap has no handler to call")
		}
		if err != nil {
			stage.Deny(w, r, stage.HeaderPolicy, stage.Misassembled(err))
			return
		}
		p.serve(w, r, ledger, next)
	})
}

func (p *Policy) serve(w http.ResponseWriter, r *http.Request, ledger *stage.Ledger, next http.Handler) {
	auth, _ := ledger.Note(stage.Auth).(stage.AuthNote)
	decision, secrets, refusal := p.decide(r.Context(), RequestInput{
		Header:   r.Header,
		RawQuery: r.URL.RawQuery,
		Trailer:  r.Trailer,
		Consumed: auth.Consumed,
		present:  auth.Present,
	}, ledger.Observed())
	note := stage.PolicyNote{Policy: p, Decision: decision, RawQuery: r.URL.RawQuery, Inbound: r.Header}
	if refusal != nil {
		ledger.SetNote(stage.HeaderPolicy, note)
		stage.Deny(w, r, stage.HeaderPolicy, refusal.denial())
		return
	}
	f := &filter{w: w, policy: p, ledger: ledger, request: r, secrets: secrets}
	note.Secrets, note.Writer, note.Filter, note.Relayed = secrets, w, f, &f.relayed
	if err := ledger.Pass(stage.HeaderPolicy, note); err != nil {
		stage.Deny(w, r, stage.HeaderPolicy, stage.Misassembled(err))
		return
	}
	next.ServeHTTP(f, p.narrow(r, decision))
	f.finish()
}

// narrow returns the request as the next handler may see it. Its header is a copy of what was decided: what the
// handlers after this one do to it leaves the decision as it is.
func (p *Policy) narrow(r *http.Request, d *Decision) *http.Request {
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
