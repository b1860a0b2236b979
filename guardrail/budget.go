package guardrail

import "sync/atomic"

// Budget bounds how many bytes of bodies are held in memory at one time, over all requests and all guardrails that
// share it: the bodies as they came, what was decoded of them, their index, and the texts that guards are shown. A
// request that would exceed it is refused, 503 with Retry-After. It is safe for concurrent use. The zero Budget has
// nothing to give.
type Budget struct {
	limit int64
	used  atomic.Int64
}

// DefaultBudget is the limit in bytes of the Budget that guardrails share that are given none: 512 MiB.
const DefaultBudget = 512 << 20

var sharedBudget = NewBudget(DefaultBudget)

// NewBudget returns a Budget of so many bytes.
func NewBudget(bytes int64) *Budget { return &Budget{limit: bytes} }

// InUse returns how many bytes are held at the moment.
func (b *Budget) InUse() int64 { return b.used.Load() }

// take reserves n bytes, or nothing.
func (b *Budget) take(n int64) bool {
	if b.used.Add(n) > b.limit {
		b.used.Add(-n)
		return false
	}
	return true
}

func (b *Budget) give(n int64) { b.used.Add(-n) }

// share is what one request has taken of a Budget.
type share struct {
	budget *Budget
	taken  int64
}

func (s *share) take(n int64) bool {
	if !s.budget.take(n) {
		return false
	}
	s.taken += n
	return true
}

func (s *share) give(n int64) {
	s.budget.give(n)
	s.taken -= n
}

// end gives everything back.
func (s *share) end() {
	s.budget.give(s.taken)
	s.taken = 0
}
