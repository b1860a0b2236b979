package rawhttp

import (
	"context"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

// H2Conn is the client's end of an HTTP/2 connection without TLS.
type H2Conn struct {
	conn *h2conn

	mu   sync.Mutex
	next uint32
}

// DialH2 connects to addr, "host:port" or a URL, and sends the client's preface. The connection is closed
// when the test ends.
func DialH2(t T, addr string) *H2Conn {
	t.Helper()
	conn := newH2conn(t, dialTCP(t, addr), nil)
	conn.send(func(f *http2.Framer) error {
		if _, err := io.WriteString(conn.c, http2.ClientPreface); err != nil {
			return err
		}
		return f.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0})
	})
	var reading sync.WaitGroup
	reading.Go(conn.serve)
	t.Cleanup(func() {
		_ = conn.c.Close()
		reading.Wait()
	})
	return &H2Conn{conn: conn, next: 1}
}

// Open sends a request's HEADERS on a new stream. Nothing is added to the fields.
func (c *H2Conn) Open(end bool, fields ...string) *Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, _ := c.conn.stream(c.next)
	c.next += 2
	s.Headers(end, fields...)
	return s
}

// Close closes the connection.
func (c *H2Conn) Close() { _ = c.conn.c.Close() }

// DoH2 sends one request on a connection of its own and returns the response. Without a body, HEADERS end
// the stream.
func DoH2(t T, addr string, fields Fields, body string) H2Message {
	t.Helper()
	s := DialH2(t, addr).Open(body == "", fields...)
	if body != "" {
		s.Data(true, body)
	}
	return s.ReadMessage()
}

// H2Server is a scripted HTTP/2 server on loopback, without TLS.
type H2Server struct {
	listener
	script func(*Stream)

	streamsMu sync.Mutex
	streams   []*Stream
}

// UpstreamH2 starts a server that calls script, in a goroutine of its own, for every stream that a client
// opens; the stream has received its HEADERS by then. The server ends with the test, and waits for its
// scripts; their reads end with the connection.
func UpstreamH2(t T, script func(*Stream)) *H2Server {
	t.Helper()
	s := &H2Server{script: script}
	s.listen(t, anyPort, s.serve)
	return s
}

// ReplyH2 is a script that reads each request to its end and answers it with these fields and body.
func ReplyH2(fields Fields, body string) func(*Stream) {
	return func(s *Stream) {
		if m := s.ReadMessage(); m.Err != nil {
			return
		}
		s.Headers(body == "", fields...)
		if body != "" {
			s.Data(true, body)
		}
	}
}

// Hits returns how many streams clients have opened.
func (s *H2Server) Hits() int {
	s.streamsMu.Lock()
	defer s.streamsMu.Unlock()
	return len(s.streams)
}

// Requests returns a copy of what clients have sent so far, stream by stream in the order of opening.
func (s *H2Server) Requests() []H2Message {
	s.streamsMu.Lock()
	defer s.streamsMu.Unlock()
	requests := make([]H2Message, len(s.streams))
	for i, stream := range s.streams {
		requests[i] = stream.Received()
	}
	return requests
}

func (s *H2Server) serve(_ context.Context, c *net.TCPConn, _ int) {
	preface := make([]byte, len(http2.ClientPreface))
	_ = c.SetReadDeadline(time.Now().Add(patience(s.t)))
	if n, _ := io.ReadFull(c, preface); string(preface) != http2.ClientPreface {
		if n > 0 { // a connection may be dialled and then not be wanted
			s.t.Errorf("rawhttp: the client began with %q, not HTTP/2's preface", preface[:n])
		}
		return
	}
	_ = c.SetReadDeadline(time.Time{})
	var scripts sync.WaitGroup
	conn := newH2conn(s.t, c, func(stream *Stream) {
		s.streamsMu.Lock()
		s.streams = append(s.streams, stream)
		s.streamsMu.Unlock()
		scripts.Go(func() { s.script(stream) })
	})
	conn.send(func(f *http2.Framer) error { return f.WriteSettings() })
	conn.serve()
	scripts.Wait()
}
