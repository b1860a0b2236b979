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
// what comes next may even depend on what it has said already. The goroutine ends when the body has been sent, cannot be
// read, or the connection fails; it may outlive the exchange while it waits for the body.
//
// Most bodies are there already, in one piece or two, and then leave with the head in one write: the goroutine collects
// until it has to wait. Whoever started it sees to it that what has been collected does not wait with it.
type upload struct {
	conn  *conn
	body  io.ReadCloser
	trace *httptrace.ClientTrace // may be nil
	left  int64                  // bytes of the body to come; negative where that is unknown, and it is sent in chunks

	buf *[bufferSize]byte

	mu        sync.Mutex    // guards what follows; nothing waits with it held
	collected int           // bytes in buf that have not been sent: the head, and the first of the body
	direct    bool          // nothing is collected any more
	sent      chan struct{} // closed when what start took has been sent; nil if it took nothing

	wrote atomic.Bool           // a byte has been written, or may have been
	last  atomic.Bool           // what is being written is the end
	fault atomic.Pointer[error] // the body's own
	done  chan struct{}
	err   error // once done: why not all has been sent
}

// What a piece of a body needs beside its own bytes, if it is a chunk (RFC 9112 section 7.1). None is larger than a buffer.
const (
	sizeLine  = len("8000\r\n")
	lastChunk = "0\r\n\r\n"
	lastBytes = len("\r\n" + lastChunk)
)

// little is how many bytes of room in the buffer are not worth another read.
const little = 512

// start sends the request, whose head is given and may stand in buf.
func (u *upload) start(buf *[bufferSize]byte, head []byte) {
	u.buf, u.done = buf, make(chan struct{})
	if len(head) > bufferSize/2 { // little room for anything else
		u.direct = true
		_ = u.write(head)
	} else {
		u.collected = len(head)
	}
	go u.run()
	runtime.Gosched() // to the goroutine that has just been made
	if n, waits := u.take(); waits {
		_ = u.write(buf[:n]) // an error comes again, and the server may have answered
		close(u.sent)
	}
}

// take is how start comes by what has been collected, if the goroutine has not sent it. It never waits for the goroutine: that
// may be writing, and the server may read no more until somebody reads from it.
func (u *upload) take() (n int, waits bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.direct {
		return 0, false
	}
	u.direct, u.sent = true, make(chan struct{})
	return u.collected, true
}

func (u *upload) run() {
	defer close(u.done)
	u.err = u.send()
	if err := u.body.Close(); u.err == nil {
		u.err = err
	}
	wroteRequest(u.trace, u.err)
}

// send sends the body. The connection is left to its fate if the server does not take it: there may be an answer that says
// why. If the body is at fault, there must be none.
func (u *upload) send() error {
	var bulk *[bulkSize]byte
	defer func() {
		if bulk != nil {
			bulkBuffers.Put(bulk)
		}
	}()
	defer u.release()
	place := u.buf[:]
	for {
		at := u.free()
		p := place[at : len(place)-lastBytes]
		n, err := u.body.Read(p)
		if err := u.forward(place, at, n, errors.Is(err, io.EOF)); err != nil {
			return err
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return u.fail(err)
		case n == len(p) && bulk == nil: // the buffer is full, and so what was collected has been sent
			bulk, _ = bulkBuffers.Get().(*[bulkSize]byte)
			place = bulk[:]
		}
	}
}

// free returns where in the buffer the next piece of the body may stand.
func (u *upload) free() int {
	if u.goesDirect() {
		return sizeLine
	}
	return u.collected + sizeLine // only start and this goroutine change it, and start has not
}

// goesDirect reports whether nothing is collected any more. What start took has been sent then.
func (u *upload) goesDirect() bool {
	u.mu.Lock()
	direct, sent := u.direct, u.sent
	u.mu.Unlock()
	if sent != nil {
		<-sent
	}
	return direct
}

// release gives the buffer back.
func (u *upload) release() {
	u.mu.Lock()
	u.direct = true // start, if it comes late, takes nothing
	u.mu.Unlock()
	u.goesDirect()
	putBuffer(u.buf)
}

// forward sends the n bytes of the body that stand in place, or adds them to what is collected.
func (u *upload) forward(place []byte, at, n int, end bool) error {
	from, to, err := u.frame(place, at, n, end)
	if err != nil {
		return u.fail(err)
	}
	added, ready := u.collect(place[from:to])
	if added {
		return u.write(u.buf[:ready])
	}
	u.goesDirect() // once start has sent what came before
	return u.write(place[from:to])
}

// frame puts around the n bytes what says how many they are, and returns where it all begins and ends.
func (u *upload) frame(place []byte, at, n int, end bool) (from, to int, err error) {
	from, to = at, at+n
	if u.left >= 0 {
		u.left -= int64(n)
		u.last.Store(u.left == 0)
		switch {
		case u.left < 0:
			return 0, 0, errBodyLonger
		case u.left > 0 && end:
			return 0, 0, errBodyShorter
		}
		return from, to, nil
	}
	u.last.Store(end)
	if n > 0 {
		var size [sizeLine]byte
		line := append(strconv.AppendInt(size[:0], int64(n), 16), "\r\n"...)
		from -= copy(place[at-len(line):], line)
		to += copy(place[to:], "\r\n")
	}
	if end {
		to += copy(place[to:], lastChunk)
	}
	return from, to, nil
}

// collect adds p to what is collected, unless nothing is any more, and returns how many bytes of that are to be sent now.
func (u *upload) collect(p []byte) (added bool, ready int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.direct {
		return false, 0
	}
	u.collected += copy(u.buf[u.collected:], p)
	if u.direct = u.last.Load() || u.collected > bufferSize-little; u.direct {
		return true, u.collected
	}
	return true, 0
}

// write writes to the connection: one of start and its goroutine does at a time.
func (u *upload) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	first := !u.wrote.Swap(true) // before it has been: the server can be quicker than this goroutine
	n, err := u.conn.Write(p)
	if first && n == 0 && err != nil {
		u.wrote.Store(false)
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

// soon is how long an upload may take to end where it is about to, mostly, or has already: the goroutine only has to notice.
const soon = 50 * time.Millisecond

// endsSoon reports whether the upload is over, or is so in a moment.
func (u *upload) endsSoon() bool {
	select {
	case <-u.done:
		return true
	default:
	}
	timer := time.NewTimer(soon)
	defer timer.Stop()
	select {
	case <-u.done:
		return true
	case <-timer.C:
		return false
	}
}

// complete reports whether all of the request has been sent. One that the server did not want all of leaves a connection on
// which the rest would be taken for the next request.
func (u *upload) complete() bool {
	return u == nil || u.last.Load() && u.endsSoon() && u.err == nil
}

// nothingSent reports whether not a byte of the request has been written, for certain. The connection has been closed: what is
// being written ends at once, and an upload that does not end waits for its body.
func (u *upload) nothingSent() bool { return u.endsSoon() && !u.wrote.Load() }
