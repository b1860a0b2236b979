package passthrough

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/stage"
)

// exchange sends the request and relays the response.
func (x *forwarding) exchange() {
	ctx, cancel := context.WithCancelCause(x.ctx)
	defer cancel(nil) // after the body has been read: it also ends what the HTTP client still does for this exchange
	look := x.look
	x.clock.start(x.timeouts, x.record.started, cancel, look)
	defer x.clock.stop()

	// HTTP/1.1 may answer while it still reads (RFC 9112 section 9.3 does not forbid it, and full duplex needs it);
	// without this, net/http's server would swallow the rest of the request first.
	_ = http.NewResponseController(x.w).EnableFullDuplex() // HTTP/2 has no need of it

	x.attachBody(cancel)
	defer func() {
		x.body.stop()
		x.record.bytesIn = x.body.count.Load()
	}()
	if x.out.Body != nil {
		defer context.AfterFunc(x.ctx, look)()
	}

	interim := x.relayInterim()
	res, failed := x.roundTrip(x.body.gate.trace(interim.trace(ctx)))
	interim.end()
	x.body.gate.answered()
	if failed != nil {
		x.fail(failed)
		return
	}
	defer func() {
		x.body.stop() // first: an HTTP/2 client's Close waits until the request's body is not being read any more
		_ = res.Body.Close()
	}()
	if res.StatusCode == http.StatusSwitchingProtocols {
		x.fail(&failure{UpstreamMalformed, "the upstream switched protocols unasked"})
		return
	}
	x.relay(ctx, res)
}

// look is called by the clock's timer, and when the exchange's context has ended.
func (d *departure) look() {
	if d.outer.Err() != nil {
		d.body.wake()
	}
	if d.clock.check(d.expired) {
		d.stream.flush() // not under the clock's lock: it blocks while the client does not read, and bounds are for that
	}
}

// expired wakes what waits for the client: its next byte, or that it reads. To cancel a context does neither.
func (d *departure) expired() {
	d.body.wake()
	if d.clock.answered() && d.stream.client != nil {
		_ = d.stream.control().SetWriteDeadline(time.Unix(1, 0))
	}
}

// attachBody gives out the inbound body, behind a wrapper that outlives the handler safely.
func (x *forwarding) attachBody(cancel context.CancelCauseFunc) {
	out, body := &x.out, &x.body
	body.src, body.left, body.client, body.clock = x.in.Body, x.in.ContentLength, x.w, &x.clock
	if x.in.Body == nil || x.in.Body == http.NoBody || x.in.ContentLength == 0 {
		body.src = http.NoBody
		out.Body, out.ContentLength = nil, 0
		return
	}
	body.failed = cancel // with the error: the HTTP client would report its own, which says less
	body.sought = x.ledger.Auth().Credential
	if out.Trailer != nil {
		body.left = -1 // in HTTP/2 trailers can follow a body of known length: they come with the source's own end
		body.trailer = fillTrailer(x.policy, x.ledger, x.in, out.Trailer)
	}
	if out.Header["Expect"] != nil {
		body.gate = newContinueGate()
		body.over = make(chan struct{})
	}
	out.GetBody = body.open
	out.Body, _ = body.open()
}

// fillTrailer returns what sets the values of the trailers that were announced and named, once the body has been read.
func fillTrailer(policy *headerpolicy.Policy, l *stage.Ledger, in *http.Request, trailer http.Header) func() error {
	return func() error {
		decided := policy.RequestTrailer(in.Trailer)
		for name := range trailer {
			if values := decided.Header[name]; len(values) > 0 {
				trailer[name] = values
			}
		}
		s := seal{gateway: l.Auth().Credential}
		if s.trailer(trailer) {
			clear(trailer)
			return errSealedTrailer
		}
		return nil
	}
}

