package passthrough_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// streams is how many are open at once.
const streams = 1000

// BenchmarkStreams has a thousand event streams pass through a whole route at once, over loopback, with guards of answers and
// without. What it reports is how long an event takes of the machine, in the client, the route and the upstream together, and how
// much memory a stream takes in all three when half of it has come. What the modes differ by is the guardrail's.
func BenchmarkStreams(b *testing.B) {
	stream := eventStream(strings.Repeat("nothing of note ", 40))
	events := strings.SplitAfter(stream, "\n\n")
	for _, mode := range []guardrail.Mode{guardrail.Block, guardrail.Hold, guardrail.Window, guardrail.Observe} {
		name := mode.String()
		if mode == guardrail.Block {
			name = "unguarded"
		}
		b.Run(name, func(b *testing.B) {
			var memory float64
			for b.Loop() {
				memory = max(memory, serveStreams(b, mode, events))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*streams*len(events)), "ns/event")
			b.ReportMetric(memory/1024, "KB/stream")
		})
	}
}

// serveStreams serves all streams once, and returns what one takes, in bytes.
func serveStreams(b *testing.B, mode guardrail.Mode, events []string) float64 {
	b.Helper()
	var halfway sync.WaitGroup
	halfway.Add(streams)
	goOn := make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		control := http.NewResponseController(w)
		for i, event := range events {
			if i == len(events)/2 {
				halfway.Done()
				<-goOn
			}
			_, _ = io.WriteString(w, event)
			_ = control.Flush()
		}
	}))
	defer up.Close()
	gateway := httptest.NewServer(streamRoute(b, up.URL, mode))
	defer gateway.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: streams}
	defer transport.CloseIdleConnections()

	before := memoryInUse()
	var clients sync.WaitGroup
	for range streams {
		clients.Go(func() {
			if err := readStream(b.Context(), transport, gateway.URL, len(strings.Join(events, ""))); err != "" {
				b.Error(err)
			}
		})
	}
	halfway.Wait()
	b.StopTimer()
	per := float64(memoryInUse()-before) / streams
	b.StartTimer()
	close(goOn)
	clients.Wait()
	return per
}

func memoryInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// readStream asks for one stream, reads it, and says what is wrong with it.
func readStream(ctx context.Context, transport http.RoundTripper, url string, size int) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/messages", strings.NewReader(`{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"a good one"}]}`))
	if err != nil {
		return err.Error()
	}
	for name, value := range map[string]string{"X-Gateway-Key": benchKey, "Authorization": "Bearer " + callerToken, "Content-Type": "application/json"} {
		req.Header.Set(name, value)
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	n, err := io.Copy(io.Discard, res.Body)
	switch {
	case err != nil:
		return err.Error()
	case res.StatusCode != http.StatusOK || n != int64(size):
		return "not the whole stream: " + res.Status
	}
	return ""
}

func streamRoute(tb testing.TB, url string, mode guardrail.Mode) http.Handler {
	tb.Helper()
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(benchKey)})
	if err != nil {
		tb.Fatal(err)
	}
	phrase, err := guardrail.Patterns("phrase", blockedPhrase)
	if err != nil {
		tb.Fatal(err)
	}
	c := guardrail.Config{Endpoints: guardrail.Anthropic(), Guards: []guardrail.Guard{words{now()}}}
	if mode != guardrail.Block {
		c.Responses = guardrail.Responses{Guards: []guardrail.Guard{phrase}, Mode: mode}
	}
	route, err := passthrough.New(passthrough.Config{
		Upstream:  passthrough.Upstream{URL: url},
		Auth:      auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys},
		Headers:   headerpolicy.Anthropic(),
		Guardrail: c,
		Errors:    passthrough.AnthropicErrors,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return route
}
