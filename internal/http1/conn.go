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

// drained reports whether all that TLS has read has been used up, and does not end within a record: a probe beneath it does not
// see that.
func (c *conn) drained() bool {
	if c.gate == nil {
		return true
	}
	if !c.gate.between() {
		return false
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

	header [5]byte // of a record: its type, a version, and its length in two bytes (RFC 8446 section 5.1)
	have   int     // bytes of it that have come
	left   int     // bytes of the record that are to come
}

func (g *gate) Read(p []byte) (int, error) {
	if g.shut {
		return 0, errShut
	}
	n, err := g.Conn.Read(p)
	g.follow(p[:n])
	return n, err
}

// follow keeps count of the records.
func (g *gate) follow(p []byte) {
	for len(p) > 0 {
		if g.left > 0 {
			n := min(g.left, len(p))
			g.left, p = g.left-n, p[n:]
			continue
		}
		n := copy(g.header[g.have:], p)
		if g.have, p = g.have+n, p[n:]; g.have == len(g.header) {
			g.have, g.left = 0, int(g.header[3])<<8|int(g.header[4])
		}
	}
}

// between reports whether what has been read ends where a record does.
func (g *gate) between() bool { return g.have == 0 && g.left == 0 }

// errShut is temporary: after it, TLS reads on.
var errShut net.Error = shutError{}

type shutError struct{}

func (shutError) Error() string   { return "http1: nothing to read" }
func (shutError) Timeout() bool   { return false }
func (shutError) Temporary() bool { return true }
