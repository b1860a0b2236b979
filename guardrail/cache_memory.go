package guardrail

import (
	"context"
	"sync"
	"time"
)

// memory is a [Store] of bounded size. Full, it forgets what has expired or what has not been asked for since the
// hand last came by (the clock algorithm).
type memory struct {
	mu      sync.Mutex
	index   map[Key]int // of slots
	slots   []slot
	entries int
	hand    int
}

type slot struct {
	key     Key
	expires time.Time
	used    bool
}

func newMemory(entries int) *memory {
	return &memory{index: make(map[Key]int), entries: entries}
}

func (m *memory) Get(_ context.Context, keys []Key) ([]bool, error) {
	found := make([]bool, len(keys))
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, key := range keys {
		at, ok := m.index[key]
		if ok && now.Before(m.slots[at].expires) {
			m.slots[at].used = true
			found[i] = true
		}
	}
	return found, nil
}

func (m *memory) Put(_ context.Context, keys []Key, ttl time.Duration) error {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		at, ok := m.index[key]
		if !ok {
			at = m.free(now)
			m.index[key] = at
		}
		m.slots[at] = slot{key: key, expires: now.Add(ttl)}
	}
	return nil
}

// free returns a slot to put something into. It takes at most two rounds of the hand.
func (m *memory) free(now time.Time) int {
	if len(m.slots) < m.entries {
		m.slots = append(m.slots, slot{})
		return len(m.slots) - 1
	}
	for {
		at := m.hand
		m.hand = (m.hand + 1) % len(m.slots)
		s := &m.slots[at]
		if s.used && now.Before(s.expires) {
			s.used = false
			continue
		}
		delete(m.index, s.key)
		return at
	}
}
