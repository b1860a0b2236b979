package rawhttp

import (
	"bufio"
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Server is a scripted HTTP/1.1 server on loopback.
type Server struct {
	listener
	script func(*Exchange)

	requestsMu sync.Mutex
	requests   []*Request
}

// Request is a request as it reached a [Server].
type Request struct {
	Head
	Body     []byte
	Trailers Fields
	Conn     int   // the connection that it came on, counted from 1
	Read     bool  // whether the body has been read to its end, or to Err
	Err      error // nil where the message is as its framing says
}

// Upstream starts a server that calls script once for every request head that arrives, in one goroutine per
// connection: what scripts share needs a lock. When script returns, the rest of the request's body is read and the next request on the
// connection awaited, unless script closed it. The server ends with the test, and waits for its scripts.
func Upstream(t T, script func(*Exchange)) *Server {
	t.Helper()
	return UpstreamAt(t, anyPort, script)
}

// UpstreamAt is [Upstream] at this "host:port".
func UpstreamAt(t T, addr string, script func(*Exchange)) *Server {
	t.Helper()
	s := &Server{script: script}
	s.listen(t, addr, s.serve)
	return s
}

// Reply is a script that reads each request to its end and answers it with text, with CRLF for every line's end, in
// the body too; see [ReplyExactly].
func Reply(text string) func(*Exchange) { return ReplyExactly(CRLF(text)) }

// ReplyExactly is a script that reads each request to its end and answers it with raw as it stands. It then closes
// the connection if raw says "Connection: close".
func ReplyExactly(raw string) func(*Exchange) {
	head, _, _ := strings.Cut(strings.ToLower(raw), "\r\n\r\n")
	last := strings.Contains(head, "connection: close")
	return func(x *Exchange) {
		if x.ReadBody().Err != nil {
			return
		}
		x.SendExactly(raw)
		if last {
			x.Close()
		}
	}
}

// Hits returns how many request heads, malformed ones among them, have arrived.
func (s *Server) Hits() int {
	s.requestsMu.Lock()
	defer s.requestsMu.Unlock()
	return len(s.requests)
}

// Requests returns a copy of the requests so far, in the order in which their heads arrived.
func (s *Server) Requests() []Request {
	s.requestsMu.Lock()
	defer s.requestsMu.Unlock()
	requests := make([]Request, len(s.requests))
	for i, r := range s.requests {
		requests[i] = *r
		requests[i].Fields = slices.Clone(r.Fields)
		requests[i].Body = slices.Clone(r.Body)
		requests[i].Trailers = slices.Clone(r.Trailers)
	}
	return requests
}

func (s *Server) serve(ctx context.Context, c *net.TCPConn, number int) {
	x := &Exchange{t: s.t, ctx: ctx, c: c, in: reader{bufio.NewReader(c)}, server: s}
	for !x.closed {
		// An idle connection may wait for as long as the test runs.
		_ = c.SetReadDeadline(time.Time{})
		head, err := x.in.head()
		if err != nil && head.Start == "" {
			return
		}
		s.requestsMu.Lock()
		x.request = &Request{Head: head, Conn: number, Read: err != nil, Err: err}
		s.requests = append(s.requests, x.request)
		s.requestsMu.Unlock()
		if err != nil {
			return
		}
		s.script(x)
		if !x.closed && x.ReadBody().Err != nil {
			return
		}
	}
}

// Exchange is one request on one connection of a [Server], in the hands of a script.
type Exchange struct {
	t       T
	ctx     context.Context
	c       *net.TCPConn
	in      reader
	server  *Server
	request *Request
	closed  bool
}

// Context is done when the test ends: a script that waits for something else must watch it too.
func (x *Exchange) Context() context.Context { return x.ctx }

// Wait waits for ch to be closed or to deliver, and reports whether that came before the test's end.
func (x *Exchange) Wait(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	case <-x.ctx.Done():
		return false
	}
}

// Head returns the request's head.
func (x *Exchange) Head() Head { return x.request.Head }

// ReadBody reads the request's body and trailers, unless that has been done, and returns the request.
func (x *Exchange) ReadBody() Request {
	if !x.request.Read {
		framing, length, err := requestFraming(x.request.Head)
		var body []byte
		var trailers Fields
		if err == nil {
			x.waitToRead()
			body, trailers, err = x.in.body(framing, length)
		}
		x.server.requestsMu.Lock()
		r := x.request
		r.Body, r.Trailers, r.Err, r.Read = body, trailers, err, true
		x.server.requestsMu.Unlock()
	}
	return *x.request
}

// Send writes text with CRLF for every line's end, in the body too; see [Exchange.SendExactly]. It reports
// whether the write succeeded: it may well not, when the peer has left.
func (x *Exchange) Send(text string) bool { return x.SendExactly(CRLF(text)) }

// SendExactly writes raw as it stands.
func (x *Exchange) SendExactly(raw string) bool {
	_ = x.c.SetWriteDeadline(time.Now().Add(patience(x.t)))
	_, err := io.WriteString(x.c, raw)
	if isTimeout(err) {
		x.t.Errorf("rawhttp: upstream: the peer took nothing within %v", patience(x.t))
	}
	return err == nil
}

// ReadN reads n bytes past the request's head, of the body or of a protocol switched to, without any
// framing; or as many as came before the error. It and [Exchange.ReadBody] exclude one another.
func (x *Exchange) ReadN(n int) (string, error) {
	x.request.setRead(x.server)
	x.waitToRead()
	data, err := x.in.exactly(int64(n))
	return string(data), err
}

// AwaitClose reads until the peer ends its sending side, and returns what came before that: bytes that no
// request accounted for. The error is nil for an orderly end, and says so where the connection was reset.
// Reaching [Patience] fails the test.
func (x *Exchange) AwaitClose() (surplus []byte, err error) {
	x.request.setRead(x.server)
	x.waitToRead()
	surplus, err = io.ReadAll(x.in)
	if isTimeout(err) && x.ctx.Err() == nil {
		x.t.Errorf("rawhttp: upstream: the peer did not close within %v", patience(x.t))
	}
	return surplus, err
}

// CloseWrite ends the server's sending side.
func (x *Exchange) CloseWrite() { _ = x.c.CloseWrite() }

// Close closes the connection in the orderly way, wherever in a message it is.
func (x *Exchange) Close() {
	x.closed = true
	_ = x.c.Close()
}

// Reset closes the connection with a TCP reset.
func (x *Exchange) Reset() {
	_ = x.c.SetLinger(0)
	x.Close()
}

func (x *Exchange) waitToRead() { _ = x.c.SetReadDeadline(time.Now().Add(patience(x.t))) }

// setRead notes that the script took the reading into its own hands.
func (r *Request) setRead(s *Server) {
	s.requestsMu.Lock()
	defer s.requestsMu.Unlock()
	r.Read = true
}
