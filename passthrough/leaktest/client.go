package leaktest

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// client is the caller's end of a case's conversation, in either protocol.
type client interface {
	// start begins a request; the method says how its response is framed.
	start(steps []step) error
	send(text string)
	// await waits until the response has brought text, and reports whether it has.
	await(text string) bool
	leave()
	halfClose()
	// finish waits for the response's end and returns it.
	finish() reply
}

// reply is a response, in no protocol's terms.
type reply struct {
	status        int
	informational []rawhttp.Fields // with the status line or ":status" first
	fields        rawhttp.Fields
	trailers      rawhttp.Fields
	body          []byte
	err           error  // nil if it ended as its framing says
	text          string // all that came, for a search
	left          bool   // the client did not wait for it
}

// ended reports whether no further request can go on its connection: it broke, or was said to be closed (RFC 9112
// section 9.6).
func (r *reply) ended() bool {
	return r.err != nil || slices.ContainsFunc(r.fields.Values("Connection"), func(value string) bool {
		return slices.ContainsFunc(strings.Split(value, ","), func(option string) bool { return strings.EqualFold(strings.TrimSpace(option), "close") })
	})
}

// timedOut reports whether the wait for the response was given up.
func (r *reply) timedOut() bool { return errors.Is(r.err, os.ErrDeadlineExceeded) }

// inbox keeps what arrives, for whoever waits for some of it.
type inbox struct {
	mu      sync.Mutex
	data    bytes.Buffer
	ended   bool
	changed chan struct{} // closed and replaced with each change
}

func newInbox() *inbox { return &inbox{changed: make(chan struct{})} }

// Write keeps p.
func (b *inbox) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.data.Write(p)
	b.notify()
	return len(p), nil
}

func (b *inbox) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.notify()
}

func (b *inbox) notify() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// await waits until text has come; false means that the end, or the end of patience, was first.
func (b *inbox) await(text string, patience time.Duration) bool {
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		b.mu.Lock()
		there, ended, changed := strings.Contains(b.data.String(), text), b.ended, b.changed
		b.mu.Unlock()
		if there || ended {
			return there
		}
		select {
		case <-changed:
		case <-limit.C:
			return false
		}
	}
}

func (b *inbox) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.String()
}

// clientH1 speaks HTTP/1.1 on one connection.
type clientH1 struct {
	conn     net.Conn
	patience time.Duration
	in       *bufio.Reader
	inbox    *inbox
	done     chan reply
	left     bool
}

func dialH1(b *bench, addr string) (*clientH1, error) {
	conn, err := b.dial(addr)
	if err != nil {
		return nil, err
	}
	b.Cleanup(func() { _ = conn.Close() })
	return &clientH1{conn: conn, patience: b.patience}, nil
}

// Read reads from the connection for the inbox and for whoever parses.
func (c *clientH1) Read(p []byte) (int, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(c.patience))
	n, err := c.conn.Read(p)
	_, _ = c.inbox.Write(p[:n])
	return n, err
}

func (c *clientH1) start(steps []step) error {
	c.inbox, c.done = newInbox(), make(chan reply, 1)
	if c.in == nil {
		c.in = bufio.NewReader(c)
	} else if n := c.in.Buffered(); n > 0 { // what came after the last response belongs to this one
		early, _ := c.in.Peek(n)
		_, _ = c.inbox.Write(early)
	}
	method, _, _ := strings.Cut(sent(steps), " ")
	inbox := c.inbox
	go func() {
		defer inbox.end()
		r := rawhttp.ReadResponse(c.in, method)
		out := reply{status: r.Status(), fields: r.Fields, trailers: r.Trailers, body: r.Body, err: r.Err}
		for _, h := range r.Informational {
			out.informational = append(out.informational, append(rawhttp.Fields{h.Start}, h.Fields...))
		}
		if r.Status() == 101 {
			for { // whatever is spoken now, until one side ends it
				if _, err := c.in.ReadByte(); err != nil {
					break
				}
			}
		}
		c.done <- out
	}()
	return nil
}

func (c *clientH1) send(text string) {
	_ = c.conn.SetWriteDeadline(time.Now().Add(c.patience))
	_, _ = c.conn.Write([]byte(text)) // a server may well close early: what can then be read says more
}

func (c *clientH1) await(text string) bool { return c.inbox.await(text, c.patience) }

func (c *clientH1) leave() {
	c.left = true
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.conn.Close()
}

func (c *clientH1) halfClose() {
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}

func (c *clientH1) finish() reply {
	r := <-c.done // the deadlines of Read end it
	r.text, r.left = c.inbox.text(), c.left
	return r
}
