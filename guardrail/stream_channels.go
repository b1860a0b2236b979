package guardrail

import (
	"slices"
	"unicode/utf8"
)

// Bounds on what a stream may have open.
const (
	maxOpenChannels = 1024    // texts that go on from event to event
	maxEventTexts   = 1 << 16 // texts that stand in one event whole
	minOverlap      = 256     // see Stream.reader
)

// What a reader keeps of its buffers from one event to the next.
const (
	maxKept     = 1 << 12 // elements
	maxKeptText = 1 << 16 // bytes
)

// none stands for no channel.
const none = -1

// channels are the texts that are open in a stream.
type channels struct {
	slots   []textSlot
	unused  []int // slots
	byKey   map[string]int
	ended   map[string]bool // keys of texts that have ended, while they could be taken up again
	overlap int
	decoded []byte // of the event at hand
}

// textSlot holds a channel.
type textSlot struct {
	channel
	used  bool
	going *going // nil of a text that stands in one event
}

// going is a text that goes on from event to event.
type going struct {
	key   string
	shown bool // it has had a fragment

	// Of pieces of a JSON text:
	escapes bool
	decoder escapes
	before  []byte // the end of what came so far, until twin is open
	twin    int    // the channel of the text as it came; none until there is a difference
}

func newChannels(overlap int) channels {
	return channels{byKey: make(map[string]int), ended: make(map[string]bool), overlap: max(overlap, minOverlap)}
}

// take puts a channel into a slot.
func (c *channels) take(as channel, g *going) int {
	s := textSlot{channel: as, used: true, going: g}
	if n := len(c.unused); n > 0 {
		i := c.unused[n-1]
		c.unused, c.slots[i] = c.unused[:n-1], s
		return i
	}
	c.slots = append(c.slots, s)
	return len(c.slots) - 1
}

// free makes the slots of closed channels usable again, and gives up what a large event has left.
func (c *channels) free(closed []int) {
	for _, i := range closed {
		c.slots[i] = textSlot{}
	}
	c.unused = append(c.unused, closed...)
	if c.decoded = c.decoded[:0]; cap(c.decoded) > maxKeptText {
		c.decoded = nil
	}
	if len(c.slots) <= maxKept {
		return
	}
	used := len(c.slots)
	for used > 0 && !c.slots[used-1].used {
		used--
	}
	c.slots, c.unused = slices.Clone(c.slots[:used]), nil
	for i, s := range c.slots {
		if !s.used {
			c.unused = append(c.unused, i)
		}
	}
}

var (
	errTextEnded    = fault("a text goes on after its end")
	errTooManyOpen  = fault("too many texts are open at once")
	errTooManyTexts = fault("too many texts are in one event")
)

// find returns the open channel of a key; none where there is none.
func (c *channels) find(key []byte) (int, error) {
	if i, ok := c.byKey[string(key)]; ok {
		return i, nil
	}
	if len(c.ended) > 0 && c.ended[string(key)] {
		return none, errTextEnded
	}
	return none, nil
}

func (c *channels) open(key []byte, as channel, escapes bool) (int, error) {
	if len(c.byKey) >= maxOpenChannels {
		return none, errTooManyOpen
	}
	g := &going{key: string(key), escapes: escapes, twin: none}
	i := c.take(as, g)
	c.byKey[g.key] = i
	return i, nil
}

// add adds text to an open channel.
func (c *channels) add(i int, text []byte, p *piece) error {
	g := c.slots[i].going
	if !g.escapes {
		c.show(i, text, p)
		return nil
	}
	if g.twin == none {
		if !g.decoder.differs(text) {
			g.before = lastBytes(append(g.before, text...), c.overlap)
			c.show(i, text, p)
			return nil
		}
		as := c.slots[i].channel
		as.place += " as it came"
		twin, err := c.open(append([]byte(g.key), twinKey...), as, false)
		if err != nil {
			return err
		}
		g.twin = twin
		c.show(twin, g.before, p)
		g.before = nil
	}
	c.show(g.twin, text, p)
	start := len(c.decoded)
	c.decoded = g.decoder.decode(c.decoded, text)
	c.show(i, c.decoded[start:], p)
	return nil
}

// twinKey is added to a text's key for the same text as it came.
const twinKey = "\x00"

// lastBytes returns the last n bytes of text, and at most three more, for a whole character. It moves them to the front
// when much has gathered.
func lastBytes(text []byte, n int) []byte {
	if len(text) <= 2*n {
		return text
	}
	at := len(text) - n
	for !utf8.RuneStart(text[at]) {
		at--
	}
	return append(text[:0], text[at:]...)
}

func (c *channels) show(i int, text []byte, p *piece) {
	if len(text) > 0 {
		c.slots[i].going.shown = true
		p.fragments = append(p.fragments, fragment{i, text})
	}
}

// close ends the channels that e is for. Its key is given.
func (c *channels) close(e *ending, key []byte, p *piece) error {
	if !e.below {
		if i, ok := c.byKey[string(key)]; ok {
			c.end(i, p)
		}
		if !e.last || c.ended[string(key)] {
			return nil
		}
		if len(c.ended) >= maxOpenChannels {
			return errTooManyOpen
		}
		c.ended[string(key)] = true
		return nil
	}
	// In the order of the slots, so that the same stream gives the same pieces.
	for i := range c.slots {
		if g := c.slots[i].going; g != nil && isBelow(g.key, key) {
			c.end(i, p)
		}
	}
	for ended := range c.ended {
		if isBelow(ended, key) {
			delete(c.ended, ended)
		}
	}
	return nil
}

func isBelow(s string, key []byte) bool { return len(s) >= len(key) && s[:len(key)] == string(key) }

// end ends a channel, and the text as it came with it.
func (c *channels) end(i int, p *piece) {
	g := c.slots[i].going
	if g == nil {
		return // it has ended already, before the text that it belongs to
	}
	c.show(i, g.decoder.flush(), p)
	delete(c.byKey, g.key)
	c.slots[i].going = nil
	if g.shown {
		p.closed = append(p.closed, i)
	} else {
		c.slots[i].used = false
		c.unused = append(c.unused, i)
	}
	if g.twin != none {
		c.end(g.twin, p)
	}
}
