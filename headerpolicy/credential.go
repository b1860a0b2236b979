package headerpolicy

import (
	"net/http"
	"strings"

	"github.com/headersafe/headersafe/internal/field"
)

// credentialGroup is the compiled form of a [Credential].
type credentialGroup struct {
	fields      []credentialField
	optional    bool
	preferFirst bool
}

type credentialField struct {
	name   string
	index  int
	accept func(string) bool
}

func (c *compiler) credentials(p *requestPolicy, credentials []Credential) {
	for i, cred := range credentials {
		group := credentialGroup{optional: cred.Optional, preferFirst: cred.PreferFirst}
		at := index("Request.Credentials", i)
		if len(cred.OneOf) == 0 {
			c.mistake(at+".OneOf", "", "names no field")
		}
		for j, f := range cred.OneOf {
			at := index(at+".OneOf", j)
			name := c.name(at, f.Name, false)
			if name == "" {
				continue
			}
			if field.Fold(name) == "cookie" {
				c.mistake(at, f.Name, "holds many cookies; name those that cross in Request.Cookies")
				continue
			}
			if !c.place(name, at) {
				continue
			}
			rule := p.names.list(name, credential)
			rule.guarded, rule.index = true, p.fields
			group.fields = append(group.fields, credentialField{name: name, index: p.fields, accept: f.Accept})
			p.fields++
		}
		p.groups = append(p.groups, group)
	}
}

// credentials decides which of the caller's credential fields cross. present has the lines of each, by index.
func (b *build) credentials(p *requestPolicy, present [][]string) {
	for i := range p.groups {
		b.credential(&p.groups[i], present)
	}
}

func (b *build) credential(g *credentialGroup, present [][]string) {
	var chosen, turnedDown *credentialField
	for i := range g.fields {
		f := &g.fields[i]
		lines := present[f.index]
		switch {
		case len(lines) == 0:
		case len(lines) > 1:
			b.refuse(http.StatusBadRequest, codeRepeated, f.name, "The field "+f.name+" is repeated.")
			b.note(f.name, Repeated, "")
			return
		case emptyCredential(lines[0]):
			b.note(f.name, Invalid, "empty")
		case !field.ValidValue(lines[0]):
			b.refuse(http.StatusBadRequest, codeInvalid, f.name, "The field "+f.name+" has an invalid value.")
			b.note(f.name, Invalid, "")
			return
		case joined(lines[0]):
			b.refuse(http.StatusBadRequest, codeRepeated, f.name, "The field "+f.name+" holds more than one credential.")
			b.note(f.name, Repeated, "")
			return
		case connectionBound(lines[0]):
			b.refuse(http.StatusBadRequest, codeBound, f.name,
				"The field "+f.name+" is in a scheme that authenticates a connection, and such a credential cannot be forwarded.")
			b.note(f.name, NotChosen, "bound to a connection")
			return
		case f.accept != nil && !f.accept(lines[0]):
			turnedDown = f
			b.note(f.name, NotChosen, "not accepted")
		case chosen == nil:
			chosen = f
		default:
			b.note(f.name, NotChosen, chosen.name+" comes first")
			if !g.preferFirst && withoutScheme(lines[0]) != withoutScheme(present[chosen.index][0]) {
				b.refuse(http.StatusBadRequest, codeCompeting, f.name,
					"The fields "+chosen.name+" and "+f.name+" hold different credentials; send one.")
			}
		}
	}
	switch {
	case chosen != nil:
		b.keep(chosen.name, present[chosen.index])
		b.note(chosen.name, Forwarded, "")
	case turnedDown != nil:
		b.refuse(http.StatusForbidden, codeNotAccepted, turnedDown.name,
			"The credential in the field "+turnedDown.name+" is of a kind that is not accepted here.")
	case !g.optional && len(g.fields) > 0:
		b.refuse(http.StatusBadRequest, codeNoCredential, g.fields[0].name,
			"A credential for the upstream is missing: "+g.list()+".")
	}
}

// joined reports whether a bearer token or basic credentials are followed by something after a comma, as a proxy
// writes it that joins two lines. Neither holds a comma of its own (RFC 6750 section 2.1, RFC 7617 section 2).
func joined(value string) bool {
	scheme, rest := cutScheme(value)
	return (strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "Basic")) && strings.Contains(rest, ",")
}

// emptyCredential reports whether a value holds nothing, or a common authentication scheme with nothing after it.
func emptyCredential(value string) bool {
	value = strings.Trim(value, " \t")
	return value == "" || strings.EqualFold(value, "Bearer") || strings.EqualFold(value, "Basic")
}

func (g *credentialGroup) list() string {
	names := make([]string, len(g.fields))
	for i, f := range g.fields {
		names[i] = f.name
	}
	return strings.Join(names, " or ")
}
