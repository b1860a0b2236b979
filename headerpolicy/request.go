package headerpolicy

import (
	"context"
	"net/http"
	"slices"

	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/secret"
)

// RequestInput is what a policy decides a request on. Nothing in it is changed or kept.
type RequestInput struct {
	Header   http.Header
	RawQuery string
	Trailer  http.Header // the announced trailers; the values are not looked at
	Consumed []string    // canonical names of the fields from which auth removed its credential

	present []string // those of Consumed that were there; nil if that is not known, and all are explained
}

// Request decides what of a request crosses. Deciding on its own result again gives the same header.
//
// The error is a [*Refusal]; the Decision then has the reasons so far.
func (p *Policy) Request(ctx context.Context, in RequestInput) (*Decision, error) {
	d, _, refusal := p.decide(ctx, in, true)
	own(d.Header)
	if refusal != nil {
		return d, refusal
	}
	return d, nil
}

// decide is Request, with reasons only if explained, and with what finds the secrets that were set. The slices in the
// decision's header are the input's.
func (p *Policy) decide(ctx context.Context, in RequestInput, explained bool) (*Decision, []*secret.Needle, *Refusal) {
	if p == nil || p.request == nil {
		return &Decision{Header: http.Header{}}, nil, zeroPolicy()
	}
	r := p.request
	b := r.build(in.Header, explained)
	if !r.pick(&b, in, nil) {
		header, met := canonical(in.Header)
		in.Header = header
		b = r.build(header, explained)
		r.pick(&b, in, met)
	}
	for _, name := range in.Consumed {
		if in.present == nil || slices.Contains(in.present, name) {
			b.noteConsumed(name)
		}
	}
	// Each step goes on from a sound result of those before it: the first refusal tells the cause, and a source of
	// secrets is not asked in vain.
	if b.refusal == nil {
		b.query(&r.query, in.RawQuery)
	}
	var needles []*secret.Needle
	if b.refusal == nil {
		needles = r.write(ctx, &b)
	}
	if b.refusal == nil {
		r.merge(&b)
		r.demand(&b)
	}
	b.checkLimits(http.StatusRequestHeaderFieldsTooLarge, "The request")
	var trailer []string
	if len(in.Trailer) > 0 {
		trailer = r.trailers.announced(in.Trailer, in.Consumed)
	}
	return b.decision(trailer), needles, b.refusal
}

// usualFields is how many fields a header has room for from the beginning: about what the busiest clients send of those
// that cross. Room for all that came would let callers choose how much a refused field costs.
const usualFields = 28

// build begins a decision on a request with the header h.
func (p *requestPolicy) build(h http.Header, explained bool) build {
	size := len(h) + len(p.setters) + len(p.merges)
	b := build{limits: p.limits, explained: explained, header: make(http.Header, min(size, usualFields))}
	if explained {
		b.reasons = make([]FieldDecision, 0, size)
	}
	return b
}

func zeroPolicy() *Refusal {
	return &Refusal{Status: http.StatusInternalServerError, Code: "misassembled", Reason: "The header policy was not made by New."}
}

// pick goes through the header once and keeps what is named. It returns false, and b is of no use, if a name is not
// canonical. met has the names under which several keys of the map met.
func (p *requestPolicy) pick(b *build, in RequestInput, met []string) bool {
	nominated := p.nominated(b, in.Header)
	var few [4][]string
	present := few[:]
	if p.fields > len(few) {
		present = make([][]string, p.fields)
	}
	var cookieLines []string
	for name, lines := range in.Header {
		rule := p.names.rule(name)
		if rule == nil {
			return false
		}
		if len(lines) == 0 {
			continue
		}
		if len(nominated) > 0 && rule.role != hopByHop && slices.Contains(nominated, name) {
			b.note(name, Nominated, "")
			continue
		}
		if len(in.Consumed) > 0 && name != "Cookie" && slices.Contains(in.Consumed, name) {
			continue // what auth may have left there is not the upstream's
		}
		switch rule.role {
		case forwarded:
			p.forward(b, rule, lines, slices.Contains(met, name))
		case credential:
			present[rule.index] = lines
		case cookies:
			cookieLines = lines
		case written: // below
		default:
			leave(b, rule, in.Consumed)
		}
	}
	if cookieLines != nil {
		b.cookies(p.cookies, cookieLines)
	}
	if b.refusal == nil {
		b.credentials(p, present)
	}
	return true
}

// nominated returns the names that Connection fields declare hop-by-hop. Names that the gateway answers for
// cannot be removed in this way: a caller could undo what the policy promises (CVE-2021-32813).
func (p *requestPolicy) nominated(b *build, h http.Header) []string {
	nominated := field.Nominated(h)
	for _, name := range nominated {
		switch rule := p.names.listed[name]; {
		case !field.ValidName(name):
			b.refuse(http.StatusBadRequest, codeConnection, "Connection", "The field Connection has an invalid member.")
		case rule != nil && rule.guarded:
			b.refuse(http.StatusBadRequest, codeNominated, name, "The field Connection must not name "+name+".")
		case name == "Content-Encoding" && len(h[name]) > 0:
			b.refuse(http.StatusBadRequest, codeNominated, name, "The field Connection must not name "+name+", without which the body means something else.")
		}
	}
	return nominated
}

