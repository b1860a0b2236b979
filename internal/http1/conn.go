package http1

import (
	"crypto/tls"
	"net"
	"time"
)

// conn is a connection to the origin. One exchange at a time has it.
type conn struct {
	net.Conn          // what is written to and read from
	under    net.Conn // the same without TLS
	gate     *gate    // between the two; nil without TLS
	probe    *probe   // nil where the connection cannot be used again
	state    *tls.ConnectionState
	abort    func()    // ends whatever waits for the connection, from another goroutine
	used     bool      // by an exchange before this one
	idle     time.Time // when it was put into the pool
}

func newConn(under net.Conn) *conn {
	c := &conn{Conn: under, under: under, probe: newProbe(under)}
	c.abort = func() { _ = under.Close() } // no closing alert: that could wait for the server to read
	return c
}

// quiet reports whether nothing has come, the connection's end included: it must be asked between exchanges alone. What
// came answers nobody (RFC 9112 section 6.3), and would be taken for the next response.
func (c *conn) quiet() bool { return c.probe.quiet() }

// drained reports whether all that TLS has read has been used up: a probe beneath it does not see that.
func (c *conn) drained() bool {
	if c.gate == nil {
		return true
	}
	c.gate.shut = true
	defer func() { c.gate.shut = false }()
	var p [1]byte
	n, err := c.Read(p[:])
	return n == 0 && err == errShut //nolint:errorlint // TLS hands it on as it is
}

// gate is the connection beneath TLS. While it is shut, TLS has what it has read, and no more.
type gate struct {
	net.Conn
	shut bool
}

func (g *gate) Read(p []byte) (int, error) {
	if g.shut {
		return 0, errShut
	}
	return g.Conn.Read(p)
}

// errShut is temporary: after it, TLS reads on.
var errShut net.Error = shutError{}

type shutError struct{}

func (shutError) Error() string   { return "http1: nothing to read" }
func (shutError) Timeout() bool   { return false }
func (shutError) Temporary() bool { return true }
