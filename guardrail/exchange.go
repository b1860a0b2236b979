package guardrail

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/headersafe/headersafe/internal/stage"
)

// exchange is one request on its way through a Guardrail.
type exchange struct {
	*Guardrail

	w      http.ResponseWriter
	in     *http.Request
	ledger *stage.Ledger

	rule    *rule
	raw     *lease // the body as it came; nil once the exchange has no more use of it
	decoded *lease // the body as it was read, where that is not the same
	doc     *document
	hearing *hearing
	asked   *document // the request's, where a guard wants to see it beside the answer
	out     *body     // what next reads; nil where there is none
	held    *held     // what next writes to; nil where nothing is held
	record  *Record
	note    stage.GuardNote
}

func newExchange(g *Guardrail, w http.ResponseWriter, r *http.Request, l *stage.Ledger) *exchange {
	return &exchange{
		Guardrail: g, w: w, in: r, ledger: l,
		raw: newLease(g.budget), decoded: newLease(g.budget),
		record: &Record{},
	}
}

// nodeCost is what a value takes in memory while the body is read.
const nodeCost = 32

// inspect reads the request and asks the guards. It returns when all that block have let it pass.
func (x *exchange) inspect() *Denial {
	defer x.decoded.leave()
	policy, _ := x.ledger.Note(stage.HeaderPolicy).(stage.PolicyNote)
	a, d := x.admit(x.in, policy.Inbound)
	if x.rule = a.rule; x.rule != nil {
		x.record.Endpoint = x.rule.pattern
	}
	if d != nil {
		return d
	}
	if a.rule.noBody {
		if x.in.Body != nil && atEnd(x.in.Body) != nil {
			return unexpectedBody()
		}
		return nil
	}
	text, d := x.readText(a)
	if d != nil {
		return d
	}
	if len(text) == 0 && x.raw.n == 0 {
		return a.rule.empty()
	}
	if d := x.open(a.rule, text); d != nil {
		return d
	}
	defer x.doc.letGo() // guards that are at work keep it
	if x.reads() && x.responses.wantRequest {
		x.asked = x.doc
		x.asked.hold()
	}
	auth, _ := x.ledger.Note(stage.Auth).(stage.AuthNote)
	x.hearing = hear(x.in.Context(), x.seats, x.doc, Input{Caller: auth.Caller, Endpoint: a.rule.pattern})
	return x.hearing.await(x.in.Context(), Block)
}

// readText reads the body, and returns it decoded.
func (x *exchange) readText(a admitted) ([]byte, *Denial) {
	if d := readBody(x.in, x.maxBody, &x.raw.filling); d != nil {
		return nil, d
	}
	x.record.Bytes = int64(x.raw.n)
	if a.decode == nil || x.raw.n == 0 {
		return x.raw.bytes(), nil
	}
	if d := decode(a.decode, x.raw.bytes(), x.maxBody, &x.decoded.filling); d != nil {
		return nil, d
	}
	return x.decoded.bytes(), nil
}

// open makes the document.
func (x *exchange) open(r *rule, text []byte) *Denial {
	doc, d := x.openDocument(r, text, x.raw, x.decoded)
	if d != nil {
		return d
	}
	x.record.Texts, x.record.Opaque = len(doc.found.items), doc.paths(doc.found.opaque)
	if d := x.refuseOpaque(r, doc.tape, doc.found); d != nil {
		doc.letGo()
		return d
	}
	x.doc = doc
	return nil
}

// reads reports whether guards judge the answer.
func (x *exchange) reads() bool { return x.responses != nil }

// end lets go of what the exchange holds.
func (x *exchange) end() {
	if x.asked != nil {
		x.asked.letGo()
	}
	if x.out != nil {
		x.out.end(errExchangeOver)
	} else {
		x.raw.leave()
	}
}

// refuse answers the request with d.
func (x *exchange) refuse(d *Denial) {
	if x.hearing != nil {
		x.record.Guards = x.hearing.snapshot(true)
		x.hearing.end(errDecided)
	}
	x.ledger.SetNote(stage.Guardrail, stage.GuardNote{Record: x.record})
	stage.Deny(x.w, x.in, stage.Guardrail, *d)
}

