package leaktest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// The kit's own canaries: each may stand on one side only.
const (
	stray   = "stray-secret-of-the-caller-8c1d"  // a secret of the caller's that is meant for nobody
	private = "private-to-the-upstream-4e7b02d9" // what an upstream says that is meant for nobody
)

// padding is more than HTTP clients and servers keep back before they write: 16 KiB of spaces, which JSON allows behind
// a body.
var padding = strings.Repeat(" ", 16<<10)

// values are what the placeholders of a case stand for in one run.
type values map[string]string

func newValues(t *Target, wire, elsewhere string) values {
	query, more := "", "?"
	if t.Gateway.kind == inQuery {
		query = "?" + t.Gateway.name + "=" + t.Gateway.secret
		more = query + "&"
	}
	websocket := t.WebSocket + query
	if strings.Contains(t.WebSocket, "?") {
		websocket = strings.Replace(t.WebSocket, "?", more, 1)
	}
	lines := func(all ...string) string {
		var kept []string
		for _, line := range all {
			if line != "" {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "\r\n")
	}
	packed := packed()
	v := values{
		"method": t.Method, "path": t.Path, "prefix": t.Prefix, "base": t.Base, "upstream-path": t.upstreamPath(),
		"query": query, "query+": more, "target": t.Path + query, "host": "gateway.test",
		"gateway-line": t.Gateway.line(), "caller-line": t.Caller.line(), "upstream-line": t.Upstream.line(),
		"body": t.Body, "fields": lines(t.Fields...), "credentials": lines(append([]string{t.Gateway.line(), t.Caller.line()}, t.Fields...)...),
		"gateway-field":             t.Gateway.name,
		"gateway-field.underscores": strings.ReplaceAll(t.Gateway.name, "-", "_"),
		"gateway-field.dots":        strings.ReplaceAll(t.Gateway.name, "-", "."),
		"upstream-field":            t.Upstream.field(), "caller-field": t.Caller.field(),
		"stray": stray, "private": private, "elsewhere": elsewhere,
		"parameter": t.Parameter, "websocket": websocket,
		"many-parameters": manyParameters(), "padding": padding,
		"gzip": packed, "gzip.length": strconv.Itoa(len(packed)),
		"nul": "\x00", "cr": "\r", "lf": "\n", "tab": "\t", "space": " ", "del": "\x7f", "high": "\xff",
	}
	if wire == h2 {
		v["cr"], v["lf"] = carriageReturn, lineFeed
	}
	for _, name := range []string{"gateway-line", "caller-line", "fields", "gateway-field", "upstream-field"} {
		v[name+".lower"], v[name+".upper"] = lowered(v[name]), strings.ToUpper(v[name])
	}
	v["parameter.percent"] = percent(t.Parameter)
	for name, secret := range v.secrets(t) {
		v[name] = secret
		v[name+".percent"] = percent(secret)
		v[name+".percent-twice"] = percent(percent(secret))
		v[name+".base64"] = base64.StdEncoding.EncodeToString([]byte("a:" + secret))
		v[name+".base64url"] = base64.RawURLEncoding.EncodeToString([]byte("??" + secret + ">"))
		v[name+".basic"] = basic(secret)
		v[name+".upper"] = strings.ToUpper(secret)
		v[name+".first"], v[name+".second"] = secret[:len(secret)/2], secret[len(secret)/2:]
	}
	return v
}

// secrets are the values that must stay on their side, by the names that reports give them.
func (values) secrets(t *Target) map[string]string {
	return map[string]string{
		"gateway-key": t.Gateway.secret, "upstream-secret": t.Upstream.secret, "caller-credential": t.Caller.secret,
		"stray": stray, "private": private,
	}
}

var placeholder = regexp.MustCompile(`\{\{([a-z0-9.+-]+)\}\}`)

// expand replaces the placeholders, other than {{length}}, which waits until the rest is known.
func (v values) expand(text string) (string, error) {
	var unknown error
	out := placeholder.ReplaceAllStringFunc(text, func(p string) string {
		name := strings.Trim(p, "{}")
		value, ok := v[name]
		if !ok && name != "length" {
			unknown = fmt.Errorf("there is no placeholder %s", p)
		}
		if !ok {
			return p
		}
		return value
	})
	return out, unknown
}

// lowered is field lines, or a name, with the names in lower case.
func lowered(lines string) string {
	var out []string
	for line := range strings.SplitSeq(lines, "\r\n") {
		name, value, colon := strings.Cut(line, ":")
		if name = strings.ToLower(name); colon {
			name += ":" + value
		}
		out = append(out, name)
	}
	return strings.Join(out, "\r\n")
}

// percent encodes every byte that is no letter or digit, and the first one of all.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; i > 0 && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", s[i])
		}
	}
	return b.String()
}

// manyParameters is more parameters than common parsers read (CVE-2026-39825).
var manyParameters = sync.OnceValue(func() string {
	var b strings.Builder
	for i := range 10_001 {
		fmt.Fprintf(&b, "p%d&", i)
	}
	return strings.TrimSuffix(b.String(), "&")
})

// packed is a body in gzip.
var packed = sync.OnceValue(func() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, `{"text":"`+strings.Repeat("compressible ", 20)+`"}`) // a bytes.Buffer takes everything
	_ = z.Close()
	return b.String()
})
