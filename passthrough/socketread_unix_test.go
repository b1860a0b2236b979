//go:build unix

package passthrough

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/headersafe/headersafe/internal/race"
)

// tcpPair returns the two ends of a TCP connection.
func tcpPair(t *testing.T) (near, far *net.TCPConn) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	dialed, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = dialed.Close(), accepted.Close() })
	near, _ = dialed.(*net.TCPConn)
	far, _ = accepted.(*net.TCPConn)
	return near, far
}

// A connection counts as waited on only where nothing is there, and reading from it gives what net gives.
func TestSocketRead(t *testing.T) {
	near, far := tcpPair(t)
	waiting := make(chan struct{}, 10)
	read := socketRead(near, func() { waiting <- struct{}{} })
	send := func(text string) {
		t.Helper()
		if _, err := io.WriteString(far, text); err != nil {
			t.Error(err)
		}
	}
	expect := func(what, text string, err error) {
		t.Helper()
		p := make([]byte, 1)
		if n, failed := read(p); string(p[:n]) != text || !errors.Is(failed, err) {
			t.Errorf("%s: got %q, %v", what, p[:n], failed)
		}
	}
	go func() {
		<-waiting
		send("ab")
	}()
	expect("what arrives while it is waited for", "a", nil)
	expect("what has arrived with it", "b", nil)
	if n := len(waiting); n != 0 {
		t.Errorf("waited %d times for what was there", n)
	}
	if n, err := read(nil); n != 0 || err != nil {
		t.Errorf("into nothing: %d, %v", n, err)
	}
	_ = far.CloseWrite()
	expect("the end", "", io.EOF)
	_ = near.Close()
	expect("closed", "", net.ErrClosed)

	near, far = tcpPair(t)
	read = socketRead(near, func() {
		_ = far.SetLinger(0)
		_ = far.Close()
	})
	expect("reset", "", syscall.ECONNRESET)
}

func TestSocketReadCostsNoAllocation(t *testing.T) {
	if race.Enabled {
		t.Skip("allocations cannot be counted under the race detector")
	}
	near, far := tcpPair(t)
	p := []byte("a")
	read := socketRead(near, func() { _, _ = far.Write(p) })
	if got := testing.AllocsPerRun(100, func() { _, _ = read(p) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
