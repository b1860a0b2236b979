package rawhttp

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Stream is one end of an HTTP/2 stream, the client's or the server's: it sends frames as told, in any order,
// and keeps what it receives.
type Stream struct {
	ID   uint32
	conn *h2conn

	events chan Event // what was received, in order

	// Guarded by conn.mu.
	received H2Message
}

// EventKind tells what an [Event] is.
type EventKind string

// The kinds of events.
const (
	HeadersEvent EventKind = "HEADERS" // of a 1xx, a final response, a request, or trailers
	DataEvent    EventKind = "DATA"
	ResetEvent   EventKind = "RST_STREAM"
	ClosedEvent  EventKind = "connection closed"
)

// Event is one thing that happened to a stream. CONTINUATION frames are joined to their HEADERS.
type Event struct {
	Kind   EventKind
	Fields Fields
	Data   string
	End    bool          // END_STREAM was set
	Code   http2.ErrCode // of a reset
}

// H2Message is what one side has sent on a stream so far.
type H2Message struct {
	Informational []Fields // of responses with a 1xx status
	Header        Fields
	Body          []byte
	Trailers      Fields
	Ended         bool  // by END_STREAM
	Err           error // an http2.StreamError after RST_STREAM, io.ErrUnexpectedEOF after the connection's end
}

// Status returns the final status of a response, or 0.
func (m H2Message) Status() int { return Head{Start: "HTTP/2 " + m.Header.Get(":status")}.Status() }

// Headers sends a HEADERS frame with these fields as they stand: "name: value", pseudo-header fields
// (":path: /") where the test wants them.
func (s *Stream) Headers(end bool, fields ...string) {
	s.conn.send(func(f *http2.Framer) error {
		s.conn.encoded.Reset()
		for _, line := range fields {
			name, value := split(line)
			field := hpack.HeaderField{Name: name, Value: strings.TrimPrefix(value, " ")}
			if err := s.conn.encoder.WriteField(field); err != nil {
				return err
			}
		}
		return f.WriteHeaders(http2.HeadersFrameParam{
			StreamID: s.ID, BlockFragment: s.conn.encoded.Bytes(), EndStream: end, EndHeaders: true,
		})
	})
}

// Data sends one DATA frame.
func (s *Stream) Data(end bool, data string) {
	s.conn.send(func(f *http2.Framer) error { return f.WriteData(s.ID, end, []byte(data)) })
}

// Reset sends RST_STREAM.
func (s *Stream) Reset(code http2.ErrCode) {
	s.conn.send(func(f *http2.Framer) error { return f.WriteRSTStream(s.ID, code) })
}

// CloseConn closes the connection under the stream, and under its siblings.
func (s *Stream) CloseConn() { _ = s.conn.c.Close() }

// Next returns the next thing that happens on the stream. After the connection's end it is a ClosedEvent
// for ever.
func (s *Stream) Next() Event {
	s.conn.t.Helper()
	limit := time.NewTimer(patience(s.conn.t))
	defer limit.Stop()
	select {
	case e, ok := <-s.events:
		if !ok {
			return Event{Kind: ClosedEvent}
		}
		return e
	case <-limit.C:
		s.conn.t.Errorf("rawhttp: stream %d: nothing within %v", s.ID, patience(s.conn.t))
		return Event{Kind: ClosedEvent}
	}
}

// ReadMessage reads until the peer ends or resets the stream, or the connection ends, and returns all that the
// peer has sent on it, whether read before or now.
func (s *Stream) ReadMessage() H2Message {
	s.conn.t.Helper()
	for {
		e := s.Next()
		if e.End || e.Kind == ResetEvent || e.Kind == ClosedEvent {
			return s.Received()
		}
	}
}

// Received returns a copy of what the peer has sent on the stream so far.
func (s *Stream) Received() H2Message {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	m := s.received
	m.Informational = slices.Clone(m.Informational)
	m.Body = slices.Clone(m.Body)
	return m
}

// record keeps an event in the stream's message.
func (m *H2Message) record(e Event, id uint32) {
	switch e.Kind {
	case HeadersEvent:
		switch {
		case strings.HasPrefix(e.Fields.Get(":status"), "1"):
			m.Informational = append(m.Informational, e.Fields)
		case m.Header == nil:
			m.Header = e.Fields
		default:
			m.Trailers = append(m.Trailers, e.Fields...)
		}
	case DataEvent:
		m.Body = append(m.Body, e.Data...)
	case ResetEvent:
		m.Err = http2.StreamError{StreamID: id, Code: e.Code}
	case ClosedEvent:
		if !m.Ended && m.Err == nil {
			m.Err = io.ErrUnexpectedEOF
		}
	}
	m.Ended = m.Ended || e.End
}

