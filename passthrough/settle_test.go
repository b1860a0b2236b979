package passthrough

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/race"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// anothers is a response of the upstream's that nobody asked for.
const anothers = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nanother's"

// overshooting serves conn: to the path /first with answer, and with its own name and the path to any other.
func overshooting(conn net.Conn, name, answer string) {
	defer func() { _ = conn.Close() }()
	for r := bufio.NewReader(conn); ; {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		said := answer
		if req.URL.Path != "/first" {
			text := name + req.URL.Path
			said = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
		}
		if _, err := io.WriteString(conn, said); err != nil { // in one piece
			return
		}
	}
}

// pipe is a connection without a network, which [synctest] sees through.
type pipe struct{ net.Conn }

func (pipe) CloseWrite() error { return nil }

// certificate is for 127.0.0.1, and roots trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server.TLS.Certificates[0], roots
}

// quiet keeps what net/http logs about surplus out of the tests' output.
func quiet(t *testing.T) {
	t.Helper()
	log.SetOutput(io.Discard)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
}

// settlingRoute returns a route to the upstream, and a function that has net/http's client serve it alone.
func settlingRoute(t *testing.T, upstream Upstream) (handler http.Handler, netHTTP func() *http.Transport) {
	t.Helper()
	const key = "alice-key-0123456789abcdef"
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(key)})
	if err != nil {
		t.Fatal(err)
	}
	route, err := New(Config{
		Upstream:  upstream,
		Auth:      auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys},
		Headers:   headerpolicy.WebSocket(),
		Unguarded: "this is about connections",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if client, ok := route.forwarder.transport.(interface{ CloseIdleConnections() }); ok {
			client.CloseIdleConnections()
		}
	})
	netHTTP = func() *http.Transport {
		transport := upstream.netHTTP()
		route.forwarder.transport = transport
		return transport
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Gateway-Key", key)
		route.ServeHTTP(w, r)
	}), netHTTP
}

// What an upstream sends beyond the end of a response is not the response to whoever asks next, even if the next request
// gets the connection before net/http has looked for a surplus. Here it certainly does: net/http is held up at the very
// moment when the connection is idle again.
func TestSurplusIsNobodysResponse(t *testing.T) {
	quiet(t)
	cert, roots := certificate(t)
	for _, first := range []struct{ name, method, answer string }{
		{"no body", "POST", "HTTP/1.1 204 No Content\r\n\r\n"},
		{"a length", "POST", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		{"chunks", "POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
		{"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	} {
		for _, scheme := range []string{"http", "https"} {
			for _, next := range []string{"plain", "traced", "upgrade"} {
				t.Run(strings.Join([]string{first.name, scheme, next}, "/"), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						surplusIsNobodysResponse(t, scheme, cert, roots, first.method, first.answer+anothers, next)
					})
				})
			}
		}
	}
}

func surplusIsNobodysResponse(t *testing.T, scheme string, cert tls.Certificate, roots *x509.CertPool, method, answer, next string) {
	upstream := Upstream{URL: scheme + "://127.0.0.1"}
	if scheme == "https" {
		upstream.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	route, netHTTP := settlingRoute(t, upstream)
	transport := netHTTP()
	dialed := 0
	transport.DialContext = dialing(func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		if dialed++; scheme == "https" {
			far = tls.Server(far, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
		}
		go overshooting(far, fmt.Sprintf("connection %d", dialed), answer)
		return pipe{near}, nil
	})

	request := func(ctx context.Context, method, path string) *http.Request {
		r := httptest.NewRequestWithContext(ctx, method, path, http.NoBody)
		if next == "upgrade" { // net/http keeps connections for upgrades apart
			r.Method = http.MethodGet
			r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
				"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
		}
		return r
	}
	release := make(chan struct{})
	held := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{PutIdleConn: func(error) { <-release }})
	var exchanges sync.WaitGroup
	exchanges.Go(func() { route.ServeHTTP(httptest.NewRecorder(), request(held, method, "/first")) })
	synctest.Wait() // the connection is idle, and what is left on it has not been looked at

	ctx, traced := t.Context(), 0
	if next == "traced" {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { traced++ }})
	}
	r := request(ctx, http.MethodPost, "/second")
	if next != "upgrade" {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("a body")), 6
	}
	got := httptest.NewRecorder()
	exchanges.Go(func() { route.ServeHTTP(got, r) })
	synctest.Wait() // the second request has the connection, and waits for it to settle, or for the response
	close(release)
	exchanges.Wait()
	if diff := cmp.Diff("connection 2/second", got.Body.String()); diff != "" {
		t.Errorf("the second response (-want +got):\n%s", diff)
	}
	if next == "traced" && traced != 2 {
		t.Errorf("the caller's own trace was told of %d connections, not 2", traced)
	}
}

// The same on loopback, where the race is left to itself, and with each client. Of a large body net/http reads no more than
// its length, and what is beyond it has arrived, but not been read, when the connection is idle.
func TestSurplusOnLoopback(t *testing.T) {
	quiet(t)
	cert, roots := certificate(t)
	for _, scheme := range []string{"http", "https"} {
		for _, client := range []string{"http1", "net/http"} {
			for name, first := range map[string]string{
				"no body":      "HTTP/1.1 204 No Content\r\n\r\n",
				"a large body": "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + strings.Repeat("x", 10_000),
			} {
				t.Run(strings.Join([]string{scheme, client, name}, "/"), func(t *testing.T) {
					upstream, times := Upstream{URL: scheme + "://" + overshootingUpstream(t, scheme, cert, first+anothers)}, 2000
					if scheme == "https" { // each time with a handshake
						upstream.TLS, times = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, 200
					}
					route, netHTTP := settlingRoute(t, upstream)
					if client == "net/http" {
						netHTTP()
					}
					surplusOnLoopback(t, route, times)
				})
			}
		}
	}
}

// overshootingUpstream returns the address of an upstream that answers each first request on a connection with first.
func overshootingUpstream(t *testing.T, scheme string, cert tls.Certificate, first string) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if scheme == "https" {
				conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
			}
			go overshooting(conn, "", first)
		}
	}()
	return listener.Addr().String()
}

func surplusOnLoopback(t *testing.T, route http.Handler, times int) {
	t.Helper()
	for range times {
		route.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/first", http.NoBody))
		got := httptest.NewRecorder()
		route.ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/second", strings.NewReader("a body")))
		if got.Body.String() != "/second" {
			t.Fatalf("the second response is %q", got.Body.String())
		}
	}
}

// Only a used connection that speaks HTTP/1.1 is waited for: nobody reads from those here.
func TestWhatIsWaitedFor(t *testing.T) {
	cert, roots := certificate(t)
	for _, test := range []struct {
		name     string
		layers   int    // of TLS
		protocol string // negotiated in the outermost
		reused   bool
		waits    bool
	}{
		{"used, in the clear", 0, "", true, true},
		{"used, over TLS", 1, "http/1.1", true, true},
		{"used, over TLS that negotiated nothing", 1, "", true, true},
		{"used, over TLS to an HTTPS proxy", 2, "http/1.1", true, true},
		{"fresh", 0, "", false, false},
		{"fresh, over TLS", 1, "http/1.1", false, false},
		{"HTTP/2", 1, "h2", true, false},
		{"HTTP/2 over an HTTPS proxy", 2, "h2", true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				var conn net.Conn = newUpstreamConn(pipe{near})
				for layer := range test.layers {
					var protocols []string
					if layer == test.layers-1 && test.protocol != "" {
						protocols = []string{test.protocol}
					}
					server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: protocols,
						SessionTicketsDisabled: true, MinVersion: tls.VersionTLS13})
					client := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", NextProtos: protocols, MinVersion: tls.VersionTLS13})
					go func() { _ = server.Handshake() }()
					if err := client.Handshake(); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
					conn, far = client, server
				}
				over := make(chan struct{})
				go func() {
					settle(httptrace.GotConnInfo{Conn: conn, Reused: test.reused})
					close(over)
				}()
				synctest.Wait()
				select {
				case <-over:
					if test.waits {
						t.Error("was not waited for")
					}
				default:
					if !test.waits {
						t.Error("was waited for")
					}
				}
				_ = near.Close() // what is over it fails at once
				_ = conn.Close()
				<-over // a closed connection is not waited for either
			})
		})
	}
}

// A connection that does not settle is given up: nobody waits for it longer than that.
func TestConnectionThatDoesNotSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe() // nobody reads at the other end
		defer func() { _ = far.Close() }()
		conn := newUpstreamConn(pipe{near})
		failed := make(chan error, 2)
		go func() {
			_, err := conn.Write([]byte("an answer that TLS is asked for"))
			failed <- err
			_, err = conn.Read(make([]byte, 1))
			failed <- err
			_ = conn.Close() // as net/http does then
		}()
		begun := time.Now()
		conn.settle()
		if diff := cmp.Diff(settleWithin, time.Since(begun)); diff != "" {
			t.Errorf("how long it was waited for (-want +got):\n%s", diff)
		}
		for _, what := range []string{"writing", "reading"} {
			if err := <-failed; err == nil {
				t.Errorf("%s did not fail", what)
			}
		}
	})
}

// Nor is it waited for longer where the HTTP client does nothing on it at all: a caller's client trace can hold it up.
func TestConnectionThatIsHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		conn := newUpstreamConn(pipe{near})
		begun := time.Now()
		conn.settle()
		if diff := cmp.Diff(settleWithin, time.Since(begun)); diff != "" {
			t.Errorf("how long it was waited for (-want +got):\n%s", diff)
		}
		if _, err := conn.Write([]byte("the next request")); err == nil {
			t.Error("the connection can still be used")
		}
	})
}

func TestSettledCostsNoAllocation(t *testing.T) {
	if race.Enabled {
		t.Skip("allocations cannot be counted under the race detector")
	}
	conn := newUpstreamConn(pipe{})
	conn.note(&conn.reading)
	info := httptrace.GotConnInfo{Conn: conn, Reused: true}
	ctx, out := t.Context(), new(settling)
	if got := testing.AllocsPerRun(100, func() {
		httptrace.ContextClientTrace(out.traced(ctx)).GotConn(info)
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