// fail answers an exchange that got no response.
func (x *forwarding) fail(f *failure) {
	x.record.failure = f
	d := f.denial()
	switch f.Outcome {
	case IdleTimeout:
		if x.body.awaitsClient() {
			d.Status, d.Message = http.StatusRequestTimeout, "The request's body stopped arriving."
		}
	case ClientClosed:
		if x.ctx.Err() != nil {
			panic(http.ErrAbortHandler) // nobody to tell
		}
		// Half of the connection may still be there: say why, in case.
		d.Status, d.Message = http.StatusBadRequest, "The request's body ended early."
	}
	x.mayClose(x.w.Header())
	x.deny(d)
}

// mayClose announces that the connection to the client ends with this exchange, where the client has not sent all of its
// request yet. net/http's server swallows the rest of it when the handler has returned; if it finds the end there, it looks for the
// next request twice at the same time, and panics.
func (x *forwarding) mayClose(h http.Header) {
	if x.in.ProtoMajor == 1 && x.out.Body != nil && !x.body.whole.Load() {
		h["Connection"] = []string{"close"}
	}
}

// relay writes the response: what the policy lets back of its header, its body as it comes, its trailers.
func (x *forwarding) relay(ctx context.Context, res *http.Response) {
	if x.guard.Await != nil {
		if d := x.guard.Await(ctx); d != nil {
			x.mayClose(x.w.Header())
			x.ledger.Deny(x.w, stage.Guardrail, *d)
			return
		}
	}
	trailers, err := x.writeHead(res)
	if err != nil {
		x.fail(&failure{UpstreamMalformed, err.Error()})
		return
	}
	x.stream.begin(x.w, &x.clock, bodyLength(x.in, res), res.ProtoMajor > 1, hasArrived(res.Body))
	defer x.stream.end()
	n, err := x.stream.copy(res.Body)
	x.record.bytesOut = n
	if n > 0 {
		x.record.firstByte = x.clock.begun.Add(x.stream.firstByte)
	}
	if err != nil {
		x.record.failure = x.midstream(ctx, err)
		panic(http.ErrAbortHandler)
	}
	x.writeTrailers(res, trailers)
	x.record.complete = true
}

// decide applies the response policy, with the reasons if somebody wants the record, and then the seal, and appends to kept
// what crosses.
func (x *forwarding) decide(kept []field.Field, h http.Header) ([]field.Field, error) {
	if !x.ledger.Observed() {
		kept, err := x.note.Response.Respond(kept, h)
		return slices.DeleteFunc(kept, func(f field.Field) bool { return x.seal.holdsUpstream(f.Name, f.Lines) }), err
	}
	decision, err := x.policy.Response(h)
	x.record.response = decision
	x.seal.response(decision)
	for name, lines := range decision.Header {
		kept = append(kept, field.Field{Name: name, Lines: lines})
	}
	return kept, err
}

// midstream names the reason why a response broke off after it began.
func (x *forwarding) midstream(ctx context.Context, err error) *failure {
	if errors.Is(err, errClientWrite) && context.Cause(ctx) == nil {
		return &failure{ClientClosed, "the response could not be written"}
	}
	f := x.failure(ctx, err)
	switch f.Outcome {
	case UpstreamClosed, UpstreamMalformed, UpstreamRefused, UpstreamTimeout:
		f.Outcome = Truncated
	}
	return f
}

// keptFields are places for the fields of a response that cross, used between its arrival and the writing of its header.
// Nobody else sees them: what is handed on are the slices in them.
var keptFields = sync.Pool{New: func() any { return new([32]field.Field) }}

// merge decides on the header of a response, and adds what crosses to what the gateway's own middleware has set in h. An
// error leaves h as it is.
func (x *forwarding) merge(h, from http.Header) error {
	place, _ := keptFields.Get().(*[32]field.Field)
	defer keptFields.Put(place)
	defer clear(place[:])
	kept, err := x.decide(place[:0], from)
	if err != nil {
		return err
	}
	alone := len(h) == 0 // as a rule no middleware has set anything
	for _, f := range kept {
		if alone {
			h[f.Name] = f.Lines
		} else if !field.MergeResponse(h, f) && x.record.response != nil {
			x.record.response.Withdraw(f.Name, headerpolicy.SetByGateway)
		}
	}
	return nil
}

