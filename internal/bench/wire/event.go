package wire

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// EventLength is the length of each event: they are all of one length, so that one can be found by counting.
const EventLength = 128

const (
	eventHead = "event: content_block_delta\ndata: {\"at\":"
	stampSize = 19 // nanoseconds since 1970 have so many digits
	eventTail = "}\n\n"
)

// Chunk returns an event in a chunk of its own, with room for the time at which it is sent; see [Stamp].
func Chunk() []byte {
	fill := EventLength - len(eventHead) - stampSize - len(eventTail) - len(`,"x":""`)
	event := eventHead + strings.Repeat("0", stampSize) + `,"x":"` + strings.Repeat("x", fill) + `"` + eventTail
	return fmt.Appendf(nil, "%x\r\n%s\r\n", len(event), event)
}

// Stamp writes the time into an event of [Chunk].
func Stamp(chunk []byte, at time.Time) {
	const from = len("80\r\n") + len(eventHead)
	strconv.AppendInt(chunk[from:from:from+stampSize], at.UnixNano(), 10)
}

// Stamps finds events in the pieces of a body.
type Stamps struct {
	event [EventLength]byte
	n     int
}

// Add calls f with the time of sending of each event that the piece completes.
func (s *Stamps) Add(piece []byte, f func(sent time.Time)) error {
	for len(piece) > 0 {
		n := copy(s.event[s.n:], piece)
		s.n += n
		piece = piece[n:]
		if s.n < EventLength {
			return nil
		}
		s.n = 0
		if string(s.event[:len(eventHead)]) != eventHead {
			return fmt.Errorf("wire: this is no event: %q", s.event)
		}
		nanos, err := strconv.ParseInt(string(s.event[len(eventHead):len(eventHead)+stampSize]), 10, 64)
		if err != nil {
			return fmt.Errorf("wire: an event with the time %w", err)
		}
		f(time.Unix(0, nanos))
	}
	return nil
}

// Complete says whether the last event has arrived wholly.
func (s *Stamps) Complete() bool { return s.n == 0 }
