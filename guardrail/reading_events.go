package guardrail

import (
	"errors"
	"time"

	"github.com/headersafe/headersafe/internal/sse"
)

// streamContent is an event stream. What of it is released, and when, hangs on its events alone, and not on the parts in which
// they are written.
type streamContent struct {
	r        *reading
	reader   *sse.Reader
	table    streamReader
	describe func(channel int) channel
	visit    func(sse.Event) error
	queue    eventQueue
	texts    windows
	share    share

	timer  *time.Timer // runs tick; nil until it is needed
	next   time.Time   // when it will; zero for never
	beats  *time.Timer // the same for keep-alives while guards are at work
	last   time.Time   // when something last went to the client
	cr     bool        // that ended with a CR
	oldest time.Time   // when the oldest text came that is waiting to be judged; zero for none
}

func newStreamContent(r *reading) *streamContent {
	c := &streamContent{
		r:      r,
		reader: sse.NewReader(sse.Limits{MaxLine: r.maxEvent, MaxEvent: r.maxEvent}),
		table:  r.stream.reader(r.overlap),
		texts:  windows{size: r.size, overlap: r.overlap},
		share:  share{budget: r.x.budget},
		last:   time.Now(),
	}
	c.describe, c.visit = c.table.channel, c.event
	return c
}

func (c *streamContent) write(p []byte) error {
	err := c.reader.Feed(p, c.visit)
	if err == nil {
		err = c.account()
	}
	if err != nil {
		return readable(err)
	}
	c.arm()
	return nil
}

// readable returns the error of reading events as a denial; other errors as they are.
func readable(err error) error {
	e, ok := errors.AsType[*sse.Error](err)
	switch {
	case !ok:
		return err
	case e.Kind == sse.KindLine || e.Kind == sse.KindEvent:
		return tooLargeResponse(err.Error())
	case e.Kind == sse.KindUnfinished:
		return incompleteResponse(err.Error())
	}
	return unreadableResponse(err.Error())
}

// event reads one event, and releases what may be released then.
func (c *streamContent) event(ev sse.Event) error {
	r := c.r
	p, err := c.table.event(ev)
	if err != nil {
		return unreadableResponse(err.Error())
	}
	if p.dispatched {
		r.record.Events++
	}
	if err := r.opaque(p.opaque...); err != nil {
		return err
	}
	if r.mode != Observe {
		c.queue.push(ev.Raw)
	}
	for _, f := range p.fragments {
		t, end := c.texts.add(f, c.describe)
		if r.mode != Observe {
			c.queue.need(t, end)
		}
	}
	for _, number := range p.closed {
		c.texts.close(number)
	}
	r.record.Texts = c.texts.count
	if int64(c.queue.size()) > r.maxBody || int64(c.texts.held) > r.maxBody {
		return tooLargeResponse("more than Responses.MaxBody is held")
	}
	if err := c.account(); err != nil {
		return err
	}
	if len(p.fragments) > 0 && c.oldest.IsZero() && r.maxHold > 0 {
		c.oldest = time.Now()
	}
	if r.mode == Window {
		if p.terminal || c.texts.due() {
			if err := c.judge(p.terminal); err != nil {
				return err
			}
		}
		return c.release()
	}
	r.holding(c.queue.size() > 0)
	return nil
}

// judge has the guards judge all the text that is held. With final, nothing more is to come.
func (c *streamContent) judge(final bool) error {
	r := c.r
	c.oldest = time.Time{}
	if texts, places := c.texts.show(final); len(texts) > 0 {
		doc := textsDocument(texts, places, r.x.budget)
		if doc == nil {
			return busy()
		}
		if err := r.judge(doc, c.startBeats(), c.beat); err != nil {
			return err
		}
		c.stopBeats()
	}
	c.texts.pass(final)
	return nil
}

// release sends the events that may leave.
func (c *streamContent) release() error {
	if b := c.queue.ready(); len(b) > 0 {
		if err := c.r.release(b); err != nil {
			return err
		}
		c.last, c.cr = time.Now(), b[len(b)-1] == '\r'
	}
	c.queue.tidy()
	c.r.holding(c.queue.size() > 0)
	return nil
}

// end checks that the stream has come to its own end, and judges and releases the rest.
func (c *streamContent) end() error {
	if err := c.reader.Close(); err != nil {
		return readable(err)
	}
	if err := c.table.end(); err != nil {
		return incompleteResponse(err.Error())
	}
	if err := c.judge(true); err != nil {
		return err
	}
	return c.release()
}

// complete reports whether the stream has come to its own end, and not into another event since.
func (c *streamContent) complete() bool { return len(c.reader.Rest()) == 0 && c.table.end() == nil }

// between returns the gateway's own words as they go between two events. An event may have left with a CR whose LF has
// not come: to a client that ends lines at LF alone it isn't over, and would take in what follows.
func (c *streamContent) between(own []byte) []byte {
	if c.cr {
		c.cr = false
		return append([]byte("\n"), own...)
	}
	return own
}

// account makes the stream's share of the budget what the stream takes.
func (c *streamContent) account() error {
	more := int64(c.queue.memory()+c.texts.memory()+len(c.reader.Rest())) - c.share.taken
	if more < 0 {
		c.share.give(-more)
	} else if more > 0 && !c.share.take(more) {
		return busy()
	}
	return nil
}

// close drops what is held. Where answers are only observed, what was said until then is judged all the same.
func (c *streamContent) close() {
	if c.r.mode == Observe {
		_ = c.judge(true)
	}
	for _, t := range []*time.Timer{c.timer, c.beats} {
		if t != nil {
			t.Stop()
		}
	}
	c.share.end()
	c.queue, c.texts = eventQueue{}, windows{}
}
