package headerpolicy

import (
	"net/http"
	"slices"
	"strings"

	"github.com/headersafe/headersafe/internal/field"
)

// build is a decision in the making. It lives on the stack of whoever decides.
type build struct {
	explained bool
	limits    Limits
	refusal   *Refusal
	fields    int // kept so far
	bytes     int

	// What crosses goes into header, or where that is nil is appended to kept. The lines are the slices of the input, not
	// copies of them: see [build.keep].
	header http.Header
	kept   []field.Field

	reasons []FieldDecision // nil unless explained
}

// decision returns what was decided, with the given trailers. Of a refused message nothing crosses, even if the error is
// overlooked.
func (b *build) decision(trailer []string) *Decision {
	if b.refusal != nil {
		clear(b.header)
		trailer = nil
	}
	d := &Decision{Header: b.header, Trailer: trailer, Fields: b.reasons}
	if b.explained {
		d.sort()
	}
	return d
}

// note gives a field of the input its reason. It costs nothing where no reasons are wanted.
func (b *build) note(name string, why Reason, note string) {
	if b.explained {
		b.reasons = append(b.reasons, FieldDecision{Name: name, Reason: why, Note: note})
	}
}

// renote gives a field its reason in place of one that it may have. It searches: callers name fields of the config,
// never the many that a request can have.
func (b *build) renote(name string, why Reason, note string) {
	if !b.explained {
		return
	}
	for i := range b.reasons {
		if b.reasons[i].Name == name {
			b.reasons[i].Reason, b.reasons[i].Note = why, note
			return
		}
	}
	b.note(name, why, note)
}

// refuse notes a refusal. Of several, the one to report is that of the first name in order: a map's order is
// random, an answer should not be.
func (b *build) refuse(status int, code, name, reason string) {
	if r := b.refusal; r != nil && (r.Name < name || r.Name == name && r.Code <= code) {
		return
	}
	b.refusal = &Refusal{Status: status, Code: code, Name: name, Reason: reason}
}

// keep lets lines cross under name, which is canonical.
//
// The slice is handed on, cut off at its own end so that appending to it does not write behind it: a copy for each field
// is what a proxy spends most of its time on. Nobody may write into it: a handler must not change the request that it was
// given, nor a RoundTripper the one that it sends, and a response is its receiver's. Whoever decides for others, who may
// do as they like, makes it their own with [own].
func (b *build) keep(name string, lines []string) {
	for _, line := range lines {
		b.bytes += len(name) + len(line)
	}
	b.fields += len(lines)
	switch lines = slices.Clip(lines); {
	case b.fields > b.limits.Fields, b.bytes > b.limits.Bytes:
	case b.header != nil:
		b.header[name] = lines
	default:
		b.kept = append(b.kept, field.Field{Name: name, Lines: lines})
	}
}

// keepOne lets one line cross under name, which is canonical.
func (b *build) keepOne(name, line string) { b.keep(name, []string{line}) }

// own makes the lines of h nobody else's, with one array for all of them.
func own(h http.Header) http.Header {
	total := 0
	for _, lines := range h {
		total += len(lines)
	}
	all := make([]string, 0, total)
	for name, lines := range h {
		start := len(all)
		all = append(all, lines...)
		h[name] = all[start:len(all):len(all)]
	}
	return h
}

// noteConsumed explains a field that auth has dealt with, unless the gateway writes one of that name.
func (b *build) noteConsumed(name string) {
	if b.explained && b.header[name] == nil {
		b.renote(name, Consumed, "")
	}
}

// checkLimits refuses what grew too large.
func (b *build) checkLimits(status int, message string) {
	switch {
	case b.fields > b.limits.Fields:
		b.refusal = &Refusal{Status: status, Code: codeTooMany, Reason: message + " has too many fields."}
	case b.bytes > b.limits.Bytes:
		b.refusal = &Refusal{Status: status, Code: codeTooLarge, Reason: message + " has fields that are too large."}
	}
}

// canonical returns h with canonical names alone, and the names under which several keys met. It is for headers that
// did not come from net/http, which makes every name canonical.
func canonical(h http.Header) (http.Header, []string) {
	keys := make([]string, 0, len(h))
	for key := range h {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	out := make(http.Header, len(h))
	var met []string
	for _, key := range keys {
		name := field.Canonical(key)
		if _, ok := out[name]; ok {
			met = append(met, name)
		}
		out[name] = append(out[name], h[key]...)
	}
	return out, met
}

// validLines reports whether every line can stand in a message.
func validLines(lines []string) bool {
	for _, line := range lines {
		if !field.ValidValue(line) {
			return false
		}
	}
	return true
}

// protocolField is where browsers, which cannot set other fields of a WebSocket handshake, send credentials.
const protocolField = "Sec-Websocket-Protocol"

// credentialProtocols begin the WebSocket subprotocols that are credentials in disguise.
var credentialProtocols = []string{
	"openai-insecure-api-key.",            // OpenAI's realtime API
	"base64url.bearer.authorization.k8s.", // Kubernetes
}

// tenantFields select whom a request is billed to. As WebSocket subprotocols they come in lower case, with a dot and
// the value after it; they cross as such only where the policy forwards the field.
var tenantFields = []string{"Openai-Organization", "Openai-Project"}

// disguised reports whether a list of WebSocket subprotocols has a member that the policy would not let cross
// as a field.
func (p *requestPolicy) disguised(lines []string) bool {
	for member := range field.Members(lines) {
		member = strings.ToLower(member)
		for _, prefix := range credentialProtocols {
			if strings.HasPrefix(member, prefix) {
				return true
			}
		}
		for _, name := range tenantFields {
			if strings.HasPrefix(member, strings.ToLower(name)+".") && !p.tolerates[name] {
				return true
			}
		}
	}
	return false
}
