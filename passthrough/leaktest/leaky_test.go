package leaktest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

const (
	testKey    = "gw-alice-3f9c71d2aa"
	insideKey  = "gw-inside-of-the-leaky-one"
	testSecret = "sk-upstream-own-70b1e4cc"
	mounted    = "/mounted"
)

// leak is one way to leak. Everything else about a leaky gateway is a clean route of this library: it is given a
// tidy request, with a key of its own, in place of the one that came, and its own HTTP client; the leak then adds what it
// wants of the original, past the route, in either direction.
type leak struct {
	name  string
	fails []string // the cases that must notice, as patterns

	enter    func(g *leaky, w http.ResponseWriter, r *http.Request)          // as the request comes
	request  func(in, out *http.Request)                                     // after the route has decided
	trip     func(g *leaky, in, out *http.Request) (*http.Response, error)   // in place of the HTTP client
	response func(res *http.Response)                                        // before the route sees it
	relay    func(h http.Header, res *http.Response)                         // as the header is written
	interim  func(w http.ResponseWriter, status int, h textproto.MIMEHeader) // for each 1xx
	front    func(t testing.TB, upstream string) string                      // in place of everything: returns the address
	missing  func(upstream string) http.Handler                              // Target.WithoutSecret
}

// leaky is a gateway with a leak.
type leaky struct {
	leak
	log    *Log
	client *http.Transport

	mu       sync.Mutex
	previous http.Header // of the last request
	count    int
	open     []io.Closer // connections that nobody closes
}

// forget leaves a connection open. The garbage collector closes those that nothing refers to any more.
func (g *leaky) forget(conn io.Closer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = append(g.open, conn)
}

type visitKey struct{}

// visit is an inbound request and where its response goes.
type visit struct {
	in *http.Request
	w  *leakyWriter
}

// target is a gateway with the leak; its kind says which credential reaches the upstream.
func (l leak) target(t testing.TB, kind string) Target {
	target := Target{
		Gateway: Header("X-Gateway-Key", testKey), Caller: Bearer(""), Parameter: "beta", Log: new(Log),
		Prefix: mounted, Base: "/base", WebSocket: mounted + "/v1/realtime", WithoutSecret: l.missing,
		Patience: defaultPatience / 10, // some leaks are noticed by waiting in vain
	}
	switch kind {
	case "the gateway's":
		target.Caller, target.Upstream = Credential{}, Bearer(testSecret)
	case "the caller's API key":
		target.Caller = Header("X-Api-Key", "")
	}
	if l.front != nil {
		target.Listen = freeAddress(t)
		target.URL = "http://" + l.front(t, target.Listen)
		target.Log, target.WithoutSecret = nil, nil
		return target
	}
	target.Handler = func(upstream string) http.Handler { return l.handler(t, target, upstream) }
	return target
}

func (l leak) handler(t testing.TB, target Target, upstream string) http.Handler {
	log, _ := target.Log.(*Log)
	g := &leaky{leak: l, log: log, client: &http.Transport{DisableCompression: true}}
	t.Cleanup(g.client.CloseIdleConnections)
	keys, err := auth.NewKeyring(auth.Key{ID: "inside", Secret: auth.NewSecret(insideKey)})
	if err != nil {
		t.Fatal(err)
	}
	policy := headerpolicy.Anthropic().With(headerpolicy.WebSocket())
	if !target.Upstream.none() {
		policy.Request.Credentials = nil
		policy.Request.Set = []headerpolicy.Set{{Name: "Authorization", Value: headerpolicy.Secret(testSecret).WithScheme("Bearer")}}
	}
	route, err := passthrough.New(passthrough.Config{
		Upstream:  passthrough.Upstream{URL: upstream + target.Base, RoundTripper: g},
		Auth:      auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys},
		Headers:   policy,
		Unguarded: "it leaks by other ways",
	})
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.enter != nil {
			g.enter(g, w, r)
		}
		v := &visit{in: r, w: &leakyWriter{ResponseWriter: w, g: g}} // into r itself the server puts the trailers
		route.ServeHTTP(v.w, g.tidy(r.WithContext(context.WithValue(r.Context(), visitKey{}, v)), target))
	})
}

// tidy is a request that any route takes, with the body of r.
func (g *leaky) tidy(r *http.Request, target Target) *http.Request {
	out := r.WithContext(r.Context())
	out.Header = http.Header{"X-Gateway-Key": {insideKey}}
	if caller := target.Caller; !caller.none() {
		caller.secret = callersOwn
		_, value, _ := strings.Cut(caller.line(), ": ")
		out.Header.Set(caller.field(), value)
	}
	for _, name := range []string{"Content-Type", "Content-Encoding", "Expect"} {
		if v := r.Header[name]; len(v) == 1 {
			out.Header[name] = v
		}
	}
	out.URL = &url.URL{Path: "/v1/messages"}
	out.RequestURI, out.Trailer = "/v1/messages", nil
	if strings.Contains(r.Header.Get("Upgrade"), "websocket") {
		for _, name := range []string{"Connection", "Sec-Websocket-Key", "Sec-Websocket-Version"} {
			out.Header[name] = r.Header[name]
		}
		out.Header["Upgrade"] = []string{"websocket"}
	} else {
		out.Method = http.MethodPost
	}
	return out
}

