package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headersafe/headersafe/internal/bench/load"
)

// scenario measures one thing of each peer.
type scenario struct {
	name    string // on the command line and in the JSON
	title   string
	rounds  int  // at most; 0 for as many as were asked for
	direct  bool // the upstream is measured, too
	spread  bool // the peer has all processors
	job     load.Job
	columns []column
}

// roundsOf is how many rounds the scenario has of so many that were asked for.
func (s scenario) roundsOf(asked int) int {
	if s.rounds > 0 {
		return min(asked, s.rounds)
	}
	return asked
}

// column is a figure in a scenario's table.
type column struct {
	title   string
	key     string  // in [load.Result]
	divide  float64 // by this, if it is not 0
	ratio   bool    // to the reference
	added   bool    // to what direct has
	whole   bool    // a count, not to be rounded
	percent bool
	busy    bool // a lower bound where the peer was not busy
}

// size is how much is done.
type size struct {
	rounds          int
	warmup, window  time.Duration
	connections     int
	rate, firstRate int
	streams, events int
	every           time.Duration
	idle            []int
	bulk            int64
	truncated       int
	aborts          int
	settle          time.Duration
}

var (
	full = size{
		rounds: 8, warmup: 400 * time.Millisecond, window: 1500 * time.Millisecond, connections: 32, rate: 1000, firstRate: 500,
		streams: 100, events: 60, every: 20 * time.Millisecond, idle: []int{1000, 5000}, bulk: 1 << 30,
		truncated: 10_000, aborts: 5000, settle: 2 * time.Second,
	}
	small = size{
		rounds: 1, warmup: 100 * time.Millisecond, window: 300 * time.Millisecond, connections: 16, rate: 1000, firstRate: 500,
		streams: 50, events: 20, every: 10 * time.Millisecond, idle: []int{100, 500}, bulk: 64 << 20,
		truncated: 1000, aborts: 300, settle: 500 * time.Millisecond,
	}
)

// threads is how many requests an open loop can have under way: at 1,000/s each of them may take 64 ms.
const threads = 64

// of returns the scenarios of this size, in the order in which they run.
func (z size) scenarios() []scenario {
	const memoryRounds = 3
	body := func(bytes int) load.Job {
		return load.Job{Kind: "saturate", Body: bytes, Connections: z.connections, Warmup: z.warmup, Duration: z.window}
	}
	throughput := []column{
		{title: "req/s on one core", key: "rps", ratio: true, busy: true},
		{title: "core busy", key: "busy", percent: true},
		{title: "CPU µs/req", key: "cpu", ratio: true},
		{title: "allocs/req", key: "allocs", ratio: true},
		{title: "B/req", key: "bytes", ratio: true},
	}
	return []scenario{
		{
			name: "4k", title: fmt.Sprintf("Throughput: %d connections, requests of 4 KiB, answers of 1 KiB", z.connections),
			direct: true, job: body(4 << 10), columns: throughput,
		},
		{
			name: "64k", title: fmt.Sprintf("Throughput: %d connections, requests of 64 KiB, answers of 1 KiB", z.connections),
			direct: true, job: body(64 << 10), columns: throughput,
		},
		{
			name: "latency", title: fmt.Sprintf("Latency: %d requests of 4 KiB a second, sent when they are due", z.rate), direct: true,
			job: load.Job{Kind: "rate", Body: 4 << 10, Connections: threads, Rate: z.rate, Warmup: z.warmup, Duration: z.window},
			columns: []column{
				{title: "p50 µs", key: "p50"},
				{title: "p99 µs", key: "p99"},
				{title: "added p50 µs", key: "p50", added: true, ratio: true},
				{title: "added p99 µs", key: "p99", added: true, ratio: true},
				{title: "CPU µs/req", key: "cpu", ratio: true},
			},
		},
		{
			name: "first", title: fmt.Sprintf("First event: %d streams a second, until the first event is there", z.firstRate), direct: true,
			job: load.Job{Kind: "first", Body: 4 << 10, Connections: threads, Rate: z.firstRate, Events: 2, Warmup: z.warmup, Duration: z.window},
			columns: []column{
				{title: "p50 µs", key: "p50", ratio: true},
				{title: "p99 µs", key: "p99", ratio: true},
				{title: "added p50 µs", key: "p50", added: true, ratio: true},
				{title: "added p99 µs", key: "p99", added: true, ratio: true},
			},
		},
		{
			name: "events", title: fmt.Sprintf("Events: %d streams, one event of 128 bytes every %v on each", z.streams, z.every), direct: true,
			job: load.Job{Kind: "events", Body: 4 << 10, Connections: z.streams, Events: z.events, Every: z.every},
			columns: []column{
				{title: "CPU µs/event", key: "cpu", ratio: true},
				{title: "delay p50 µs", key: "p50"},
				{title: "delay p99 µs", key: "p99"},
				{title: "added p50 µs", key: "p50", added: true, ratio: true},
				{title: "added p99 µs", key: "p99", added: true, ratio: true},
			},
		},
		{
			name: "idle", title: "Idle streams: memory for each that has begun and is silent; in use is heap and stacks after garbage collection", rounds: memoryRounds,
			job:     load.Job{Kind: "idle", Body: 4 << 10, Counts: z.idle, Settle: z.settle / 2},
			columns: slices.Concat(perStream("in use KB, %s", "inuse-%d", z.idle), perStream("resident KB, %s", "rss-%d", z.idle)),
		},
		{
			name: "bulk", title: fmt.Sprintf("Bulk: %d MiB each way; memory is what was resident at the peak beyond before", z.bulk>>20), rounds: memoryRounds, direct: true,
			job: load.Job{Kind: "bulk", Body: 4 << 10, Bytes: z.bulk},
			columns: []column{
				{title: "upload MB/s", key: "up-rate", ratio: true},
				{title: "memory MiB", key: "up-rss", divide: 1 << 20},
				{title: "download MB/s", key: "down-rate", ratio: true},
				{title: "memory MiB", key: "down-rss", divide: 1 << 20},
			},
		},
		{
			name: "truncated", title: fmt.Sprintf("Truncated: of %s streams, with an upstream that answers at once; here the peer has all processors", thousands(float64(z.truncated))), rounds: 1, spread: true,
			job:     load.Job{Kind: "truncated", Body: 4 << 10, Connections: 8, Counts: []int{z.truncated}, Events: 4, Every: time.Millisecond},
			columns: []column{{title: "truncated", key: "truncated", whole: true}},
		},
		{
			name: "aborts", title: fmt.Sprintf("Aborts: %v after %s clients left their streams at once", z.settle, thousands(float64(z.aborts))), rounds: 1,
			job:     load.Job{Kind: "aborts", Body: 4 << 10, Counts: []int{z.aborts}, Settle: z.settle},
			columns: []column{{title: "goroutines left", key: "goroutines", whole: true}},
		},
	}
}

func perStream(title, key string, counts []int) []column {
	var columns []column
	for _, n := range counts {
		columns = append(columns, column{title: fmt.Sprintf(title, thousands(float64(n))), key: fmt.Sprintf(key, n), divide: 1 << 10, ratio: true})
	}
	return columns
}

func scenarioNames() []string {
	var names []string
	for _, s := range full.scenarios() {
		names = append(names, s.name)
	}
	return names
}

// chooseScenarios returns those whose names are given, all if none is.
func chooseScenarios(names string, z size) ([]scenario, error) {
	all := z.scenarios()
	if names == "" {
		return all, nil
	}
	var chosen []scenario
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(s scenario) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no scenario %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
