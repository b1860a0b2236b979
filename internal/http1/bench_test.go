//go:build unix

package http1

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answering serves what comes with 1 KiB, with as little of its own as can be.
func answering(b *testing.B) (addr string) {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = listener.Close() })
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024))
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				for r := bufio.NewReaderSize(conn, 8<<10); ; {
					length := 0
					for {
						line, err := r.ReadSlice('\n')
						if err != nil {
							return
						}
						if string(line) == "Content-Length: 4096\r\n" {
							length = 4096
						}
						if len(line) == 2 {
							break
						}
					}
					_, _ = r.Discard(length)
					if _, err := conn.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// BenchmarkRoundTrip has this client beside net/http's.
func BenchmarkRoundTrip(b *testing.B) {
	addr := answering(b)
	body := strings.Repeat("x", 4096)
	for _, method := range []string{"GET", "POST"} {
		for _, client := range []struct {
			name string
			http.RoundTripper
		}{
			{"http1", New(Config{Scheme: "http", Host: addr, Next: nobody{}, Dial: new(net.Dialer).DialContext, MaxResponseHeader: maxHeader, MaxIdle: 8, IdleTimeout: time.Minute})},
			{"net_http", &http.Transport{DisableCompression: true}},
		} {
			b.Run(method+"/"+client.name, func(b *testing.B) {
				b.ReportAllocs()
				buf := make([]byte, 2048)
				for b.Loop() {
					var content io.Reader
					if method == "POST" {
						content = struct{ io.Reader }{strings.NewReader(body)}
					}
					req, err := http.NewRequestWithContext(b.Context(), method, "http://"+addr+"/v1/messages", content)
					if err != nil {
						b.Fatal(err)
					}
					if method == "POST" {
						req.ContentLength = 4096
					}
					res, err := client.RoundTrip(req)
					if err != nil {
						b.Fatal(err)
					}
					for err == nil {
						_, err = res.Body.Read(buf)
					}
					_ = res.Body.Close()
				}
			})
		}
	}
}
