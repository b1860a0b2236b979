//go:build unix

package http1

import (
	"errors"
	"net"
	"syscall"
)

// reuses says that connections can be used again: without a probe, nothing would tell whether they may.
const reuses = true

// probe looks whether there is something to read from a connection, without waiting for it.
type probe struct {
	raw  syscall.RawConn
	look func(fd uintptr) bool // made once: it is called before every request
	n    int
	err  error
}

// newProbe returns nil for a connection that is not the operating system's.
func newProbe(c net.Conn) *probe {
	has, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := has.SyscallConn()
	if err != nil {
		return nil
	}
	p := &probe{raw: raw}
	p.look = func(fd uintptr) bool {
		var b [1]byte
		p.n, p.err = syscall.Read(int(fd), b[:])
		return true // whatever it is: there is no waiting
	}
	return p
}

// quiet reports whether there is nothing to read, no end and no error either. A byte that there is, is lost.
func (p *probe) quiet() bool {
	for {
		if err := p.raw.Read(p.look); err != nil {
			return false
		}
		if !errors.Is(p.err, syscall.EINTR) {
			return p.n < 0 && errors.Is(p.err, syscall.EAGAIN)
		}
	}
}
