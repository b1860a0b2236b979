package guardrail

import "slices"

// tally sums up what the guards did in all hearings on one answer. A mutex is its owner's to hold.
type tally struct {
	records []GuardRecord
	pending []*hearing // whose observers are still at work
}

// maxPending is in how many hearings observers may lag behind. They are not asked in those that come then.
const maxPending = 16

// seats returns those of the seats that are to be asked next.
func (t *tally) seats(all []*seat) []*seat {
	t.collect()
	if len(t.pending) < maxPending {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(s *seat) bool { return s.mode == Observe })
}

// add ends a hearing, but for its observers.
func (t *tally) add(h *hearing) {
	h.end(errOver)
	t.pending = append(t.pending, h)
	t.collect()
}

// collect sums up the hearings that are over.
func (t *tally) collect() {
	t.pending = slices.DeleteFunc(t.pending, func(h *hearing) bool {
		select {
		case <-h.heard[Observe]:
			t.sum(h)
			return true
		default:
			return false
		}
	})
}

// end returns the sums. Observers that have not settled are skipped.
func (t *tally) end() []GuardRecord {
	for _, h := range t.pending {
		t.sum(h)
	}
	t.pending = nil
	return t.records
}

func (t *tally) sum(h *hearing) {
	for _, r := range h.snapshot(true) {
		i := slices.IndexFunc(t.records, func(sum GuardRecord) bool { return sum.Name == r.Name })
		if i < 0 {
			t.records = append(t.records, r)
			continue
		}
		sum := &t.records[i]
		r.Duration, r.Judged, r.Cached = r.Duration+sum.Duration, r.Judged+sum.Judged, r.Cached+sum.Cached
		if weight(r.Outcome) > weight(sum.Outcome) {
			*sum = r
			continue
		}
		sum.Duration, sum.Judged, sum.Cached = r.Duration, r.Judged, r.Cached
	}
}

// weight orders outcomes by what is worth knowing.
func weight(o Outcome) int {
	return slices.Index([]Outcome{Passed, Skipped, FailedOpen, Failed, Blocked}, o)
}
