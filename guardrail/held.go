package guardrail

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/stage"
)

// What a handler gets that writes where it may not.
var (
	errHeld  = errors.New("guardrail: the exchange was denied")
	errEnded = errors.New("guardrail: the handler has returned")
)

// held is the ResponseWriter of a handler whose answer waits for a verdict: for that of the guards alongside, which holds
// all of it, an informational response and a flush included, and for those on the answer itself. If a verdict is a denial,
// the denial is sent, and nothing of what is still held.
//
// There is no Unwrap: it would be the way around.
type held struct {
	x       *exchange
	w       http.ResponseWriter // the client's
	control *http.ResponseController
	cancel  func(cause error) // ends the upstream's work
	header  http.Header       // the handler's own, until it is due
	reading *reading          // of the answer; nil where no guard judges it

	// Flushes come from other goroutines than the handler's, and so do timers.
	mu        sync.Mutex
	cleared   bool        // the guards alongside have let the request pass
	status    int         // of the final response; 0 until the handler has said so
	sent      http.Header // its header, as it was then
	begun     bool        // both have gone to the client
	unflushed bool        // something has been written since the last flush
	failed    error       // what every further write returns
	denied    bool        // so because of a denial, of which the client was told
	panicked  any         // what a timer's goroutine ended with
}

func newHeld(x *exchange, cancel func(cause error)) *held {
	h := &held{x: x, w: x.w, control: http.NewResponseController(x.w), cancel: cancel, header: x.w.Header().Clone(), cleared: x.note.Await == nil}
	if x.reads() {
		h.reading = newReading(x, h)
	}
	return h
}

// clear waits for the guards alongside, and reports whether anything may be sent.
func (h *held) clear() bool {
	if !h.cleared && h.failed == nil {
		if d := h.x.hearing.await(h.x.in.Context(), Alongside); d != nil {
			h.refuse(d)
			return false
		}
		h.cleared = true
	}
	return h.failed == nil
}

// clearNow is clear where nothing has to be waited for; it reports false elsewhere.
func (h *held) clearNow() bool {
	if !h.cleared {
		select {
		case <-h.x.hearing.heard[Alongside]:
		default:
			return false
		}
	}
	return h.clear()
}

// begin sends the status and header, if they may be sent.
func (h *held) begin() bool {
	if !h.clear() {
		return false
	}
	if !h.begun {
		h.begun, h.unflushed = true, true
		h.takeOver(h.sent)
		h.w.WriteHeader(h.status)
	}
	return true
}

// takeOver makes the given header that of the client's ResponseWriter.
func (h *held) takeOver(header http.Header) {
	outer := h.w.Header()
	clear(outer)
	maps.Copy(outer, header)
}

// pass sends bytes to the client, if they may be sent.
func (h *held) pass(p []byte) (int, error) {
	if !h.begin() {
		return 0, h.failed
	}
	h.unflushed = true
	n, err := h.w.Write(p)
	if err != nil {
		h.failed = err
	}
	return n, err
}

func (h *held) flush() error {
	h.unflushed = false
	return h.control.Flush()
}

// fail ends the answer because of err, which is a [*Denial] or an error of writing to the client, and returns what
// the handler is told.
func (h *held) fail(err error) error {
	if d, ok := errors.AsType[*Denial](err); ok {
		h.deny(d)
	}
	if h.failed == nil {
		h.failed = err
	}
	return h.failed
}

// deny denies the answer: in place of it, or, where a part of it has gone to the client, by cutting it off with an event
// that says so. The upstream's work ends at once.
func (h *held) deny(d *Denial) {
	h.cancel(errDecided)
	h.reading.denied(d)
	if !h.begun {
		if h.clear() {
			h.refuse(d)
		}
		return
	}
	h.failed, h.denied = errHeld, true
	h.x.note.Cut = &Denial{Status: h.status, Code: d.Code, Message: d.Message, Detail: d.Detail}
	_, _ = h.w.Write(h.reading.errorEvent(d)) //nolint:gosec // G705: JSON in an event stream, of the package's own making
	_ = h.flush()
}

