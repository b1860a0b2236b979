package guardrail

import (
	"slices"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// anthropicMessageEvents are those of BetaRawMessageStreamEventUnion, a message that is built up block by block.
type anthropicMessageEvents struct {
	started bool
	blocks  int   // that have begun
	open    []int // of these
}

// anthropicEvent returns the type of an event. It is over with those that all of Anthropic's streams may have.
func (r *eventReader) anthropicEvent(name []byte) (eventType []byte, over bool, err error) {
	eventType, err = r.eventType(name, false)
	if err != nil {
		return nil, false, err
	}
	switch string(eventType) {
	case "ping":
		return eventType, true, nil
	case "error":
		r.fail()
		r.finish()
		return eventType, true, nil
	}
	return eventType, false, nil
}

// anthropicDeltas are the types of deltas.
var anthropicDeltas = map[string]bool{
	"text_delta": true, "thinking_delta": true, "signature_delta": true, "input_json_delta": true, "citations_delta": true,
	"compaction_delta": true,
}

// maxOpenBlocks is how many content blocks may be open at once. One is usual.
const maxOpenBlocks = 64

func (e *anthropicMessageEvents) read(r *eventReader, name []byte) error {
	eventType, over, err := r.anthropicEvent(name)
	if over || err != nil {
		return err
	}
	if string(eventType) == "message_start" {
		return e.start(r)
	}
	if !e.started {
		return fault("an event comes before message_start")
	}
	switch string(eventType) {
	case "content_block_start":
		return e.startBlock(r)
	case "content_block_delta":
		return e.delta(r)
	case "content_block_stop":
		return e.stopBlock(r)
	case "message_delta":
		return nil
	case "message_stop":
		r.finish()
		return nil
	}
	return errUnknownEvent
}

func (e *anthropicMessageEvents) start(r *eventReader) error {
	if e.started {
		return fault("message_start comes twice")
	}
	e.started = true
	message, ok := memberOf(r.tape, jsonscan.Root, "message")
	if !ok {
		return nil
	}
	if content, ok := memberOf(r.tape, message, "content"); ok {
		e.blocks = r.tape.Count(content) // they are there whole, and the SDKs count on behind them
	}
	return nil
}

func (e *anthropicMessageEvents) startBlock(r *eventReader) error {
	index, err := r.index(jsonscan.Root, "index")
	if err != nil {
		return err
	}
	if index != e.blocks {
		return fault("a content block begins out of order")
	}
	if len(e.open) == maxOpenBlocks {
		return errTooManyOpen
	}
	e.blocks++
	e.open = append(e.open, index)
	return e.goOn(r, "content_block", index)
}

func (e *anthropicMessageEvents) delta(r *eventReader) error {
	index, err := r.index(jsonscan.Root, "index")
	if err != nil {
		return err
	}
	if !slices.Contains(e.open, index) {
		return fault("a delta is for a content block that is not open")
	}
	if index != e.blocks-1 {
		return fault("a delta is for a content block that another one follows") // many clients join deltas as they come
	}
	delta, ok := memberOf(r.tape, jsonscan.Root, "delta")
	if !ok {
		return errUnknownEvent
	}
	if deltaType, ok := memberOf(r.tape, delta, "type"); !ok || !anthropicDeltas[string(r.string(deltaType))] {
		return fault("a delta is of an unknown type")
	}
	return e.goOn(r, "delta", index)
}

// goOn says that a member of the event goes on with the texts of a block.
func (e *anthropicMessageEvents) goOn(r *eventReader, member string, index int) error {
	n, ok := memberOf(r.tape, jsonscan.Root, member)
	if !ok || r.tape.Type(n) != jsonscan.Object {
		return errUnknownEvent
	}
	r.within(n, r.place("content", index, "", none, ""), nil)
	return nil
}

func (e *anthropicMessageEvents) stopBlock(r *eventReader) error {
	index, err := r.index(jsonscan.Root, "index")
	if err != nil {
		return err
	}
	at := slices.Index(e.open, index)
	if at < 0 {
		return fault("a content block ends that is not open")
	}
	e.open = slices.Delete(e.open, at, at+1)
	r.endBelow(r.place("content", index, ".", none, ""))
	return nil
}

func (*anthropicMessageEvents) done(*eventReader) error { return errDone }

func (*anthropicMessageEvents) refuse(code, message string) []byte {
	return anthropicError(code, message)
}

// anthropicCompletionEvents are those of Completion in a stream. The last is the one that says why it is.
type anthropicCompletionEvents struct{}

func (e *anthropicCompletionEvents) read(r *eventReader, name []byte) error {
	eventType, over, err := r.anthropicEvent(name)
	if over || err != nil {
		return err
	}
	if string(eventType) != "completion" {
		return errUnknownEvent
	}
	if text, ok := memberOf(r.tape, jsonscan.Root, "completion"); ok {
		r.within(text, r.place("completion", none, "", none, ""), nil)
	}
	if reason, ok := memberOf(r.tape, jsonscan.Root, "stop_reason"); ok && r.tape.Type(reason) != jsonscan.Null {
		r.finish()
	}
	return nil
}

func (*anthropicCompletionEvents) done(*eventReader) error { return errDone }

func (*anthropicCompletionEvents) refuse(code, message string) []byte {
	return anthropicError(code, message)
}
