//go:build unix

package passthrough

import (
	"io"
	"net"
	"testing"
)

// What has arrived is not waited for, and a connection on which something has arrived does not count as settled.
func TestArrival(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	near, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = near.Close() }()
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = far.Close() }()

	waiting := make(chan struct{}, 10)
	arrival := arrivalOn(near, func() { waiting <- struct{}{} })
	over := make(chan struct{})
	go func() { arrival(); close(over) }()
	<-waiting
	if _, err := io.WriteString(far, "ab"); err != nil {
		t.Fatal(err)
	}
	<-over

	if _, err := io.ReadFull(near, make([]byte, 1)); err != nil { // with it the second byte has arrived, too
		t.Fatal(err)
	}
	arrival()
	if n := len(waiting); n != 0 {
		t.Errorf("waited %d times for what was there", n)
	}

	_ = near.Close()
	arrival() // does not wait for what cannot come
}
