package passthrough

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// The causes with which a clock cancels an exchange.
var (
	errResponseHeaderTimeout = errors.New("passthrough: the upstream sent no response header in time")
	errIdleTimeout           = errors.New("passthrough: no byte moved in either direction for too long")
	errExchangeTimeout       = errors.New("passthrough: the whole exchange took too long")
)

// flushAfter is how long written bytes of a response of known length may wait for more to go with them.
const flushAfter = time.Millisecond

// clock bounds an exchange: by what the current phase allows, and by what is left of the whole, whichever is less. It also
// says when written bytes have waited long enough for more. It is safe for concurrent use: the request and the response
// may flow at the same time.
//
// A byte that moves only writes down until when the next may take. The one timer looks there as often as the shortest of
// the bounds, so that nothing is late: to set a timer anew with each byte costs several times as much.
type clock struct {
	header   time.Duration // bounds the wait for the response's header
	idle     time.Duration // bounds a pause while bytes should flow
	shortest time.Duration // of the bounds
	begun    time.Time     // the times below are since then
	end      time.Duration // of the whole
	cancel   context.CancelCauseFunc

	phase atomic.Uint32
	until atomic.Int64 // when the current phase is over

	mu      sync.Mutex
	timer   *time.Timer
	flushAt time.Duration // 0 where nothing waits
	stopped bool
}

// The phases of an exchange.
const (
	phaseConnect uint32 = iota // or the first byte of the request's body is awaited
	phaseUpload
	phaseWait  // for the response's header
	phaseRelay // the response, while the request may be uploading still
)

// forever stands for "no bound".
const forever = time.Duration(1<<63 - 1)

// start begins an exchange. look is called now and then, and is to call check. The pause before the first byte of a body is
// the HTTP client's: it connects.
func (c *clock) start(t Timeouts, begun time.Time, cancel context.CancelCauseFunc, look func()) {
	bound := func(d time.Duration) time.Duration {
		if d <= 0 {
			return forever
		}
		return d
	}
	c.header, c.idle, c.end = bound(t.ResponseHeader), bound(t.Idle), bound(t.Exchange)
	c.shortest = min(c.header, c.idle, c.end)
	c.begun, c.cancel = begun, cancel
	c.enter(phaseConnect, c.header)
	c.mu.Lock() // until the timer is where check expects it
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(c.shortest, look)
}

// enter begins a phase, or goes on with it: it may take as long as allowed from now on.
func (c *clock) enter(phase uint32, allowed time.Duration) {
	if c.phase.Load() != phase {
		c.phase.Store(phase)
	}
	until := c.end
	if now := time.Since(c.begun); allowed < until-now {
		until = now + allowed
	}
	c.until.Store(int64(until))
}

// uploading notes a byte of the request's body.
func (c *clock) uploading() {
	if c == nil {
		return
	}
	phase := phaseUpload
	if c.answered() {
		phase = phaseRelay
	}
	c.enter(phase, c.idle)
}

// waiting notes the end of the request: the response's header is next.
func (c *clock) waiting() {
	if c != nil && !c.answered() {
		c.enter(phaseWait, c.header)
	}
}

// relaying notes the response's header or a byte of its body.
func (c *clock) relaying() { c.enter(phaseRelay, c.idle) }

// answered reports whether relaying has been called.
func (c *clock) answered() bool { return c.phase.Load() == phaseRelay }

// flushSoon has check report, a little later, that it is time to flush. To call it again puts that off.
func (c *clock) flushSoon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flushAt == 0 {
		c.timer.Reset(flushAfter)
	}
	c.flushAt = time.Since(c.begun) + flushAfter
}

// stop ends the clock: after it, check finds nothing, and the timer rests.
func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.timer.Stop()
}

// check looks at the time, and sets the timer anew. Where a bound has been reached it cancels the exchange and calls expired,
// which must not block; stop waits for that. Else it reports whether it is time to flush.
func (c *clock) check(expired func()) (flush bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return false
	}
	now, until := time.Since(c.begun), time.Duration(c.until.Load())
	if now >= until {
		c.expire(now)
		expired()
		return false
	}
	flush = c.flushAt != 0 && c.flushAt <= now
	switch {
	case flush:
		c.flushAt = 0
	case c.flushAt != 0:
		until = min(until, c.flushAt)
	}
	c.timer.Reset(min(until-now, c.shortest))
	return flush
}

func (c *clock) expire(now time.Duration) {
	switch {
	case now >= c.end:
		c.cancel(errExchangeTimeout)
	case c.phase.Load() == phaseUpload, c.answered():
		c.cancel(errIdleTimeout)
	default:
		c.cancel(errResponseHeaderTimeout)
	}
}
