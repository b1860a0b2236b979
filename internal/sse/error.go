package sse

import "fmt"

// Error is the refusal of a stream.
type Error struct {
	// Offset is where the fault lies, in bytes from the start of the stream: the first byte of a line that is not
	// UTF-8, and of an event that is not complete; the byte that is one too many.
	Offset int64
	Kind   Kind
}

// Error never quotes the stream: what is refused may be secret or hostile, and errors end up in logs.
func (e *Error) Error() string {
	return fmt.Sprintf("event stream refused at offset %d: %s", e.Offset, e.Kind)
}

// Kind is a reason for refusal.
type Kind uint8

// The kinds of refusal. The zero Kind is none of them.
const (
	_              Kind = iota
	KindUTF8            // a line is not UTF-8
	KindLine            // a line is longer than Limits.MaxLine
	KindEvent           // an event is longer than Limits.MaxEvent
	KindUnfinished      // the stream ends inside an event
	kindEnd
)

var kindNames = [kindEnd]string{
	KindUTF8:       "invalid UTF-8",
	KindLine:       "line too long",
	KindEvent:      "event too long",
	KindUnfinished: "ended inside an event",
}

// String returns the kind in plain words, for errors and logs.
func (k Kind) String() string {
	if k < kindEnd && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}
