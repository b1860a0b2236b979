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

// clock bounds an exchange with a single timer: what the current phase allows, and what is left of the whole,
// whichever is less. It is safe for concurrent use: the request and the response may flow at the same time.
type clock struct {
	timeouts Timeouts
	cancel   context.CancelCauseFunc
	timer    *time.Timer
	idle     atomic.Bool // whether bytes should be flowing
	answered atomic.Bool // whether the response has begun

	mu      sync.Mutex
	end     time.Time // of the whole; zero for none; the exchange's own goroutines read it without the lock
	wake    func()    // called after cancel; nil for none
	stopped bool
}

func newClock(t Timeouts, start time.Time, cancel context.CancelCauseFunc) *clock {
	c := &clock{timeouts: t, cancel: cancel}
	if t.Exchange > 0 {
		c.end = start.Add(t.Exchange)
	}
	// The pause before the first byte of a body is the HTTP client's: it connects. What follows sets the timer anew.
	c.timer = time.AfterFunc(c.allowance(t.ResponseHeader), c.expire)
	return c
}

// uploading notes a byte of the request's body.
func (c *clock) uploading() {
	if c == nil {
		return
	}
	c.flowing()
}

// waiting notes the end of the request: the response's header is next.
func (c *clock) waiting() {
	if c == nil || c.answered.Load() {
		return
	}
	c.idle.Store(false)
	c.timer.Reset(c.allowance(c.timeouts.ResponseHeader))
}

// relaying notes the response's header or a byte of its body.
func (c *clock) relaying() {
	c.answered.Store(true)
	c.flowing()
}

func (c *clock) flowing() {
	c.idle.Store(true)
	c.timer.Reset(c.allowance(c.timeouts.Idle))
}

// stop ends the clock: when it returns, wake is not running and will not be called.
func (c *clock) stop() {
	c.timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
}

// onExpiry sets what to do, after cancelling, to wake what does not listen to a context. It must not block.
func (c *clock) onExpiry(wake func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wake = wake
}

// forever stands for "no bound": a timer needs some duration.
const forever = time.Duration(1<<63 - 1)

func (c *clock) allowance(d time.Duration) time.Duration {
	if d <= 0 {
		d = forever
	}
	if !c.end.IsZero() {
		d = min(d, time.Until(c.end))
	}
	return d
}

func (c *clock) expire() {
	c.mu.Lock()
	end := c.end
	c.mu.Unlock()
	switch {
	case !end.IsZero() && !time.Now().Before(end):
		c.cancel(errExchangeTimeout)
	case c.idle.Load():
		c.cancel(errIdleTimeout)
	default:
		c.cancel(errResponseHeaderTimeout)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wake != nil && !c.stopped {
		c.wake()
	}
}
