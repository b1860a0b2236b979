package guardrail

// eventQueue holds the events of a stream that may not be released yet, byte for byte. They leave in order, each when all the
// text in it has been released.
type eventQueue struct {
	bytes  []byte
	events []heldEvent
	needs  []need

	// How many of each have left. They are moved up when most have.
	bytesLeft, eventsLeft, needsLeft int
}

// heldEvent is an event in the queue.
type heldEvent struct {
	size  int // in bytes
	needs int // how many of the queue's needs are its own
}

// need is how far a text must have been released.
type need struct {
	text *streamText
	end  int64
}

// push adds an event without text.
func (q *eventQueue) push(raw []byte) {
	q.bytes = append(q.bytes, raw...)
	q.events = append(q.events, heldEvent{size: len(raw)})
}

// need makes the last event wait for a text.
func (q *eventQueue) need(t *streamText, end int64) {
	q.needs = append(q.needs, need{t, end})
	q.events[len(q.events)-1].needs++
}

// size returns how many bytes are held.
func (q *eventQueue) size() int { return len(q.bytes) - q.bytesLeft }

// ready returns the bytes of those events that may leave. They hold until the next push.
func (q *eventQueue) ready() []byte {
	start := q.bytesLeft
	for q.eventsLeft < len(q.events) {
		e := q.events[q.eventsLeft]
		for _, n := range q.needs[q.needsLeft : q.needsLeft+e.needs] {
			if n.end > n.text.released {
				return q.bytes[start:q.bytesLeft]
			}
		}
		q.eventsLeft++
		q.needsLeft += e.needs
		q.bytesLeft += e.size
	}
	return q.bytes[start:q.bytesLeft]
}

// tidy moves up what is held, so that the queue doesn't grow with what has left. What ready returned ends here.
func (q *eventQueue) tidy() {
	if q.bytesLeft == len(q.bytes) && cap(q.bytes) > maxIdleBuffer {
		q.bytes, q.bytesLeft = nil, 0
	}
	q.bytes, q.bytesLeft = movedUp(q.bytes, q.bytesLeft)
	q.events, q.eventsLeft = movedUp(q.events, q.eventsLeft)
	q.needs, q.needsLeft = movedUp(q.needs, q.needsLeft)
}

// maxIdleBuffer is how large a buffer may be, in bytes, that is kept although little or nothing is in it.
const maxIdleBuffer = 64 << 10

// movedUp returns s without its first n elements, where these are at least half of it: each element is moved once at most
// for each one that has left.
func movedUp[T any](s []T, n int) ([]T, int) {
	if n < len(s)-n {
		return s, n
	}
	rest := copy(s, s[n:])
	clear(s[rest:])
	return s[:rest], 0
}

// Sizes in memory of what stands in a queue beside the bytes.
const (
	heldEventCost = 16
	needCost      = 16
)

// memory returns how many bytes the queue takes.
func (q *eventQueue) memory() int {
	return cap(q.bytes) + heldEventCost*cap(q.events) + needCost*cap(q.needs)
}
