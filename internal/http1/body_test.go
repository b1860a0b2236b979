//go:build unix

package http1

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
)

// A body has arrived when no Read of it waits, and not a byte earlier.
func TestHasArrived(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
	silent, far, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = silent.Close(), far.Close() })
	for name, test := range map[string]struct {
		pieces []string
		want   bool
	}{
		"with the head":       {[]string{head + "ok"}, true},
		"with a surplus":      {[]string{head + "ok", "more"}, true},
		"in part":             {[]string{head + "o", "k"}, false},
		"later":               {[]string{head, "ok"}, false},
		"in a chunk":          {[]string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"}, false},
		"until the end comes": {[]string{"HTTP/1.1 200 OK\r\n\r\nok"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := script{end: io.EOF}
			for _, piece := range test.pieces {
				s.pieces = append(s.pieces, []byte(piece))
			}
			c := makeClient(func(context.Context, string, string) (net.Conn, error) {
				conn := &scripted{script: s, silent: silent}
				conn.cond.L = &conn.mu
				return conn, nil
			})
			res, err := c.RoundTrip(newRequest(t, http.MethodGet, "http://origin.test/", ""))
			if err != nil {
				t.Fatal(err)
			}
			if got := res.Body.(interface{ HasArrived() bool }).HasArrived(); got != test.want {
				t.Errorf("has arrived: %t", got)
			}
			if content, err := io.ReadAll(res.Body); err != nil || string(content) != "ok" {
				t.Errorf("body %q, %v", content, err)
			}
			_ = res.Body.Close()
		})
	}
}
