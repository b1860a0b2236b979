//go:build !race

// The race detector makes pools drop things at random.

package guardrail

import (
	"net/http"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/headersafe/headersafe/internal/jsonscan/bodies"
)

// Reading allocates nothing that grows with the document.
func TestReadAllocates(t *testing.T) {
	g := must(t, Config{Endpoints: Anthropic(), Guards: []Guard{passing{}}})
	for _, shape := range bodies.Shapes {
		body := bodies.Make(shape, 200<<10)
		allocs := testing.AllocsPerRun(50, func() {
			tape, found, d := g.read(g.rules[0], body)
			if d != nil {
				t.Fatal(d)
			}
			found.release()
			tape.Release()
		})
		if allocs > 2 {
			t.Errorf("%s: %v allocations", shape, allocs)
		}
	}
}

// A request takes memory within its body's size and 64 KiB, all texts unescaped for a guard included.
func TestMemoryPerRequest(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties the pools
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))  // and what one processor put into a pool, another may not find
	for _, size := range bodies.Sizes {
		for _, shape := range bodies.Shapes {
			runtime.GC()
			body := bodies.Make(shape, size.Bytes)
			g := must(t, Config{Endpoints: Anthropic(), Guards: []Guard{passing{WholeConversation}}, DangerouslyAllowOpaque: "a test"})
			h := g.Wrap(drain)
			_, again := benchRequest(body)
			w := &discard{header: http.Header{}}
			const rounds = 50
			for range rounds { // fills the pools
				h.ServeHTTP(w, again())
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range rounds {
				h.ServeHTTP(w, again())
			}
			runtime.ReadMemStats(&after)
			if per := (after.TotalAlloc - before.TotalAlloc) / rounds; per > uint64(len(body)+64<<10) {
				t.Errorf("%s, %s: %d bytes a request, the body has %d", shape, size.Name, per, len(body))
			}
		}
	}
}
