package headerpolicy

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/secret"
	"github.com/headersafe/headersafe/internal/stage"
)

// filter is the ResponseWriter of the wrapped handler. The handler writes into a header map of its own, and what
// the policy names of that is merged into the writer beneath when the header is sent.
//
// There is no Unwrap: it would be the way around.
type filter struct {
	w       http.ResponseWriter
	policy  *Policy
	ledger  *stage.Ledger
	secrets []*secret.Needle
	header  http.Header // the wrapped handler's; nil until it asks

	relayed  bool // our forwarder filters the response itself
	wrote    bool // the final header has been decided on
	discard  bool // the response was refused, and answered in its stead
	declared []string
}

// Header returns the wrapped handler's own map.
func (f *filter) Header() http.Header {
	if f.relayed {
		return f.w.Header()
	}
	if f.header == nil {
		f.header = http.Header{}
	}
	return f.header
}

// Relay ends the filtering.
func (f *filter) Relay() http.ResponseWriter {
	f.relayed = true
	return f.w
}

// WriteHeader sends what crosses of the header.
func (f *filter) WriteHeader(status int) {
	switch {
	case f.relayed:
		f.w.WriteHeader(status)
	case f.wrote:
	case status >= 100 && status <= 199 && status != http.StatusSwitchingProtocols:
		f.inform(status)
	default:
		f.wrote = true
		f.begin(status)
	}
}

// begin sends the final header.
func (f *filter) begin(status int) {
	crossing := build{}
	f.policy.respond(&crossing, f.header)
	refusal := crossing.refusal
	if status == http.StatusSwitchingProtocols {
		refusal = &Refusal{Status: http.StatusBadGateway, Code: codeUpgrade, Reason: "The upstream switched protocols, which is not relayed here."}
	}
	outer := f.w.Header()
	switch denied, _ := f.ledger.Denied(); {
	case denied != nil: // by a stage within: the header is the gateway's own
		f.sealed(f.header)
		maps.Copy(outer, f.header)
	case refusal != nil:
		f.discard = true
		f.ledger.Deny(f.w, stage.HeaderPolicy, refusal.denial())
		return
	default:
		for _, kept := range crossing.kept {
			if !f.holdsSecret(kept.Name, kept.Lines) {
				kept.Lines = slices.Clone(kept.Lines) // the handler has its header still, and the one beneath may be sent later
				field.MergeResponse(outer, kept)
			}
		}
	}
	if length, ok := contentLength(f.header); ok {
		outer["Content-Length"] = length
	}
	if outer["Content-Type"] == nil {
		outer["Content-Type"] = nil // present and empty: net/http would guess one from the body
	}
	for name := range field.Members(f.header["Trailer"]) {
		f.declared = append(f.declared, field.Canonical(name))
	}
	f.w.WriteHeader(status)
}

// inform sends an informational response. Its header is that of the moment: what outer middleware has set is for the
// final response, and waits aside.
func (f *filter) inform(status int) {
	var crossing http.Header // 100 has no fields
	if status != http.StatusContinue {
		decision, ok := f.policy.Informational(f.header)
		if !ok {
			return
		}
		crossing = decision.Header
		f.sealed(crossing)
	}
	field.WriteInformational(f.w, status, crossing)
}

// sealed removes what holds a secret that the policy set.
func (f *filter) sealed(h http.Header) { maps.DeleteFunc(h, f.holdsSecret) }

func (f *filter) holdsSecret(name string, lines []string) bool {
	return slices.ContainsFunc(f.secrets, func(n *secret.Needle) bool { return n.InField(name, lines) })
}

// contentLength returns a length that the wrapped handler declared. It is framing: net/http holds the handler to it.
func contentLength(h http.Header) ([]string, bool) {
	lines := h["Content-Length"]
	if len(lines) != 1 {
		return nil, false
	}
	if _, err := strconv.ParseUint(lines[0], 10, 63); err != nil {
		return nil, false
	}
	return []string{lines[0]}, true
}

// Write sends the body.
func (f *filter) Write(p []byte) (int, error) {
	if !f.start() {
		return len(p), nil
	}
	return f.w.Write(p)
}

// ReadFrom sends the body from a reader, by the shortest way that the writer beneath has.
func (f *filter) ReadFrom(r io.Reader) (int64, error) {
	if !f.start() {
		return io.Copy(io.Discard, r)
	}
	return io.Copy(f.w, r)
}

// start sends the header if need be, and reports whether a body may follow.
func (f *filter) start() bool {
	if !f.relayed && !f.wrote {
		f.WriteHeader(http.StatusOK)
	}
	return !f.discard
}

// finish sends what is left when the handler has returned: a header, trailers.
func (f *filter) finish() {
	if f.relayed || !f.start() || !f.policy.NamesResponseTrailers() {
		return
	}
	trailer := http.Header{}
	for _, name := range f.declared {
		trailer[name] = f.header[name]
	}
	for key, lines := range f.header {
		if name, ok := strings.CutPrefix(key, http.TrailerPrefix); ok {
			name = field.Canonical(name)
			trailer[name] = append(trailer[name][:len(trailer[name]):len(trailer[name])], lines...)
		}
	}
	crossing := f.policy.ResponseTrailer(trailer).Header
	f.sealed(crossing)
	outer := f.w.Header()
	for name, lines := range crossing {
		outer[http.TrailerPrefix+name] = lines
	}
}

// FlushError sends what has been written so far.
func (f *filter) FlushError() error {
	if !f.start() {
		return nil
	}
	return http.NewResponseController(f.w).Flush()
}

// Flush is FlushError for those who do not ask.
func (f *filter) Flush() { _ = f.FlushError() }

// SetReadDeadline sets the deadline for reading the request.
func (f *filter) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(f.w).SetReadDeadline(t)
}

// SetWriteDeadline sets the deadline for writing the response.
func (f *filter) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(f.w).SetWriteDeadline(t)
}

// EnableFullDuplex lets an HTTP/1 handler read the request while it writes the response.
func (f *filter) EnableFullDuplex() error {
	return http.NewResponseController(f.w).EnableFullDuplex()
}
