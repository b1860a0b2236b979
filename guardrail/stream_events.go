package guardrail

import (
	"bytes"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// What the events of an API are told apart by, and what they can say to the eventReader.

var (
	errUnknownEvent = fault("an event is of an unknown type, or lacks what its type has")
	errName         = fault("the name of an event is not its type")
	errDone         = fault("a [DONE] comes where there is none")
	errElsewhere    = fault("a piece of a text stands in an event that goes on with none")
)

// string returns the value of a string, nil of anything else.
func (r *eventReader) string(n jsonscan.Node) []byte {
	raw, escaped := r.tape.Text(n)
	if !escaped {
		return raw
	}
	start := len(r.value)
	r.value = r.tape.AppendText(r.value, n)
	return r.value[start:]
}

// eventType returns the member "type" of the event, which the name in the field event must agree with: clients go by
// the one or the other.
func (r *eventReader) eventType(name []byte, mayLackName bool) ([]byte, error) {
	member, ok := memberOf(r.tape, jsonscan.Root, "type")
	if !ok {
		return nil, errUnknownEvent
	}
	eventType := r.string(member)
	if !bytes.Equal(eventType, name) && !(mayLackName && len(name) == 0) {
		return nil, errName
	}
	return eventType, nil
}

// says reports whether the member of n with the given name is a string that is not empty.
func (r *eventReader) says(n jsonscan.Node, name string) bool {
	member, ok := memberOf(r.tape, n, name)
	if !ok {
		return false
	}
	raw, _ := r.tape.Text(member)
	return len(raw) > 0
}

// endBelow says that all texts whose keys begin with key end with the event.
func (r *eventReader) endBelow(key keySpan) { r.ends = append(r.ends, ending{key: key, below: true}) }

// endLast says that the text of key ends with the event, and that none may go on with it.
func (r *eventReader) endLast(key keySpan) { r.ends = append(r.ends, ending{key: key, last: true}) }

// finish says that the event is the terminal one: every text ends with it.
func (r *eventReader) finish() {
	r.over, r.piece.terminal = true, true
	r.ends = append(r.ends, ending{below: true})
}

// fail says that the event is an error event of the upstream's.
func (r *eventReader) fail() {
	r.failed, r.piece.failed, r.piece.terminal = true, true, true
}
