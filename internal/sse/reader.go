package sse

import "bytes"

// DefaultMax is the default of both [Limits], in bytes.
const DefaultMax = 8 << 20

// maxKept is how large a buffer may be, in bytes, to be kept from one event to the next.
const maxKept = 64 << 10

// Limits bound what a stream may cost. A field that is zero or negative stands for its default.
type Limits struct {
	MaxLine  int // bytes of a line, without its end; [DefaultMax] by default
	MaxEvent int // bytes of an event with all of its lines and their ends; [DefaultMax] by default
}

// Reader reads one stream. It is not safe for concurrent use.
type Reader struct {
	limits Limits
	err    error

	buf     []byte // what an earlier call left of the piece under way
	from    int    // where in this call's bytes the piece goes on
	offset  int64  // where in the stream the piece begins
	line    int    // where in the piece the line under way begins
	started bool   // the stream's first line is over
	cr      bool   // the last byte was a CR: an LF belongs to it

	piece piece
}

// NewReader returns a reader at the start of a stream.
func NewReader(l Limits) *Reader {
	if l.MaxLine <= 0 {
		l.MaxLine = DefaultMax
	}
	if l.MaxEvent <= 0 {
		l.MaxEvent = DefaultMax
	}
	return &Reader{limits: l}
}

// Feed reads on with p, which may begin and end anywhere, and calls visit with each piece that is complete. It
// neither changes nor keeps p. The error is an [*Error], or what visit returned; either ends the reading, and every
// later call returns it again.
func (r *Reader) Feed(p []byte, visit func(Event) error) error {
	if r.err != nil {
		return r.err
	}
	r.from = 0
	ends := lineEnds{lf: -1, cr: -1}
	for at := 0; at < len(p); {
		if r.cr {
			r.cr = false
			if p[at] == '\n' {
				at++
				r.err = r.restOfCRLF(p[:at], visit)
				if r.err != nil {
					return r.err
				}
				continue
			}
			r.piece.quirks |= LoneCR
		}
		end := ends.next(p, at)
		if end == len(p) {
			break
		}
		at, r.cr = end+1, p[end] == '\r'
		if r.err = r.endOfLine(p[:at], visit); r.err != nil {
			return r.err
		}
	}
	r.buf = append(r.buf, p[r.from:]...)
	if over := r.tooLong(len(r.buf), len(r.buf)); over != nil {
		r.err = over
	}
	return r.err
}

// Rest returns what came after the last piece: a piece that is not complete. It holds until the next call of Feed, and says
// nothing once the reading has ended with an error.
func (r *Reader) Rest() []byte { return r.buf }

// Close says that the stream has ended. The error is that of Feed, or an [*Error] of [KindUnfinished] if there is a Rest.
func (r *Reader) Close() error {
	if r.err == nil && len(r.buf) > 0 {
		r.err = &Error{Offset: r.offset, Kind: KindUnfinished}
	}
	return r.err
}

// restOfCRLF is called behind an LF that a CR stands before. p ends with it.
func (r *Reader) restOfCRLF(p []byte, visit func(Event) error) error {
	length := len(r.buf) + len(p) - r.from
	if length > 1 {
		r.line = length // it is in the middle of a piece
		return nil
	}
	r.from, r.offset = len(p), r.offset+1
	return visit(Event{Raw: p[len(p)-1:]})
}

// endOfLine is called behind an LF or CR. p ends with it.
func (r *Reader) endOfLine(p []byte, visit func(Event) error) error {
	raw := p[r.from:]
	if len(r.buf) > 0 {
		r.buf = append(r.buf, raw...)
		r.from, raw = len(p), r.buf
	}
	end := len(raw) - 1
	if over := r.tooLong(end, len(raw)); over != nil {
		return over
	}
	complete, ok := r.piece.add(raw, r.line, end, !r.started)
	r.started = true
	if !ok {
		return &Error{Offset: r.offset + int64(r.line), Kind: KindUTF8}
	}
	if r.line = len(raw); !complete {
		return nil
	}
	err := visit(r.piece.event(raw))
	r.piece.reset()
	r.from, r.offset, r.line = len(p), r.offset+int64(len(raw)), 0
	if r.buf = r.buf[:0]; cap(r.buf) > maxKept {
		r.buf = nil
	}
	return err
}

// tooLong reports the first of the two bounds that is passed where the line under way ends at end, and the piece at length.
func (r *Reader) tooLong(end, length int) error {
	switch lineOver := end-r.line > r.limits.MaxLine; {
	case lineOver && r.line+r.limits.MaxLine <= r.limits.MaxEvent:
		return &Error{Offset: r.offset + int64(r.line) + int64(r.limits.MaxLine), Kind: KindLine}
	case length > r.limits.MaxEvent:
		return &Error{Offset: r.offset + int64(r.limits.MaxEvent), Kind: KindEvent}
	}
	return nil
}

// lineEnds is where the next LF and CR are. A stream has one of the two only, as a rule: each is looked for once.
type lineEnds struct{ lf, cr int }

// next returns the index of the first LF or CR of p from at on, len(p) if there is none.
func (e *lineEnds) next(p []byte, at int) int {
	if e.lf < at {
		e.lf = indexOr(p, at, '\n')
	}
	if e.cr < at {
		e.cr = indexOr(p, at, '\r')
	}
	return min(e.lf, e.cr)
}

func indexOr(p []byte, at int, c byte) int {
	if i := bytes.IndexByte(p[at:], c); i >= 0 {
		return at + i
	}
	return len(p)
}
