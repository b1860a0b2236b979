package headerpolicy

import (
	"slices"
	"strings"
)

// Config says what crosses, in either direction. It is a plain value: start from a preset or from nothing,
// look at it, extend it, and hand it to [New], which copies it.
//
// Field names are written in any case. The zero Config lets nothing through.
type Config struct {
	_ [0]func()

	Request  Request  // from the caller to the upstream
	Response Response // from the upstream to the caller
}

// Request names what crosses from the caller to the upstream.
type Request struct {
	_ [0]func()

	// Forward names the fields that cross as they came: exact names, or a prefix that ends in "*"
	// ("X-Stainless-*"). Names that carry credentials, hop-by-hop names and those that HTTP itself writes
	// (Host, Content-Length, Expect) are config errors here, and no prefix matches one; nor does a prefix
	// match a name with "_" or "." after it. "*" alone is a config error.
	Forward []string

	// Credentials is the only place where a credential of the caller's own is named.
	Credentials []Credential

	// Set gives fields that the gateway writes itself. What the caller sent under such a name never crosses.
	Set []Set

	// Merge gives members that the gateway adds to list fields.
	Merge []Merge

	// Require names fields without which a request is refused (400). Each must be named elsewhere too.
	Require []string

	// Cookies names the cookies that cross. The Cookie field is rebuilt from their pairs, byte for byte.
	Cookies []string

	// Query names the query parameters that cross. Any other is refused, not dropped.
	Query Query

	// Trailers names the trailer fields that cross, where the request announced them; as in Forward.
	Trailers []string

	// Limits bounds what is forwarded; beyond it a request is refused (431).
	Limits Limits
}

// Credential is one credential that the caller owes the upstream: exactly one of the fields crosses.
//
// None of them present: refused (400), unless Optional. Two that hold the same secret, an authentication
// scheme such as "Bearer " left aside: the first in order crosses. Two that differ: refused (400), or with
// PreferFirst the first in order crosses. A field sent empty counts as absent; a repeated one is refused, and so
// is one in a scheme that authenticates a connection (NTLM, Negotiate, Kerberos), because connections to the
// upstream are shared.
type Credential struct {
	_ [0]func()

	OneOf       []CredentialField
	Optional    bool
	PreferFirst bool
}

// CredentialField is a field that can carry a credential, and which of its values to accept.
type CredentialField struct {
	Name string

	// Accept, if set, decides on the value. A field that it turns down does not cross: the request is refused
	// (403) unless another field of the same Credential is there and accepted. It must be quick and safe
	// for concurrent use, and must not keep the value.
	Accept func(value string) bool
}

// BearerPrefix returns an Accept function for bearer tokens (RFC 6750) that start with prefix.
func BearerPrefix(prefix string) func(value string) bool {
	return func(value string) bool {
		scheme, token, ok := strings.Cut(value, " ")
		return ok && strings.EqualFold(scheme, "Bearer") && len(token) > len(prefix) && strings.HasPrefix(token, prefix)
	}
}

// Set is a field that the gateway writes: it replaces whatever the caller sent under the name.
type Set struct {
	Name  string
	Value Source
}

// Merge adds Member to the list field Name when no member equals it. The rest of the field stays as it came,
// byte for byte; a field that is absent is added.
type Merge struct {
	Name   string // also named in Forward
	Member string

	// With restricts the merge to requests in which this field of Credentials crosses with a value that
	// Accept, if set, accepts. The zero With means all requests.
	With CredentialField
}

// Query names the parameters of a request's query. The query crosses byte for byte or, if a parameter is not
// named or parsers could differ on it, the request is refused (400).
type Query struct {
	_ [0]func()

	// Forward names parameters as they read once decoded: exact names, or a prefix that ends in "*". "*" alone
	// means every parameter but those that carry credentials, which cannot be named.
	Forward []string

	// Repeat names those of them that may stand more than once, in the same way. A name that ends in "[]" may
	// always.
	Repeat []string
}

// Response names what crosses from the upstream to the caller.
type Response struct {
	_ [0]func()

	// Forward names fields, as in [Request]. Set-Cookie is named in SetCookies alone.
	Forward []string

	// SetCookies names the cookies that the upstream may set.
	SetCookies []string

	// Informational names the fields that cross in 1xx responses other than 100 and 101. If it is empty no such
	// response crosses.
	Informational []string

	// Trailers names the trailer fields that cross, whether announced or not.
	Trailers []string

	// Limits bounds what is forwarded; beyond it a response is refused (502).
	Limits Limits
}

// Limits bounds the header that is forwarded.
type Limits struct {
	Fields int // field lines; 0 means 100
	Bytes  int // names and values, in bytes; 0 means 64 KiB
}

const (
	defaultFields = 100
	defaultBytes  = 64 << 10
)

func (l Limits) orDefaults() Limits {
	if l.Fields == 0 {
		l.Fields = defaultFields
	}
	if l.Bytes == 0 {
		l.Bytes = defaultBytes
	}
	return l
}

// With returns a Config that names what c names and what more names. Limits that more gives replace those
// of c. The result shares no memory with either.
func (c Config) With(more Config) Config {
	a, b := c.Request, more.Request
	out := Config{
		Request: Request{
			Forward:     slices.Concat(a.Forward, b.Forward),
			Credentials: slices.Concat(a.Credentials, b.Credentials),
			Set:         slices.Concat(a.Set, b.Set),
			Merge:       slices.Concat(a.Merge, b.Merge),
			Require:     slices.Concat(a.Require, b.Require),
			Cookies:     slices.Concat(a.Cookies, b.Cookies),
			Query: Query{
				Forward: slices.Concat(a.Query.Forward, b.Query.Forward),
				Repeat:  slices.Concat(a.Query.Repeat, b.Query.Repeat),
			},
			Trailers: slices.Concat(a.Trailers, b.Trailers),
			Limits:   a.Limits.with(b.Limits),
		},
		Response: Response{
			Forward:       slices.Concat(c.Response.Forward, more.Response.Forward),
			SetCookies:    slices.Concat(c.Response.SetCookies, more.Response.SetCookies),
			Informational: slices.Concat(c.Response.Informational, more.Response.Informational),
			Trailers:      slices.Concat(c.Response.Trailers, more.Response.Trailers),
			Limits:        c.Response.Limits.with(more.Response.Limits),
		},
	}
	for i := range out.Request.Credentials {
		out.Request.Credentials[i].OneOf = slices.Clone(out.Request.Credentials[i].OneOf)
	}
	return out
}

func (l Limits) with(more Limits) Limits {
	if more.Fields != 0 {
		l.Fields = more.Fields
	}
	if more.Bytes != 0 {
		l.Bytes = more.Bytes
	}
	return l
}
