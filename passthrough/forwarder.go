package passthrough

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/denial"
	"github.com/headersafe/headersafe/internal/endpoint"
	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/stage"
	"github.com/headersafe/headersafe/internal/target"
)

// Forwarder is the end of the chain: it checks that the stages before it ran, builds a fresh request for the
// upstream from what they decided, seals it, sends it, and relays the response under the response policy. It is
// immutable and safe for concurrent use. The zero Forwarder refuses everything.
type Forwarder struct {
	base      target.Base
	endpoints *endpoint.Set
	patterns  []string
	transport http.RoundTripper
	settles   bool // used connections settle before a request goes over them
	timeouts  Timeouts
	unguarded string
	tunnels   tunnels
}

// forwarding is one request on its way through a Forwarder. It lives on the stack of the handler's goroutine, and so no
// pointer to it may be kept: what others can hold on to is in departure.
type forwarding struct {
	*Forwarder
	*departure

	ctx      context.Context     // of the exchange
	w        http.ResponseWriter // the writer to relay to
	in       *http.Request
	adjacent bool // nothing stands between the header policy and here
	ledger   *stage.Ledger
	policy   *headerpolicy.Policy
	decision *headerpolicy.Decision
	note     stage.PolicyNote
	guard    stage.GuardNote
	seal     seal
	record   forwardRecord
}

// departure is all that the HTTP client is given, and what else of an exchange can be seen from another goroutine, in one
// allocation. The client's goroutines may hold on to it when the handler has returned, so it is never used again.
type departure struct {
	outer  context.Context // of the exchange, as it came to the forwarder
	out    http.Request
	target url.URL
	body   requestBody
	clock  clock
	stream stream

	settling settling // what the HTTP client has of the context
}

// ServeHTTP forwards r, or answers with the reason why not. It panics with [http.ErrAbortHandler] when the
// response breaks off after it began, so that no client takes it for complete.
func (f *Forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l, ctx := stage.Open(r)
	var x forwarding // set below, since a literal would stand on the stack twice, and streams have deep stacks enough
	x.Forwarder, x.ctx, x.ledger, x.w, x.in = f, ctx, l, w, r
	x.serve()
}

// adjacent is a Forwarder right behind another stage of this module.
type adjacent struct{ *Forwarder }

// ServeStage is ServeHTTP within an exchange.
func (f adjacent) ServeStage(ctx context.Context, l *stage.Ledger, w http.ResponseWriter, r *http.Request) {
	var x forwarding
	x.Forwarder, x.ctx, x.ledger, x.w, x.in, x.adjacent = f.Forwarder, ctx, l, w, r, true
	x.serve()
}

func (x *forwarding) serve() {
	if d := x.admit(); d != nil {
		x.deny(*d)
		return
	}
	if x.ledger.Observed() {
		defer x.leaveRecord()
	}
	switch d := x.prepare(); {
	case d != nil:
		x.deny(*d)
	case x.out.Header["Upgrade"] != nil:
		x.tunnel()
	default:
		x.exchange()
	}
}

// admit passes the stage.
func (x *forwarding) admit() *denial.Denial {
	err := x.ledger.Enter(stage.Forward)
	if err == nil {
		err = x.complete(x.ledger)
	}
	if err == nil {
		err = x.ledger.Pass(stage.Forward, nil)
	}
	if err != nil {
		d := stage.Misassembled(err)
		return &d
	}
	x.record = forwardRecord{upstream: x.base.Host(), unguarded: x.unguarded, started: time.Now()}
	return nil
}

// prepare makes the outbound request.
func (x *forwarding) prepare() *denial.Denial {
	if d := x.readNotes(); d != nil {
		return d
	}
	x.departure = &departure{outer: x.ctx}
	if d := x.checkRequest(); d != nil {
		return d
	}
	return x.outbound()
}

// leaveRecord leaves a copy of the record for whoever observes.
func (x *forwarding) leaveRecord() {
	record := x.record
	x.ledger.SetNote(stage.Forward, &record)
}

