//go:build unix

package http1

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// connections returns which connection each request came on.
func connections(s *rawhttp.Server) []int {
	var numbers []int
	for _, r := range s.Requests() {
		numbers = append(numbers, r.Conn)
	}
	return numbers
}

// A connection is used again if the response said where it ended, and both sides want that (RFC 9112 section 9.3).
func TestReuse(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\n"
	for name, test := range map[string]struct {
		method, reply string
		want          string
		again         bool
	}{
		"a length":              {"GET", ok + "Content-Length: 2\n\nok", "ok", true},
		"no content":            {"GET", "HTTP/1.1 204 No Content\n\n", "", true},
		"not modified":          {"GET", "HTTP/1.1 304 Not Modified\nContent-Length: 5\n\n", "", true},
		"HEAD":                  {"HEAD", ok + "Content-Length: 5\n\n", "", true},
		"HEAD, chunked":         {"HEAD", ok + "Transfer-Encoding: chunked\n\n", "", true},
		"length 0":              {"GET", ok + "Content-Length: 0\n\n", "", true},
		"chunks":                {"GET", ok + "Transfer-Encoding: chunked\n\n2\nok\n0\n\n", "ok", true},
		"after a 1xx":           {"GET", "HTTP/1.1 103 Early Hints\n\n" + ok + "Content-Length: 2\n\nok", "ok", true},
		"HTTP/1.0, kept":        {"GET", "HTTP/1.0 200 OK\nConnection: Keep-Alive\nContent-Length: 2\n\nok", "ok", true},
		"HTTP/1.0":              {"GET", "HTTP/1.0 200 OK\nContent-Length: 2\n\nok", "ok", false},
		"closed":                {"GET", ok + "Connection: close\nContent-Length: 2\n\nok", "ok", false},
		"closed, chunks":        {"GET", ok + "Connection: close\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n", "ok", false},
		"closed, no content":    {"GET", "HTTP/1.1 204 No Content\nConnection: close\n\n", "", false},
		"a surplus":             {"GET", ok + "Content-Length: 2\n\nokHTTP/1.1 200 OK\n\n", "ok", false},
		"a surplus of chunks":   {"GET", ok + "Transfer-Encoding: chunked\n\n2\nok\n0\n\nHTTP/1.1", "ok", false},
		"a body without one":    {"GET", "HTTP/1.1 204 No Content\nContent-Length: 2\n\nok", "", false},
		"a body with HEAD":      {"HEAD", ok + "Content-Length: 2\n\nok", "", false},
		"a 204 with chunks":     {"GET", "HTTP/1.1 204 No Content\nTransfer-Encoding: chunked\n\n", "", false},
		"a 204 with last chunk": {"GET", "HTTP/1.1 204 No Content\nTransfer-Encoding: chunked\n\n0\n\n", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := rawhttp.Upstream(t, rawhttp.Reply(test.reply))
			c := newClient(t, s.URL())
			for range 2 {
				if _, got := fetch(t, c, newRequest(t, test.method, s.URL(), "")); got != test.want {
					t.Errorf("body %q, not %q", got, test.want)
				}
			}
			want := []int{1, 2}
			if test.again {
				want = []int{1, 1}
			}
			if diff := cmp.Diff(want, connections(s)); diff != "" {
				t.Errorf("connections (-want +got):\n%s", diff)
			}
		})
	}
}

// A connection on which something came while nobody waited for it is not used again, be it a response or the end.
func TestWhatComesWhileIdle(t *testing.T) {
	for name, after := range map[string]func(*rawhttp.Exchange){
		"a response": func(x *rawhttp.Exchange) { x.Send("HTTP/1.1 200 OK\nContent-Length: 6\n\npoison") },
		"a byte":     func(x *rawhttp.Exchange) { x.SendExactly("\n") },
		"the end":    func(x *rawhttp.Exchange) { x.Close() },
		"a reset":    func(x *rawhttp.Exchange) { x.Reset() },
	} {
		t.Run(name, func(t *testing.T) {
			answered := make(chan struct{})
			s := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
				x.ReadBody()
				x.Send("HTTP/1.1 200 OK\nContent-Length: 4\n\ngood")
				if x.Head().Target() == "/first" && x.Wait(answered) {
					after(x)
				}
			})
			c := newClient(t, s.URL())
			fetch(t, c, newRequest(t, "GET", s.URL()+"/first", ""))
			close(answered)
			arrived(t, c)
			if _, got := fetch(t, c, newRequest(t, "POST", s.URL()+"/second", "a body")); got != "good" {
				t.Errorf("the second response is %q", got)
			}
			if diff := cmp.Diff([]int{1, 2}, connections(s)); diff != "" {
				t.Errorf("connections (-want +got):\n%s", diff)
			}
		})
	}
}

