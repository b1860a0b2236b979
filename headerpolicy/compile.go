package headerpolicy

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/headersafe/headersafe/internal/field"
)

// compiler turns a Config into a Policy and collects every mistake on the way.
type compiler struct {
	mistakes []error
	places   map[string]string // canonical name of a credential or set field → where it is named
}

func (c *compiler) mistake(at, value, reason string, args ...any) {
	c.mistakes = append(c.mistakes, &ConfigError{Field: at, Value: value, Reason: fmt.Sprintf(reason, args...)})
}

func (c *compiler) request(r Request) *requestPolicy {
	c.places = map[string]string{}
	p := &requestPolicy{
		names:    newNames(),
		cookies:  c.cookieNames("Request.Cookies", r.Cookies),
		query:    c.query(r.Query),
		trailers: c.trailers("Request.Trailers", r.Trailers),
		limits:   c.limits("Request.Limits", r.Limits),
	}
	c.credentials(p, r.Credentials)
	c.set(p, r.Set)
	if len(p.cookies) > 0 {
		c.place("Cookie", "Request.Cookies")
		p.names.list("Cookie", cookies)
	}
	c.forward(p, r.Forward)
	c.merge(p, r.Merge)
	c.require(p, r.Require)
	p.names.seal()
	c.twins(p)
	p.tolerates = map[string]bool{}
	for _, name := range tenantFields {
		p.tolerates[name] = p.names.forwards(name)
	}
	return p
}

func (c *compiler) response(r Response) *responsePolicy {
	p := &responsePolicy{
		names:   newNames(),
		cookies: c.cookieNames("Response.SetCookies", r.SetCookies),
		limits:  c.limits("Response.Limits", r.Limits),
	}
	for _, name := range c.responseNames("Response.Forward", r.Forward) {
		p.names.forward(name)
	}
	if len(p.cookies) > 0 {
		p.names.list("Set-Cookie", cookies)
	}
	p.names.seal()
	if len(r.Informational) > 0 {
		p.informational = newNames()
		for _, name := range c.responseNames("Response.Informational", r.Informational) {
			p.informational.forward(name)
		}
		p.informational.seal()
	}
	if len(r.Trailers) > 0 {
		p.trailers = c.trailers("Response.Trailers", r.Trailers)
	}
	return p
}

// name checks one name and returns its canonical form; "" after a mistake. With prefix it may end in "*".
func (c *compiler) name(at, name string, prefix bool) string {
	bare, wild := strings.CutSuffix(name, "*")
	switch {
	case wild && !prefix:
		c.mistake(at, name, "must be one exact name; prefixes belong in Forward")
	case wild && bare == "":
		c.mistake(at, name, "would name every field, which is what this package is there to prevent; name the fields, or a prefix such as \"X-Stainless-*\"")
	case strings.Contains(bare, "*"):
		c.mistake(at, name, "\"*\" may stand at the end alone")
	case !field.ValidName(bare):
		c.mistake(at, name, "is not a field name (RFC 9110 section 5.1)")
	case never(field.Canonical(bare)):
		c.mistake(at, name, "is hop-by-hop or written by HTTP itself, and never crosses; remove it")
	default:
		return field.Canonical(name)
	}
	return ""
}

// place notes where a name stands that may stand in one place only.
func (c *compiler) place(name, at string) bool {
	if before, ok := c.places[name]; ok {
		c.mistake(at, name, "is named in %s too; name it in one place", before)
		return false
	}
	c.places[name] = at
	return true
}

func (c *compiler) forward(p *requestPolicy, entries []string) {
	for i, entry := range entries {
		at := index("Request.Forward", i)
		name := c.name(at, entry, true)
		switch bare := strings.TrimSuffix(name, "*"); {
		case name == "":
		case field.Fold(bare) == "cookie":
			c.mistake(at, entry, "carries sessions; name single cookies in Request.Cookies")
		case field.Credential(bare):
			c.mistake(at, entry, "carries a credential; name the caller's own in Request.Credentials, or the gateway's in Request.Set")
		default:
			p.names.forward(name)
		}
	}
}

