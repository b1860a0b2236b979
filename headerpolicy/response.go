package headerpolicy

import (
	"net/http"
	"slices"

	"github.com/headersafe/headersafe/internal/field"
)

// Response decides what of a final response's header crosses. The error is a [*Refusal] with status 502; the
// Decision then has the reasons so far.
func (p *Policy) Response(h http.Header) (*Decision, error) {
	b := build{explained: true, reasons: make([]FieldDecision, 0, len(h)), kept: make([]field.Field, 0, len(h))}
	p.respond(&b, h)
	d := b.decision(nil)
	d.Header = b.keptHeader()
	if b.refusal != nil {
		return d, b.refusal
	}
	return d, nil
}

// ResponseHeader is [Policy.Response] without the reasons, which cost more than the rest.
func (p *Policy) ResponseHeader(h http.Header) (http.Header, error) {
	b := build{kept: make([]field.Field, 0, len(h))}
	p.respond(&b, h)
	if b.refusal != nil {
		return nil, b.refusal
	}
	return b.keptHeader(), nil
}

// keptHeader returns what crosses as a header that shares nothing with the input.
func (b *build) keptHeader() http.Header {
	h := make(http.Header, len(b.kept))
	for _, f := range b.kept {
		h[f.Name] = f.Lines
	}
	return own(h)
}

// Respond is [Policy.Response] for the forwarder, which calls it through the note of the stage, has a place for what
// crosses, and does not ask for reasons. The slices are those of h.
func (h *handler) Respond(kept []field.Field, header http.Header) ([]field.Field, error) {
	b := build{kept: kept}
	h.policy.respond(&b, header)
	if b.refusal != nil {
		return nil, b.refusal
	}
	return b.kept, nil
}

// respond appends to b.kept what of a final response's header crosses: nothing if it is refused.
func (p *Policy) respond(b *build, h http.Header) {
	if p == nil || p.response == nil {
		b.refusal = zeroPolicy()
		return
	}
	r := p.response
	b.limits = r.limits
	begun := *b
	if !r.pick(b, h) {
		h, _ = canonical(h)
		*b = begun
		r.pick(b, h)
	}
	b.checkLimits(http.StatusBadGateway, "The upstream's response")
	if b.refusal != nil {
		b.kept = nil
	}
}

// pick goes through the header once and keeps what is named. It returns false, and b is of no use, if a name is not
// canonical.
func (p *responsePolicy) pick(b *build, h http.Header) bool {
	nominated := field.Nominated(h)
	for name, lines := range h {
		rule := p.names.rule(name)
		if rule == nil {
			return false
		}
		if len(lines) == 0 {
			continue
		}
		drop := rule.refuses(lines)
		if drop == 0 && slices.Contains(nominated, name) {
			drop = Nominated
		}
		switch {
		case drop == 0 && rule.role == cookies:
			b.setCookies(p.cookies, lines)
			continue
		case drop == 0:
			b.keep(name, lines)
			drop = Forwarded
		case name == "Content-Encoding":
			b.refuse(http.StatusBadGateway, codeEncoding, name, "The upstream's response has a content encoding that cannot be relayed.")
		case drop == Repeated && mustNotRepeat(name):
			b.refuse(http.StatusBadGateway, codeRepeated, name, "The upstream's response has a repeated field "+name+".")
		}
		b.note(name, drop, "")
	}
	return true
}

// refuses returns why lines under the rule's name do not cross, or 0 if they do.
func (r *rule) refuses(lines []string) Reason {
	switch r.role {
	case hopByHop:
		return HopByHop
	case framing:
		return Framing
	case alias:
		return Alias
	case malformed, malformedNamed:
		return Invalid
	case cookies:
		return 0
	case forwarded:
		switch {
		case r.singleton && len(lines) > 1:
			return Repeated
		case !validLines(lines):
			return Invalid
		}
		return 0
	}
	return NotNamed
}

// mustNotRepeat reports whether dropping a repeated field would change what the response means.
func mustNotRepeat(name string) bool {
	switch name {
	case "Content-Type", "Content-Encoding", "Location", "Etag":
		return true
	}
	return false
}

// Informational decides what of a 1xx response other than 100 and 101 crosses. False means that it does not
// cross at all, because the policy names no field for such responses.
func (p *Policy) Informational(h http.Header) (*Decision, bool) {
	if !p.NamesInformational() {
		return &Decision{Header: http.Header{}}, false
	}
	return p.response.informational.sift(h, p.response.limits), true
}

// RequestTrailer decides what of a request's trailer crosses. Only what was announced may: see [Decision].
func (p *Policy) RequestTrailer(h http.Header) *Decision {
	if p == nil || p.request == nil {
		return &Decision{Header: http.Header{}}
	}
	return p.request.trailers.sift(h, p.request.limits)
}

// ResponseTrailer decides what of a response's trailer crosses.
func (p *Policy) ResponseTrailer(h http.Header) *Decision {
	if !p.NamesResponseTrailers() {
		return &Decision{Header: http.Header{}}
	}
	return p.response.trailers.sift(h, p.response.limits)
}

// sift keeps what is named and sound. It is for headers whose message has begun to cross, so that nothing can be
// refused any more: beyond the limits all is dropped.
func (n *names) sift(h http.Header, limits Limits) *Decision {
	h, _ = canonical(h)
	b := build{limits: limits, explained: true, header: make(http.Header, len(h)), reasons: make([]FieldDecision, 0, len(h))}
	nominated := field.Nominated(h)
	for name, lines := range h {
		why := n.rule(name).refuses(lines)
		switch {
		case len(lines) == 0:
			continue
		case why == 0 && slices.Contains(nominated, name):
			why = Nominated
		case why == 0:
			b.keep(name, lines)
			why = Forwarded
		}
		b.note(name, why, "")
	}
	if b.fields > limits.Fields || b.bytes > limits.Bytes {
		clear(b.header)
		for i := range b.reasons {
			if b.reasons[i].Reason == Forwarded {
				b.reasons[i].Reason, b.reasons[i].Note = Invalid, "too much"
			}
		}
	}
	return b.decision(nil)
}

// announced returns which of the announced trailers may cross, sorted.
func (n *names) announced(trailer http.Header, consumed []string) []string {
	var out []string
	for key := range trailer {
		name := field.Canonical(key)
		if n.forwards(name) && !slices.Contains(consumed, name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
