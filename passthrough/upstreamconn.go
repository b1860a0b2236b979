package passthrough

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"
)

// settleWithin is how long a connection may take to settle before it is given up. It takes microseconds; what can hold
// it up is an upstream that has TLS answer (RFC 8446 section 4.6.3) and then does not read.
const settleWithin = time.Second

// tcp is what the HTTP client's connections have of a TCP connection.
type tcp interface {
	net.Conn
	CloseWrite() error
}

// upstreamConn is a connection to the upstream. It takes the buffers of uploads from the pool, and knows whether it has
// settled: whether the HTTP client has used up all that has arrived on it, and waits for more.
type upstreamConn struct {
	tcp
	read func([]byte) (int, error) // from tcp; it notes when nothing has arrived

	protocol    sync.Once // sets what follows
	multiplexed bool      // HTTP/2: a stream's frames cannot be taken for another's

	mu      sync.Mutex
	reading bool // the HTTP client is in Read, and nothing has arrived
	closed  bool
	change  sync.Cond // one of them has become true
}

func newUpstreamConn(conn tcp) *upstreamConn {
	c := &upstreamConn{tcp: conn}
	c.change.L = &c.mu
	c.read = socketRead(conn, func() { c.note(&c.reading) })
	return c
}

// dialing returns dial for connections that are an upstreamConn.
func dialing(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if conn, ok := conn.(tcp); ok {
			return newUpstreamConn(conn), err
		}
		return conn, err
	}
}

// ReadFrom writes what r holds: net/http has an upload read into the connection, and net's own way of doing that is to allocate
// 32 KiB for each. Over TLS, where the connection is not what net/http writes to, nothing changes.
func (c *upstreamConn) ReadFrom(r io.Reader) (int64, error) {
	buf, _ := largeBuffers.Get().(*[largeBuffer]byte)
	defer largeBuffers.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{c.tcp}, r, buf[:])
}

func (c *upstreamConn) Read(p []byte) (int, error) {
	defer c.busy()
	return c.read(p)
}

// waitAndRead returns what calls waiting and reads from conn.
func waitAndRead(conn net.Conn, waiting func()) func([]byte) (int, error) {
	return func(p []byte) (int, error) {
		waiting()
		return conn.Read(p)
	}
}

func (c *upstreamConn) Close() error {
	c.note(&c.closed)
	return c.tcp.Close()
}

func (c *upstreamConn) note(fact *bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*fact = true
	c.change.Broadcast()
}

func (c *upstreamConn) busy() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = false
}

// multiplexes reports whether the connection, over which secured may be, speaks HTTP/2.
func (c *upstreamConn) multiplexes(secured *tls.Conn) bool {
	c.protocol.Do(func() {
		c.multiplexed = secured != nil && secured.ConnectionState().NegotiatedProtocol == "h2"
	})
	return c.multiplexed
}

// settle waits until the connection has settled, or has been closed: by the HTTP client, or, where neither comes, here. What
// the client goes on to do on it fails then.
func (c *upstreamConn) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reading || c.closed {
		return
	}
	giveUp := time.AfterFunc(settleWithin, func() { _ = c.Close() })
	defer giveUp.Stop()
	for !c.reading && !c.closed {
		c.change.Wait()
	}
}