// A server may close a connection just when the next request is on its way. The request is sent again where that can do no harm
// (RFC 9110 section 9.2.2), once, and not if anything has come back.
func TestRetry(t *testing.T) {
	once := func(r *http.Request) *http.Request { r.GetBody = nil; return r }
	key := func(r *http.Request) *http.Request { r.Header.Set("Idempotency-Key", "1"); return r }
	same := func(r *http.Request) *http.Request { return r }
	for name, test := range map[string]struct {
		method, body string
		change       func(*http.Request) *http.Request
		reply        string // before the connection's end
		again        bool
	}{
		"GET":                            {"GET", "", same, "", true},
		"HEAD":                           {"HEAD", "", same, "", true},
		"OPTIONS":                        {"OPTIONS", "", same, "", true},
		"DELETE":                         {"DELETE", "", same, "", false},
		"POST":                           {"POST", "a body", same, "", false},
		"POST without a body":            {"POST", "", same, "", false},
		"PUT":                            {"PUT", "a body", same, "", false},
		"POST with a key":                {"POST", "a body", key, "", true},
		"POST with a key, no second one": {"POST", "a body", func(r *http.Request) *http.Request { return once(key(r)) }, "", false},
		"GET, a byte of a response":      {"GET", "", same, "H", false},
		"GET, half a response":           {"GET", "", same, "HTTP/1.1 200 OK\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			first := true
			s := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
				x.ReadBody()
				switch {
				case x.Head().Target() == "/first":
					x.Send("HTTP/1.1 204 No Content\n\n")
				case first: // one connection after the other
					first = false
					x.SendExactly(test.reply)
					x.Close()
				default:
					x.Send("HTTP/1.1 204 No Content\n\n")
				}
			})
			c := newClient(t, s.URL())
			fetch(t, c, newRequest(t, "GET", s.URL()+"/first", ""))
			res, err := c.RoundTrip(test.change(newRequest(t, test.method, s.URL(), test.body)))
			want := []int{1, 1}
			if test.again {
				if err != nil {
					t.Fatal(err)
				}
				_ = res.Body.Close()
				want = append(want, 2)
			} else if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(want, connections(s)); diff != "" {
				t.Errorf("connections (-want +got):\n%s", diff)
			}
			if last := s.Requests()[len(want)-1]; string(last.Body) != test.body || last.Err != nil {
				t.Errorf("the last request has the body %q, and %v", last.Body, last.Err)
			}
		})
	}
}

// dead is a connection of which the operating system knows that it has failed.
type dead struct {
	net.Conn
	silent syscall.Conn // on which there is never anything to read
}

func (dead) Read([]byte) (int, error)                { return 0, syscall.ECONNRESET }
func (dead) Write([]byte) (int, error)               { return 0, syscall.EPIPE }
func (dead) Close() error                            { return nil }
func (c dead) SyscallConn() (syscall.RawConn, error) { return c.silent.SyscallConn() }

// A request of which not a byte has been written is sent again whatever it asks for, if its body can be had again.
func TestRetryOfWhatWasNotSent(t *testing.T) {
	silent, far, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = silent.Close(), far.Close() }()
	for name, test := range map[string]struct {
		body  string
		once  bool
		again bool
	}{
		"no body":           {"", false, true},
		"a body":            {"a body", false, true},
		"a body, only once": {"a body", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.1 204 No Content\n\n"))
			c := newClient(t, s.URL())
			c.pool.put(newConn(dead{silent: silent}))
			req := newRequest(t, "POST", s.URL(), test.body)
			if test.once {
				req.GetBody = nil
			}
			res, err := c.RoundTrip(req)
			if (err == nil) != test.again {
				t.Fatalf("the error is %v", err)
			}
			if !test.again {
				return
			}
			_ = res.Body.Close()
			if got := s.Requests(); len(got) != 1 || string(got[0].Body) != test.body {
				t.Errorf("requests: %+v", got)
			}
		})
	}
}

