package headerpolicy

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/headersafe/headersafe/internal/field"
)

// maxParameters is how many parameters a query may have. Parsers have limits of their own, and what stands beyond
// them one parser sees and another does not (CVE-2026-39825).
const maxParameters = 256

// queryPolicy is the compiled form of [Query].
type queryPolicy struct {
	named  parameters
	repeat parameters
}

// forwards reports whether a parameter crosses. No prefix matches one that carries a credential.
func (p *queryPolicy) forwards(name string) bool {
	return p.named.exact[name] || name != "" && p.named.has(name) && !credentialParameter(name)
}

// parameters is a set of parameter names.
type parameters struct {
	exact    map[string]bool
	prefixes []string
}

func (p *parameters) has(name string) bool {
	if p.exact[name] {
		return true
	}
	return slices.ContainsFunc(p.prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

func (p *parameters) add(entry string) {
	if prefix, ok := strings.CutSuffix(entry, "*"); ok {
		p.prefixes = append(p.prefixes, prefix)
		return
	}
	if p.exact == nil {
		p.exact = map[string]bool{}
	}
	p.exact[entry] = true
}

func (c *compiler) query(q Query) queryPolicy {
	var out queryPolicy
	for i, entry := range q.Forward {
		at := index("Request.Query.Forward", i)
		switch {
		case !parameterEntry(entry):
			c.mistake(at, entry, "is not a parameter name, nor a prefix that ends in \"*\"")
		case credentialParameter(strings.TrimSuffix(entry, "*")):
			c.mistake(at, entry, "carries a credential, and addresses end up in logs; let the caller send it in a field named in Request.Credentials")
		default:
			out.named.add(entry)
		}
	}
	for i, entry := range q.Repeat {
		at := index("Request.Query.Repeat", i)
		switch {
		case !parameterEntry(entry):
			c.mistake(at, entry, "is not a parameter name, nor a prefix that ends in \"*\"")
		case !out.named.has(entry):
			c.mistake(at, entry, "is not in Request.Query.Forward; name it there too")
		default:
			out.repeat.add(entry)
		}
	}
	return out
}

func parameterEntry(entry string) bool {
	bare := strings.TrimSuffix(entry, "*")
	return entry != "" && !strings.Contains(bare, "*") && plainText(bare)
}

// credentialParameter reports whether a parameter of this decoded name carries a credential, also as a member of
// an array ("key[]", "token[0]") or with the leading space that PHP ignores.
func credentialParameter(name string) bool {
	name, _, _ = strings.Cut(strings.TrimLeft(name, " "), "[")
	return field.CredentialParameter(name)
}

// query refuses a query that has anything but named parameters, or that parsers would read differently.
func (b *build) query(p *queryPolicy, raw string) {
	if raw == "" {
		return
	}
	if !plainQuery(raw) {
		b.refuseQuery(codeQueryInvalid, "", "The query has characters that parsers read differently.")
		return
	}
	if strings.Count(raw, "&") >= maxParameters {
		b.refuseQuery(codeQueryTooMany, "", "The query has too many parameters.")
		return
	}
	var few [16]string
	seen := few[:0]
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		encoded, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(encoded)
		if err != nil || !validEscapes(value) || !plainText(name) {
			b.refuseQuery(codeQueryInvalid, "", "The query has an invalid percent-encoding.")
			return
		}
		switch {
		case !p.forwards(name):
			b.refuseQuery(codeQueryNotNamed, name, "The query has "+about("the parameter", name)+", which is not forwarded here.")
			return
		case slices.Contains(seen, name) && !strings.HasSuffix(name, "[]") && !p.repeat.has(name):
			b.refuseQuery(codeQueryRepeated, name, "The query has "+about("the parameter", name)+" more than once.")
			return
		}
		seen = append(seen, name)
	}
}

func (b *build) refuseQuery(code, name, reason string) {
	b.refuse(http.StatusBadRequest, code, printable(name), reason)
}

// plainQuery reports whether a query has only characters that every parser takes for the same: none of white space,
// controls, "#", ";" (a separator to some), or bytes outside ASCII.
func plainQuery(raw string) bool {
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7f || c == '#' || c == ';' {
			return false
		}
	}
	return true
}

// validEscapes reports whether each "%" begins a triplet.
func validEscapes(s string) bool {
	for i := strings.IndexByte(s, '%'); i >= 0; i = strings.IndexByte(s, '%') {
		if len(s) < i+3 || !isHex(s[i+1]) || !isHex(s[i+2]) {
			return false
		}
		s = s[i+3:]
	}
	return true
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

// plainText reports whether a decoded name is UTF-8 without control characters.
func plainText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
