package load

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/headersafe/headersafe/internal/bench/wire"
)

// patience is how long a connection may live: no job takes longer, unless the peer hangs.
const patience = 2 * time.Minute

// client has one connection at a time, and opens another after a failure.
type client struct {
	dial func() (io.ReadWriteCloser, error)
	in   *wire.Reader
	conn io.ReadWriteCloser
	last bool // the peer closes the connection after this answer
}

// newClient returns a client with that much of a buffer.
func newClient(address string, buffer int) *client {
	return newClientOver(buffer, func() (io.ReadWriteCloser, error) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return nil, err
		}
		return conn, conn.SetDeadline(time.Now().Add(patience))
	})
}

func newClientOver(buffer int, dial func() (io.ReadWriteCloser, error)) *client {
	c := &client{dial: dial}
	c.in = wire.NewReader(reader{c}, buffer)
	return c
}

// reader reads from whatever connection the client has.
type reader struct{ c *client }

func (r reader) Read(p []byte) (int, error) { return r.c.conn.Read(p) }

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
		c.in.Reset()
	}
}

// begin sends a request and reads the answer's head.
func (c *client) begin(request []byte) error {
	if err := c.write(request); err != nil {
		return err
	}
	return c.head()
}

// write connects, if need be, and writes.
func (c *client) write(p []byte) error {
	if c.conn == nil {
		conn, err := c.dial()
		if err != nil {
			return err
		}
		c.conn = conn
	}
	_, err := c.conn.Write(p)
	return err
}

// head reads the answer's head, which must be of status 200.
func (c *client) head() error {
	head, err := c.in.Head()
	if err != nil {
		return fmt.Errorf("before the answer: %w", err)
	}
	if head.Status() != http.StatusOK {
		return fmt.Errorf("%s", head.First)
	}
	c.last = head.Close
	return nil
}

// finish is called after an exchange: a connection that cannot serve for another is closed.
func (c *client) finish(err error) error {
	if err != nil || c.last {
		c.close()
	}
	return err
}

// post does an exchange and wants an answer of that length.
func (c *client) post(request []byte, want int64) error {
	err := c.begin(request)
	if err == nil {
		err = c.discard(want)
	}
	return c.finish(err)
}

// discard reads the answer's body and wants it to be of that length.
func (c *client) discard(want int64) error {
	n, err := c.in.Discard()
	if err != nil {
		return fmt.Errorf("after %d of %d bytes of the answer: %w", n, want, err)
	}
	if n != want {
		return fmt.Errorf("%d bytes of answer, not %d", n, want)
	}
	return nil
}

// stream reads an event stream to its end and wants so many events. f, if there is one, is called with the time of sending of each.
func (c *client) stream(want int, f func(sent time.Time)) error {
	var stamps wire.Stamps
	n := 0
	err := c.in.Body(func(piece []byte) error {
		return stamps.Add(piece, func(sent time.Time) {
			n++
			if f != nil {
				f(sent)
			}
		})
	})
	if err != nil {
		return fmt.Errorf("after %d of %d events: %w", n, want, err)
	}
	if n != want || !stamps.Complete() {
		return fmt.Errorf("%d events and a piece, not %d events", n, want)
	}
	return nil
}
