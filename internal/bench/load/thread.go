package load

import (
	"errors"
	"io"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// thread is a connection whose reads and writes block the thread that calls them, without the runtime's poller.
type thread int

func dialThread(address string) (io.ReadWriteCloser, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	limit := unix.NsecToTimeval(int64(10 * time.Second))
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit),
	)
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	return thread(fd), nil
}

func (t thread) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(int(t), p)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func (t thread) Write(p []byte) (written int, err error) {
	for written < len(p) {
		n, err := unix.Write(int(t), p[written:])
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return written, os.NewSyscallError("write", err)
		}
		written += max(n, 0)
	}
	return written, nil
}

func (t thread) Close() error { return unix.Close(int(t)) }

// sleepWell has the kernel wake this thread when it asks for, not up to 50 µs later.
func sleepWell() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0))
}

// sleepUntil blocks this thread until then.
func sleepUntil(due time.Time) error {
	for {
		left := time.Until(due)
		if left <= 0 {
			return nil
		}
		t := unix.NsecToTimespec(int64(left))
		if err := unix.Nanosleep(&t, nil); err != nil && !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("nanosleep", err)
		}
	}
}
