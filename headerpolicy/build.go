package headerpolicy

import (
	"net/http"
	"slices"
	"strings"

	"github.com/headersafe/headersafe/internal/field"
)

// inlineLines is how many field lines a decision holds without a further allocation; more than real clients send.
const inlineLines = 32

// build is a decision in the making.
type build struct {
	Decision

	explained bool
	limits    Limits
	refusal   *Refusal
	fields    int // kept so far
	bytes     int

	// lines is the one array behind all slices of the header. Each slice is cut off at its own end, so that
	// appending to one does not write into the next.
	lines  []string
	inline [inlineLines]string
}

func newBuild(size int, limits Limits, explained bool) *build {
	b := &build{limits: limits, explained: explained}
	b.Header = make(http.Header, min(size, limits.Fields))
	b.lines = b.inline[:0]
	if explained {
		b.Fields = make([]FieldDecision, 0, size)
	}
	return b
}

// done returns the decision. Of a refused message nothing crosses, even if the error is overlooked.
func (b *build) done() *Decision {
	if b.refusal != nil {
		clear(b.Header)
		b.Trailer = nil
	}
	if b.explained {
		b.sort()
	}
	return &b.Decision
}

// note gives a field of the input its reason. It costs nothing where no reasons are wanted.
func (b *build) note(name string, why Reason, note string) {
	if b.explained {
		b.Fields = append(b.Fields, FieldDecision{Name: name, Reason: why, Note: note})
	}
}

// renote gives a field its reason in place of one that it may have. It searches: callers name fields of the config,
// never the many that a request can have.
func (b *build) renote(name string, why Reason, note string) {
	if !b.explained {
		return
	}
	for i := range b.Fields {
		if b.Fields[i].Name == name {
			b.Fields[i].Reason, b.Fields[i].Note = why, note
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
func (b *build) keep(name string, lines []string) {
	if b.grow(name, lines...) {
		return
	}
	b.room(len(lines))
	start := len(b.lines)
	b.lines = append(b.lines, lines...)
	b.Header[name] = b.lines[start:len(b.lines):len(b.lines)]
}

// keepOne lets one line cross under name, which is canonical.
func (b *build) keepOne(name, line string) {
	if b.grow(name, line) {
		return
	}
	b.room(1)
	start := len(b.lines)
	b.lines = append(b.lines, line)
	b.Header[name] = b.lines[start : start+1 : start+1]
}

// room makes sure that n further lines fit into the array.
func (b *build) room(n int) {
	if cap(b.lines)-len(b.lines) < n {
		b.lines = make([]string, 0, max(n, inlineLines))
	}
}

// grow counts lines against the limits and reports whether they are exceeded.
func (b *build) grow(name string, lines ...string) bool {
	b.fields += len(lines)
	for _, line := range lines {
		b.bytes += len(name) + len(line)
	}
	return b.fields > b.limits.Fields || b.bytes > b.limits.Bytes
}

// noteConsumed explains a field that auth has dealt with, unless the gateway writes one of that name.
func (b *build) noteConsumed(name string) {
	if b.explained && b.Header[name] == nil {
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
