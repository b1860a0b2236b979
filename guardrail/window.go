package guardrail

import (
	"slices"
	"unicode/utf8"
)

// windows are the texts of one event stream, as far as they are held. They decide what the guards are shown and how much may
// be released, by positions in the texts alone.
//
// Shown is, of each text, what has not been released. What follows once it has passed: each text is released but for
// its last overlap bytes, so that what crosses the end of what was shown is shown whole the next time. A text that has
// ended keeps them, too, until as much again has been judged of what came after it: something can be said over the seam
// between two texts. For a text that went on from event to event, what stands in one event whole doesn't count as
// coming after it, comments and pings among it: clients may not see that it stands between. Neither does what other texts
// say while the one behind it has hardly begun. At the end of the stream everything is released.
type windows struct {
	size, overlap int

	open     []*streamText // by the number of the channel; nil for none
	live     []*streamText // in the order in which they began: those that are open, or of which something is held
	spare    []*streamText
	total    int64 // bytes of text so far
	said     int64 // of these, those of texts that go on from event to event
	unjudged int64 // bytes of all texts that have not been judged
	held     int   // those that have not been released
	count    int   // of texts so far
	taken    int   // what the texts take in memory
}

// streamText is one text of a stream. Used again for another, it counts on: whoever waited for a position of the text
// before goes on finding it released.
type streamText struct {
	channel
	held     []byte // what has not been released
	began    int64  // the position of its first byte
	released int64  // the position of the first byte of held
	judged   int    // bytes of held that have been judged
	shown    int    // bytes of held that are being judged
	closed   bool
	closedAt int64 // what had come when it closed: windows.said, of a text that is whole windows.total
	awaits   bool  // a text behind it has hardly begun
}

// add appends a fragment to the text of its channel, and returns the text and the position at which the fragment ends.
func (w *windows) add(f fragment, describe func(int) channel) (*streamText, int64) {
	for f.channel >= len(w.open) {
		w.open = append(w.open, nil)
	}
	t := w.open[f.channel]
	if t == nil {
		if n := len(w.spare); n > 0 {
			t, w.spare = w.spare[n-1], w.spare[:n-1]
		} else {
			t = new(streamText)
			w.taken += streamTextCost
		}
		t.channel, t.closed, t.began = describe(f.channel), false, t.released
		w.open[f.channel] = t
		w.live = append(w.live, t)
		w.count++
	}
	w.taken -= cap(t.held)
	t.held = append(t.held, f.value...)
	w.taken += cap(t.held)
	n := len(f.value)
	w.total, w.unjudged, w.held = w.total+int64(n), w.unjudged+int64(n), w.held+n
	if !t.whole {
		w.said += int64(n)
	}
	return t, t.released + int64(len(t.held))
}

// close ends the text of a channel.
func (w *windows) close(number int) {
	if number >= len(w.open) || w.open[number] == nil {
		return
	}
	t := w.open[number]
	w.open[number], t.closed, t.closedAt = nil, true, w.said
	if t.whole {
		t.closedAt = w.total
	}
}

// due reports whether there is enough text for a hearing.
func (w *windows) due() bool { return w.unjudged >= int64(w.size) }

// show returns what the guards are to be shown, and where that stands; nothing where nothing of it is new. With final, the stream has ended.
func (w *windows) show(final bool) (texts []Text, places []string) {
	fresh, shown := false, 0
	for _, t := range w.live {
		t.shown = len(t.held)
		if !t.closed && !final {
			t.shown = max(t.judged, wordStart(t.held, len(t.held)))
		}
		fresh = fresh || t.shown > t.judged
		if t.shown > 0 {
			shown++
		}
	}
	if !fresh {
		return nil, nil
	}
	texts, places = make([]Text, 0, shown), make([]string, 0, shown)
	for _, t := range w.live {
		if t.shown > 0 {
			texts = append(texts, Text{Role: t.role, Kind: t.kind, Value: string(t.held[:t.shown])})
			places = append(places, t.place)
		}
	}
	return texts, places
}

// pass takes note that what was shown may be released as far as it may.
func (w *windows) pass(final bool) {
	w.unjudged = 0
	said := w.said
	for _, t := range w.live {
		t.judged = t.shown
		unjudged := int64(len(t.held) - t.judged)
		w.unjudged += unjudged
		if !t.whole {
			said -= unjudged
		}
	}
	w.lookBehind()
	all := w.total - w.unjudged
	live := w.live[:0]
	for _, t := range w.live {
		followed := said
		if t.whole {
			followed = all
		}
		switch {
		case final, t.closed && !t.awaits && followed-t.closedAt >= int64(w.overlap):
			w.release(t, t.judged)
		case t.judged > w.overlap:
			w.release(t, wordStart(t.held, t.judged-w.overlap))
		}
		if t.closed && len(t.held) == 0 {
			w.spare = append(w.spare, t)
		} else {
			live = append(live, t)
		}
	}
	clear(w.live[len(live):])
	w.live = live
}

// lookBehind finds out which texts have one behind them that goes on and has hardly begun: up to its end less than an
// overlap has been judged. Something can still be said over the seam.
func (w *windows) lookBehind() {
	behind := int64(w.overlap)
	for _, t := range slices.Backward(w.live) {
		t.awaits = behind < int64(w.overlap)
		said := t.released - t.began + int64(t.judged)
		switch {
		case !t.closed:
			behind = said
		case !t.whole:
			behind += said
		}
	}
}

func (w *windows) release(t *streamText, n int) {
	w.taken -= cap(t.held)
	if rest := t.held[n:]; cap(t.held) > maxIdleBuffer && len(rest) < cap(t.held)/4 {
		t.held = append([]byte(nil), rest...)
	} else {
		t.held = append(t.held[:0], rest...)
	}
	w.taken += cap(t.held)
	t.released += int64(n)
	t.judged -= n
	w.held -= n
}

// streamTextCost is what a text takes in memory beside its bytes: itself, and where it is listed.
const streamTextCost = 160

// memory returns how many bytes the texts take.
func (w *windows) memory() int { return w.taken }

// maxWord is how far before the place in question a text is cut at most so as not to cut a word.
const maxWord = 64

// wordStart returns a place at or before i at which b can be cut without cutting a character, nor a word unless it is
// long: an expression that ends with \b would take half of a word for the whole.
func wordStart(b []byte, i int) int {
	if i <= 0 || i > len(b) || !inWord(b[i-1]) || i < len(b) && !inWord(b[i]) {
		return i
	}
	for at := i - 1; at >= 0 && at >= i-maxWord; at-- {
		if at == 0 || !inWord(b[at-1]) {
			return at
		}
	}
	for i < len(b) && !utf8.RuneStart(b[i]) {
		i--
	}
	return i
}

// inWord reports whether c is a part of a word. What is no ASCII is, so that no character is cut.
func inWord(c byte) bool { return isAlphanumeric(c) || c == '_' || c >= utf8.RuneSelf }
