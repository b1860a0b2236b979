package rawhttp

import (
	"context"
	"errors"
	"net"
	"sync"
)

// anyPort is a free port on loopback.
const anyPort = "127.0.0.1:0"

// listener accepts connections for the life of a test.
type listener struct {
	t  T
	ln *net.TCPListener

	mu    sync.Mutex
	open  []*net.TCPConn
	ended bool
}

// listen starts to accept, and arranges for the test's end: no more connections, those open closed, their
// goroutines awaited.
func (l *listener) listen(t T, addr string, serve func(ctx context.Context, c *net.TCPConn, number int)) {
	t.Helper()
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatalf("rawhttp: %v", err)
	}
	ln, err := net.ListenTCP("tcp", at)
	if err != nil {
		t.Fatalf("rawhttp: %v", err)
	}
	l.t, l.ln = t, ln
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := ln.AcceptTCP()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				t.Errorf("rawhttp: accept: %v", err)
				return
			}
			number := l.add(c)
			running.Go(func() {
				defer func() { _ = c.Close() }()
				serve(ctx, c, number)
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = ln.Close()
		l.end()
		running.Wait()
	})
}

// add notes a connection and returns its number, counted from 1. One that comes after the end is closed.
func (l *listener) add(c *net.TCPConn) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		_ = c.Close()
	}
	l.open = append(l.open, c)
	return len(l.open)
}

func (l *listener) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for _, c := range l.open {
		_ = c.Close()
	}
}

// Addr returns the server's "host:port".
func (l *listener) Addr() string { return l.ln.Addr().String() }

// URL returns "http://" and the address.
func (l *listener) URL() string { return "http://" + l.Addr() }

// Connections returns how many connections have been accepted.
func (l *listener) Connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}
