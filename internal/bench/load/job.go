// Package load is the client of all peers: it measures one thing of one peer in one round, and says what it found.
//
// It checks every answer's status and length, so that a peer that fails is seen to fail, not to be fast.
package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headersafe/headersafe/internal/bench/proc"
)

// Job is what to measure, and of whom. A kind reads the fields that it needs; see there.
type Job struct {
	Kind string `json:"kind"` // one of [Kinds]

	Address string `json:"address"` // of the peer
	Prefix  string `json:"prefix"`  // what the peer wants before the path
	PID     int    `json:"pid"`     // of the peer; 0 for the upstream itself, which is not measured
	Debug   string `json:"debug"`   // address of the peer's debug endpoint, if it is a Go program and has one

	Profile string `json:"profile"` // where profiles go, less their endings, or empty

	Body        int           `json:"body"`        // bytes of each request's body
	Connections int           `json:"connections"` // how many requests there are at once
	Rate        int           `json:"rate"`        // requests a second
	Warmup      time.Duration `json:"warmup"`
	Duration    time.Duration `json:"duration"`
	Counts      []int         `json:"counts"` // of streams
	Events      int           `json:"events"` // of each stream
	Every       time.Duration `json:"every"`  // between two events of a stream
	Bytes       int64         `json:"bytes"`  // of a bulk transfer
	Settle      time.Duration `json:"settle"` // before what is left is counted
}

// Result is what a job found.
type Result struct {
	Values    map[string]float64 `json:"values"`    // by the names that the kinds tell of; those that cannot be had are missing
	Exchanges int64              `json:"exchanges"` // begun, while it was measured
	Failed    int64              `json:"failed"`    // of them
	Failure   string             `json:"failure"`   // the first
}

// Kinds are the measurements.
var Kinds = map[string]func(context.Context, *Job) (*Result, error){
	"check":     check,
	"saturate":  saturate,
	"rate":      rate,
	"first":     firstEvent,
	"events":    events,
	"idle":      idle,
	"bulk":      bulk,
	"truncated": truncated,
	"aborts":    aborts,
}

// Run does a job.
func Run(ctx context.Context, job *Job) (*Result, error) {
	kind, ok := Kinds[job.Kind]
	if !ok {
		return nil, fmt.Errorf("load: no kind %q", job.Kind)
	}
	return kind(ctx, job)
}

// tally counts exchanges, from many goroutines.
type tally struct {
	begun  atomic.Int64
	failed atomic.Int64
	mu     sync.Mutex
	first  error
}

// end counts an exchange and how it ended.
func (t *tally) end(err error) {
	t.begun.Add(1)
	if err == nil {
		return
	}
	if t.failed.Add(1) == 1 {
		t.mu.Lock()
		t.first = err
		t.mu.Unlock()
	}
}

// hopeless says whether there is no use in going on.
func (t *tally) hopeless() bool { return t.failed.Load() >= 1000 }

func (t *tally) result(values map[string]float64) *Result {
	r := &Result{Values: values, Exchanges: t.begun.Load(), Failed: t.failed.Load()}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first != nil {
		r.Failure = t.first.Error()
	}
	return r
}

// cpu returns the processor time that the peer has used, 0 for the upstream itself.
func (j *Job) cpu() (time.Duration, error) {
	if j.PID == 0 {
		return 0, nil
	}
	return proc.CPU(j.PID)
}

// together runs f in n goroutines and returns when all have ended.
func together(n int, f func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// wait sleeps, unless ctx ends before.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
