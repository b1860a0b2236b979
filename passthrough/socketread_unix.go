//go:build unix

package passthrough

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// socketReader reads from a socket as net does, and tells when there is nothing to read, which net does not.
type socketReader struct {
	conn    net.Conn
	raw     syscall.RawConn
	waiting func()
	attempt func(uintptr) bool // try, as a value that is made once

	mu   sync.Mutex // held while reading
	into []byte
	n    int
	err  error
}

// socketRead returns what reads from conn, and calls waiting before it waits for something to arrive: other than where
// something is there already. Of a connection that is no socket that cannot be told, and it calls waiting always.
func socketRead(conn net.Conn, waiting func()) func([]byte) (int, error) {
	if socket, ok := conn.(syscall.Conn); ok {
		if raw, err := socket.SyscallConn(); err == nil {
			r := &socketReader{conn: conn, raw: raw, waiting: waiting}
			r.attempt = r.try
			return r.read
		}
	}
	return waitAndRead(conn, waiting)
}

func (r *socketReader) read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.into = p
	err := r.raw.Read(r.attempt)
	r.into = nil
	switch {
	case err != nil: // the connection has been closed, or its deadline is over
		return 0, err
	case r.err != nil:
		return 0, &net.OpError{Op: "read", Net: "tcp", Source: r.conn.LocalAddr(), Addr: r.conn.RemoteAddr(), Err: os.NewSyscallError("read", r.err)}
	case r.n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return r.n, nil
}

// try reads what is there. False says that nothing is: the runtime calls it again when something has arrived.
func (r *socketReader) try(fd uintptr) bool {
	for {
		r.n, r.err = syscall.Read(int(fd), r.into)
		switch {
		case errors.Is(r.err, syscall.EINTR):
		case errors.Is(r.err, syscall.EAGAIN):
			r.waiting()
			return false
		default:
			return true
		}
	}
}