// refuse answers with d, before anything else has been sent.
func (h *held) refuse(d *Denial) {
	h.failed, h.denied = errHeld, true
	h.cancel(errDecided)
	stage.Deny(h.w, h.x.in, stage.Guardrail, *d)
	_ = h.flush() // the handler may go on for a while
}

// respond takes the handler's word for the status and header.
func (h *held) respond(status int) {
	h.status, h.sent = status, h.header.Clone()
	if h.reading == nil {
		h.begin()
		return
	}
	if err := h.reading.head(); err != nil {
		_ = h.fail(err)
	}
}

// ready returns why nothing can be written. A handler that has not said what its status is means 200.
func (h *held) ready() error {
	if h.status == 0 && h.failed == nil {
		h.respond(http.StatusOK)
	}
	return h.failed
}

// finish is called when the handler has returned.
func (h *held) finish() {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.end()
	if h.panicked != nil {
		panic(h.panicked)
	}
	if h.failed != nil {
		return
	}
	if h.status == 0 { // net/http answers for it, with nothing
		if h.clear() {
			h.takeOver(h.header)
		}
		return
	}
	if h.reading != nil {
		if err := h.reading.end(); err != nil {
			_ = h.fail(err)
			return
		}
	}
	if h.begin() {
		h.trailers()
	}
}

// abort is called when the handler has panicked with [http.ErrAbortHandler]. It reports whether nothing is left to
// say, because a denial has been sent.
func (h *held) abort() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.end()
	switch {
	case h.failed != nil:
	case h.x.hearing != nil && h.x.hearing.decided():
		h.clear() // it is the denial that ended the upstream's work
	case h.reading != nil && h.status != 0 && !h.begun && h.x.in.Context().Err() == nil:
		h.deny(incompleteResponse("the upstream broke off"))
		h.x.note.Broken = h.denied
	}
	return h.denied
}

// drop is called when the handler has ended in any other way.
func (h *held) drop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.end()
}

// end lets nothing be written any more.
func (h *held) end() {
	if h.failed == nil {
		h.failed = errEnded
	}
	if h.reading != nil {
		h.reading.close()
	}
}

// trailers takes over what came after the body. The header that went before it doesn't change any more.
func (h *held) trailers() {
	outer := h.w.Header()
	for name := range field.Members(h.sent["Trailer"]) {
		if name = http.CanonicalHeaderKey(name); h.header[name] != nil {
			outer[name] = h.header[name]
		} else {
			delete(outer, name)
		}
	}
	for name, lines := range h.header {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			outer[name] = lines
		}
	}
}

// Header returns the handler's own map.
func (h *held) Header() http.Header { return h.header }

// WriteHeader sends a status, when it may.
func (h *held) WriteHeader(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.failed != nil || h.status != 0:
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		if h.clear() {
			field.WriteInformational(h.w, status, h.header)
		}
	default:
		h.respond(status)
	}
}

// Write sends a part of the body, when it may.
func (h *held) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.ready(); err != nil {
		return 0, err
	}
	if h.reading == nil {
		return h.pass(p)
	}
	switch err := h.reading.write(p); {
	case errors.Is(err, http.ErrBodyNotAllowed):
		return 0, err
	case err != nil:
		return 0, h.fail(err)
	}
	return len(p), nil
}

// FlushError sends what has been written and may be sent.
func (h *held) FlushError() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.ready(); err != nil {
		return err
	}
	if h.reading == nil || h.unflushed {
		return h.flush()
	}
	return nil
}

// Flush is FlushError for those who do not ask.
func (h *held) Flush() { _ = h.FlushError() }

// SetReadDeadline sets the deadline for reading the request.
func (h *held) SetReadDeadline(t time.Time) error { return h.control.SetReadDeadline(t) }

// SetWriteDeadline sets the deadline for writing the response.
func (h *held) SetWriteDeadline(t time.Time) error { return h.control.SetWriteDeadline(t) }

// EnableFullDuplex lets an HTTP/1 handler read the request while it writes the response.
func (h *held) EnableFullDuplex() error { return h.control.EnableFullDuplex() }
