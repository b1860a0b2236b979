package guardrail

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/headersafe/headersafe/internal/jsonscan"
	"github.com/headersafe/headersafe/internal/stage"
)

var (
	errNoGuardrail = errors.New("guardrail: the guardrail was not made by New")
	errNoNext      = errors.New("guardrail: Wrap has no handler to call")
)

// Wrap returns a handler that calls next with a request that the guards have let pass: the same, byte for byte, but
// for request trailers, which are dropped, and the fields Expect, Upgrade and HTTP2-Settings, which concern the
// connection to the client. Any other request is answered with the denial, and next is not called; nor is it if the
// guardrail was not made by [New] or stands in the wrong place of a chain (500).
//
// With a guard in mode [Alongside], next is called before the verdict, and whatever it writes is held until then.
func (g *Guardrail) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ledger, r, err := stage.Enter(r, stage.Guardrail)
		switch {
		case err != nil:
		case g == nil || g.endpoints == nil:
			err = errNoGuardrail
		case next == nil:
			err = errNoNext
		}
		if err != nil {
			stage.Deny(w, r, stage.Guardrail, stage.Misassembled(err))
			return
		}
		x := newExchange(g, w, r, ledger)
		defer x.end()
		if d := x.inspect(); d != nil {
			x.refuse(d)
			return
		}
		x.pass(next)
	})
}

// Texts returns what the guards would be shown of a request's body, or the denial, a [*Denial], that the request would
// get without asking them. It is for the tests of rules.
func (g *Guardrail) Texts(method, path, contentType string, body []byte) ([]Text, error) {
	if g == nil || g.endpoints == nil {
		return nil, misassembled(errNoGuardrail)
	}
	u, err := url.ParseRequestURI(path)
	if err != nil {
		return nil, badTarget(errors.New("the path cannot be parsed"))
	}
	r := &http.Request{Method: method, URL: u, Header: http.Header{}, ContentLength: int64(len(body))}
	if contentType != "" {
		r.Header["Content-Type"] = []string{contentType}
	}
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	a, d := g.admit(r, nil)
	if d != nil {
		return nil, d
	}
	if len(body) == 0 {
		if d := a.rule.empty(); d != nil {
			return nil, d
		}
		return nil, nil
	}
	doc, d := g.openDocument(a.rule, append([]byte(nil), body...))
	if d != nil {
		return nil, d
	}
	if d := g.refuseOpaque(a.rule, doc.tape, doc.found); d != nil {
		return nil, d
	}
	return doc.all(), nil // never let go: the texts' paths stay
}

// read is the decision about a body, other than the guards': whether it can be read in one way only, and what there is to
// read.
func (g *Guardrail) read(r *rule, body []byte) (*jsonscan.Tape, *findings, *Denial) {
	tape, err := jsonscan.Scan(body, g.limits, r.scanned)
	if err != nil {
		return nil, nil, ambiguous(err)
	}
	found, d := r.find(tape)
	if d != nil {
		tape.Release()
		return nil, nil, d
	}
	return tape, found, nil
}

// openDocument reads a body that the leases hold. They hold it for as long as the document is held; what that takes besides
// goes to the last of them.
func (g *Guardrail) openDocument(r *rule, body []byte, leases ...*lease) (*document, *Denial) {
	tape, found, d := g.read(r, body)
	if d != nil {
		return nil, d
	}
	for _, l := range leases {
		l.join()
	}
	doc := newDocument(r, tape, found, func() {
		for _, l := range leases {
			l.leave()
		}
	})
	if n := len(leases); n > 0 && !leases[n-1].share.take(int64(tape.Len())*nodeCost+doc.size()) {
		doc.letGo()
		return nil, busy()
	}
	return doc, nil
}

// refuseOpaque refuses what no guard can read, unless that was allowed.
func (g *Guardrail) refuseOpaque(r *rule, t *jsonscan.Tape, f *findings) *Denial {
	if g.allowOpaque || len(f.opaque) == 0 {
		return nil
	}
	return opaqueContent(normalizedPath(t, f.opaque[0], r))
}

// empty is the decision about a request without a body: it says nothing.
func (r *rule) empty() *Denial {
	if len(r.required) > 0 {
		return nothingToInspect("the body is empty")
	}
	return nil
}
