package passthrough_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// streams is how many are open at once.
const streams = 1000

// benchEvents are the events of a stream that says 4 KiB, which is four windows.
func benchEvents(size int) []string {
	events := strings.SplitAfter(eventStreamBy(size, strings.Repeat("nothing of note ", 256)), "\n\n")
	return events[:len(events)-1] // what is after the last blank line is nothing
}

// eachMode runs a benchmark without guards of answers, and with them in each mode.
func eachMode(b *testing.B, f func(b *testing.B, mode guardrail.Mode)) {
	for _, mode := range []guardrail.Mode{guardrail.Block, guardrail.Hold, guardrail.Window, guardrail.Observe} {
		name := mode.String()
		if mode == guardrail.Block {
			name = "unguarded"
		}
		b.Run(name, func(b *testing.B) { f(b, mode) })
	}
}

// BenchmarkStreams has a thousand event streams pass through a whole route at once, over loopback, with guards of answers and
// without, as fast as it goes. What it reports is how long an event takes of the machine, in the client, the route and the upstream
// together, and how much memory a stream takes in all three when half of it has come. What the modes differ by is the guardrail's.
func BenchmarkStreams(b *testing.B) {
	events := benchEvents(20)
	eachMode(b, func(b *testing.B, mode guardrail.Mode) {
		var memory float64
		for b.Loop() {
			memory = max(memory, serveStreams(b, mode, events))
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*streams*len(events)), "ns/event")
		b.ReportMetric(memory/1024, "KB/stream")
	})
}

// serveStreams serves all streams once, and returns what one takes, in bytes.
func serveStreams(b *testing.B, mode guardrail.Mode, events []string) float64 {
	b.Helper()
	var halfway sync.WaitGroup
	halfway.Add(streams)
	goOn := make(chan struct{})
	read := openStreams(b, mode, func(_ int, send func(string)) {
		for i, event := range events {
			if i == len(events)/2 {
				halfway.Done()
				<-goOn
			}
			send(event)
		}
	})
	before := memoryInUse()
	var clients sync.WaitGroup
	for n := range streams {
		clients.Go(func() { read(n, len(strings.Join(events, "")), func(int) {}) })
	}
	halfway.Wait()
	b.StopTimer()
	per := float64(memoryInUse()-before) / streams
	b.StartTimer()
	close(goOn)
	clients.Wait()
	return per
}

// BenchmarkStreamDelay is how long an event takes from the upstream to the client, through a whole route, over loopback,
// while a thousand streams have an event each quarter of a second. In modes that hold events back, that is in it.
func BenchmarkStreamDelay(b *testing.B) {
	events := benchEvents(100)
	eachMode(b, func(b *testing.B, mode guardrail.Mode) {
		var delays []time.Duration
		for b.Loop() {
			delays = append(delays, delaysOf(b, mode, events)...)
		}
		slices.Sort(delays)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(delays[len(delays)/2].Seconds()*1000, "p50-ms")
		b.ReportMetric(delays[len(delays)*99/100].Seconds()*1000, "p99-ms")
	})
}

// pace is how often a stream has an event. The first warmUp of each don't count: a thousand connections are made meanwhile.
const (
	pace   = time.Second / 4
	warmUp = 16
)

func delaysOf(b *testing.B, mode guardrail.Mode, events []string) []time.Duration {
	b.Helper()
	begun := time.Now()
	sent, delays := make([]atomic.Int64, streams*len(events)), make([]time.Duration, streams*len(events))
	read := openStreams(b, mode, func(n int, send func(string)) {
		first := time.Duration(n) * pace / streams // so that they take turns
		<-time.After(first)
		ticker := time.NewTicker(pace)
		defer ticker.Stop()
		for i, event := range events {
			sent[n*len(events)+i].Store(int64(time.Since(begun)))
			send(event)
			<-ticker.C
		}
	})
	size := len(strings.Join(events, ""))
	var clients sync.WaitGroup
	for n := range streams {
		clients.Go(func() {
			i, end := 0, len(events[0])
			read(n, size, func(have int) {
				for now := int64(time.Since(begun)); i < len(events) && have >= end; i++ {
					at := n*len(events) + i
					delays[at] = time.Duration(now - sent[at].Load())
					if i+1 < len(events) {
						end += len(events[i+1])
					}
				}
			})
		})
	}
	clients.Wait()
	var settled []time.Duration
	for n := range streams {
		settled = append(settled, delays[n*len(events)+warmUp:(n+1)*len(events)]...)
	}
	return settled
}

// openStreams begins an upstream, which serves the stream of a number, and a route before it. read reads a stream of so many bytes,
// and tells how many have come.
func openStreams(b *testing.B, mode guardrail.Mode, serve func(n int, send func(string))) (read func(n, size int, have func(int))) {
	b.Helper()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Number int `json:"max_tokens"`
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			b.Error(err)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		control := http.NewResponseController(w)
		serve(asked.Number, func(event string) {
			_, _ = io.WriteString(w, event)
			_ = control.Flush()
		})
	}))
	gateway := httptest.NewServer(streamRoute(b, up.URL, mode))
	transport := &http.Transport{MaxIdleConnsPerHost: streams}
	b.Cleanup(func() {
		transport.CloseIdleConnections()
		gateway.Close()
		up.Close()
	})
	return func(n, size int, have func(int)) {
		if err := readStream(b.Context(), transport, gateway.URL, n, size, have); err != "" {
			b.Error(err)
		}
	}
}

func memoryInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// readStream asks for the stream of a number, reads it, and says what is wrong with it.
func readStream(ctx context.Context, transport http.RoundTripper, url string, number, size int, have func(int)) string {
	body := fmt.Sprintf(`{"model":"claude","max_tokens":%d,"messages":[{"role":"user","content":"a good one"}]}`, number)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/messages", strings.NewReader(body))
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
	part := make([]byte, 4096)
	got := 0
	for err == nil {
		var n int
		n, err = res.Body.Read(part)
		got += n
		have(got)
	}
	switch {
	case !errors.Is(err, io.EOF):
		return err.Error()
	case res.StatusCode != http.StatusOK || got != size:
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
		c.Responses = guardrail.Responses{Guards: []guardrail.Guard{phrase}, Mode: mode, KeepAlive: -1}
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
