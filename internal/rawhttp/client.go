package rawhttp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// Conn is the client's end of an HTTP/1.1 connection. Reading and writing may go on in two goroutines.
type Conn struct {
	t  T
	c  *net.TCPConn
	in reader
}

// Dial connects to addr: "host:port", or the URL of an httptest.Server. The connection is closed when the
// test ends.
func Dial(t T, addr string) *Conn {
	t.Helper()
	c := dialTCP(t, addr)
	return &Conn{t: t, c: c, in: reader{bufio.NewReader(c)}}
}

func dialTCP(t T, addr string) *net.TCPConn {
	t.Helper()
	to, err := net.ResolveTCPAddr("tcp", strings.TrimPrefix(addr, "http://"))
	if err != nil {
		t.Fatalf("rawhttp: %v", err)
	}
	c, err := net.DialTCP("tcp", nil, to)
	if err != nil {
		t.Fatalf("rawhttp: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Do sends one request on a connection of its own and returns the response. The client then closes its
// sending side and waits for the server to close too, so that Leftover holds all that ever came.
func Do(t T, addr, text string) *Response {
	t.Helper()
	c := Dial(t, addr)
	c.Send(text)
	method, _, _ := strings.Cut(text, " ")
	r := c.ReadResponseTo(method)
	c.CloseWrite()
	r.Leftover = c.Rest()
	return r
}

// Send writes text with CRLF for every line's end, in the body too; see [Conn.SendExactly]. A failure to
// write is not the test's failure, since a server may close early: what can then be read says more.
func (c *Conn) Send(text string) { c.SendExactly(CRLF(text)) }

// SendExactly writes raw as it stands.
func (c *Conn) SendExactly(raw string) {
	_ = c.c.SetWriteDeadline(time.Now().Add(patience(c.t)))
	if _, err := io.WriteString(c.c, raw); err != nil {
		c.t.Logf("rawhttp: client: send: %v", err)
	}
}

// CloseWrite ends the client's sending side; reading goes on.
func (c *Conn) CloseWrite() { _ = c.c.CloseWrite() }

// Close closes the connection in the orderly way.
func (c *Conn) Close() { _ = c.c.Close() }

// Reset closes the connection with a TCP reset.
func (c *Conn) Reset() {
	_ = c.c.SetLinger(0)
	_ = c.c.Close()
}

// Response is everything that a server sent in answer to one request.
type Response struct {
	Informational []Head // the 1xx heads before the final one
	Head
	Framing  Framing
	Body     []byte
	Trailers Fields
	// Err is nil where head, body and trailers ended as their framing says; io.ErrUnexpectedEOF or a
	// reset where they were cut short; io.EOF where nothing came at all.
	Err      error
	Leftover []byte // what came after the response; only [Do] fills it
}

// Complete reports whether the response ended as its framing says.
func (r *Response) Complete() bool { return r.Err == nil }

// String returns the response in full, for a failing test.
func (r *Response) String() string {
	var b strings.Builder
	for _, h := range r.Informational {
		fmt.Fprintln(&b, h)
	}
	fmt.Fprintf(&b, "%s\n%s\n(framing: %s, error: %v)\n", r.Head, r.Body, r.Framing, r.Err)
	if r.Trailers != nil {
		fmt.Fprintf(&b, "trailers: %q\n", r.Trailers)
	}
	if len(r.Leftover) > 0 {
		fmt.Fprintf(&b, "leftover: %q\n", r.Leftover)
	}
	return b.String()
}

// ReadResponse reads the response to a request whose method is neither HEAD nor CONNECT. It stops
// after a 101, too: what follows is for [Conn.ReadN] and [Conn.Rest].
func (c *Conn) ReadResponse() *Response { return c.ReadResponseTo("GET") }

// ReadResponseTo reads the response to a request with this method.
func (c *Conn) ReadResponseTo(method string) *Response {
	c.t.Helper()
	return readResponse(method, c.ReadHead, func(framing Framing, length int64) (body []byte, trailers Fields, err error) {
		c.waitToRead()
		body, trailers, err = c.in.body(framing, length)
		c.check("body", err)
		return body, trailers, err
	})
}

// ReadResponse reads the response to a request with this method from any source, and nothing of what follows it.
func ReadResponse(from *bufio.Reader, method string) *Response {
	in := reader{from}
	return readResponse(method, in.head, in.body)
}

func readResponse(method string, head func() (Head, error), body func(Framing, int64) ([]byte, Fields, error)) *Response {
	r := &Response{Framing: NoBody}
	for {
		if r.Head, r.Err = head(); r.Err != nil {
			return r
		}
		if status := r.Status(); status < 100 || status >= 200 || status == 101 {
			break
		}
		r.Informational = append(r.Informational, r.Head)
	}
	var length int64
	if r.Framing, length, r.Err = responseFraming(r.Head, method); r.Err != nil {
		return r
	}
	r.Body, r.Trailers, r.Err = body(r.Framing, length)
	return r
}

// ReadHead reads the next head, a 1xx or a final one, and nothing of what follows it. The error is io.EOF
// where the connection ended first.
func (c *Conn) ReadHead() (Head, error) {
	c.t.Helper()
	c.waitToRead()
	h, err := c.in.head()
	c.check("head", err)
	return h, err
}

// ReadChunk reads one chunk of a chunked body as the server framed it; "" is the last one, after which
// [Conn.ReadTrailers] must be called.
func (c *Conn) ReadChunk() (string, error) {
	c.t.Helper()
	c.waitToRead()
	data, _, err := c.in.chunk()
	c.check("chunk", err)
	return string(data), err
}

// ReadTrailers reads the trailer fields and the empty line that ends a chunked body.
func (c *Conn) ReadTrailers() (Fields, error) {
	c.t.Helper()
	c.waitToRead()
	fields, err := c.in.fields()
	c.check("trailers", err)
	return fields, err
}

// ReadN reads n bytes, or as many as came before the error.
func (c *Conn) ReadN(n int) (string, error) {
	c.t.Helper()
	c.waitToRead()
	data, err := c.in.exactly(int64(n))
	c.check("bytes", err)
	return string(data), err
}

// Rest reads until the server closes, in whatever way.
func (c *Conn) Rest() []byte {
	c.t.Helper()
	c.waitToRead()
	data, err := io.ReadAll(c.in)
	c.check("the server's close", err)
	return data
}

func (c *Conn) waitToRead() { _ = c.c.SetReadDeadline(time.Now().Add(patience(c.t))) }

func (c *Conn) check(what string, err error) {
	c.t.Helper()
	if isTimeout(err) {
		c.t.Errorf("rawhttp: client: no %s within %v", what, patience(c.t))
	}
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
