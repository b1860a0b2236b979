package http1

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// body is a response's body. Reads go to the connection with the caller's own buffer, so that an open stream keeps none here.
// Close may be called while a Read waits, and ends it.
type body struct {
	exchange *exchange
	framing  framing
	left     int64 // by length: how many bytes are to come
	chunks   chunkDecoder

	closed atomic.Bool
	ended  atomic.Bool // whoever sets it finishes the exchange
	mu     sync.Mutex  // held while reading
	err    error       // sticky
}

// HasArrived reports whether all of the body is here: no Read will wait. It is to be asked before the first Read.
func (b *body) HasArrived() bool {
	return b.framing == byLength && int64(len(b.exchange.in.data)) >= b.left
}

// Read returns the next bytes. The end that has been read to frees the connection for another request.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed.Load():
		return 0, errClosed
	case b.err != nil:
		return 0, b.err
	case len(p) == 0:
		return 0, nil
	}
	n, clean, err := b.read(p)
	if err != nil {
		b.err = b.end(clean, err)
	}
	return n, b.err
}

// read reports with the error, which is io.EOF at the body's end, whether the connection may be used again.
func (b *body) read(p []byte) (n int, clean bool, err error) {
	switch b.framing {
	case byLength:
		n, err = b.received(p[:min(int64(len(p)), b.left)])
		if b.left -= int64(n); b.left == 0 {
			return n, err == nil && !b.exchange.res.Close, io.EOF
		}
		return n, false, unexpected(err)
	case byChunks:
		return b.readChunks(p)
	default:
		n, err = b.received(p)
		return n, false, err
	}
}

func (b *body) readChunks(p []byte) (n int, clean bool, err error) {
	for {
		came, failed := b.received(p)
		n, used, err := b.chunks.decode(p[:came])
		switch {
		case err != nil:
			return n, false, err
		case b.chunks.ended():
			res := &b.exchange.res
			if res.Trailer, err = b.chunks.merge(res.Trailer); err != nil {
				return n, false, err
			}
			return n, failed == nil && used == came && !res.Close, io.EOF
		case n > 0 || failed != nil:
			return n, false, unexpected(failed)
		}
	}
}

// received returns what came with the head, and after that what comes.
func (b *body) received(p []byte) (int, error) {
	in := &b.exchange.in
	if len(in.data) == 0 {
		return b.exchange.conn.Read(p)
	}
	n := copy(p, in.data)
	if in.data = in.data[n:]; len(in.data) == 0 {
		in.release()
	}
	return n, nil
}

func (b *body) end(clean bool, err error) error {
	if b.ended.Swap(true) {
		return errClosed // Close was quicker
	}
	b.exchange.finish(clean)
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return b.exchange.explain(err)
}

// Close ends the exchange. Where the body has not been read to its end, the connection is closed: what is still to come could
// be of any length.
func (b *body) Close() error {
	if b.closed.Swap(true) || b.ended.Swap(true) {
		return nil
	}
	b.exchange.conn.abort()
	b.mu.Lock() // until a Read that waits has returned
	defer b.mu.Unlock()
	b.exchange.finish(false)
	return nil
}