// On a fresh connection nothing is sent twice: a server that hangs up on it does not like the request.
func TestNoRetryOnFreshConnection(t *testing.T) {
	s := rawhttp.Upstream(t, func(x *rawhttp.Exchange) { x.Close() })
	c := newClient(t, s.URL())
	if _, err := c.RoundTrip(newRequest(t, "GET", s.URL(), "")); err == nil {
		t.Error("no error")
	}
	if s.Hits() != 1 {
		t.Errorf("%d requests", s.Hits())
	}
}

var errLeft = errors.New("the caller left")

// A context that ends wakes whatever waits, with its cause, and the server is told by the connection's end.
func TestCancel(t *testing.T) {
	const head = "HTTP/1.1 200 OK\nContent-Length: 10\n\n"
	for name, test := range map[string]struct {
		reply string // after which the caller leaves
		body  io.Reader
	}{
		"before the response":         {reply: ""},
		"within the header":           {reply: "HTTP/1.1 200 OK\nContent-"},
		"after the header":            {reply: head},
		"within the body":             {reply: head + "half"},
		"within a chunk":              {reply: "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nha"},
		"while a body is being sent":  {reply: "", body: endless{}},
		"while both are on their way": {reply: head + "half", body: endless{}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			ended := make(chan struct{})
			s := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
				defer close(ended)
				x.Send(test.reply)
				cancel(errLeft)
				_, _ = x.AwaitClose()
				x.Close()
			})
			c := newClient(t, s.URL())
			req, err := http.NewRequestWithContext(ctx, "POST", s.URL(), test.body)
			if err != nil {
				t.Fatal(err)
			}
			res, err := c.RoundTrip(req)
			if err == nil {
				_, err = io.ReadAll(res.Body)
				_ = res.Body.Close()
			}
			if !errors.Is(err, errLeft) {
				t.Errorf("the error is %v", err)
			}
			<-ended
			if len(c.pool.idle) > 0 {
				t.Error("the connection is kept")
			}
		})
	}
}

// leaving is a connection on which the response has come just when the caller has left.
type leaving struct {
	net.Conn
	silent syscall.Conn // on which there is never anything to read
	leave  func()
	closed chan struct{}
	once   sync.Once
}

func (c *leaving) Write(p []byte) (int, error) { return len(p), nil }

func (c *leaving) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *leaving) Read(p []byte) (int, error) {
	c.leave()
	<-c.closed
	return copy(p, "HTTP/1.1 204 No Content\r\n\r\n"), nil
}

func (c *leaving) SyscallConn() (syscall.RawConn, error) { return c.silent.SyscallConn() }

// A connection that a context closes is not used again, though the exchange ended well: the next one would be closed.
func TestLeaveInTheEnd(t *testing.T) {
	silent, far, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = silent.Close(), far.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	c := newClient(t, "http://origin.test")
	c.cfg.Dial = func(context.Context, string, string) (net.Conn, error) {
		return &leaving{silent: silent, leave: cancel, closed: make(chan struct{})}, nil
	}
	if status, _ := fetch(t, c, newRequestWith(ctx, t, "GET", "http://origin.test", "")); status != 204 {
		t.Errorf("status %d", status)
	}
	if len(c.pool.idle) > 0 {
		t.Error("the connection is kept")
	}
}

// endless is a body that is never read to its end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// Close ends a Read that waits, and frees the connection's resources.
func TestCloseWhileReading(t *testing.T) {
	s := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
		x.Send("HTTP/1.1 200 OK\nContent-Length: 10\n\nhalf")
		_, _ = x.AwaitClose()
		x.Close()
	})
	c := newClient(t, s.URL())
	res, err := c.RoundTrip(newRequest(t, "GET", s.URL(), ""))
	if err != nil {
		t.Fatal(err)
	}
	if got := make([]byte, 4); true {
		if _, err := io.ReadFull(res.Body, got); err != nil {
			t.Fatal(err)
		}
	}
	failed := make(chan error)
	go func() {
		_, err := res.Body.Read(make([]byte, 1))
		failed <- err
	}()
	_ = res.Body.Close()
	if err := <-failed; !errors.Is(err, errClosed) {
		t.Errorf("the error is %v", err)
	}
	if _, err := res.Body.Read(make([]byte, 1)); !errors.Is(err, errClosed) {
		t.Errorf("after Close, the error is %v", err)
	}
	if err := res.Body.Close(); err != nil {
		t.Errorf("a second Close has the error %v", err)
	}
}

