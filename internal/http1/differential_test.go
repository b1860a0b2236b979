//go:build unix

package http1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// stricter has the reasons for which this client may refuse a response that net/http's accepts. There is no other.
var stricter = map[Reason]bool{
	BareLineFeed:     true, // net/http takes LF for a line's end
	BadStatusLine:    true, // it takes more than one space, control characters in the reason, and any version
	BadStatus:        true, // it takes "+20" and "000"
	BadFieldName:     true, // it takes a space before the colon for a part of the name
	FoldedField:      true, // it unfolds
	TooManyFields:    true, // it has no bound but the header's size
	HeaderTooLarge:   true, // it does not count informational responses that a trace has been told of
	BadLength:        true, // it takes equal lengths for one
	LengthAndCoding:  true, // it takes the coding
	CodingBefore11:   true, // it ignores the coding
	BadTrailerNames:  true, // it takes any name
	BadChunk:         true, // it takes any byte in an extension, and a size of 64 bits
	BadTrailers:      true, // as for a header
	UnaskedSwitching: true, // it hands the connection to the caller
}

// script is what a server sends, in which pieces, and what comes after.
type script struct {
	pieces [][]byte
	end    error
}

var (
	errStalled = errors.New("nothing more comes, and the connection stays open")
	errReset   = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
)

// scripted is a connection on which a script plays once something has been written.
type scripted struct {
	net.Conn
	silent syscall.Conn

	mu     sync.Mutex
	cond   sync.Cond
	script script
	wrote  bytes.Buffer
	closed bool
}

func (c *scripted) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.wrote.Len() == 0 && !c.closed {
		c.cond.Wait()
	}
	switch {
	case c.closed:
		return 0, net.ErrClosed
	case len(c.script.pieces) == 0:
		return 0, c.script.end
	}
	piece := c.script.pieces[0]
	n := copy(p, piece)
	if c.script.pieces[0] = piece[n:]; n == len(piece) {
		c.script.pieces = c.script.pieces[1:]
	}
	return n, nil
}

func (c *scripted) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.cond.Broadcast()
	if c.closed {
		return 0, net.ErrClosed
	}
	return c.wrote.Write(p)
}

func (c *scripted) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.cond.Broadcast()
	c.closed = true
	return nil
}

// SyscallConn returns something on which there is never anything to read.
func (c *scripted) SyscallConn() (syscall.RawConn, error) { return c.silent.SyscallConn() }

// outcome is what a client made of a script.
type outcome struct {
	Informational []string
	Status        string
	Code          int
	Proto         string
	Header        http.Header
	Length        int64
	Coding        []string
	Close         bool
	Body          string
	Trailer       http.Header
	idle          bool // the connection was kept
	err           error
}

// exchangeWith has a client, made for the connections that it dials, send a request to a server that follows s.
func exchangeWith(newClient func(dial func(context.Context, string, string) (net.Conn, error)) http.RoundTripper, silent syscall.Conn, method string, s script) (o outcome) {
	s.pieces = append([][]byte(nil), s.pieces...)
	client := newClient(func(context.Context, string, string) (net.Conn, error) {
		c := &scripted{script: s, silent: silent}
		c.cond.L = &c.mu
		return c, nil
	})
	defer client.(interface{ CloseIdleConnections() }).CloseIdleConnections()
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			o.Informational = append(o.Informational, http.StatusText(code))
			return nil
		},
		PutIdleConn: func(err error) { o.idle = err == nil },
	})
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader("a body")
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://origin.test/path?query", body)
	if err != nil {
		panic(err)
	}
	res, err := client.RoundTrip(req)
	if err != nil {
		o.err = err
		return o
	}
	content, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	o.err, o.Body = err, string(content)
	o.Status, o.Code, o.Proto, o.Header, o.Length = res.Status, res.StatusCode, res.Proto, res.Header, res.ContentLength
	o.Coding, o.Close, o.Trailer = res.TransferEncoding, res.Close, res.Trailer
	if len(o.Trailer) == 0 {
		o.Trailer = nil
	}
	return o
}

func makeTransport(dial func(context.Context, string, string) (net.Conn, error)) http.RoundTripper {
	return &http.Transport{DialContext: dial, DisableCompression: true, MaxResponseHeaderBytes: maxHeader}
}

func makeClient(dial func(context.Context, string, string) (net.Conn, error)) http.RoundTripper {
	return New(Config{Scheme: "http", Host: "origin.test", Dial: dial, Next: nobody{}, MaxResponseHeader: maxHeader, MaxIdle: 1, IdleTimeout: 1 << 40})
}

const maxHeader = 16 << 10

// nobody is for clients that must serve everything themselves.
type nobody struct{}

func (nobody) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("this was to be served by the client itself")
}

