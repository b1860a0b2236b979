package passthrough_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
)

// noise is n bytes of every value, the same each time.
func noise(n int) string {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.UintN(256))
	}
	return string(b)
}

func TestRequestBodiesAreByteExact(t *testing.T) {
	for _, n := range []int{1, 5, 4095, 4096, 4097, 40_000} {
		body := noise(n)
		t.Run(fmt.Sprintf("%d bytes of known length", n), func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				g := newGateway(t, w.startUpstream(t, answer{}))
				if w.client == h2 {
					g.crossed(g.do(w, call{body: body, fields: []string{fmt.Sprintf("Content-Length: %d", n)}}), callerLine)
				} else {
					c := rawhttp.Dial(t, g.url)
					c.SendExactly(rawhttp.CRLF(fmt.Sprintf("POST /v1/messages HTTP/1.1\nHost: a\n%s\nContent-Length: %d\n\n", strings.Join(good, "\n"), n)) + body)
					g.crossed(reply{status: c.ReadResponse().Status()}, callerLine)
				}
				a := g.upstream.seen()[0]
				if a.body != body || a.fields.Get("Content-Length") != fmt.Sprint(n) || a.fields.Has("Transfer-Encoding") {
					t.Errorf("the upstream got %d bytes, want %d; %q", len(a.body), n, a.fields)
				}
				if e := g.record(); e.BytesIn != int64(n) {
					t.Errorf("%d bytes in the record", e.BytesIn)
				}
			})
		})
		t.Run(fmt.Sprintf("%d bytes of unknown length", n), func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				g := newGateway(t, w.startUpstream(t, answer{}))
				v := g.visiting(w, call{}, true)
				v.send(body[:n/2+1])
				if rest := body[n/2+1:]; rest != "" {
					v.send(rest)
				}
				v.finish()
				g.crossed(reply{status: v.head()}, callerLine)
				a := g.upstream.seen()[0]
				if a.body != body || a.fields.Has("Content-Length") {
					t.Errorf("the upstream got %d bytes, want %d; %q", len(a.body), n, a.fields)
				}
			})
		})
	}
	t.Run("none", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			for method, length := range map[string]string{http.MethodGet: "", http.MethodPost: "0", http.MethodDelete: ""} {
				g := newGateway(t, w.startUpstream(t, answer{}))
				g.crossed(g.do(w, call{method: method}), callerLine)
				if got := g.upstream.seen()[0].fields; w.upstream == h1 && got.Get("Content-Length") != length || got.Has("Transfer-Encoding") {
					t.Errorf("%s: the upstream got %q", method, got)
				}
			}
		})
	})
	t.Run("known length, and trailers", func(t *testing.T) { // HTTP/2 alone can have both
		named := headers(headerpolicy.Config{Request: headerpolicy.Request{Trailers: []string{"X-Checksum"}}})
		w := wire{h2, h2}
		g := newGateway(t, w.startUpstream(t, answer{}), named)
		g.crossed(g.do(w, call{body: "{}", fields: []string{"Content-Length: 2"}, trailers: []string{"X-Checksum: abc"}}), callerLine, "trailer: X-Checksum")
		if a := g.upstream.seen()[0]; a.body != "{}" || a.trailers.Get("X-Checksum") != "abc" {
			t.Errorf("the upstream got %v", a)
		}
	})
}