// Informational responses go to whoever traces the request; together with the header they are bounded.
func TestInformational(t *testing.T) {
	s := rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.1 100 Continue\n\nHTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 204 No Content\n\n"))
	c := newClient(t, s.URL())
	var got []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		got = append(got, http.StatusText(code)+h.Get("Link"))
		return nil
	}})
	fetch(t, c, newRequestWith(ctx, t, "GET", s.URL(), ""))
	if diff := cmp.Diff([]string{"Continue", "Early Hints</a>"}, got); diff != "" {
		t.Errorf("informational responses (-want +got):\n%s", diff)
	}

	endless := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
		for x.Send("HTTP/1.1 102 Processing\n\n") {
		}
	})
	c = newClient(t, endless.URL())
	_, err := c.RoundTrip(newRequestWith(ctx, t, "GET", endless.URL(), ""))
	if refused, ok := errors.AsType[*MalformedError](err); !ok || refused.Reason != HeaderTooLarge {
		t.Errorf("the error is %v", err)
	}
}

// What is rare or odd is Next's.
func TestNext(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"another host":       func(r *http.Request) { r.URL.Host = "other.test" },
		"another port":       func(r *http.Request) { r.URL.Host = "origin.test:81" },
		"another scheme":     func(r *http.Request) { r.URL.Scheme = "https" },
		"no URL":             func(r *http.Request) { r.URL = nil },
		"an opaque URL":      func(r *http.Request) { r.URL.Opaque = "*" },
		"the asterisk":       func(r *http.Request) { r.URL.Path = "*" },
		"a space in a query": func(r *http.Request) { r.URL.RawQuery = "a b" },
		"a CRLF in a query":  func(r *http.Request) { r.URL.RawQuery = "a\r\nb: c" },
		"no header":          func(r *http.Request) { r.Header = nil },
		"a bad name":         func(r *http.Request) { r.Header["A b"] = []string{"c"} },
		"a name's own case":  func(r *http.Request) { r.Header["content-length"] = []string{"5"} },
		"a bad value":        func(r *http.Request) { r.Header["A"] = []string{"b\r\nc: d"} },
		"an upgrade":         func(r *http.Request) { r.Header.Set("Upgrade", "websocket") },
		"a Connection":       func(r *http.Request) { r.Header.Set("Connection", "close") },
		"an Expect":          func(r *http.Request) { r.Header.Set("Expect", "100-continue") },
		"Close":              func(r *http.Request) { r.Close = true },
		"Cancel":             func(r *http.Request) { r.Cancel = make(chan struct{}) }, //nolint:staticcheck // whoever still uses it
		"a coding":           func(r *http.Request) { r.TransferEncoding = []string{"identity"} },
		"trailers":           func(r *http.Request) { r.Trailer = http.Header{"A": nil} },
		"CONNECT":            func(r *http.Request) { r.Method = "CONNECT" },
		"a bad method":       func(r *http.Request) { r.Method = "GET /" },
		"a bad Host":         func(r *http.Request) { r.Host = "a/b" },
		"an IDN":             func(r *http.Request) { r.Host = "bücher.test" },
		"a zone":             func(r *http.Request) { r.Host = "[fe80::1%25eth0]" },
		"a length, no body":  func(r *http.Request) { r.ContentLength = 5 },
		"a GET with chunks":  func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("x")); r.ContentLength = -1 },
		"each field traced": func(r *http.Request) {
			*r = *r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{WroteHeaderField: func(string, []string) {}}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, "http://origin.test")
			asked := 0
			c.cfg.Next = roundTripper(func(*http.Request) (*http.Response, error) { asked++; return nil, errLeft })
			req := newRequest(t, "GET", "http://origin.test/path", "")
			change(req)
			if _, err := c.RoundTrip(req); !errors.Is(err, errLeft) || asked != 1 {
				t.Errorf("Next was asked %d times, and the error is %v", asked, err)
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
