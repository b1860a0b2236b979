package guardrail

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/headersafe/headersafe/internal/race"
)

// holdings is a guard that lets everything pass, and notes how much was held at most while it was asked.
type holdings struct {
	budget *Budget
	most   atomic.Int64
}

func (*holdings) Describe() Description {
	return Description{Name: "holdings", Scope: WholeConversation, Version: "1"}
}

func (g *holdings) Check(context.Context, Input) (Verdict, error) {
	g.most.Store(max(g.most.Load(), g.budget.InUse()))
	return Verdict{}, nil
}

// streamModes are the ways to treat a stream that are compared.
var streamModes = []Responses{{}, {Mode: Hold}, {Mode: Window}, {Mode: Observe}}

func nameOf(r Responses) string {
	if r.Mode == Block {
		return "unguarded"
	}
	return r.Mode.String()
}

// spoken is a stream of so many deltas of about 20 bytes, an event a part.
func spoken(deltas int) []string {
	all := make([]string, deltas)
	for i := range all {
		all[i] = "twenty bytes of text"
	}
	return eventsOf(anthropic(all))
}

// streamRig serves one stream again and again, at no cost of its own.
type streamRig struct {
	handler http.Handler
	writer  http.ResponseWriter
	guard   *holdings
}

func newStreamRig(tb testing.TB, r Responses, events []string) *streamRig {
	tb.Helper()
	budget := NewBudget(DefaultBudget)
	rig := &streamRig{guard: &holdings{budget: budget}, writer: &discard{header: http.Header{}}}
	c := Config{Endpoints: streaming(), Guards: []Guard{passing{}}, Budget: budget}
	if r.Mode != Block {
		r.Guards = []Guard{rig.guard}
		c.Responses = r
	}
	parts := make([][]byte, len(events))
	for i, e := range events {
		parts[i] = []byte(e)
	}
	rig.handler = must(tb, c).Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", typeStream)
		flusher := http.NewResponseController(w)
		for _, part := range parts {
			if _, err := w.Write(part); err != nil {
				tb.Error(err)
			}
			_ = flusher.Flush()
		}
	}))
	return rig
}

func (s *streamRig) serve() {
	r := httptest.NewRequest("POST", "/anthropic", io.NopCloser(strings.NewReader("{}")))
	r.Header["Content-Type"] = []string{typeJSON}
	clear(s.writer.Header())
	s.handler.ServeHTTP(s.writer, r)
}

// BenchmarkStreamModes is what it costs to pass a stream on, event by event, and how much of it is held at most.
func BenchmarkStreamModes(b *testing.B) {
	events := spoken(1000)
	size := len(strings.Join(events, ""))
	for _, r := range streamModes {
		b.Run(nameOf(r), func(b *testing.B) {
			rig := newStreamRig(b, r, events)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				rig.serve()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
			b.ReportMetric(float64(rig.guard.most.Load()), "held-B/stream")
		})
	}
}

// The line that a window must hold: what an event costs in allocations, the hearings' included, and how much of a stream is
// held, however long it is.
func TestWindowCosts(t *testing.T) {
	if race.Enabled {
		t.Skip("allocations cannot be counted under the race detector")
	}
	short, long := newStreamRig(t, Responses{Mode: Window}, spoken(1000)), newStreamRig(t, Responses{Mode: Window}, spoken(3000))
	few, many := testing.AllocsPerRun(20, short.serve), testing.AllocsPerRun(20, long.serve)
	if per := (many - few) / 2000; per > 0.75 {
		t.Errorf("%.2f allocations an event", per)
	}
	if a, b := short.guard.most.Load(), long.guard.most.Load(); a == 0 || b > a+a/4 || b > 64<<10 {
		t.Errorf("%d bytes are held of a stream, and %d of one three times as long", a, b)
	}
}