// h2conn is either end of an HTTP/2 connection.
type h2conn struct {
	t        T
	c        *net.TCPConn
	accepted func(*Stream) // called for each stream that the peer opens; nil at a client
	decoder  *hpack.Decoder

	writing sync.Mutex // guards the three below
	framer  *http2.Framer
	encoder *hpack.Encoder
	encoded bytes.Buffer

	mu      sync.Mutex // guards the two below, and every stream's message
	streams map[uint32]*Stream
	ended   bool
}

func newH2conn(t T, c *net.TCPConn, accepted func(*Stream)) *h2conn {
	const tableSize = 4096 // RFC 7541 section 4.2: what both sides start with
	conn := &h2conn{
		t: t, c: c, accepted: accepted, framer: http2.NewFramer(c, c), streams: map[uint32]*Stream{},
		decoder: hpack.NewDecoder(tableSize, nil),
	}
	conn.encoder = hpack.NewEncoder(&conn.encoded)
	conn.framer.AllowIllegalWrites = true
	return conn
}

// send writes under the lock. A failure is not the test's: the peer may have left.
func (c *h2conn) send(write func(*http2.Framer) error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.c.SetWriteDeadline(time.Now().Add(patience(c.t)))
	if err := write(c.framer); isTimeout(err) {
		c.t.Errorf("rawhttp: the peer took no frame within %v", patience(c.t))
	}
}

// stream returns the stream with this ID, which it makes if there is none.
func (c *h2conn) stream(id uint32) (s *Stream, opened bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.streams[id]; s != nil {
		return s, false
	}
	const backlog = 1 << 12 // frames that no test leaves unread
	s = &Stream{ID: id, conn: c, events: make(chan Event, backlog)}
	if c.ended {
		close(s.events)
	}
	c.streams[id] = s
	return s, true
}

// deliver gives an event to its stream.
func (c *h2conn) deliver(id uint32, e Event) {
	s, opened := c.stream(id)
	c.mu.Lock()
	s.received.record(e, id)
	c.mu.Unlock()
	s.events <- e
	if opened && c.accepted != nil {
		c.accepted(s)
	}
}

// serve reads frames until the connection ends, and then tells every stream.
func (c *h2conn) serve() {
	for {
		f, err := c.framer.ReadFrame()
		if err != nil {
			break
		}
		if err := c.frame(f); err != nil {
			c.t.Errorf("rawhttp: %v: %v", f.Header(), err)
			break
		}
	}
	_ = c.c.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for id, s := range c.streams {
		s.received.record(Event{Kind: ClosedEvent}, id)
		close(s.events)
	}
}

func (c *h2conn) frame(f http2.Frame) error {
	id := f.Header().StreamID
	switch f := f.(type) {
	case *http2.SettingsFrame:
		if !f.IsAck() {
			c.send((*http2.Framer).WriteSettingsAck)
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			c.send(func(w *http2.Framer) error { return w.WritePing(true, f.Data) })
		}
	case *http2.HeadersFrame:
		fields, err := c.headers(f)
		if err != nil {
			return err
		}
		c.deliver(id, Event{Kind: HeadersEvent, Fields: fields, End: f.StreamEnded()})
	case *http2.DataFrame:
		data := string(f.Data())
		c.grant(id, f.Header().Length)
		c.deliver(id, Event{Kind: DataEvent, Data: data, End: f.StreamEnded()})
	case *http2.RSTStreamFrame:
		c.deliver(id, Event{Kind: ResetEvent, Code: f.ErrCode})
	}
	return nil
}

// headers joins a HEADERS frame with its continuations and decodes them, without judging what they say.
func (c *h2conn) headers(f *http2.HeadersFrame) (Fields, error) {
	block := slices.Clone(f.HeaderBlockFragment())
	for ended := f.HeadersEnded(); !ended; {
		next, err := c.framer.ReadFrame()
		if err != nil {
			return nil, err
		}
		more, ok := next.(*http2.ContinuationFrame)
		if !ok {
			return nil, fmt.Errorf("%v instead of CONTINUATION", next.Header())
		}
		block, ended = append(block, more.HeaderBlockFragment()...), more.HeadersEnded()
	}
	decoded, err := c.decoder.DecodeFull(block)
	fields := make(Fields, len(decoded))
	for i, d := range decoded {
		fields[i] = d.Name + ": " + d.Value
	}
	return fields, err
}

// grant gives the peer back the window that n bytes of DATA took.
func (c *h2conn) grant(id, n uint32) {
	if n == 0 {
		return
	}
	c.send(func(w *http2.Framer) error {
		if err := w.WriteWindowUpdate(0, n); err != nil {
			return err
		}
		return w.WriteWindowUpdate(id, n)
	})
}