// RoundTrip is where the route meets the leak.
func (g *leaky) RoundTrip(out *http.Request) (*http.Response, error) {
	v, _ := out.Context().Value(visitKey{}).(*visit)
	out = out.Clone(out.Context())
	if out.Body == nil {
		out.Body = http.NoBody
	}
	if g.request != nil {
		g.request(v.in, out)
	}
	if g.interim != nil {
		out = out.WithContext(httptrace.WithClientTrace(out.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(status int, h textproto.MIMEHeader) error { g.interim(v.w, status, h); return nil },
		}))
	}
	trip := g.trip
	if trip == nil {
		trip = func(g *leaky, _, out *http.Request) (*http.Response, error) { return g.client.RoundTrip(out) }
	}
	res, err := trip(g, v.in, out)
	if err != nil {
		return nil, err
	}
	if g.relay != nil {
		v.w.extra = &http.Response{Header: res.Header.Clone(), Trailer: res.Trailer.Clone()}
		if res.StatusCode == http.StatusSwitchingProtocols {
			g.relay(v.w.Header(), res)
		}
	}
	if g.response != nil {
		g.response(res)
	}
	return res, nil
}

// leakyWriter adds to the header what the route left out.
type leakyWriter struct {
	http.ResponseWriter
	g     *leaky
	extra *http.Response
}

// Unwrap is for http.ResponseController.
func (w *leakyWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader writes the header.
func (w *leakyWriter) WriteHeader(status int) {
	if w.extra != nil && status >= 200 {
		w.g.relay(w.Header(), w.extra)
	}
	w.ResponseWriter.WriteHeader(status)
}

// rawTarget is the request's target as it came, below the upstream's base.
func rawTarget(in *http.Request) (path, query string) {
	path, query, _ = strings.Cut(in.RequestURI, "?")
	return "/base" + strings.TrimPrefix(path, mounted), query
}

// withoutFraming sends a request whose body no field announces, and without Host where Connection names that.
func withoutFraming(_ *leaky, in, out *http.Request) (*http.Response, error) {
	conn, err := net.Dial("tcp", out.URL.Host)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(out.Context(), func() { _ = conn.Close() })
	var body []byte
	if out.Body != nil {
		if body, err = io.ReadAll(out.Body); err != nil {
			return nil, err
		}
	}
	host := "Host: " + out.URL.Host + "\r\n"
	if in.Header.Get("Connection") == "Host" {
		host = ""
	}
	fmt.Fprintf(conn, "%s /base/v1/messages HTTP/1.1\r\n%sAuthorization: %s\r\n\r\n%s", in.Method, host, out.Header.Get("Authorization"), body)
	return http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodPost})
}

// freeAddress is an address that nothing listens on. It is below the ports that systems give out by themselves: one of
// those could be taken by another test's connection before it is listened on.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err != nil {
			continue
		}
		defer func() { _ = l.Close() }()
		return l.Addr().String()
	}
	t.Fatal("no free port")
	return ""
}

// bytePipe is a gateway that relays every byte in both directions, and translates HTTP/2 into HTTP/1.1 without a look
// at what it writes.
func bytePipe(t testing.TB, upstream string) string {
	h2server := rawhttp.UpstreamH2(t, func(s *rawhttp.Stream) { translate(s, upstream) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				first := make([]byte, 3)
				if _, err := io.ReadFull(client, first); err != nil {
					_ = client.Close()
					return
				}
				to := upstream
				if string(first) == "PRI" {
					to = h2server.Addr()
				}
				join(client, first, to)
			}()
		}
	}()
	return listener.Addr().String()
}

func join(client net.Conn, first []byte, to string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	_, _ = server.Write(first)
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(way[1], way[0])
			if half, ok := way[1].(*net.TCPConn); ok {
				_ = half.CloseWrite()
			}
			done <- struct{}{}
		}()
	}
	<-done
	<-done
}

func translate(s *rawhttp.Stream, upstream string) {
	m := s.ReadMessage()
	if m.Err != nil {
		return
	}
	conn, err := net.Dial("tcp", upstream)
	if err != nil {
		s.CloseConn()
		return
	}
	defer func() { _ = conn.Close() }()
	var b bytes.Buffer
	path := m.Header.Get(":path")
	if path == "" {
		path = m.Header.Get(":authority")
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-Proto: %s\r\n", m.Header.Get(":method"), path, m.Header.Get(":authority"), m.Header.Get(":scheme"))
	for _, line := range m.Header {
		if !strings.HasPrefix(line, ":") {
			fmt.Fprintf(&b, "%s\r\n", line)
		}
	}
	fmt.Fprintf(&b, "\r\n%s", m.Body)
	_, _ = conn.Write(b.Bytes())
	r := rawhttp.ReadResponse(bufio.NewReader(conn), "POST")
	s.Headers(len(r.Body) == 0, append([]string{fmt.Sprintf(":status: %d", r.Status())}, strings.Split(lowered(strings.Join(r.Fields, "\r\n")), "\r\n")...)...)
	if len(r.Body) > 0 {
		s.Data(true, string(r.Body))
	}
}