// forward lets a named field cross, if it is sound.
func (p *requestPolicy) forward(b *build, rule *rule, lines []string, met bool) {
	switch {
	case len(lines) > 1 && rule.singleton, met:
		b.refuse(http.StatusBadRequest, codeRepeated, rule.name, "The field "+rule.name+" is repeated.")
		b.note(rule.name, Repeated, "")
	case !validLines(lines):
		b.refuse(http.StatusBadRequest, codeInvalid, rule.name, "The field "+rule.name+" has an invalid value.")
		b.note(rule.name, Invalid, "")
	case rule.protocols && p.disguised(lines):
		b.refuse(http.StatusBadRequest, codeDisguised, rule.name,
			"The field "+rule.name+" holds a credential or a tenant, which must be sent in a field of its own.")
		b.note(rule.name, NotChosen, "credential in disguise")
	default:
		b.keep(rule.name, lines)
		b.note(rule.name, Forwarded, "")
	}
}

// leave drops a field that is not named, or refuses the request where that would not be enough.
func leave(b *build, rule *rule, consumed []string) {
	switch role := rule.role; {
	case role == hopByHop:
		b.note(rule.name, HopByHop, "")
	case role == framing:
		b.note(rule.name, Framing, "")
	case role == alias, rule.punctuated && aliasOf(rule.name, consumed):
		b.refuse(http.StatusBadRequest, codeAlias, rule.name, "The request has "+about("the field", rule.name)+
			", which could be taken for another; write names with hyphens.")
		b.note(rule.name, Alias, "")
	case role == malformedNamed:
		b.refuse(http.StatusBadRequest, codeInvalid, "", "The request has an invalid field name.")
		b.note(rule.name, Invalid, "")
	case role == malformed:
		b.note(rule.name, Invalid, "")
	case rule.name == "Content-Encoding":
		b.refuse(http.StatusUnsupportedMediaType, codeEncoding, rule.name, "Encoded request bodies are not accepted here.")
		b.note(rule.name, NotNamed, "")
	default:
		b.note(rule.name, NotNamed, "")
	}
}

// aliasOf reports whether name folds to one of names.
func aliasOf(name string, names []string) bool {
	if len(names) == 0 {
		return false
	}
	fold := field.Fold(name)
	return slices.ContainsFunc(names, func(n string) bool { return field.Fold(n) == fold })
}

// write sets the gateway's own fields and returns what finds their secrets again.
func (p *requestPolicy) write(ctx context.Context, b *build) []*secret.Needle {
	needles := p.needles
	if p.dynamic {
		needles = slices.Clone(needles)
	}
	for _, s := range p.setters {
		value, err := s.value(ctx)
		if err != nil {
			b.refuse(http.StatusServiceUnavailable, codeSecret, s.name, "The gateway has no credential for the upstream at the moment.")
			b.renote(s.name, SetByPolicy, "its value "+err.Error())
			continue
		}
		if s.source.kind == funcSource {
			needles = append(needles, value.needles...)
		}
		b.keepOne(s.name, value.line.Reveal())
		b.renote(s.name, SetByPolicy, "")
	}
	return needles
}

// merge adds members to list fields.
func (p *requestPolicy) merge(b *build) {
	for i := range p.merges {
		m := &p.merges[i]
		if m.with != "" {
			with := b.header[m.with]
			if len(with) == 0 || m.accept != nil && !m.accept(with[0]) {
				continue
			}
		}
		lines := b.header[m.name]
		if hasMember(lines, m.member) {
			continue
		}
		if len(lines) == 0 {
			b.keepOne(m.name, m.member)
		} else {
			lines = slices.Clone(lines) // they are the caller's
			last := &lines[len(lines)-1]
			if *last != "" {
				*last += ","
				b.bytes++
			}
			*last += m.member
			b.bytes += len(m.member)
			b.header[m.name] = lines
		}
		b.renote(m.name, Merged, m.member)
	}
}

// hasMember reports whether a list has the member, in these very letters.
func hasMember(lines []string, member string) bool {
	for m := range field.Members(lines) {
		if m == member {
			return true
		}
	}
	return false
}

// demand checks what must be there, and what must not be there twice, once all else is decided.
func (p *requestPolicy) demand(b *build) {
	for _, name := range p.require {
		if len(b.header[name]) == 0 {
			b.refuse(http.StatusBadRequest, codeMissing, name, "The field "+name+" is missing.")
		}
	}
	for _, group := range p.twins {
		first := ""
		for _, name := range group {
			switch {
			case b.header[name] == nil:
			case first == "":
				first = name
			case !slices.Equal(b.header[first], b.header[name]):
				b.refuse(http.StatusBadRequest, codeAlias, name, "The fields "+first+" and "+name+" could be taken for one another and differ; send one.")
			}
		}
	}
}