// compare says what is wrong with got, the client's outcome, given net/http's; "" if nothing is.
func compare(want, got outcome) string {
	var refused *MalformedError
	switch {
	case want.err == nil && got.err != nil:
		if !errors.As(got.err, &refused) || !stricter[refused.Reason] {
			return "net/http has a response, and the client has the error " + got.err.Error()
		}
		return ""
	case want.err != nil && got.err == nil:
		return "net/http has the error " + want.err.Error() + ", and the client has a response: " + cmp.Diff(want, got, cmp.AllowUnexported(outcome{}), cmp.Comparer(sameError))
	case want.err != nil:
		if !strings.HasPrefix(want.Body, got.Body) && !strings.HasPrefix(got.Body, want.Body) {
			return "before the error, net/http has the body " + want.Body + ", and the client " + got.Body
		}
		return ""
	case got.idle && !want.idle:
		return "net/http closes the connection, and the client keeps it"
	}
	got.idle = want.idle
	return cmp.Diff(want, got, cmp.AllowUnexported(outcome{}), cmp.Comparer(sameError))
}

func sameError(a, b error) bool { return (a == nil) == (b == nil) }

// split cuts text after as many bytes as cuts say, and leaves the rest in one piece.
func split(text, cuts []byte) [][]byte {
	var pieces [][]byte
	for _, n := range cuts {
		if int(n) >= len(text) {
			break
		}
		if n > 0 {
			pieces = append(pieces, text[:n])
			text = text[n:]
		}
	}
	if len(text) > 0 {
		pieces = append(pieces, text)
	}
	return pieces
}

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost}

var endings = []error{io.EOF, errStalled, errReset}

// FuzzAgainstTransport has a server send the same bytes, in the same pieces, to net/http's client and to this one. The outcome
// is the same, or an error where net/http is too trusting: see [stricter]. A response that net/http refuses is refused, and a
// connection that net/http does not use again is not used again.
func FuzzAgainstTransport(f *testing.F) {
	for _, reply := range replies {
		for i := range methods {
			f.Add(uint8(i), uint8(0), []byte(reply), []byte{})
			f.Add(uint8(i), uint8(1), []byte(reply), []byte{})
			f.Add(uint8(i), uint8(2), []byte(reply), bytes.Repeat([]byte{1}, len(reply)))
		}
	}
	log.SetOutput(io.Discard)
	f.Cleanup(func() { log.SetOutput(os.Stderr) })
	silent, far, err := os.Pipe()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _, _ = silent.Close(), far.Close() })
	f.Fuzz(func(t *testing.T, method, ending uint8, reply, cuts []byte) {
		s := script{split(reply, cuts), endings[int(ending)%len(endings)]}
		m := methods[int(method)%len(methods)]
		hangs := time.AfterFunc(rawhttp.Patience, func() { panic("a client hangs") })
		defer hangs.Stop()
		want := exchangeWith(makeTransport, silent, m, s)
		got := exchangeWith(makeClient, silent, m, s)
		if wrong := compare(want, got); wrong != "" {
			t.Errorf("%s\n%q\nin %d pieces, then %v\n%s", m, reply, len(s.pieces), s.end, wrong)
		}
	})
}