func TestResponseBodiesAreByteExact(t *testing.T) {
	for _, n := range []int{0, 1, 4095, 4096, 4097, 32_768, 60_000} {
		body := noise(n)
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d bytes, known length: %t", n, known), func(t *testing.T) {
				everywhere(t, func(t *testing.T, w wire) {
					g := newGateway(t, w.talking(t, func(k talk) {
						_, _ = k.body()
						var fields []string
						if known {
							fields = []string{fmt.Sprintf("content-length: %d", n)}
						}
						k.begin(fields...)
						for rest := body; rest != ""; {
							piece := rest[:min(len(rest), 10_000)]
							k.write(piece)
							rest = rest[len(piece):]
						}
						k.end()
					}))
					r := g.do(w, call{})
					if r.body != body || r.err != nil || r.fields.Has("Content-Length") != known || r.fields.Has("Content-Type") {
						t.Errorf("got %d bytes, want %d; %q, %v", len(r.body), n, r.fields, r.err)
					}
					if e := g.record(); e.BytesOut != int64(n) || e.Outcome != passthrough.Forwarded {
						t.Errorf("%d bytes in the record, %v", e.BytesOut, e.Outcome)
					}
				})
			})
		}
	}
	t.Run("until the connection closes", func(t *testing.T) {
		for _, client := range []string{h1, h2} {
			noGoroutineLeft(t)
			g := newGateway(t, upstreamOf(rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.0 200 OK\nConnection: close\n\nold times"))))
			if r := g.do(wire{client: client}, call{}); r.body != "old times" || r.err != nil {
				t.Errorf("got %v", r)
			}
		}
	})
	t.Run("to HTTP/1.0", func(t *testing.T) {
		w := wire{h1, h1}
		g := newGateway(t, w.talking(t, func(k talk) { _, _ = k.body(); k.begin(); k.write("new times"); k.end() }))
		r := rawhttp.Do(t, g.url, "GET /v1/messages HTTP/1.0\n"+strings.Join(good, "\n")+"\n\n")
		if string(r.Body) != "new times" || r.Fields.Has("Transfer-Encoding") {
			t.Errorf("got %v", r)
		}
	})
}

func TestResponsesWithoutABody(t *testing.T) {
	for _, c := range []struct {
		name   string
		method string
		answer string // of an HTTP/1.1 upstream, verbatim
		status int
		length string
	}{
		{"HEAD, known length", http.MethodHead, "HTTP/1.1 200 OK\nContent-Length: 1234\n\n", 200, "1234"},
		{"HEAD, unknown length", http.MethodHead, "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", 200, ""},
		{"HEAD, no length", http.MethodHead, "HTTP/1.1 200 OK\n\n", 200, ""},
		{"204", http.MethodPost, "HTTP/1.1 204 No Content\n\n", 204, ""},
		{"204 with a length", http.MethodPost, "HTTP/1.1 204 No Content\nContent-Length: 0\n\n", 204, ""},
		{"304", http.MethodGet, "HTTP/1.1 304 Not Modified\nEtag: \"x\"\n\n", 304, ""},
		// What a 200 would have had. net/http's HTTP/1 server withholds it (RFC 9110 section 8.6 allows that).
		{"304 with a length", http.MethodGet, "HTTP/1.1 304 Not Modified\nContent-Length: 1234\n\n", 304, "1234"},
		{"205", http.MethodPost, "HTTP/1.1 205 Reset Content\nContent-Length: 0\n\n", 205, "0"},
		{"an empty 200", http.MethodGet, "HTTP/1.1 200 OK\nContent-Length: 0\n\n", 200, "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			noGoroutineLeft(t)
			server := rawhttp.Upstream(t, rawhttp.Reply(c.answer))
			for _, client := range []string{h1, h2} {
				g := newGateway(t, upstreamOf(server))
				var status int
				var fields rawhttp.Fields
				var body string
				if client == h1 {
					conn := rawhttp.Dial(t, g.url)
					for range 2 { // on one connection: what follows a response without a body is the next response
						conn.Send(c.method + " /v1/messages HTTP/1.1\nHost: a\n" + strings.Join(good, "\n") + "\n\n")
						r := conn.ReadResponseTo(c.method)
						status, fields, body = r.Status(), r.Fields, string(r.Body)
						if r.Err != nil {
							t.Errorf("got %v", r)
						}
					}
				} else {
					r := g.do(wire{client: h2}, call{method: c.method})
					status, fields, body = r.status, r.fields, r.body
				}
				length := fields.Get("Content-Length")
				if client == h1 && status == http.StatusNotModified {
					length = c.length
				}
				if status != c.status || length != c.length || body != "" || fields.Has("Transfer-Encoding") || fields.Has("Content-Type") {
					t.Errorf("%s: got %d, Content-Length %q, %q, %q", client, status, length, fields, body)
				}
				if e := g.record(); e.Outcome != passthrough.Forwarded || e.BytesOut != 0 {
					t.Errorf("%s: outcome %v, %d bytes", client, e.Outcome, e.BytesOut)
				}
			}
		})
	}
}

// TestOverTLS goes the whole way over TLS, with HTTP/2 negotiated on both hops.
func TestOverTLS(t *testing.T) {
	noGoroutineLeft(t)
	arrived := make(chan *http.Request, 1)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- r
		w.Header().Set("Trailer", "X-Checksum")
		w.Header().Set("Request-Id", "r1")
		w.Header().Set("X-Internal", upstreamKey)
		_, _ = io.WriteString(w, "over TLS")
		w.Header().Set("X-Checksum", "abc")
	}))
	secure.EnableHTTP2 = true
	secure.StartTLS()
	t.Cleanup(secure.Close)

	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	g := &gateway{t: t, records: make(chan *passthrough.Exchange, 1)}
	cfg := g.config(&upstream{})
	cfg.Upstream.URL, cfg.Upstream.TLS = secure.URL, &tls.Config{RootCAs: roots}
	injecting(&cfg)
	responding(headerpolicy.Response{Trailers: []string{"X-Checksum"}})(&cfg)
	route, err := passthrough.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewUnstartedServer(route)
	front.EnableHTTP2 = true
	front.StartTLS()
	t.Cleanup(front.Close)

	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, front.URL+"/v1/messages", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"X-Gateway-Key": {gatewayKey}, "Authorization": {"Bearer " + callerToken}, "Cookie": {"a=b"}, "User-Agent": {"test/1"}, "Accept-Encoding": {"identity"}}
	res, err := front.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if string(body) != "over TLS" || err != nil || res.ProtoMajor != 2 || res.Trailer.Get("X-Checksum") != "abc" || res.Header.Get("X-Internal") != "" {
		t.Errorf("got %v, %q, %v", res, body, err)
	}
	in := <-arrived
	want := http.Header{"Authorization": {"Bearer " + upstreamKey}, "Content-Length": {"2"}, "User-Agent": {"test/1"}, "Accept-Encoding": {"identity"}}
	if diff := difference(want, in.Header); diff != "" || in.ProtoMajor != 2 {
		t.Errorf("%s: what crossed (-want +got):\n%s", in.Proto, diff)
	}
	if e := g.record(); e.UpstreamProto != "HTTP/2.0" || e.Outcome != passthrough.Forwarded {
		t.Errorf("the record has %+v", e)
	}
}
