package passthrough_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

const idleStreams = 1000

// BenchmarkIdleStreams opens a thousand event streams, of which each has sent an event and pauses, and reports what each
// takes of the heap and of stacks, in-use, beyond what it takes without a gateway: both ends are in this process, as small
// as they can be.
func BenchmarkIdleStreams(b *testing.B) {
	upstream := pausing(b)
	target := &url.URL{Scheme: "http", Host: upstream}
	transport := &http.Transport{MaxIdleConnsPerHost: idleStreams, DisableCompression: true}
	direct := inUse(b, upstream)
	for _, c := range []struct {
		name    string
		handler http.Handler
	}{
		{"route", loopbackRoute(b, "http://"+upstream)},
		{"ReverseProxy", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: transport}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				server := httptest.NewServer(c.handler)
				b.ReportMetric(float64(inUse(b, server.Listener.Addr().String())-direct)/1024, "KB/stream")
				server.CloseClientConnections()
				server.Close()
			}
		})
	}
}

// loopbackRoute is a route to an upstream on loopback.
func loopbackRoute(b *testing.B, upstream string) http.Handler {
	b.Helper()
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(benchKey)})
	if err != nil {
		b.Fatal(err)
	}
	route, err := passthrough.New(passthrough.Config{
		Upstream:  passthrough.Upstream{URL: upstream},
		Auth:      auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys},
		Headers:   headerpolicy.Anthropic(),
		Unguarded: "a benchmark",
		Observer:  passthrough.ObserverFunc(func(context.Context, *passthrough.Exchange) {}),
	})
	if err != nil {
		b.Fatal(err)
	}
	return route
}

// pausing is an upstream that sends one event of a stream to whoever asks, and keeps the connection open.
func pausing(b *testing.B) (address string) {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				var buf [2 << 10]byte
				for asked := false; ; asked = true {
					if _, err := conn.Read(buf[:]); err != nil {
						return
					}
					if !asked { // the request fits into one read
						_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"))
					}
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// inUse opens the streams and returns how many bytes each takes.
func inUse(b *testing.B, address string) int64 {
	b.Helper()
	request := "GET /v1/messages?beta=true HTTP/1.1\r\nHost: gateway\r\n"
	for name, lines := range claudeCode(context.Background()).Header {
		if !strings.HasPrefix(name, "Con") { // Connection, Content-Length, Content-Type
			request += name + ": " + lines[0] + "\r\n"
		}
	}
	before := memory()
	conns := make([]net.Conn, idleStreams)
	var open sync.WaitGroup
	for i := range conns {
		open.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				b.Error(err)
				return
			}
			conns[i] = conn
			_, _ = conn.Write([]byte(request + "\r\n"))
			for r := bufio.NewReaderSize(conn, 16); ; {
				if line, err := r.ReadString('\n'); err != nil || strings.HasPrefix(line, "data:") {
					return
				}
			}
		})
		if i%50 == 49 {
			open.Wait() // a listener's queue is no longer than that everywhere
		}
	}
	open.Wait()
	after := memory()
	for _, conn := range conns {
		if conn != nil {
			_ = conn.Close()
		}
	}
	return (after - before) / idleStreams
}

func memory() int64 {
	runtime.GC()
	runtime.GC() // what a pool has held is gone after the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