// complete checks the ledger: exactly the stages that belong before this forwarder, once each and in order.
func (f *Forwarder) complete(l *stage.Ledger) error {
	if f == nil || f.transport == nil {
		return &ConfigError{Field: "Forwarder", Reason: "was not made by NewForwarder"}
	}
	if f.unguarded != "" {
		return l.Complete(stage.Forward, stage.Auth, stage.HeaderPolicy)
	}
	return l.Complete(stage.Forward, stage.Auth, stage.HeaderPolicy, stage.Guardrail)
}

// readNotes takes over what the stages left, and checks that nothing between them and here has changed what was
// decided on.
func (x *forwarding) readNotes() *denial.Denial {
	x.note = x.ledger.Policy()
	x.guard, _ = x.ledger.Note(stage.Guardrail).(stage.GuardNote)
	x.policy, _ = x.note.Policy.(*headerpolicy.Policy)
	x.decision, _ = x.note.Decision.(*headerpolicy.Decision)
	changed := ""
	switch {
	case x.policy == nil || x.decision == nil:
		changed = "the header policy left no decision"
	case x.in.URL.RawQuery != x.note.RawQuery:
		changed = "the query changed after the header policy"
	case x.guard.Target != "" && x.guard.Target != x.in.Method+" "+x.in.URL.EscapedPath():
		changed = "the target changed after the guardrail"
	case x.guard.Body != nil && x.guard.Body != x.in.Body:
		changed = "the body changed after the guardrail"
	}
	if changed != "" {
		d := misassembled(changed)
		return &d
	}
	if filter := x.note.Filter; filter != nil { // the response is filtered here, once
		if beneath := filter.Relay(); x.w == filter {
			x.w = beneath
		}
	}
	x.seal = seal{gateway: x.ledger.Auth().Credential, upstream: x.note.Secrets}
	return nil
}

// checkRequest refuses what is never forwarded, whatever the policy says.
func (x *forwarding) checkRequest() *denial.Denial {
	allow := "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
	// In any case: methods are case-sensitive (RFC 9110 section 9.1), and some servers forget it.
	if strings.EqualFold(x.in.Method, http.MethodConnect) || strings.EqualFold(x.in.Method, http.MethodTrace) {
		return methodNotAllowed(allow)
	}
	var err error
	if x.target, err = x.base.Join(x.in); err != nil {
		return &denial.Denial{Status: http.StatusBadRequest, Code: "bad-target",
			Message: "The request was not forwarded: " + err.Error() + "."}
	}
	if x.endpoints == nil {
		return nil
	}
	i, allow, ok := x.endpoints.Match(x.in)
	switch {
	case x.endpoints.Ambiguous(x.in, i, ok):
		return &denial.Denial{Status: http.StatusBadRequest, Code: "bad-target",
			Message: "The request was not forwarded: the path, percent-decoded, is another endpoint's."}
	case ok:
		x.record.endpoint = x.patterns[i]
		return nil
	case allow != "":
		return methodNotAllowed(allow)
	}
	return &denial.Denial{Status: http.StatusNotFound, Code: "unknown-endpoint",
		Message: "This route does not forward that endpoint."}
}

// outbound builds the request for the upstream from what was decided, and seals it. Nothing of the inbound
// request's own header reaches it.
func (x *forwarding) outbound() *denial.Denial {
	header, d := x.header()
	if d != nil {
		return d
	}
	x.out = http.Request{
		Method:        x.in.Method,
		URL:           &x.target,
		Host:          x.target.Host,
		Header:        header,
		ContentLength: x.in.ContentLength,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
	}
	if d := x.hop(&x.out); d != nil {
		return d
	}
	if where := x.seal.request(&x.out, x.decision); where != "" {
		return &denial.Denial{Status: http.StatusBadRequest, Code: "sealed",
			Message: sealedMessage, Detail: "the gateway's credential stands in " + where}
	}
	x.record.path = x.in.URL.EscapedPath() // sealed: it holds no credential of the gateway's
	return nil
}

// header returns the fields that the policy decided on. One that was removed since does not cross, one that was
// slipped in since does not either, and one that was changed is a fault in the chain.
func (x *forwarding) header() (http.Header, *denial.Denial) {
	header := x.decision.Header
	if x.adjacent {
		return header, nil // nobody had the request in between
	}
	if x.guard.Identity { // the answer is going to be read: what the policy made of this field gives way
		header["Accept-Encoding"] = []string{"identity"}
	}
	for name, values := range header {
		now, ok := x.in.Header[name]
		if !ok {
			x.decision.Withdraw(name, headerpolicy.NotNamed)
			continue
		}
		if !slices.Equal(values, now) {
			d := misassembled("the field " + name + " changed after the header policy")
			return nil, &d
		}
	}
	return header, nil
}

