package passthrough

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strconv"
	"sync"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/stage"
)

// exchange sends out and relays the response.
func (x *forwarding) exchange(out *http.Request) {
	ctx, cancel := context.WithCancelCause(x.in.Context())
	defer cancel(nil) // after the body has been read: it also ends what the HTTP client still does for this exchange
	x.clock = newClock(x.timeouts, x.record.started, cancel)
	defer x.clock.stop()

	// HTTP/1.1 may answer while it still reads (RFC 9112 section 9.3 does not forbid it, and full duplex needs it);
	// without this, net/http's server would swallow the rest of the request first.
	_ = http.NewResponseController(x.w).EnableFullDuplex() // HTTP/2 has no need of it

	x.body = x.attachBody(out, cancel)
	defer func() {
		x.body.stop()
		x.record.bytesIn = x.body.count.Load()
	}()
	if out.Body != nil {
		defer context.AfterFunc(ctx, x.body.wake)()
	}

	interim := x.relayInterim()
	res, failed := x.roundTrip(out.WithContext(x.body.gate.trace(interim.trace(ctx))))
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

// attachBody gives out the inbound body, behind a wrapper that outlives the handler safely.
func (x *forwarding) attachBody(out *http.Request, cancel context.CancelCauseFunc) *requestBody {
	body := &requestBody{src: x.in.Body, left: x.in.ContentLength, control: http.NewResponseController(x.w), clock: x.clock, over: make(chan struct{})}
	if x.in.Body == nil || x.in.Body == http.NoBody || x.in.ContentLength == 0 {
		body.src = http.NoBody
		out.Body, out.ContentLength = nil, 0
		return body
	}
	body.failed = func(err error) {
		cancel(err) // the HTTP client would report its own error, which says less
	}
	if !x.auth.Credential.Empty() {
		body.search = &bodySearch{secret: x.auth.Credential}
	}
	if out.Trailer != nil {
		body.left = -1 // in HTTP/2 trailers can follow a body of known length: they come with the source's own end
		body.trailer = func() error { return x.fillTrailer(out.Trailer) }
	}
	if out.Header["Expect"] != nil {
		body.gate = newContinueGate()
	}
	out.GetBody = body.open
	out.Body, _ = body.open()
	return body
}

// fillTrailer sets the values of the trailers that were announced and named, once the body has been read.
func (x *forwarding) fillTrailer(trailer http.Header) error {
	decided := x.policy.RequestTrailer(x.in.Trailer)
	for name := range trailer {
		if values := decided.Header[name]; len(values) > 0 {
			trailer[name] = values
		}
	}
	if x.seal.trailer(trailer) {
		clear(trailer)
		return errSealedTrailer
	}
	return nil
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
		if x.in.Context().Err() != nil {
			panic(http.ErrAbortHandler) // nobody to tell
		}
		// Half of the connection may still be there: say why, in case.
		d.Status, d.Message = http.StatusBadRequest, "The request's body ended early."
	}
	x.deny(d)
}

// relay writes the response: what the policy lets back of its header, its body as it comes, its trailers.
func (x *forwarding) relay(ctx context.Context, res *http.Response) {
	if x.guard.Await != nil {
		if d := x.guard.Await(ctx); d != nil {
			stage.Deny(x.w, x.in, stage.Guardrail, *d)
			return
		}
	}
	decision, err := x.decide(res.Header)
	if err != nil {
		x.fail(&failure{UpstreamMalformed, err.Error()})
		return
	}
	trailers := x.writeHead(res, decision)
	stream := &stream{w: x.w, clock: x.clock, length: bodyLength(x.in, res), framed: res.ProtoMajor > 1, control: http.NewResponseController(x.w)}
	stream.watch()
	defer stream.end()
	stream.begin()
	n, err := stream.copy(res.Body)
	x.record.bytesOut, x.record.firstByte = n, stream.firstByte
	if err != nil {
		x.record.failure = x.midstream(ctx, err)
		panic(http.ErrAbortHandler)
	}
	x.writeTrailers(res, trailers)
	x.record.complete = true
}

// decide applies the response policy, with the reasons if somebody wants the record, and then the seal.
func (x *forwarding) decide(h http.Header) (*headerpolicy.Decision, error) {
	var err error
	decision := new(headerpolicy.Decision)
	if x.ledger.Observed() {
		decision, err = x.policy.Response(h)
		x.record.response = decision
	} else {
		decision.Header, err = x.policy.ResponseHeader(h)
	}
	x.seal.response(decision)
	return decision, err
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

// writeHead writes the status and header, and returns the names of the trailers that were announced.
func (x *forwarding) writeHead(res *http.Response, d *headerpolicy.Decision) []string {
	h := x.w.Header()
	for _, name := range field.MergeResponse(h, d.Header) {
		d.Withdraw(name, headerpolicy.SetByGateway)
	}
	switch length, given := contentLength(x.in, res); {
	case given:
		h["Content-Length"] = []string{length}
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
	x.w.WriteHeader(res.StatusCode)
	return trailers
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
func contentLength(in *http.Request, res *http.Response) (string, bool) {
	switch {
	case res.StatusCode == http.StatusNoContent:
		return "", false
	case res.StatusCode == http.StatusNotModified || in.Method == http.MethodHead:
		if v := res.Header["Content-Length"]; len(v) == 1 {
			if _, err := strconv.ParseUint(v[0], 10, 63); err == nil {
				return v[0], true
			}
		}
		return "", false
	case res.ContentLength >= 0:
		return strconv.FormatInt(res.ContentLength, 10), true
	}
	return "", false
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
	x     *forwarding
	mu    sync.Mutex
	ended bool
}

// relayInterim returns nil where no informational response would cross.
func (x *forwarding) relayInterim() *interim {
	if !x.policy.NamesInformational() || !x.in.ProtoAtLeast(1, 1) || x.guard.Await != nil {
		return nil
	}
	return &interim{x: x}
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
	decision, ok := i.x.policy.Informational(http.Header(h))
	if !ok {
		return nil
	}
	i.x.seal.response(decision)
	if len(decision.Header) == 0 {
		return nil
	}
	field.WriteInformational(i.x.w, status, decision.Header)
	return nil
}
