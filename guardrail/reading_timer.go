package guardrail

import "time"

// keepAliveComment goes to the client between two events. A blank line after it would make some clients see an event with
// nothing in it.
const keepAliveComment = ": keep-alive\n"

// arm sees to it that tick runs when something is due, whatever the handler does until then.
func (c *streamContent) arm() {
	next := c.due()
	if next.IsZero() || !c.next.IsZero() && !next.Before(c.next) {
		return // tick looks again
	}
	c.next = next
	if c.timer == nil {
		c.timer = time.AfterFunc(time.Until(next), c.tick)
		return
	}
	c.timer.Reset(time.Until(next))
}

// due returns when text must be judged, or a keep-alive be sent, if nothing happens until then; zero for never.
func (c *streamContent) due() time.Time {
	r := c.r
	var due time.Time
	if r.keepAlive > 0 && c.queue.size() > 0 {
		due = c.last.Add(r.keepAlive)
	}
	if !c.oldest.IsZero() {
		if judge := c.oldest.Add(r.maxHold); due.IsZero() || judge.Before(due) {
			due = judge
		}
	}
	return due
}

// tick runs in a goroutine of its own.
func (c *streamContent) tick() {
	h := c.r.h
	h.mu.Lock()
	defer h.mu.Unlock()
	defer func() {
		if p := recover(); p != nil { // of the client's ResponseWriter; the handler's goroutine goes on with it
			h.panicked, h.failed = p, errHeld
			h.cancel(errOver)
		}
	}()
	c.next = time.Time{}
	if h.failed != nil {
		return
	}
	if err := c.wake(time.Now()); err != nil {
		_ = h.fail(err)
		return
	}
	c.arm()
}

// wake does what is due.
func (c *streamContent) wake(now time.Time) error {
	r := c.r
	if !c.oldest.IsZero() && !now.Before(c.oldest.Add(r.maxHold)) {
		if err := c.judge(false); err != nil {
			return err
		}
		if err := c.release(); err != nil {
			return err
		}
		if r.h.unflushed {
			_ = r.h.flush() // an error shows at the next write
		}
	}
	if r.keepAlive > 0 && c.queue.size() > 0 && !now.Before(c.last.Add(r.keepAlive)) {
		c.beat()
	}
	return nil
}

// startBeats returns the times at which keep-alives are due while guards are at work. Whoever waits for these sends them: tick
// would have to wait, too.
func (c *streamContent) startBeats() <-chan time.Time {
	r := c.r
	if c.timer != nil {
		c.timer.Stop()
		c.next = time.Time{}
	}
	if r.keepAlive <= 0 || r.mode == Observe {
		return nil
	}
	wait := time.Until(c.last.Add(r.keepAlive))
	if c.beats == nil {
		c.beats = time.NewTimer(wait)
	} else {
		c.beats.Reset(wait)
	}
	return c.beats.C
}

func (c *streamContent) stopBeats() {
	if c.beats != nil {
		c.beats.Stop()
	}
}

// beat sends a keep-alive, unless the client must not hear anything yet.
func (c *streamContent) beat() {
	h := c.r.h
	c.last = time.Now()
	if c.beats != nil {
		c.beats.Reset(c.r.keepAlive)
	}
	if h.clearNow() {
		if _, err := h.pass(c.between([]byte(keepAliveComment))); err == nil {
			_ = h.flush()
		}
	}
}
