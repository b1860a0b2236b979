package guardrail

import (
	"iter"
	"sync"
	"unicode/utf8"
)

// run is a number of texts, by index, that are read one after the other.
type run struct {
	texts []int
	again bool // each of the texts has been in a run before
}

// runs yields the neighbours among the texts: each stretch of texts of one role, a single text too; and where such a
// stretch mixes kinds, those of each kind for itself, so that a word put between two blocks does not part them.
func runs(texts []Text) iter.Seq[run] {
	return func(yield func(run) bool) {
		var stretch, same []int
		for from := 0; from < len(texts); from += len(stretch) {
			var kinds [256]int
			stretch = stretch[:0]
			for i := from; i < len(texts) && texts[i].Role == texts[from].Role; i++ {
				stretch = append(stretch, i)
				kinds[texts[i].Kind]++
			}
			if !yield(run{texts: stretch}) {
				return
			}
			for kind, count := range kinds {
				if count < 2 || count == len(stretch) {
					continue
				}
				same = same[:0]
				for _, i := range stretch {
					if texts[i].Kind == Kind(kind) {
						same = append(same, i)
					}
				}
				if !yield(run{texts: same, again: true}) {
					return
				}
			}
		}
	}
}

// maxPooledBuffer is the size above which a buffer is left to the collector.
const maxPooledBuffer = 1 << 20

var buffers sync.Pool

func newBuffer() *buffer {
	if b, ok := buffers.Get().(*buffer); ok {
		return b
	}
	return new(buffer)
}

// buffer holds a view of one text, or of several that are joined.
type buffer struct {
	bytes []byte
	ends  []int  // of the joined texts, without the joint that follows
	bare  []byte // the joined texts without seams, for factors
}

func (b *buffer) release() {
	if cap(b.bytes) <= maxPooledBuffer && cap(b.bare) <= maxPooledBuffer && cap(b.ends) <= maxPooledBuffer/8 {
		buffers.Put(b)
	}
}

// view returns a text read the way v says; valid until the next call.
func (b *buffer) view(s string, v view) []byte {
	b.bytes = appendView(b.bytes[:0], s, v)
	return b.bytes
}

// join fills the buffer with the given texts.
func (b *buffer) join(texts []Text, indexes []int, v view) {
	b.bytes, b.ends, b.bare = b.bytes[:0], b.ends[:0], b.bare[:0]
	for n, i := range indexes {
		if n > 0 {
			b.bytes = append(b.bytes, joint...)
		}
		start := len(b.bytes)
		b.bytes = appendView(b.bytes, texts[i].Value, v)
		b.ends = append(b.ends, len(b.bytes))
		b.bare = appendBare(b.bare, b.bytes[start:])
	}
}

// within looks for an expression in each of the joined texts.
func (b *buffer) within(e *expression) (n int, found bool) {
	for n, end := range b.ends {
		if e.within.Match(b.bytes[b.startOf(n):end]) {
			return n, true
		}
	}
	return 0, false
}

// across looks for an expression over the seams of the joined texts. An expression of bounded reach can match over a seam only
// near it: what is further away has been searched text by text.
func (b *buffer) across(e *expression) (from, to int, found bool) {
	if e.reach == 0 {
		return match(e, b.bytes, 0)
	}
	for n := 0; n+1 < len(b.ends); n++ {
		start := max(b.startOf(n), b.ends[n]-e.reach)
		for n+2 < len(b.ends) && b.ends[n+1]-b.startOf(n+1) <= e.reach {
			n++ // a match may hold this seam and the next one
		}
		end := min(b.startOf(n+1)+e.reach, b.ends[n+1])
		for start > 0 && start < len(b.bytes) && !utf8.RuneStart(b.bytes[start]) {
			start--
		}
		for end < len(b.bytes) && !utf8.RuneStart(b.bytes[end]) {
			end++
		}
		if from, to, found = match(e, b.bytes[start:end], start); found {
			return from, to, true
		}
	}
	return 0, 0, false
}

func match(e *expression, text []byte, offset int) (from, to int, found bool) {
	loc := e.across.FindIndex(text)
	if loc == nil {
		return 0, 0, false
	}
	return offset + loc[0], offset + loc[1], true
}

// startOf returns where the n-th of the joined texts begins.
func (b *buffer) startOf(n int) int {
	if n == 0 {
		return 0
	}
	return b.ends[n-1] + len(joint)
}

// between returns which of the joined texts, given by their indexes, the span from:to holds characters of.
func (b *buffer) between(indexes []int, from, to int) []int {
	var touched []int
	for n, i := range indexes {
		if start := b.startOf(n); start < b.ends[n] && start < to && from < b.ends[n] {
			touched = append(touched, i)
		}
	}
	return touched
}
