package guardrail

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
)

// readBody reads all of r's body, of at most limit bytes, into f. With it begins what the client may wait for with
// Expect: 100-continue (RFC 9110 section 10.1.1), so everything that can be refused by the header has been.
func readBody(r *http.Request, limit int64, f *filling) *Denial {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	want, known := r.ContentLength, r.ContentLength >= 0
	for !known || int64(f.n) < want {
		p := f.space(f.wanted(want, limit))
		if len(p) == 0 {
			return busy()
		}
		if known {
			p = p[:min(int64(len(p)), want-int64(f.n))]
		}
		n, err := r.Body.Read(p)
		f.n += n
		if int64(f.n) > limit {
			return tooLarge("more than MaxBody")
		}
		if err != nil {
			if err == io.EOF && (!known || int64(f.n) == want) {
				return nil
			}
			return unread(err)
		}
	}
	return atEnd(r.Body)
}

// wanted returns how large a buffer is to be grown to: as large as the body, or where that is unknown to twice what has
// arrived. One byte more than the limit tells a body that is too large.
func (f *filling) wanted(length, limit int64) int {
	if length >= 0 {
		return int(length)
	}
	return int(min(max(2*int64(f.n), smallBuffer), limit+1))
}

// atEnd reads once more. A body that came through net/http ends where its Content-Length says; one that another
// middleware has put there need not.
func atEnd(body io.Reader) *Denial {
	var one [1]byte
	for {
		switch n, err := body.Read(one[:]); {
		case n > 0:
			return incompleteBody("the body is longer than its Content-Length")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return unread(err)
		}
	}
}

// unread says why a body could not be read. It does not repeat the error, which may be anybody's.
func unread(err error) *Denial {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge("more than a bound set around the guardrail")
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return slowBody()
	}
	return incompleteBody("the body could not be read to its end")
}

// body gives out what was inspected, and lets go of it when it has been read to its end. It can be taken back, too: an HTTP
// client may read a request's body from a goroutine that outlives the handler, and by then the buffer is somebody
// else's.
type body struct {
	mu    sync.Mutex
	rest  []byte
	lease *lease // nil once it has been left
	over  error
}

// newBody takes over one use of the lease.
func newBody(l *lease) *body { return &body{rest: l.bytes(), lease: l} }

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over != nil {
		return 0, b.over
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	if len(b.rest) == 0 {
		b.leave(io.EOF)
		return n, io.EOF
	}
	return n, nil
}

// Close ends the reading.
func (b *body) Close() error {
	b.end(http.ErrBodyReadAfterClose)
	return nil
}

var errExchangeOver = errors.New("guardrail: the exchange ended before its request body was read")

// end ends the reading for good. When it returns, nothing reads from the buffer any more.
func (b *body) end(why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leave(why)
}

func (b *body) leave(why error) {
	if b.lease == nil {
		return
	}
	b.lease.leave()
	b.rest, b.lease, b.over = nil, nil, why
}
