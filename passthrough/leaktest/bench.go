package leaktest

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// bench stands in for a test where the raw kit wants one: it keeps what is to be tidied up, and what went wrong with
// the kit itself.
type bench struct {
	patience time.Duration

	mu       sync.Mutex
	cleanups []func()
	troubles []string
}

// broken is what Fatalf panics with.
type broken struct{ error }

// Helper does nothing.
func (b *bench) Helper() {}

// Patience is how long the kit waits.
func (b *bench) Patience() time.Duration { return b.patience }

// dial connects to the gateway. A short patience does not hold for it: a kernel does this part, and what a case waits
// for comes after it.
func (b *bench) dial(addr string) (net.Conn, error) {
	return net.DialTimeout("tcp", addr, max(b.patience, defaultPatience))
}

// Cleanup has f called at the end, the last one first.
func (b *bench) Cleanup(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cleanups = append(b.cleanups, f)
}

// Logf drops what the kit has to say: a peer that closes early is a result.
func (b *bench) Logf(string, ...any) {}

// Errorf keeps what went wrong.
func (b *bench) Errorf(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.troubles = append(b.troubles, fmt.Sprintf(format, args...))
}

// Fatalf ends the case.
func (b *bench) Fatalf(format string, args ...any) { panic(broken{fmt.Errorf(format, args...)}) }

func (b *bench) tidy() {
	b.mu.Lock()
	cleanups := slices.Clone(b.cleanups)
	b.cleanups = nil
	b.mu.Unlock()
	for _, f := range slices.Backward(cleanups) {
		f()
	}
}
