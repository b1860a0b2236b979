package http1

import (
	"sync"
	"time"
)

// pool holds connections that wait for further requests. The one that came last goes first: as few as can be stay in use, and
// the others grow old and are closed.
type pool struct {
	max     int
	timeout time.Duration

	mu    sync.Mutex
	idle  []*conn // by age, the oldest first
	sweep *time.Timer
	swept bool // sweep is not running
}

// take returns a connection on which nothing has come since it was put here, nil where there is none.
func (p *pool) take() *conn {
	for {
		c := p.pop()
		if c == nil || time.Since(c.idle) < p.timeout && c.quiet() {
			return c
		}
		_ = c.Close()
	}
}

func (p *pool) pop() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	c := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	return c
}

// put keeps c for another request, and reports whether there was room.
func (p *pool) put(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) >= p.max {
		return false
	}
	c.used, c.idle = true, time.Now()
	p.idle = append(p.idle, c)
	switch {
	case p.sweep == nil:
		p.sweep = time.AfterFunc(p.timeout, p.closeOld)
	case p.swept:
		p.sweep.Reset(p.timeout)
	}
	p.swept = false
	return true
}

// closeOld closes what has waited for too long, and comes again when the next could have.
func (p *pool) closeOld() {
	for _, c := range p.old() {
		_ = c.Close() // outside the lock: over TLS it writes
	}
}

func (p *pool) old() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.idle) && time.Since(p.idle[n].idle) >= p.timeout {
		n++
	}
	old := append([]*conn(nil), p.idle[:n]...)
	left := copy(p.idle, p.idle[n:])
	clear(p.idle[left:])
	p.idle = p.idle[:left]
	if p.swept = left == 0; !p.swept {
		p.sweep.Reset(p.timeout - time.Since(p.idle[0].idle))
	}
	return old
}

func (p *pool) closeAll() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, c := range idle {
		_ = c.Close()
	}
}
