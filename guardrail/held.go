package guardrail

import (
	"maps"
	"net/http"
	"time"

	"github.com/headersafe/headersafe/internal/stage"
)

// held is the ResponseWriter of a handler that runs alongside a guard. Whatever the handler sends first, an
// informational response or a flush included, waits for the verdict. If that is a denial, the denial is sent, and
// nothing that the handler has set or written.
//
// There is no Unwrap: it would be the way around.
type held struct {
	x      *exchange
	header http.Header // the handler's own, until released
	open   bool        // the verdict let it pass
	denied bool        // the denial has been written
}

func newHeld(x *exchange) *held { return &held{x: x, header: x.w.Header().Clone()} }

func (h *held) settled() bool { return h.open || h.denied }

// wait waits for the verdict, and reports whether the handler may write.
func (h *held) wait() bool {
	if h.settled() {
		return h.open
	}
	x := h.x
	if d := x.hearing.await(x.in.Context(), Alongside); d != nil {
		h.denied = true
		stage.Deny(x.w, x.in, stage.Guardrail, *d)
		_ = http.NewResponseController(x.w).Flush() // the handler may go on for a while
		return false
	}
	h.open = true
	outer := x.w.Header()
	clear(outer)
	maps.Copy(outer, h.header)
	return true
}

// finish is called when the handler has returned: a response without a body waits, too.
func (h *held) finish() {
	if h.wait() {
		maps.Copy(h.x.w.Header(), h.header) // trailers, if the handler kept the map
	}
}

// Header returns the handler's own map.
func (h *held) Header() http.Header {
	if h.open {
		return h.x.w.Header()
	}
	return h.header
}

// WriteHeader sends a status, when it may.
func (h *held) WriteHeader(status int) {
	if h.wait() {
		h.x.w.WriteHeader(status)
	}
}

// Write sends a part of the body, when it may.
func (h *held) Write(p []byte) (int, error) {
	if !h.wait() {
		return 0, errHeld
	}
	return h.x.w.Write(p)
}

// FlushError sends what has been written so far, when it may.
func (h *held) FlushError() error {
	if !h.wait() {
		return errHeld
	}
	return http.NewResponseController(h.x.w).Flush()
}

// Flush is FlushError for those who do not ask.
func (h *held) Flush() { _ = h.FlushError() }

// SetReadDeadline sets the deadline for reading the request.
func (h *held) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(h.x.w).SetReadDeadline(t)
}

// SetWriteDeadline sets the deadline for writing the response.
func (h *held) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(h.x.w).SetWriteDeadline(t)
}

// EnableFullDuplex lets an HTTP/1 handler read the request while it writes the response.
func (h *held) EnableFullDuplex() error {
	return http.NewResponseController(h.x.w).EnableFullDuplex()
}
