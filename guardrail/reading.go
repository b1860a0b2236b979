package guardrail

import (
	"bytes"
	"context"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reading is the reading of one answer: what is made of each part that the handler writes. Its methods are called with the
// lock of its held, from the handler's goroutine or a timer's.
type reading struct {
	*responses
	*responseRule

	x       *exchange
	h       *held
	content content // nil before the first byte, and where the body is not read
	refusal []byte  // the body of the gateway's own refusal, if there has been one
	own     bool    // that is what the handler writes, and not the upstream's answer
	opened  bool    // the first byte has come
	closed  bool    // what was held has been given back
	length  int64   // of the body, by its header; -1 where that doesn't say
	tally   tally
	record  ResponseRecord

	started time.Time // when the handler was called
	waiting time.Time // since when something has been held; zero where nothing is
}

// content is a body of one kind. The errors are a [*Denial], or say that the client can't be written to.
type content interface {
	// write reads on. It keeps nothing of p but a copy.
	write(p []byte) error
	// end judges what has not been judged, and releases what has not been released: the body is complete.
	end() error
	// close gives back what is held. It is called once.
	close()
}

func newReading(x *exchange, h *held) *reading {
	return &reading{
		responses: x.responses, responseRule: x.rule.response, x: x, h: h, started: time.Now(), length: -1,
		record: ResponseRecord{Mode: x.responses.mode, Outcome: Skipped},
	}
}

// head is called with the status and header.
func (r *reading) head() error {
	h := r.h
	r.record.Status = h.status
	if denied, _ := r.x.ledger.Denied(); denied != nil && denied.Status == h.status {
		r.refusal = r.x.rendered(denied)
	}
	if lines := h.sent["Content-Length"]; len(lines) == 1 {
		if n, err := strconv.ParseInt(lines[0], 10, 64); err == nil {
			r.length = n
		}
	}
	switch {
	case r.bodiless(), r.mode == Observe:
		h.begin()
	case h.status == http.StatusSwitchingProtocols:
		return unreadableResponse("the upstream switched protocols")
	}
	return nil
}

// bodiless reports whether the answer has no body, whatever its header says (RFC 9110 section 6.4.1).
func (r *reading) bodiless() bool {
	return r.x.in.Method == http.MethodHead || r.h.status == http.StatusNoContent || r.h.status == http.StatusNotModified
}

// write reads a part of the body, and passes on what may be.
func (r *reading) write(p []byte) error {
	switch {
	case r.bodiless() && r.x.in.Method != http.MethodHead:
		return http.ErrBodyNotAllowed
	case r.bodiless(), len(p) == 0:
		return nil // a handler may write to HEAD, as in net/http: it goes nowhere
	case !r.opened && r.refusal != nil && bytes.Equal(p, r.refusal):
		r.own, r.opened = true, true
		_, err := r.h.pass(p)
		return err
	case r.own:
		return errHeld // nothing follows a refusal
	}
	if r.record.Read == 0 {
		r.record.FirstByte = time.Since(r.started)
	}
	r.record.Read += int64(len(p))
	var fault error
	if !r.opened {
		r.opened = true
		fault = r.open()
	}
	if r.mode == Observe || r.content == nil && fault == nil {
		if err := r.release(p); err != nil {
			return err
		}
	}
	if fault == nil && r.content != nil && !r.closed {
		fault = r.content.write(p)
	}
	return r.observed(fault)
}

// observed takes note of a fault where answers are only observed. They are not read on.
func (r *reading) observed(fault error) error {
	if fault == nil || r.mode != Observe {
		return fault
	}
	r.close()
	r.record.Outcome, r.record.Detail = Failed, fault.Error()
	return nil
}

// open says what kind of body begins.
func (r *reading) open() error {
	header := r.h.sent
	for _, coding := range header["Content-Encoding"] {
		if !strings.EqualFold(strings.TrimSpace(coding), codingNoCode) {
			return unreadableResponse("the answer is encoded, although it was asked for as it is")
		}
	}
	lines := header["Content-Type"]
	if len(lines) != 1 {
		return unreadableResponse("there must be exactly one Content-Type")
	}
	mediaType, parameters, err := mime.ParseMediaType(lines[0])
	switch {
	case err != nil:
		return unreadableResponse("the Content-Type is malformed")
	case slices.Contains(r.media, mediaType):
		r.record.Format = "opaque"
		return r.opaque("$")
	case !inUTF8(parameters):
		return unreadableResponse("the Content-Type has a parameter other than charset=utf-8")
	case isJSON(mediaType):
		r.record.Format = "json"
		r.content = newDocumentContent(r)
		return nil
	case mediaType != mediaEventStream:
		return unreadableResponse("the answer is neither JSON nor an event stream")
	}
	r.record.Format = r.stream.String()
	if r.stream == NoStream {
		return unreadableResponse("the endpoint's rule has no table for event streams")
	}
	if r.mode != Observe {
		delete(header, "Content-Length") // a comment or an error event may be added
	}
	r.content = newStreamContent(r)
	return nil
}

// mediaEventStream is the media type of event streams (WHATWG HTML, section 9.2).
const mediaEventStream = "text/event-stream"

// isEventStream reports whether clients could read an event stream in an answer with the given header.
func isEventStream(header http.Header) bool {
	return slices.ContainsFunc(header["Content-Type"], func(line string) bool {
		mediaType, _, _ := mime.ParseMediaType(line)
		return mediaType == mediaEventStream
	})
}

// opaque notes parts that no guard can read, and refuses them unless that was allowed.
func (r *reading) opaque(places ...string) error {
	if len(places) == 0 {
		return nil
	}
	r.record.Opaque = append(r.record.Opaque, places[:min(len(places), maxPaths-len(r.record.Opaque))]...)
	if r.allowOpaque || r.mode == Observe {
		return nil
	}
	return opaqueResponse(places[0])
}

// end is called when the handler has returned: the body is complete, unless its own length says otherwise.
func (r *reading) end() error {
	if r.length >= 0 && r.record.Read != r.length && !r.bodiless() && !r.own && r.mode != Observe {
		return incompleteResponse("the answer is not as long as its Content-Length")
	}
	if !r.opened && !r.bodiless() && isEventStream(r.h.sent) { // of no event: its end is missing
		r.opened = true
		if err := r.observed(r.open()); err != nil {
			return err
		}
	}
	if r.content != nil && !r.closed {
		if err := r.observed(r.content.end()); err != nil {
			return err
		}
	}
	if r.record.Outcome == Skipped {
		r.record.Outcome = Passed
	}
	return nil
}

// release sends bytes to the client.
func (r *reading) release(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if r.record.Released == 0 {
		r.record.FirstReleased = time.Since(r.started)
	}
	n, err := r.h.pass(p)
	r.record.Released += int64(n)
	return err
}

// holding notes whether something is held from now on.
func (r *reading) holding(something bool) {
	switch {
	case something && r.waiting.IsZero():
		r.waiting = time.Now()
	case !something && !r.waiting.IsZero():
		r.record.Held += time.Since(r.waiting)
		r.waiting = time.Time{}
	}
}

// denied notes a denial of the answer, and drops what is held.
func (r *reading) denied(d *Denial) {
	r.record.Outcome, r.record.Detail = Failed, d.Detail
	if d.Code == codeBlocked {
		r.record.Outcome = Blocked
	}
	r.close()
}

// errorEvent returns the event that ends a stream because of d.
func (r *reading) errorEvent(d *Denial) []byte {
	if s, ok := r.content.(*streamContent); ok {
		return s.between(s.table.refuse(d.Code, d.Message))
	}
	return nil // nothing else is released in part
}

// close gives back what is held. Nothing is read on.
func (r *reading) close() {
	r.holding(false)
	if r.content == nil || r.closed {
		return
	}
	r.closed = true
	if s, ok := r.content.(*streamContent); ok && r.record.Outcome == Skipped && s.complete() && r.record.Released == r.record.Read {
		r.record.Outcome = Passed // clients leave at the terminal event, and need not wait for the end of the message
	}
	r.content.close()
}

// judge has the guards judge texts, which it lets go. The error is their denial, or says that the client has left. While
// they are at work, beat is called at the times that tick gives; both may be nil.
func (r *reading) judge(d *document, tick <-chan time.Time, beat func()) error {
	x := r.x
	in := Input{Caller: x.ledger.Auth().Caller, Endpoint: r.pattern, Direction: DirectionResponse}
	if x.asked != nil {
		d.borrow(x.asked)
		in.Request = x.asked.all()
	}
	defer d.letGo()
	h := hear(x.in.Context(), r.tally.seats(r.responses.seats), d, in)
	denial := h.awaitWith(x.in.Context(), Block, tick, beat)
	r.record.Hearings++
	r.tally.add(h)
	switch gone := context.Cause(x.in.Context()); {
	case denial == nil:
		return nil
	case gone != nil && denial.Code != codeBlocked:
		return gone
	}
	return denial
}

// finalRecord returns the record when nothing more will happen. With wait, it waits for observers by calling await.
func (r *reading) finalRecord(wait bool, await func(observers <-chan struct{})) *ResponseRecord {
	if r.own || r.record.Status == 0 {
		return nil
	}
	final := r.record
	for _, h := range r.tally.pending {
		if wait {
			await(h.heard[Observe])
		}
	}
	final.Guards = r.tally.end()
	return &final
}
