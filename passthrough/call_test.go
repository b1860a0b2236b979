package passthrough_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// call is a request in no protocol's terms. The zero call is a good one.
type call struct {
	method   string   // POST if empty
	target   string   // /v1/messages if empty
	fields   []string // "Name: value"; besides the two that a good request has
	bare     bool     // without these two
	body     string
	trailers []string // sent after the body, and announced unless unannounced
	// unannounced leaves the Trailer field out.
	unannounced bool
}

// good is what a request must have: the gateway's key, and a credential for the upstream.
var good = []string{"X-Gateway-Key: " + gatewayKey, "Authorization: Bearer " + callerToken}

func (c call) prepared() call {
	if c.method == "" {
		c.method = http.MethodPost
	}
	if c.target == "" {
		c.target = "/v1/messages"
	}
	if !c.bare {
		c.fields = append(slices.Clone(good), c.fields...)
	}
	if len(c.trailers) > 0 && !c.unannounced {
		var names []string
		for _, line := range c.trailers {
			name, _, _ := strings.Cut(line, ":")
			names = append(names, name)
		}
		c.fields = append(slices.Clip(c.fields), "Trailer: "+strings.Join(names, ", "))
	}
	return c
}

// reply is a response in no protocol's terms.
type reply struct {
	status        int
	fields        rawhttp.Fields
	informational []rawhttp.Fields
	body          string
	trailers      rawhttp.Fields
	err           error
}

func (r reply) String() string {
	return fmt.Sprintf("%d\n%s\n%s\n\n%s\n%s\n%v", r.status, r.informational, strings.Join(r.fields, "\n"), r.body, strings.Join(r.trailers, "\n"), r.err)
}

// do sends c to the gateway over the wire's protocol, raw.
func (g *gateway) do(w wire, c call) reply {
	g.t.Helper()
	c = c.prepared()
	var r reply
	if w.client == h1 {
		r = c.doH1(g.t, g.url)
	} else {
		r = c.doH2(g.t, g.url)
	}
	fmt.Fprintln(&g.replies, r)
	return r
}

func (c call) doH1(t testing.TB, url string) reply {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\nHost: gateway.test\n", c.method, c.target)
	for _, f := range c.fields {
		fmt.Fprintln(&b, f)
	}
	switch {
	case c.trailers != nil:
		fmt.Fprint(&b, "Transfer-Encoding: chunked\n\n")
		if c.body != "" {
			fmt.Fprintf(&b, "%x\n%s\n", len(c.body), c.body)
		}
		fmt.Fprintf(&b, "0\n%s\n\n", strings.Join(c.trailers, "\n"))
	case c.body != "":
		fmt.Fprintf(&b, "Content-Length: %d\n\n%s", len(c.body), c.body)
	default:
		fmt.Fprint(&b, "\n")
	}
	res := rawhttp.Do(t, url, b.String())
	r := reply{status: res.Status(), fields: res.Fields, body: string(res.Body), trailers: res.Trailers, err: res.Err}
	for _, h := range res.Informational {
		r.informational = append(r.informational, append(rawhttp.Fields{fmt.Sprintf(":status: %d", h.Status())}, h.Fields...))
	}
	return r
}

func (c call) doH2(t testing.TB, url string) reply {
	t.Helper()
	s := rawhttp.DialH2(t, url).Open(c.body == "" && c.trailers == nil, c.h2Fields()...)
	if c.body != "" {
		s.Data(c.trailers == nil, c.body)
	}
	if c.trailers != nil {
		s.Headers(true, lowered(c.trailers)...)
	}
	m := s.ReadMessage()
	return reply{m.Status(), m.Header, m.Informational, string(m.Body), m.Trailers, m.Err}
}

// h2Fields are the call's fields as HTTP/2 has them.
func (c call) h2Fields() []string {
	return append([]string{":method: " + c.method, ":scheme: http", ":authority: gateway.test", ":path: " + c.target}, lowered(c.fields)...)
}

// lowered is field lines with names in lower case, as HTTP/2 wants them.
func lowered(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		out[i] = strings.ToLower(name) + ":" + value
	}
	return out
}
