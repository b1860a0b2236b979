package guardrail

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/headersafe/headersafe/internal/jsonscan"
	"github.com/headersafe/headersafe/internal/sse"
)

// events is the order of one API's events: what is peculiar to it. It is told of each event whose data are JSON, and
// says to the eventReader what the event is for: which values in it go on with which texts, and what ends.
type events interface {
	// read reads the event's type and place. name is the value of the field event.
	read(r *eventReader, name []byte) error
	// done is called for data that are "[DONE]".
	done(r *eventReader) error
	// refuse is that of streamReader.
	refuse(code, message string) []byte
}

// eventReader is the streamReader of every API: it finds the texts of an event, and knows to which channel they belong.
type eventReader struct {
	table    *eventTable
	events   events
	channels channels

	tape  *jsonscan.Tape // of the event at hand
	piece piece
	bases []base
	ends  []ending
	keys  []byte // where bases and ends have their keys
	key   []byte // the key being made up
	value []byte // unescaped texts

	indexed struct { // the element that was last asked for its index: strings below one come in a row
		element jsonscan.Node
		index   int
	}

	over   bool // the terminal event has come
	failed bool // an error event has come
}

// base is a value that an event is for. What stands in it goes on with the texts of other events for the same thing.
type base struct {
	node jsonscan.Node
	end  jsonscan.Node // the node after it
	key  keySpan
	as   *wording // what the text is; nil to go by the table
	over bool     // no text may go on here
}

// wording is what a text is.
type wording struct {
	kind    Kind
	escapes bool // it is a piece of a JSON text
}

// ending is what an event ends: the channel of a key, or all those whose keys begin like that.
type ending struct {
	key   keySpan
	below bool
	last  bool // nothing may go on with the text
}

type keySpan struct{ start, end int }

func newEventReader(t *eventTable, e events, overlap int) *eventReader {
	return &eventReader{table: t, events: e, channels: newChannels(overlap)}
}

func (r *eventReader) channel(i int) channel { return r.channels.slots[i].channel }

func (r *eventReader) refuse(code, message string) []byte { return r.events.refuse(code, message) }

// A fault is why a stream cannot be read on.
type fault string

func (f fault) Error() string { return string(f) }

func (r *eventReader) end() error {
	if r.over || r.failed {
		return nil
	}
	return fault("the stream ended before its terminal event")
}

func (r *eventReader) event(ev sse.Event) (piece, error) {
	r.begin()
	if ev.Quirks != 0 {
		return piece{}, fault("clients take it differently: " + ev.Quirks.String())
	}
	if said := bytes.TrimSpace(ev.Aside); !looksLikeIdentifier(said) {
		r.whole(ev.Aside, channel{kind: Other, role: modelRole, place: "aside"})
	}
	if !ev.Dispatched {
		return r.piece, nil
	}
	r.piece.dispatched = true
	if err := r.read(ev); err != nil {
		return piece{}, err
	}
	for i := range r.ends {
		e := &r.ends[i]
		if err := r.channels.close(e, r.keys[e.key.start:e.key.end], &r.piece); err != nil {
			return piece{}, err
		}
	}
	return r.piece, nil
}

// begin makes room for an event.
func (r *eventReader) begin() {
	r.channels.free(r.piece.closed)
	if cap(r.piece.fragments) > maxKept || cap(r.piece.closed) > maxKept {
		r.piece = piece{}
	}
	if cap(r.value) > maxKeptText {
		r.value = nil
	}
	r.piece = piece{fragments: r.piece.fragments[:0], closed: r.piece.closed[:0]}
	r.bases, r.ends, r.keys, r.value = r.bases[:0], r.ends[:0], r.keys[:0], r.value[:0]
	r.indexed.element = jsonscan.Root // no element
}

func (r *eventReader) read(ev sse.Event) error {
	if string(ev.Data) == "[DONE]" && len(ev.Name) == 0 {
		return r.events.done(r)
	}
	if r.over {
		return fault("an event follows the terminal one")
	}
	if err := oneReading(ev); err != nil {
		return err
	}
	tape, err := jsonscan.Scan(ev.Data, jsonscan.Limits{}, r.table.rule.scanned)
	if err != nil {
		return fmt.Errorf("the data of an event: %w", err)
	}
	r.tape = tape
	defer func() {
		r.tape = nil
		tape.Release()
	}()
	if tape.Type(jsonscan.Root) != jsonscan.Object {
		return fault("the data of an event are no JSON object")
	}
	if err := r.events.read(r, ev.Name); err != nil {
		return err
	}
	return r.texts()
}

// oneReading refuses data of several lines of which one is a JSON text by itself: there are clients that take each line
// for an event, and pass over those that they can't parse.
func oneReading(ev sse.Event) error {
	if ev.DataLines == 1 {
		return nil
	}
	lines := 0
	alone := false
	for line := range bytes.SplitSeq(ev.Data, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		lines++
		if tape, err := jsonscan.Scan(line, jsonscan.Limits{}, nil); err == nil {
			tape.Release()
			alone = true
		}
	}
	if lines > 1 && alone {
		return fault("clients take it differently: a line of the data is JSON by itself")
	}
	return nil
}

// texts reads the strings of the event.
func (r *eventReader) texts() error {
	rule := r.table.rule
	found, denial := rule.find(r.tape)
	if denial != nil {
		return fault("the data of an event have a name that could be taken for another one")
	}
	defer found.release()
	if len(r.bases) > 1 {
		slices.SortFunc(r.bases, func(a, b base) int { return int(a.node) - int(b.node) })
	}
	bases, joined := r.bases, false
	for _, it := range found.items {
		if len(r.piece.closed) > maxEventTexts {
			return errTooManyTexts
		}
		for len(bases) > 0 && bases[0].end <= it.node {
			bases = bases[1:]
		}
		goesOn := it.selector >= 0 && int(it.selector) < r.table.extends
		switch in := len(bases) > 0 && bases[0].node <= it.node; {
		case it.name:
			r.whole(r.text(it), channel{kind: Name, role: r.role(it), place: "the name of a member"})
		case in && (goesOn || it.selector < 0 || bases[0].as != nil):
			if err := r.goOn(&bases[0], it); err != nil {
				return err
			}
		case goesOn && !r.table.repeats:
			return errElsewhere
		case goesOn:
			// Pieces of a text that is all in this event: the tokens of a text that is repeated.
			joined = true
			r.key = append(append(r.key[:0], eventOnly...), rule.text[it.selector].Path...)
			if err := r.say(it, r.table.wordings[it.selector]); err != nil {
				return err
			}
		default:
			r.whole(r.text(it), r.describe(it))
			if it.selector >= 0 && r.table.wordings[it.selector].escapes {
				r.wholeUnescaped(it)
			}
		}
	}
	for _, n := range found.opaque {
		if len(r.piece.opaque) < maxPaths {
			r.piece.opaque = append(r.piece.opaque, normalizedPath(r.tape, n, rule))
		}
	}
	if joined {
		start := len(r.keys)
		r.keys = append(r.keys, eventOnly...)
		r.ends = append(r.ends, ending{key: keySpan{start, len(r.keys)}, below: true})
	}
	return nil
}