func (c *compiler) set(p *requestPolicy, sets []Set) {
	for i, s := range sets {
		at := index("Request.Set", i)
		name := c.name(at, s.Name, false)
		if name == "" || !c.place(name, at) {
			continue
		}
		out := &setter{name: name, source: s.Value}
		if s.Value.kind == funcSource {
			p.dynamic = true
			if s.Value.call == nil {
				c.mistake(at, name, "has a nil function")
			}
			if connectionBound(s.Value.scheme) {
				c.mistake(at, name, "is in a scheme that authenticates a connection, and connections to the upstream are shared")
			}
		} else {
			value, err := s.Value.resolve(name)
			if err != nil {
				c.mistake(at, name, "its value %v", err)
				continue
			}
			out.fixed = value
			p.needles = append(p.needles, value.needles...)
		}
		p.setters = append(p.setters, out)
		p.names.list(name, written).guarded = true
	}
}

func (c *compiler) merge(p *requestPolicy, merges []Merge) {
	for i, m := range merges {
		at := index("Request.Merge", i)
		name := c.name(at, m.Name, false)
		if name == "" {
			continue
		}
		if !p.names.named(name, forwarded) {
			c.mistake(at, m.Name, "is not in Request.Forward; name it there, so that the caller's members cross too")
			continue
		}
		if m.Member == "" || strings.Contains(m.Member, ",") || !field.ValidValue(m.Member) {
			c.mistake(at+".Member", m.Member, "is not one member of a list field")
		}
		out := merge{name: name, member: m.Member, accept: m.With.Accept}
		switch {
		case m.With.Name != "":
			rule := p.names.listed[field.Canonical(m.With.Name)]
			if rule == nil || rule.role != credential {
				c.mistake(at+".With", m.With.Name, "is not in Request.Credentials; name it there, or leave With out for all requests")
				continue
			}
			out.with = rule.name
		case m.With.Accept != nil:
			c.mistake(at+".With", "", "has an Accept without a Name")
		}
		p.merges = append(p.merges, out)
		p.names.list(name, forwarded).guarded = true
	}
}

func (c *compiler) require(p *requestPolicy, required []string) {
	for i, entry := range required {
		at := index("Request.Require", i)
		name := c.name(at, entry, false)
		if name == "" {
			continue
		}
		if !p.names.named(name, forwarded, credential, written, cookies) {
			c.mistake(at, entry, "can never cross; name it in Request.Forward, Credentials, Set or Cookies")
			continue
		}
		p.names.list(name, forwarded).guarded = true
		if !slices.Contains(p.require, name) {
			p.require = append(p.require, name)
		}
	}
}

// twins refuses names that an upstream could take for a credential or a field that the gateway sets. Elsewhere two
// spellings may be named, for clients that changed from one to the other; in one request they must agree.
func (c *compiler) twins(p *requestPolicy) {
	p.twins = p.names.twins()
	for _, group := range p.twins {
		for _, name := range group {
			if role := p.names.listed[name].role; role != forwarded {
				c.mistake("Request", name, "and its other spellings (%s) are all named, and an upstream may take one for the other; name one", strings.Join(group, ", "))
				break
			}
		}
	}
}

// responseNames checks the names of a response list.
func (c *compiler) responseNames(list string, entries []string) []string {
	var out []string
	for i, entry := range entries {
		at := index(list, i)
		name := c.name(at, entry, true)
		switch fold := field.Fold(strings.TrimSuffix(name, "*")); {
		case name == "":
		case fold == "set-cookie", fold == "set-cookie2":
			c.mistake(at, entry, "opens sessions; name single cookies in Response.SetCookies")
		default:
			out = append(out, name)
		}
	}
	return out
}

func (c *compiler) trailers(list string, entries []string) *names {
	n := newNames()
	for i, entry := range entries {
		at := index(list, i)
		name := c.name(at, entry, true)
		switch bare := strings.TrimSuffix(name, "*"); {
		case name == "":
		case field.Credential(bare), bare == name && !httpguts.ValidTrailerHeader(name):
			c.mistake(at, entry, "must not stand in a trailer (RFC 9110 section 6.5.1)")
		default:
			n.forward(name)
		}
	}
	n.seal()
	return n
}

func (c *compiler) cookieNames(list string, entries []string) map[string]bool {
	out := make(map[string]bool, len(entries))
	for i, name := range entries {
		if !field.ValidName(name) || strings.Contains(name, "*") {
			c.mistake(index(list, i), name, "is not the exact name of a cookie (RFC 6265 section 4.1.1)")
			continue
		}
		out[name] = true
	}
	return out
}

func (c *compiler) limits(at string, l Limits) Limits {
	if l.Fields < 0 || l.Bytes < 0 {
		c.mistake(at, fmt.Sprintf("{%d %d}", l.Fields, l.Bytes), "must not be negative; 0 means the default")
	}
	return l.orDefaults()
}

func index(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }
