//go:build unix

package http1

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// certificate is for 127.0.0.1, and roots trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server.TLS.Certificates[0], roots
}

// secureClient returns a client for the origin with net/http's behind it, as a route has it.
func secureClient(t *testing.T, host string, roots *x509.CertPool) (c *Client, byNext *atomic.Int32) {
	t.Helper()
	c = newClient(t, "https://"+host)
	next := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, DisableCompression: true}
	byNext = new(atomic.Int32)
	c.cfg.Next = struct {
		http.RoundTripper
		idleCloser
	}{roundTripper(func(r *http.Request) (*http.Response, error) {
		byNext.Add(1)
		return next.RoundTrip(r)
	}), next}
	c.tls = tlsConfig(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, host)
	return c, byNext
}

type idleCloser interface{ CloseIdleConnections() }

// protocols starts a server that negotiates one of these.
func protocols(t *testing.T, offered *atomic.Pointer[[]string]) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Proto, body)
	}))
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	s.StartTLS()
	cfg := s.TLS.Clone()
	s.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		cfg := cfg.Clone()
		cfg.NextProtos = *offered.Load()
		return cfg, nil
	}
	t.Cleanup(s.Close)
	return s
}

// Over TLS the server chooses the protocol. Until a response has shown that it is HTTP/1.1, and from when it no longer is,
// Next serves.
func TestServerChoosesProtocol(t *testing.T) {
	var offered atomic.Pointer[[]string]
	offered.Store(&[]string{"h2", "http/1.1"})
	s := protocols(t, &offered)
	_, roots := certificate(t)
	host := strings.TrimPrefix(s.URL, "https://")
	c, byNext := secureClient(t, host, roots)
	request := func(want string, wantNext int32) {
		t.Helper()
		req := newRequest(t, "POST", s.URL, "a body")
		if _, got := fetch(t, c, req); got != want+" a body" {
			t.Errorf("%q, not %s", got, want)
		}
		if got := byNext.Load(); got != wantNext {
			t.Errorf("Next has served %d requests, not %d", got, wantNext)
		}
	}
	request("HTTP/2.0", 1)
	request("HTTP/2.0", 2)

	offered.Store(&[]string{"http/1.1"})
	c.CloseIdleConnections()
	request("HTTP/1.1", 3)
	request("HTTP/1.1", 3)
	request("HTTP/1.1", 3)
	if c.pool.idle[0].state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("the protocol is %q", c.pool.idle[0].state.NegotiatedProtocol)
	}

	offered.Store(&[]string{"h2"})
	c.CloseIdleConnections()
	request("HTTP/2.0", 4)
	request("HTTP/2.0", 5)

	offered.Store(&[]string{})
	c.CloseIdleConnections()
	request("HTTP/1.1", 6)
	request("HTTP/1.1", 6)
}

// A surplus that TLS has read along with the response is not the response to the next request, in whatever records it came.
func TestSurplusOverTLS(t *testing.T) {
	const answer, surplus = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
	cert, roots := certificate(t)
	for name, test := range map[string]struct {
		pieces []string
		torn   int // how many bytes of the last record do not come
	}{
		"in one record":              {[]string{answer + surplus}, 0},
		"in a second record":         {[]string{answer, surplus}, 0},
		"with the body":              {[]string{answer[:len(answer)-4], answer[len(answer)-4:] + surplus}, 0},
		"in a short record":          {[]string{answer, surplus[:4]}, 0},
		"in part of a record":        {[]string{answer, surplus}, 10},
		"in part of a record's head": {[]string{answer, ""}, 0},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(name+"/"+tls.VersionName(version), func(t *testing.T) {
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = listener.Close() })
				var accepted atomic.Int32
				go func() {
					for {
						conn, err := listener.Accept()
						if err != nil {
							return
						}
						accepted.Add(1)
						go overshoot(conn, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: version, MaxVersion: version}, test.pieces, test.torn)
					}
				}()
				c, _ := secureClient(t, listener.Addr().String(), roots)
				c.known.Store(true)
				url := "https://" + listener.Addr().String()
				for i := range 20 {
					if _, got := fetch(t, c, newRequest(t, "GET", url, "")); got != "good" {
						t.Fatalf("response %d is %q", i, got)
					}
				}
				if accepted.Load() != 20 {
					t.Errorf("%d connections for 20 requests", accepted.Load())
				}
			})
		}
	}
}

// together joins what is written between two calls of send, so that records arrive together.
type together struct {
	net.Conn
	held []byte
	hold bool
}

func (c *together) Write(p []byte) (int, error) {
	if !c.hold {
		return c.Conn.Write(p)
	}
	c.held = append(c.held, p...)
	return len(p), nil
}

func overshoot(conn net.Conn, cfg *tls.Config, pieces []string, torn int) {
	defer func() { _ = conn.Close() }()
	wire := &together{Conn: conn}
	secured := tls.Server(wire, cfg)
	for r := bufio.NewReader(secured); ; {
		_ = secured.SetDeadline(time.Now().Add(rawhttp.Patience))
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		wire.hold = true
		for _, piece := range pieces {
			_, _ = io.WriteString(secured, piece)
		}
		wire.hold = false
		if pieces[len(pieces)-1] == "" {
			wire.held = append(wire.held, 0x17, 3, 3) // application data, and no length yet
		}
		if _, err := conn.Write(wire.held[:len(wire.held)-torn]); err != nil {
			return
		}
		wire.held = nil
	}
}

// Without a surplus, a connection over TLS is used again.
func TestReuseOverTLS(t *testing.T) {
	cert, roots := certificate(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			var accepted atomic.Int32
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "good") }))
			s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: version, MaxVersion: version}
			s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					accepted.Add(1)
				}
			}
			s.StartTLS()
			t.Cleanup(s.Close)
			c, _ := secureClient(t, strings.TrimPrefix(s.URL, "https://"), roots)
			c.known.Store(true)
			for range 20 {
				res, err := c.RoundTrip(newRequest(t, "GET", s.URL, ""))
				if err != nil {
					t.Fatal(err)
				}
				if body, err := io.ReadAll(res.Body); err != nil || string(body) != "good" || res.TLS.Version != version {
					t.Errorf("%q, %v, %#x", body, err, res.TLS.Version)
				}
				_ = res.Body.Close()
			}
			if accepted.Load() != 1 {
				t.Errorf("%d connections", accepted.Load())
			}
		})
	}
}

// A server whose certificate is not trusted gets nothing.
func TestUntrustedServer(t *testing.T) {
	hits := 0
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	c, _ := secureClient(t, strings.TrimPrefix(s.URL, "https://"), x509.NewCertPool())
	c.known.Store(true)
	if _, err := c.RoundTrip(newRequest(t, "GET", s.URL, "")); err == nil || hits > 0 {
		t.Errorf("%d requests, %v", hits, err)
	}
}
