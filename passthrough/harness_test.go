package passthrough_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// The canaries: secrets of which each may stand in one place only.
const (
	gatewayKey  = "gw-alice-7f3a91c2e5d84b60"     // what the caller proves itself with: reaches nobody
	callerToken = "sk-ant-oat01-callers-own-4411" // the caller's own: reaches the upstream, no log
	upstreamKey = "sk-upstream-injected-9917aa0b" // the gateway's own: reaches the upstream, never the caller
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

// gateway is a route on a server that speaks HTTP/1.1 and HTTP/2, with all that it says and records kept.
type gateway struct {
	t        testing.TB
	url      string
	upstream *upstream
	route    *passthrough.Route
	records  chan *passthrough.Exchange
	logs     lockedBuffer
	replies  lockedBuffer
}

// an option changes a route's configuration.
type option func(*passthrough.Config)

// headers adds to what the policy names.
func headers(more headerpolicy.Config) option {
	return func(c *passthrough.Config) { c.Headers = c.Headers.With(more) }
}

// injecting makes the route one with a key of the gateway's own for the upstream.
func injecting(c *passthrough.Config) {
	c.Headers.Request.Credentials = nil
	c.Headers = c.Headers.With(headerpolicy.Config{Request: headerpolicy.Request{
		Set: []headerpolicy.Set{{Name: "Authorization", Value: headerpolicy.Secret(upstreamKey).WithScheme("Bearer")}},
	}})
}

// carriers replaces the places in which the gateway's key may arrive.
func carriers(all ...auth.Carrier) option {
	return func(c *passthrough.Config) { c.Auth.Carriers = all }
}

// keyring knows the gateway's one key.
func keyring(t testing.TB) *auth.Keyring {
	t.Helper()
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(gatewayKey)})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// fingerprintKey keys the fingerprints of the tests' records.
var fingerprintKey = []byte("fingerprints of the tests")

// config is the founding case: the gateway's key in X-Gateway-Key, the caller's own credential forwarded.
func (g *gateway) config(u *upstream) passthrough.Config {
	logged := passthrough.LogTo(slog.New(slog.NewJSONHandler(&g.logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return passthrough.Config{
		Route:     "test",
		Upstream:  passthrough.Upstream{URL: u.url, H2C: u.h2c},
		Auth:      auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keyring(g.t)},
		Headers:   headerpolicy.Anthropic(),
		Unguarded: "the tests of this package are about forwarding",
		Observer: passthrough.ObserverFunc(func(ctx context.Context, e *passthrough.Exchange) {
			logged.Observe(ctx, e)
			fmt.Fprint(&g.logs, printed(e))
			g.records <- e
		}),
		FingerprintKey: fingerprintKey,
	}
}

func newGateway(t testing.TB, u *upstream, options ...option) *gateway {
	t.Helper()
	g := &gateway{t: t, upstream: u, records: make(chan *passthrough.Exchange, 1<<14)}
	cfg := g.config(u)
	for _, change := range options {
		change(&cfg)
	}
	route, err := passthrough.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g.route = route
	g.serve(route)
	return g
}

// serve starts the server that callers see.
func (g *gateway) serve(h http.Handler) {
	server := httptest.NewUnstartedServer(h)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(&g.logs, nil), slog.LevelError)
	server.Start()
	g.t.Cleanup(server.Close)
	g.url = server.URL
}

// behind is the gateway with a middleware around its route.
func (g *gateway) behind(middleware func(http.Handler) http.Handler) *gateway {
	outer := &gateway{t: g.t, upstream: g.upstream, route: g.route, records: g.records}
	outer.serve(middleware(g.route))
	return outer
}

// setting is a middleware that sets fields of the response before it calls the next handler.
func setting(fields ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, line := range fields {
				name, value, _ := strings.Cut(line, ": ")
				w.Header().Add(name, value)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// record waits for the record of the next exchange to end.
func (g *gateway) record() *passthrough.Exchange {
	g.t.Helper()
	select {
	case e := <-g.records:
		return e
	case <-time.After(rawhttp.Patience):
		g.t.Fatal("no record of the exchange")
		return nil
	}
}

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

// refused checks that the request was answered with status and code, and that the upstream was not touched.
func (g *gateway) refused(r reply, status int, code string) {
	g.t.Helper()
	if r.status != status || !strings.Contains(r.body, `"code":"`+code+`"`) {
		g.t.Errorf("got %v, want %d %s", r, status, code)
	}
	if hits := g.upstream.hits(); hits != 0 {
		g.t.Errorf("the upstream got %d requests, want none:\n%v", hits, g.upstream.seen())
	}
	if e := g.record(); e.Denial == nil || e.Denial.Code != code || e.Status != status {
		g.t.Errorf("the record has %+v, want the denial %s", e, code)
	}
	g.keeps()
}

// keeps checks that no canary is where it must not be: the gateway's key with the upstream, the caller or a
// log, the caller's token in a log, the upstream's key with the caller or in a log.
func (g *gateway) keeps() {
	g.t.Helper()
	var arrived strings.Builder
	for _, a := range g.upstream.seen() {
		fmt.Fprintln(&arrived, a)
	}
	for _, place := range []struct{ name, text string }{
		{"the upstream", arrived.String()}, {"the caller", g.replies.String()}, {"the log", g.logs.String()},
	} {
		for _, canary := range []string{gatewayKey, callerToken, upstreamKey} {
			if place.name == "the upstream" && canary != gatewayKey || place.name == "the caller" && canary == callerToken {
				continue
			}
			if holds(place.text, canary) {
				g.t.Errorf("%s got %q:\n%s", place.name, canary, place.text)
			}
		}
	}
}

// printed is a record in every form that it can be printed in.
func printed(e *passthrough.Exchange) string {
	text, err := json.Marshal(e)
	return fmt.Sprintf("%s %v %v %+v %#v\n", text, err, e, e, e)
}

// holds reports whether text has the secret as it stands, percent-encoded, or in base64.
func holds(text, secret string) bool {
	if decoded, err := url.PathUnescape(text); err == nil && strings.Contains(decoded, secret) {
		return true
	}
	for shift := range 3 {
		core := base64.StdEncoding.EncodeToString([]byte("   "[:shift] + secret))
		if strings.Contains(text, core[4:len(core)-4]) {
			return true
		}
	}
	return strings.Contains(text, secret)
}

// difference is cmp.Diff, to which none and nil are the same.
func difference(want, got any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

// lockedBuffer is a bytes.Buffer for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// quiet is where servers log what the tests provoke.
var quiet = log.New(io.Discard, "", 0)
