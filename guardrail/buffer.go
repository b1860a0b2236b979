package guardrail

import "sync"

// pooled is a byte slice from a pool.
type pooled struct {
	b    []byte // its length is its capacity
	pool *sync.Pool
}

// Sizes of pooled buffers: two small ones, and every multiple of 64 KiB up to 32 MiB, so that a body never holds more
// than 64 KiB in excess of its size. Larger ones are not pooled.
const (
	tinyBuffer  = 4 << 10
	smallBuffer = 16 << 10
	bufferStep  = 64 << 10
	bufferSteps = 512
)

var (
	tinyBuffers, smallBuffers sync.Pool
	stepBuffers               [bufferSteps]sync.Pool
)

// newPooled returns a buffer of at least n bytes.
func newPooled(n int) *pooled {
	var pool *sync.Pool
	switch steps := (n + bufferStep - 1) / bufferStep; {
	case n <= tinyBuffer:
		n, pool = tinyBuffer, &tinyBuffers
	case n <= smallBuffer:
		n, pool = smallBuffer, &smallBuffers
	case steps <= bufferSteps:
		n, pool = steps*bufferStep, &stepBuffers[steps-1]
	default:
		return &pooled{b: make([]byte, n)}
	}
	if b, ok := pool.Get().(*pooled); ok {
		return b
	}
	return &pooled{b: make([]byte, n), pool: pool}
}

// free gives the buffer back. Nobody may use it from then on.
func (b *pooled) free() {
	if b != nil && b.pool != nil {
		b.pool.Put(b)
	}
}

// filling is a buffer that is being filled, and grows as bytes arrive.
type filling struct {
	buf   *pooled
	n     int // bytes that are in it
	share *share
}

// space returns where to read to, after growing towards want bytes in all if need be. It is empty when the budget is
// used up.
func (f *filling) space(want int) []byte {
	switch {
	case f.buf == nil:
		want = min(want, bufferStep) // more is taken when something has arrived
	case f.n < len(f.buf.b):
		return f.buf.b[f.n:]
	}
	grown := newPooled(max(want, f.n+1))
	if !f.share.take(int64(len(grown.b))) {
		grown.free()
		return nil
	}
	if f.buf != nil {
		copy(grown.b, f.buf.b[:f.n])
		f.share.give(int64(len(f.buf.b)))
		f.buf.free()
	}
	f.buf = grown
	return f.buf.b[f.n:]
}

// bytes returns what is in it.
func (f *filling) bytes() []byte {
	if f.buf == nil {
		return nil
	}
	return f.buf.b[:f.n:f.n]
}

// free gives back the buffer. The budget's bytes stay taken.
func (f *filling) free() {
	f.buf.free()
	f.buf = nil
}
