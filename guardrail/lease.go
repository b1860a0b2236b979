package guardrail

import "sync/atomic"

// lease is a buffer with its part of the budget, and several users: what was received is read by the scanner, by the
// guards and by the HTTP client, and is given back with the last of them.
type lease struct {
	filling
	share share
	users atomic.Int32
}

// newLease returns an empty lease with one user.
func newLease(b *Budget) *lease {
	l := &lease{share: share{budget: b}}
	l.filling.share = &l.share
	l.users.Store(1)
	return l
}

func (l *lease) join() { l.users.Add(1) }

// leave ends one user's use.
func (l *lease) leave() {
	if l.users.Add(-1) == 0 {
		l.filling.free()
		l.share.end()
	}
}
