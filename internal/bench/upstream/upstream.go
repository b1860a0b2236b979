// Package upstream is the upstream of all peers: a server that does as little as it can, so that the peers are what is
// measured. It reads each request to its end and answers as the path below [wire.Endpoint] says:
//
//	/v1/messages                      1 KiB of JSON
//	/v1/messages/report               a [wire.Arrival]: what reached the upstream
//	/v1/messages/events/COUNT/EVERY   an event stream: the first event at once, each other one EVERY (a duration) later
//	/v1/messages/idle                 an event stream that begins and then is silent, until the peer closes it
//	/v1/messages/download/BYTES       so many bytes
package upstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/headersafe/headersafe/internal/bench/wire"
)

// buffer is what each connection reads into and writes bulk from.
const buffer = 64 << 10

// Serve answers on every connection that the listener accepts. It returns when the listener is closed.
func Serve(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		c := &connection{Conn: conn, in: wire.NewReader(conn, buffer)}
		go c.serve()
	}
}

var answer = wire.Answer("application/json", wire.Body(wire.AnswerLength))

type connection struct {
	net.Conn
	in    *wire.Reader
	chunk []byte // made for the first event
}

// serve answers until the peer closes the connection or breaks it off: that is the peer's business.
func (c *connection) serve() {
	defer func() { _ = c.Close() }()
	for {
		head, err := c.in.Head()
		if err != nil {
			return
		}
		path, _, _ := bytes.Cut(head.Target(), []byte("?"))
		_, below, ok := bytes.Cut(path, []byte(wire.Endpoint))
		switch {
		case !ok:
			err = fmt.Errorf("upstream: an unknown path %q", path)
		case len(below) == 0:
			if _, err = c.in.Discard(); err == nil {
				_, err = c.Write(answer)
			}
		default:
			err = c.special(head, string(below))
		}
		if err != nil || head.Close {
			return
		}
	}
}

// special answers to all that is not the ordinary request.
func (c *connection) special(head wire.Head, below string) error {
	arrival := wire.NewArrival(head)
	if err := arrival.Read(c.in); err != nil {
		return err
	}
	args := strings.Split(below, "/")[1:]
	switch name := "/" + args[0]; {
	case name == wire.Report:
		body, err := json.Marshal(arrival)
		if err != nil {
			return err
		}
		_, err = c.Write(wire.Answer("application/json", body))
		return err
	case name == wire.Idle:
		return c.idle()
	case name == wire.Events && len(args) == 3:
		count, errCount := strconv.Atoi(args[1])
		every, errEvery := time.ParseDuration(args[2])
		if err := errors.Join(errCount, errEvery); err != nil {
			return err
		}
		return c.events(count, every)
	case name == wire.Download && len(args) == 2:
		n, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		return c.download(n)
	}
	return fmt.Errorf("upstream: an unknown path %q", below)
}

var streamHead = wire.AnswerHead("text/event-stream; charset=utf-8", -1)

// event writes an event, after the head if it is the first.
func (c *connection) event(first bool) error {
	if c.chunk == nil {
		c.chunk = wire.Chunk()
	}
	wire.Stamp(c.chunk, time.Now())
	var err error
	if first {
		_, err = c.Write(append(bytes.Clone(streamHead), c.chunk...))
	} else {
		_, err = c.Write(c.chunk)
	}
	return err
}

func (c *connection) events(count int, every time.Duration) error {
	next := time.Now()
	for i := range count {
		if every > 0 && i > 0 {
			next = next.Add(every)
			time.Sleep(time.Until(next))
		}
		if err := c.event(i == 0); err != nil {
			return err
		}
	}
	_, err := io.WriteString(c, wire.LastChunk)
	return err
}

func (c *connection) idle() error {
	if err := c.event(true); err != nil {
		return err
	}
	_, err := c.Read(make([]byte, 1)) // nothing comes: it is the end that is waited for
	return err
}

func (c *connection) download(n int64) error {
	if _, err := c.Write(wire.AnswerHead("application/octet-stream", n)); err != nil {
		return err
	}
	chunk := make([]byte, 4*buffer)
	for n > 0 {
		written, err := c.Write(chunk[:min(n, int64(len(chunk)))])
		if err != nil {
			return err
		}
		n -= int64(written)
	}
	return nil
}