// replies are the seeds: each rule of the grammar kept, and broken.
var replies = func() []string {
	const ok = "HTTP/1.1 200 OK\r\n"
	const chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
	long := strings.Repeat("x", 3000)
	return []string{
		"",
		ok + "Content-Length: 2\r\n\r\nok",
		ok + "Content-Length: 2\r\n\r\nok!",
		ok + "Content-Length: 3\r\n\r\nok",
		ok + "Content-Length: 0\r\n\r\n",
		ok + "Content-Length: 3000\r\n\r\n" + long,
		ok + "X-Long: " + strings.Repeat(long, 3) + "\r\nContent-Length: 2\r\n\r\nok",
		ok + "X-Long: " + strings.Repeat(long, 6) + "\r\nContent-Length: 2\r\n\r\nok",
		ok + strings.Repeat("A: b\r\n", 1200) + "Content-Length: 2\r\n\r\nok",
		ok + "\r\nuntil the end",
		"HTTP/1.0 200 OK\r\n\r\nuntil the end",
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		ok + "Connection: close\r\nContent-Length: 2\r\n\r\nok",
		ok + "Connection: x, Close\r\nContent-Length: 2\r\n\r\nok",
		chunked + "2\r\nok\r\n0\r\n\r\n",
		chunked + "2\r\nok\r\n0\r\n\r\nsurplus",
		ok + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		chunked + "2\r\nok\r\n0\r\n",
		chunked + "2\r\nok\r\n",
		chunked + "2\r\nokk\r\n0\r\n\r\n",
		chunked + "2\nok\r\n0\r\n\r\n",
		chunked + "2;a=b\r\nok\r\n0;c=\"d\"\r\n\r\n",
		chunked + "2 ;a\r\nok\r\n0\r\n\r\n",
		chunked + "2 \t\r\nok\r\n0\r\n\r\n",
		chunked + "2;a\rb\r\nok\r\n0\r\n\r\n",
		chunked + "2;a\x00b\r\nok\r\n0\r\n\r\n",
		chunked + "2;" + long + "\r\nok\r\n0\r\n\r\n",
		chunked + strings.Repeat("1;"+strings.Repeat("x", 500)+"\r\ny\r\n", 40) + "0\r\n\r\n",
		chunked + strings.Repeat("1\r\ny\r\n", 100) + "0\r\n\r\n",
		chunked + "-2\r\nok\r\n0\r\n\r\n",
		chunked + "0x2\r\nok\r\n0\r\n\r\n",
		chunked + "\r\nok\r\n0\r\n\r\n",
		chunked + "000000000000002\r\nok\r\n0\r\n\r\n",
		chunked + "0000000000000002\r\nok\r\n0\r\n\r\n",
		chunked + "10000000000000002\r\nok\r\n0\r\n\r\n",
		chunked + "8000000000000000\r\nok",
		chunked + "Bb8\r\n" + long + "\r\n0\r\n\r\n",
		chunked + "0\r\nSum: 1\r\nSum: 2\r\n\r\n",
		chunked + "0\r\nno colon\r\n\r\n",
		chunked + "0\r\n folded: x\r\n\r\n",
		chunked + "0\r\nA: b\r\n\r\nsurplus",
		chunked + "0\r\nA: b\n\r\n",
		chunked + "0\r\n\nA: b\r\n\r\n",
		chunked + "0\r\nA: " + long + long + "\r\n\r\n",
		ok + "Transfer-Encoding: chunked\r\nTrailer: Sum, Other\r\n\r\n0\r\nsum: 1\r\n\r\n",
		ok + "Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n0\r\n\r\n",
		ok + "Transfer-Encoding: chunked\r\nTrailer: a b\r\n\r\n0\r\n\r\n",
		ok + "Trailer: Sum\r\nContent-Length: 2\r\n\r\nok",
		ok + "Transfer-Encoding: Chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		ok + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		ok + "Transfer-Encoding: identity\r\n\r\nok",
		ok + "Transfer-Encoding: \vchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		ok + "Transfer-Encoding : chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
		ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
		ok + "Content-Length: 2, 2\r\n\r\nok",
		ok + "Content-Length: +2\r\n\r\nok",
		ok + "Content-Length: -2\r\n\r\nok",
		ok + "Content-Length: 0x2\r\n\r\nok",
		ok + "Content-Length: \r\n\r\nok",
		ok + "Content-Length: 2 \t\r\n\r\nok",
		ok + "Content-Length: 02\r\n\r\nok",
		ok + "Content-Length: 9223372036854775807\r\n\r\nok",
		ok + "Content-Length: 9223372036854775808\r\n\r\nok",
		ok + "Content-Length : 2\r\n\r\nok",
		ok + "Content Length: 2\r\n\r\nok",
		ok + "A: b\r\n c\r\nContent-Length: 2\r\n\r\nok",
		ok + " A: b\r\nContent-Length: 2\r\n\r\nok",
		ok + "A: b\rc\r\nContent-Length: 2\r\n\r\nok",
		ok + "A: b\x00c\r\nContent-Length: 2\r\n\r\nok",
		ok + "A: b\r\r\nContent-Length: 2\r\n\r\nok",
		ok + ": b\r\nContent-Length: 2\r\n\r\nok",
		ok + "A\r\nContent-Length: 2\r\n\r\nok",
		ok + "A:\r\nb:  c \xff \r\nContent-Length: 2\r\n\r\nok",
		ok + "\xffA: b\r\nContent-Length: 2\r\n\r\nok",
		ok + "Pragma: no-cache\r\nContent-Length: 2\r\n\r\nok",
		ok + "Pragma: no-cache\r\nCache-Control: private\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok",
		"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 \xc3\xa9\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 +20 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 999 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1\r\n\r\n",
		"HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.10 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1. 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"SSH-2.0-OpenSSH\r\n",
		"HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n",
		"HTTP/1.1 205 Reset Content\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok",
		"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok",
		strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 20) + ok + "Content-Length: 2\r\n\r\nok",
		strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 800) + ok + "Content-Length: 2\r\n\r\nok",
		"HTTP/1.1 103 Early Hints\r\nContent-Length: x\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok",
		"HTTP/1.1 103 Early Hints\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\nok" + ok + "Content-Length: 2\r\n\r\nok",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n",
		"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
	}
}()
