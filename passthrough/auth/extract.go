package auth

import (
	"net/http"
	"slices"

	"github.com/headersafe/headersafe/internal/field"
)

// place is a carrier that goes by a name: a field, a parameter or a cookie.
type place struct {
	name    string // a field's is canonical
	folded  string
	carrier string
	parse   func(value string) presented // of a field
}

// is reports whether name, a field's in canonical form, is this place's own, and if not, whether it is an alias of it.
func (p *place) is(name string) (same, alias bool) {
	if name == p.name {
		return true, false
	}
	return false, p.meets(name)
}

// meets reports whether name folds to what the place's own name folds to. It is [field.Fold] without the
// string that Fold makes, which would be one for each field of each request.
func (p *place) meets(name string) bool {
	if len(name) != len(p.folded) { // folding keeps the length of what is ASCII, as every place is
		return false
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '_' || c == '.':
			c = '-'
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		if c != p.folded[i] {
			return false
		}
	}
	return true
}

// presented is what a carrier holds.
type presented struct {
	username string
	secret   string
	fault    string // why it cannot be a credential; "" if it can
}

// found is what all the carriers hold together.
type found struct {
	presented
	carrier   string // the first that holds it; "" if none does
	irregular bool   // the header has keys that are not in canonical form
	foreign   bool   // there is an Authorization field of a scheme that is no carrier
}

// add merges what one more carrier holds. Two carriers must agree on all that both say.
func (f *found) add(carrier string, p presented) *Denial {
	switch {
	case f.carrier == "":
		f.carrier, f.presented = carrier, p
	case p.secret != f.secret, p.fault != f.fault,
		p.username != "" && f.username != "" && p.username != f.username:
		return ambiguous(f.carrier + " and " + carrier + " hold different credentials")
	case f.username == "":
		f.username = p.username
	}
	return nil
}

// extract finds the one well-formed credential of the request in the configured carriers.
//
// A malformed one is answered without asking the verifier, and so a little sooner than an unknown one. That
// tells the client the length and the characters of what it sent, which it knows.
func (g *Gate) extract(r *http.Request) (found, *Denial) {
	irregular, denied := g.survey(r.Header)
	if denied == nil {
		_, denied = g.survey(r.Trailer)
	}
	if denied != nil {
		return found{}, denied
	}
	f := found{irregular: irregular}
	for i := range g.fields {
		p := &g.fields[i]
		switch lines := f.lines(r.Header, p.name); len(lines) {
		case 0:
		case 1:
			if denied := f.add(p.carrier, p.parse(lines[0])); denied != nil {
				return f, denied
			}
		default:
			return f, ambiguous(p.carrier + " is repeated")
		}
	}
	if denied := g.fromAuthorization(&f, r); denied != nil {
		return f, denied
	}
	if denied := g.fromCookies(&f, r); denied != nil {
		return f, denied
	}
	if denied := g.fromQuery(&f, r); denied != nil {
		return f, denied
	}
	if f.carrier == "" {
		return f, g.unauthenticated("missing: nothing in " + g.asked)
	}
	if f.fault == "" {
		f.fault = secretFault(f.secret)
	}
	if f.fault != "" {
		return f, g.unauthenticated("malformed: the credential in " + f.carrier + " " + f.fault)
	}
	return f, nil
}

// survey looks at every key of a header or a trailer. It refuses a name that an upstream, or a proxy before it,
// would read as one of the carriers (CVE-2025-64484): the gate does not look there, and would not remove it. And it
// reports whether there are keys that net/http would write differently: a server makes none, but a middleware
// can, and [http.Header.Get] does not see such a field.
func (g *Gate) survey(h http.Header) (irregular bool, denied *Denial) {
	for key := range h {
		name := key
		if !field.IsCanonical(key) {
			name, irregular = field.Canonical(key), true
		}
		for i := range g.fields {
			if _, alias := g.fields[i].is(name); alias {
				return false, aliased("field "+name, g.fields[i].carrier)
			}
		}
	}
	return irregular, nil
}

// lines returns all the lines of the field of this canonical name.
func (f *found) lines(h http.Header, name string) []string {
	lines := h[name]
	if !f.irregular {
		return lines
	}
	lines = slices.Clone(lines)
	for key, more := range h {
		if key != name && field.Canonical(key) == name {
			lines = append(lines, more...)
		}
	}
	return lines
}

// fromAuthorization reads the Authorization field where Bearer or Basic is a carrier.
func (g *Gate) fromAuthorization(f *found, r *http.Request) *Denial {
	if !g.bearer && !g.basic {
		return nil
	}
	lines := f.lines(r.Header, "Authorization")
	switch len(lines) {
	case 0:
		return nil
	case 1:
	default:
		return ambiguous("Authorization is repeated")
	}
	scheme, rest := splitScheme(lines[0])
	if joined(rest, g.takes) {
		return ambiguous("Authorization holds a second credential after a comma")
	}
	switch {
	case g.bearer && scheme == "bearer":
		return f.add(Bearer().String(), parseBearer(rest))
	case g.basic && scheme == "basic":
		return f.add(Basic().String(), parseBasic(rest))
	}
	f.foreign = true
	return nil
}

// takes reports whether Authorization of this scheme, in lower case, is a carrier.
func (g *Gate) takes(scheme string) bool {
	return g.bearer && scheme == "bearer" || g.basic && scheme == "basic"
}