// hop adds the few fields that are this hop's own: they speak of the connection to the upstream, not of the
// caller's.
func (x *forwarding) hop(out *http.Request) *denial.Denial {
	upgrade, d := websocket(x.in, x.note.Inbound)
	switch {
	case d != nil:
		return d
	case upgrade && out.Header["Sec-Websocket-Key"] == nil:
		return &denial.Denial{Status: http.StatusForbidden, Code: "upgrade-not-named",
			Message: "This route does not forward WebSockets."}
	case upgrade:
		out.Header["Connection"] = []string{"Upgrade"}
		out.Header["Upgrade"] = []string{"websocket"}
	}
	if out.Header["User-Agent"] == nil {
		out.Header["User-Agent"] = nil // present and empty: net/http adds none of its own
	}
	if x.policy.NamesResponseTrailers() && field.HasMember(x.note.Inbound["Te"], "trailers") {
		out.Header["Te"] = []string{"trailers"}
	}
	if field.HasMember(x.note.Inbound["Expect"], "100-continue") && x.guard.Body == nil && x.in.ContentLength != 0 {
		out.Header["Expect"] = []string{"100-continue"}
	}
	for _, name := range x.decision.Trailer {
		if _, ok := x.in.Trailer[name]; !ok {
			continue // a guardrail drops them: it has read the whole body, and they come after it
		}
		if out.Trailer == nil {
			out.Trailer = make(http.Header, len(x.decision.Trailer))
		}
		out.Trailer[name] = nil
	}
	return nil
}

func (x *forwarding) deny(d denial.Denial) {
	x.ledger.Deny(x.w, stage.Forward, d)
}

// misassembled is the denial for a chain in which something other than a stage has interfered.
func misassembled(why string) denial.Denial {
	return stage.Misassembled(&ConfigError{Field: "chain:", Reason: why})
}

func methodNotAllowed(allow string) *denial.Denial {
	return &denial.Denial{Status: http.StatusMethodNotAllowed, Code: "method-not-allowed",
		Message: "The method is not allowed here.",
		Header:  http.Header{"Allow": {allow}}}
}

// give has the outbound request carry ctx.
//
//go:noinline // it has two requests on the stack, of which the round trip needs much
func (d *departure) give(ctx context.Context) { d.out = *d.out.WithContext(ctx) }

// roundTrip sends the request, in ctx, and gives the outcome a name where there is no response.
func (x *forwarding) roundTrip(ctx context.Context) (*http.Response, *failure) {
	outgoing := ctx
	if x.settles {
		outgoing = x.settling.traced(ctx)
	}
	x.give(outgoing)
	res, err := x.transport.RoundTrip(&x.out)
	if err != nil {
		return nil, x.failure(ctx, err)
	}
	if res.StatusCode < 200 && res.StatusCode != http.StatusSwitchingProtocols || res.StatusCode > 999 {
		_ = res.Body.Close()
		return nil, &failure{Outcome: UpstreamMalformed, Detail: "the upstream answered with an unusable status"}
	}
	x.record.upstreamStatus = res.StatusCode
	x.record.proto = res.Proto
	x.record.answered = time.Now()
	return res, nil
}

// failure names the reason of err, which came of talking to the upstream, unless the client's side of the
// exchange is what failed.
func (x *forwarding) failure(ctx context.Context, err error) *failure {
	fault := x.body.failure()
	if fault == nil || x.ctx.Err() != nil {
		return classify(err, context.Cause(ctx), x.ctx.Err())
	}
	switch {
	case errors.Is(fault, errSealedBody), errors.Is(fault, errSealedTrailer):
		return &failure{SealedBody, fault.Error()}
	case errors.Is(fault, io.ErrUnexpectedEOF), isNetwork(fault):
		return &failure{ClientClosed, "the client left in the middle of its request"}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](fault); ok {
		return &failure{BodyTooLarge, "a bound set around the route"}
	}
	return &failure{ClientFault, "the request's body is malformed"}
}
