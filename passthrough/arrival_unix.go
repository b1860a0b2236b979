//go:build unix

package passthrough

import (
	"errors"
	"net"
	"syscall"
)

// arrivalOn returns what waits until something has arrived on conn, or reading it fails, and calls waiting before it does so,
// other than where something is there already. On a connection that is no socket it only calls waiting.
func arrivalOn(conn net.Conn, waiting func()) func() {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return waiting
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return waiting
	}
	arrived := func(fd uintptr) bool {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
		if errors.Is(err, syscall.EAGAIN) {
			waiting()
			return false
		}
		return true
	}
	return func() { _ = raw.Read(arrived) } // what fails here fails in Read, too
}
