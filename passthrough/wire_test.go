package passthrough_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

const (
	h1 = "HTTP/1.1"
	h2 = "HTTP/2"
)

// wire is what a test's two hops speak.
type wire struct{ client, upstream string }

// everywhere runs a test over each pair of protocols.
func everywhere(t *testing.T, test func(*testing.T, wire)) {
	for _, w := range []wire{{h1, h1}, {h1, h2}, {h2, h1}, {h2, h2}} {
		t.Run(w.client+" to "+w.upstream, func(t *testing.T) { test(t, w) })
	}
}

// answer is what an upstream says, in no protocol's terms.
type answer struct {
	informational []rawhttp.Fields // before it: ":status: 103" and further fields each
	status        int              // 0 means 200
	fields        []string         // "name: value", lower case; a Content-Length is added where no trailer follows
	body          string
	// trailers, if any, follow the body.
	trailers []string
}

func (a answer) code() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// arrival is a request as it reached an upstream.
type arrival struct {
	start    string // "POST /v1/messages"
	fields   rawhttp.Fields
	body     string
	trailers rawhttp.Fields
	err      error
}

// sent is the names and values that crossed, sorted and in lower-case names: without those that every
// HTTP message has.
func (a arrival) sent() []string {
	var lines []string
	for _, line := range a.fields {
		name, value, _ := strings.Cut(line, ":")
		switch name = strings.ToLower(name); name {
		case "host", "content-length", "transfer-encoding":
		default:
			lines = append(lines, name+": "+strings.TrimSpace(value))
		}
	}
	slices.Sort(lines)
	return lines
}

func (a arrival) String() string {
	return fmt.Sprintf("%s\n%s\n\n%s\n%s", a.start, strings.Join(a.fields, "\n"), a.body, strings.Join(a.trailers, "\n"))
}

// upstream is a scripted upstream of either protocol.
type upstream struct {
	url  string
	h2c  bool
	hits func() int
	seen func() []arrival
}

// upstreamOf wraps a raw HTTP/1.1 server.
func upstreamOf(s *rawhttp.Server) *upstream {
	return &upstream{url: s.URL(), hits: s.Hits, seen: func() []arrival {
		var all []arrival
		for _, r := range s.Requests() {
			all = append(all, arrival{r.Method() + " " + r.Target(), r.Fields, string(r.Body), r.Trailers, r.Err})
		}
		return all
	}}
}

// upstreamOfH2 wraps a raw HTTP/2 server.
func upstreamOfH2(s *rawhttp.H2Server) *upstream {
	return &upstream{url: s.URL(), h2c: true, hits: s.Hits, seen: func() []arrival {
		var all []arrival
		for _, m := range s.Requests() {
			a := arrival{start: m.Header.Get(":method") + " " + m.Header.Get(":path"), body: string(m.Body), trailers: m.Trailers, err: m.Err}
			for _, line := range m.Header {
				if host, ok := strings.CutPrefix(line, ":authority:"); ok {
					a.fields = append(a.fields, "host:"+host)
				} else if !strings.HasPrefix(line, ":") {
					a.fields = append(a.fields, line)
				}
			}
			all = append(all, a)
		}
		return all
	}}
}

// startUpstream starts an upstream that answers each request, once it has read it, with a.
func (w wire) startUpstream(t testing.TB, a answer) *upstream {
	t.Helper()
	noGoroutineLeft(t)
	if w.upstream == h1 {
		return upstreamOf(rawhttp.Upstream(t, rawhttp.Reply(a.h1())))
	}
	return upstreamOfH2(rawhttp.UpstreamH2(t, func(s *rawhttp.Stream) {
		if s.ReadMessage().Err == nil {
			a.sendH2(s)
		}
	}))
}

// h1 renders the answer for a [rawhttp.Reply].
func (a answer) h1() string {
	var b strings.Builder
	for _, h := range a.informational {
		fmt.Fprintf(&b, "HTTP/1.1 %s Informational\n%s\n\n", h.Get(":status"), strings.Join(h[1:], "\n"))
	}
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\n", a.code(), http.StatusText(a.code()))
	for _, f := range a.fields {
		fmt.Fprintln(&b, f)
	}
	if a.trailers == nil {
		fmt.Fprintf(&b, "content-length: %d\n\n%s", len(a.body), a.body)
		return b.String()
	}
	b.WriteString("transfer-encoding: chunked\n\n")
	if a.body != "" {
		fmt.Fprintf(&b, "%x\n%s\n", len(a.body), a.body)
	}
	b.WriteString("0\n" + strings.Join(a.trailers, "\n") + "\n\n")
	return b.String()
}

func (a answer) sendH2(s *rawhttp.Stream) {
	for _, h := range a.informational {
		s.Headers(false, h...)
	}
	fields := append([]string{fmt.Sprintf(":status: %d", a.code())}, a.fields...)
	if a.body != "" && a.trailers == nil {
		fields = append(fields, fmt.Sprintf("content-length: %d", len(a.body)))
	}
	s.Headers(a.body == "" && a.trailers == nil, fields...)
	if a.body != "" {
		s.Data(a.trailers == nil, a.body)
	}
	if a.trailers != nil {
		s.Headers(true, a.trailers...)
	}
}