// writeHead writes the status and header, and returns the names of the trailers that were announced. The error says why
// the response must not be relayed.
func (x *forwarding) writeHead(res *http.Response) ([]string, error) {
	h := x.w.Header()
	if err := x.merge(h, res.Header); err != nil {
		return nil, err
	}
	switch length, given := contentLength(x.in, res); {
	case given:
		h["Content-Length"] = length
	default:
		delete(h, "Content-Length")
	}
	if h["Content-Type"] == nil {
		h["Content-Type"] = nil // present and empty: net/http would guess one
	}
	var trailers []string
	if len(res.Trailer) > 0 {
		for name := range res.Trailer {
			if x.policy.NamesResponseTrailer(name) {
				trailers = append(trailers, name)
				h.Add("Trailer", name)
			}
		}
	}
	x.mayClose(h)
	x.w.WriteHeader(res.StatusCode)
	return trailers, nil
}

// writeTrailers sets what came after the body. Those that were not announced net/http sends under a prefix.
func (x *forwarding) writeTrailers(res *http.Response, announced []string) {
	if len(res.Trailer) == 0 {
		return
	}
	decision := x.policy.ResponseTrailer(res.Trailer)
	x.seal.response(decision)
	x.record.trailer = decision
	h := x.w.Header()
	for _, name := range announced {
		delete(h, name) // a header field of that name has been sent; what stands there now is a trailer
	}
	for name, values := range decision.Header {
		h[http.TrailerPrefix+name] = values
	}
}

// contentLength returns the Content-Length to send. Responses without a body may state what a body would have
// had (RFC 9110 section 8.6).
func contentLength(in *http.Request, res *http.Response) ([]string, bool) {
	lines := res.Header["Content-Length"]
	stated := int64(-1)
	if len(lines) == 1 {
		if n, err := strconv.ParseUint(lines[0], 10, 63); err == nil {
			stated = int64(n)
		}
	}
	switch {
	case res.StatusCode == http.StatusNoContent:
		return nil, false
	case res.StatusCode == http.StatusNotModified || in.Method == http.MethodHead:
		return lines, stated >= 0
	case res.ContentLength < 0:
		return nil, false
	case stated == res.ContentLength && (lines[0][0] != '0' || stated == 0 && len(lines[0]) == 1):
		return lines, true // as it came: there is one way to write a number without zeros before it
	}
	return []string{strconv.FormatInt(res.ContentLength, 10)}, true
}

// bodyLength returns how many bytes of body follow, or -1 where that is unknown.
func bodyLength(in *http.Request, res *http.Response) int64 {
	if in.Method == http.MethodHead || res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusNotModified {
		return 0
	}
	return res.ContentLength
}

// interim relays informational responses while the upstream's final one is awaited. Its callback runs in the HTTP
// client's goroutine, and with HTTP/2 it can come late: after end it does nothing.
type interim struct {
	policy *headerpolicy.Policy
	seal   seal
	w      http.ResponseWriter
	mu     sync.Mutex
	ended  bool
}

// relayInterim returns nil where no informational response would cross.
func (x *forwarding) relayInterim() *interim {
	if !x.policy.NamesInformational() || !x.in.ProtoAtLeast(1, 1) || x.guard.Await != nil {
		return nil
	}
	return &interim{policy: x.policy, seal: seal{upstream: x.note.Secrets}, w: x.w}
}

func (i *interim) trace(ctx context.Context) context.Context {
	if i == nil {
		return ctx
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: i.relay})
}

func (i *interim) end() {
	if i == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ended = true
}

func (i *interim) relay(status int, h textproto.MIMEHeader) error {
	if status == http.StatusContinue || status == http.StatusSwitchingProtocols {
		return nil // this hop's own
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ended {
		return nil
	}
	decision, ok := i.policy.Informational(http.Header(h))
	if !ok {
		return nil
	}
	i.seal.response(decision)
	if len(decision.Header) == 0 {
		return nil
	}
	field.WriteInformational(i.w, status, decision.Header)
	return nil
}
