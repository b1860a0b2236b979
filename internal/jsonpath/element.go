package jsonpath

import "github.com/headersafe/headersafe/internal/jsonscan"

// element is the index selector (section 2.3.3).
func (e *evaluator) element(index int64, rest []segment, n node, out *results) bool {
	t := e.tape
	count := int64(t.Count(n))
	if index < 0 {
		index += count
	}
	if t.Type(n) != jsonscan.Array || index < 0 || index >= count {
		return true
	}
	c := n + 1
	for ; index > 0; index-- {
		if !e.spend(1) {
			return false
		}
		c = t.After(c)
	}
	return e.walk(rest, c, out)
}

// sliceRange is what a slice selector says (section 2.3.4).
type sliceRange struct {
	start, end, step int64
	hasStart, hasEnd bool
}

// bounds returns the range of indexes to look at, lower included and upper not for a positive step, the other way round for a
// negative one (section 2.3.4.2.2).
func (r sliceRange) bounds(count int64) (lower, upper int64) {
	start, end := r.start, r.end
	if !r.hasStart {
		start = 0
		if r.step < 0 {
			start = count - 1
		}
	} else if start < 0 {
		start += count
	}
	if !r.hasEnd {
		end = count
		if r.step < 0 {
			end = -1
		}
	} else if end < 0 {
		end += count
	}
	if r.step >= 0 {
		return min(max(start, 0), count), min(max(end, 0), count)
	}
	return min(max(end, -1), count-1), min(max(start, -1), count-1)
}

// elements is the slice selector. An array can be walked in one direction only, so that a slice that runs backwards
// is gathered first.
func (e *evaluator) elements(r sliceRange, rest []segment, n node, out *results) bool {
	t := e.tape
	if t.Type(n) != jsonscan.Array || r.step == 0 {
		return true
	}
	lower, upper := r.bounds(int64(t.Count(n)))
	base := len(e.later)
	c := n + 1
	for i, end := int64(0), t.After(n); c < end && i <= upper; i, c = i+1, t.After(c) {
		if !e.spend(1) {
			return false
		}
		switch {
		case r.step > 0 && i >= lower && i < upper && (i-lower)%r.step == 0:
			if !e.walk(rest, c, out) {
				return false
			}
		case r.step < 0 && i > lower && (upper-i)%r.step == 0:
			e.later = append(e.later, c)
		}
	}
	// What follows may gather, too: on top of these, and gone again when it returns.
	more := true
	for i := len(e.later) - 1; i >= base && more; i-- {
		more = e.walk(rest, e.later[i], out)
	}
	e.later = e.later[:base]
	return more
}
