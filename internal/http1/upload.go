package http1

import (
	"errors"
	"io"
	"net/http/httptrace"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// upload sends a request that has a body, from a goroutine of its own: the server may answer before it has all of it, and
// what answers may even depend on what it has said already. The goroutine ends when the body has been sent, cannot be read, or
// the connection fails; it may outlive the exchange while it waits for the body.
type upload struct {
	conn  *conn
	body  io.ReadCloser
	trace *httptrace.ClientTrace // may be nil
	left  int64                  // bytes of the body to come; negative where that is unknown, and it is sent in chunks

	mu   sync.Mutex // held while writing
	head []byte     // in buf; nil once it has been sent
	buf  *[bufferSize]byte

	wrote atomic.Bool           // a byte
	last  atomic.Bool           // what is being written is the end
	fault atomic.Pointer[error] // that the body had
	done  chan struct{}
	err   error // once done: why not all has been sent
}

// sizeLine is how many bytes the line with a chunk's size can have: chunks are no larger than a buffer.
const sizeLine = len("8000\r\n")

// start sends the request. The body's first bytes mostly are there already, and then leave with the head in one write; if they
// are not, the head does not wait for them.
func (u *upload) start() {
	u.done = make(chan struct{})
	if len(u.head) > bufferSize/2 { // little room for anything else
		_ = u.write(u.head)
		u.head = nil
	}
	go u.run(len(u.head) + sizeLine)
	runtime.Gosched() // to the goroutine that has just been made
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.head != nil {
		head := u.head
		u.head = nil
		_ = u.write(head) // an error comes again, and the server may have answered
	}
}

// run sends what follows the head. The body's first bytes go into the buffer from this place on: the head may be written from
// it meanwhile.
func (u *upload) run(place int) {
	defer close(u.done)
	u.err = u.send(place)
	if err := u.body.Close(); u.err == nil {
		u.err = err
	}
	wroteRequest(u.trace, u.err)
}

// send sends the body. The connection is left to its fate if the server does not take it: there may be an answer that says
// why. If the body is at fault, there must be none.
func (u *upload) send(pad int) error {
	defer u.release()
	var bulk *[bulkSize]byte
	defer func() {
		if bulk != nil {
			bulkBuffers.Put(bulk)
		}
	}()
	place := u.buf[:]
	for {
		p := place[pad : len(place)-len("\r\n"+lastChunk)]
		n, err := u.body.Read(p)
		if err := u.forward(place, pad, n, errors.Is(err, io.EOF)); err != nil {
			return err
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return u.fail(err)
		case n == len(p) && bulk == nil:
			bulk, _ = bulkBuffers.Get().(*[bulkSize]byte)
			place = bulk[:]
		}
		pad = sizeLine
	}
}

// release gives the buffer back, once the head is not being written from it.
func (u *upload) release() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.head = nil
	putBuffer(u.buf)
}

const lastChunk = "0\r\n\r\n"

// forward sends the n bytes of the body that stand in place after the padding, and with them what else is due: the head, and
// the framing.
func (u *upload) forward(place []byte, pad, n int, end bool) error {
	from, to := pad, pad+n
	switch {
	case u.left >= 0 && int64(n) > u.left:
		return u.fail(errBodyLonger)
	case u.left >= 0:
		if u.left -= int64(n); u.left > 0 && end {
			return u.fail(errBodyShorter)
		}
		u.last.Store(u.left == 0)
	default:
		if n > 0 {
			var size [sizeLine]byte
			line := append(strconv.AppendInt(size[:0], int64(n), 16), "\r\n"...)
			from -= copy(place[pad-len(line):], line)
			to += copy(place[to:], "\r\n")
		}
		if end {
			to += copy(place[to:], lastChunk)
		}
		u.last.Store(end)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.head != nil {
		head := u.head
		u.head = nil
		from -= len(head)
		copy(place[from:], head)
	}
	if from == to {
		return nil
	}
	return u.write(place[from:to])
}

// write writes to the connection, with the lock held.
func (u *upload) write(p []byte) error {
	n, err := u.conn.Write(p)
	if n > 0 {
		u.wrote.Store(true)
	}
	return err
}

// fail ends the exchange with the error that the body had.
func (u *upload) fail(err error) error {
	u.fault.Store(&err)
	u.conn.abort()
	return err
}

// failure returns the error that the body had, if any.
func (u *upload) failure() error {
	if u == nil {
		return nil
	}
	if err := u.fault.Load(); err != nil {
		return *err
	}
	return nil
}

// lastWrite is how long the end of an upload may take where the response has ended already. It is there, mostly, and the
// goroutine only has to notice.
const lastWrite = 50 * time.Millisecond

// complete reports whether all of the request has been sent. One that the server did not want all of leaves a connection on
// which the rest would be taken for the next request.
func (u *upload) complete() bool {
	if u == nil {
		return true
	}
	select {
	case <-u.done:
		return u.err == nil
	default:
	}
	if !u.last.Load() {
		return false
	}
	timer := time.NewTimer(lastWrite)
	defer timer.Stop()
	select {
	case <-u.done:
		return u.err == nil
	case <-timer.C:
		return false
	}
}
