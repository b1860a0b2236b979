//go:build unix

package http1

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// newClient returns a client for the origin, with nothing behind it, and checks at the test's end that nothing of it is left.
func newClient(t *testing.T, origin string) *Client {
	t.Helper()
	if !reuses {
		t.Skip("the client serves nothing on this system")
	}
	nothingLeft(t)
	scheme, host, _ := strings.Cut(origin, "://")
	c := New(Config{Scheme: scheme, Host: host, Next: nobody{}, Dial: new(net.Dialer).DialContext,
		MaxResponseHeader: maxHeader, MaxIdle: 4, IdleTimeout: time.Minute})
	t.Cleanup(c.CloseIdleConnections)
	return c
}

var ourFrames = regexp.MustCompile(`internal/http1\.\((\*upload|\*exchange|\*body|\*Client|\*pool)\)`)

// nothingLeft polls: a goroutine that ends takes its time.
func nothingLeft(t *testing.T) {
	t.Cleanup(func() {
		buf := make([]byte, 1<<20)
		for end := time.Now().Add(rawhttp.Patience); ; runtime.Gosched() {
			stacks := string(buf[:runtime.Stack(buf, true)])
			if !ourFrames.MatchString(stacks) {
				return
			}
			if time.Now().After(end) {
				t.Errorf("goroutines left:\n%s", stacks)
				return
			}
		}
	})
}

func newRequest(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	return newRequestWith(t.Context(), t, method, url, body)
}

func newRequestWith(ctx context.Context, t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// fetch returns the response's status and body.
func fetch(t *testing.T, c http.RoundTripper, req *http.Request) (int, string) {
	t.Helper()
	res, err := c.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// arrived waits until something has come on the connection that is kept.
func arrived(t *testing.T, c *Client) {
	t.Helper()
	for end := time.Now().Add(rawhttp.Patience); time.Now().Before(end); runtime.Gosched() {
		c.pool.mu.Lock()
		idle := c.pool.idle
		c.pool.mu.Unlock()
		if len(idle) > 0 && readable(t, idle[len(idle)-1].under) {
			return
		}
	}
	t.Fatal("nothing came on the idle connection")
}

// readable reports whether there is something to read, or the end, and leaves it there.
func readable(t *testing.T, c net.Conn) bool {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	if err := raw.Read(func(fd uintptr) bool {
		_, _, failed = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return !errors.Is(failed, syscall.EAGAIN)
}
