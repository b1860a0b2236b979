package leaktest

import (
	"strings"
	"sync"
	"testing"
)

// Run runs every case against the target as a subtest, named by the case and the protocol. One that leaks fails and
// says what [Result.String] says; one that does not apply is skipped with the reason.
func Run(t *testing.T, target Target) {
	t.Helper()
	a, err := newAuditor(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.bench.tidy)
	for _, v := range a.vectors {
		t.Run(v.name, func(t *testing.T) {
			for _, wire := range v.wires {
				t.Run(strings.ReplaceAll(wire, "/", " "), func(t *testing.T) {
					switch result := a.run(v, wire); result.Outcome {
					case Leaked:
						t.Error(result)
					case Skipped:
						t.Skip(result.Reason)
					}
				})
			}
		})
	}
}

// Log keeps what a logger writes to it, for [Target.Log]. The zero Log is empty. It is safe for concurrent use.
type Log struct {
	mu sync.Mutex
	b  strings.Builder
}

// Write keeps p.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns all that has been written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