// pass calls next with what was inspected.
func (x *exchange) pass(next http.Handler) {
	out := x.outbound()
	x.note = stage.GuardNote{Target: out.Method + " " + out.URL.EscapedPath(), Body: out.Body, Record: x.record, Identity: x.reads()}
	if x.hearing != nil {
		x.record.Guards = x.hearing.snapshot(false)
		if x.alongside() {
			x.note.Await = func(ctx context.Context) *Denial { return x.hearing.await(ctx, Alongside) }
		}
	}
	if err := x.ledger.Pass(stage.Guardrail, x.note); err != nil {
		if x.hearing != nil {
			x.hearing.end(errDecided)
		}
		stage.Deny(x.w, x.in, stage.Guardrail, stage.Misassembled(err))
		return
	}
	if x.hearing != nil || x.reads() {
		defer x.conclude()
	}
	if x.note.Await == nil && !x.reads() {
		next.ServeHTTP(x.w, out)
		return
	}
	x.passHeld(next, out)
}

func (x *exchange) alongside() bool {
	for _, s := range x.seats {
		if s.mode == Alongside {
			return true
		}
	}
	return false
}

// passHeld calls next with a ResponseWriter that holds what must wait for a verdict. A denial ends the request's context, so
// that the upstream is not waited for.
func (x *exchange) passHeld(next http.Handler, out *http.Request) {
	ctx, cancel := context.WithCancelCause(out.Context())
	defer cancel(errOver)
	x.held = newHeld(x, cancel)
	if x.note.Await != nil {
		x.hearing.onDenied(func() { cancel(errDecided) })
	}
	returned := false
	defer func() {
		if returned {
			x.held.finish()
			return
		}
		// A handler whose upstream was cancelled may end in this panic, of which nothing is left to say once a denial
		// has been written. Every other panic goes on, and so does runtime.Goexit.
		p := recover()
		if err, _ := p.(error); errors.Is(err, http.ErrAbortHandler) {
			if x.held.abort() {
				return
			}
		} else {
			x.held.drop()
		}
		if p != nil {
			panic(p)
		}
	}()
	next.ServeHTTP(x.held, out.WithContext(ctx))
	returned = true
}

// conclude completes the record when the handler has returned. Verdicts of observers are waited for where somebody wants
// the record, after what the handler wrote has been sent.
func (x *exchange) conclude() {
	final := *x.record
	wait := x.ledger.Observed()
	flushed := false
	await := func(observers <-chan struct{}) {
		select {
		case <-observers:
		default:
			if !flushed {
				_ = http.NewResponseController(x.w).Flush()
			}
			flushed = true
			<-observers
		}
	}
	if x.hearing != nil {
		if wait {
			await(x.hearing.heard[Observe])
		}
		x.hearing.end(errOver)
		final.Guards = x.hearing.snapshot(true)
	}
	if x.held != nil && x.held.reading != nil {
		final.Response = x.held.reading.finalRecord(wait, await)
	}
	x.note.Record = &final
	x.ledger.SetNote(stage.Guardrail, x.note)
}

// connectionFields concern the connection to the client, and the trailers that are dropped: a handler that relays them
// would have the upstream wait for what has come, or switch to a protocol that nobody reads.
var connectionFields = slices.Clip([]string{"Expect", "Upgrade", "Http2-Settings", "Trailer"})

// rangeFields ask for a part of an answer, which could not be read.
var rangeFields = []string{"Range", "If-Range"}

// outbound returns the request for next. Its body is framed as it was.
func (x *exchange) outbound() *http.Request {
	out := new(http.Request)
	*out = *x.in
	out.Trailer, out.GetBody = nil, nil
	dropped := connectionFields
	if x.reads() {
		dropped = append(dropped, rangeFields...)
	}
	if x.reads() || slices.ContainsFunc(dropped, func(name string) bool { return out.Header[name] != nil }) {
		out.Header = maps.Clone(out.Header)
		for _, name := range dropped {
			delete(out.Header, name)
		}
	}
	if x.reads() {
		out.Header["Accept-Encoding"] = []string{codingNoCode}
	}
	if x.raw.n == 0 {
		out.Body, out.ContentLength, out.TransferEncoding = http.NoBody, 0, nil
		return out
	}
	x.out = newBody(x.raw)
	out.Body = x.out
	return out
}
