package passthrough

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// errClientWrite marks an error of writing to the client, as against reading from the upstream.
var errClientWrite = errors.New("passthrough: writing to the client failed")

// Buffers are small while a stream idles, and large while it is busy: an open event stream costs 2 KiB, which is several
// events of a model's.
const (
	smallBuffer = 2 << 10
	largeBuffer = 32 << 10
)

var (
	smallBuffers = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
	largeBuffers = sync.Pool{New: func() any { return new([largeBuffer]byte) }}
)

// stream copies a response body to the client and sees to it that nothing lingers in a buffer on the way. A body
// of unknown length is flushed with each read: it may be an event stream. One of known length is flushed when
// the upstream pauses, and otherwise left to net/http's buffering: it mostly comes in one piece.
type stream struct {
	client    http.ResponseWriter // set once, before the clock knows of the response
	clock     *clock
	length    int64         // negative where unknown
	framed    bool          // the body's end is a frame of its own, and may come later than its last byte: HTTP/2
	firstByte time.Duration // since the clock began

	mu    sync.Mutex // held while writing or flushing: the clock may flush at any time
	ready bool       // there may be something to flush: the header, at the least
}

// begin sends the header on its way: at once, or soon if the body that follows is likely to be there already, or with the body
// if that has arrived.
func (s *stream) begin(w http.ResponseWriter, c *clock, length int64, framed, arrived bool) {
	s.client, s.clock, s.length, s.framed = w, c, length, framed
	c.relaying()
	switch {
	case length < 0:
		s.sendHeader()
	case length > 0 && !arrived:
		s.flushSoon()
	}
}

// hasArrived reports whether a body is known to be here whole, as the HTTP/1.1 client's can tell.
func hasArrived(body io.Reader) bool {
	b, ok := body.(interface{ HasArrived() bool })
	return ok && b.HasArrived()
}

// sendHeader flushes the header from another goroutine, and waits for that. To write a header takes net/http's server more of
// a stack than all else in an exchange, and a stream would keep it for as long as it is open: 16 KiB instead of 8.
func (s *stream) sendHeader() {
	sent := make(chan any)
	go func() {
		defer func() { sent <- recover() }() // the writer may be a middleware's
		_ = s.control().Flush()              // an error shows at the next write
	}()
	if panicked := <-sent; panicked != nil {
		panic(panicked)
	}
}

func (s *stream) control() *http.ResponseController { return http.NewResponseController(s.client) }

// end waits for a flush under way: it is over when the handler returns, and none follows.
func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = false
}

// flushSoon sees to it that what has been written is flushed. The lock is held, or nobody knows of the stream yet.
func (s *stream) flushSoon() {
	s.ready = true
	s.clock.flushSoon()
}

func (s *stream) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready {
		s.ready = false
		_ = s.control().Flush()
	}
}

// copy relays src to its end and returns the number of bytes written. An error of the client's side wraps
// errClientWrite.
func (s *stream) copy(src io.Reader) (int64, error) {
	var written int64
	small, _ := smallBuffers.Get().(*[smallBuffer]byte)
	defer func() { smallBuffers.Put(small) }()
	var large *[largeBuffer]byte
	defer func() {
		if large != nil {
			largeBuffers.Put(large)
		}
	}()
	buf := small[:]
	if s.length > smallBuffer {
		large, _ = largeBuffers.Get().(*[largeBuffer]byte)
		buf = large[:]
	}
	for {
		s.clock.relaying()
		n, err := src.Read(buf)
		if n > 0 {
			if written == 0 {
				s.firstByte = time.Since(s.clock.begun)
			}
			if err := s.write(buf[:n], written+int64(n)); err != nil {
				return written, err
			}
			written += int64(n)
		}
		switch {
		case errors.Is(err, io.EOF):
			return written, s.complete(written)
		case err != nil && written == s.length:
			return written, nil // the client has all of it, and may have left on the strength of that
		case err != nil:
			return written, err
		case n == smallBuffer && large == nil:
			large, _ = largeBuffers.Get().(*[largeBuffer]byte)
			buf = large[:]
		case n < smallBuffer && large != nil:
			largeBuffers.Put(large)
			large, buf = nil, small[:]
		}
	}
}

// complete checks the length that was announced: a RoundTripper that ends early must not look complete.
func (s *stream) complete(written int64) error {
	if s.length >= 0 && written != s.length {
		return io.ErrUnexpectedEOF
	}
	return nil
}

func (s *stream) write(p []byte, total int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.client.Write(p); err != nil {
		return fmt.Errorf("%w: %w", errClientWrite, err)
	}
	switch {
	case s.length < 0:
		if err := s.control().Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return fmt.Errorf("%w: %w", errClientWrite, err)
		}
	case total < s.length, s.framed:
		s.flushSoon()
	default:
		s.ready = false // the server sends the rest when the handler returns
	}
	return nil
}
