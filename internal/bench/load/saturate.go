package load

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/headersafe/headersafe/internal/bench/proc"
	"github.com/headersafe/headersafe/internal/bench/wire"
)

// clientBuffer holds any ordinary answer whole.
const clientBuffer = 8 << 10

// saturate keeps Connections requests under way (a closed loop), each with Body bytes, and measures Duration after
// Warmup:
//
//	rps     exchanges a second
//	busy    how much of one processor the peer used, from 0 to 1
//	cpu     µs of processor time an exchange
//	allocs  objects allocated an exchange
//	bytes   bytes allocated an exchange
func saturate(ctx context.Context, job *Job) (*Result, error) {
	request := wire.Request(job.Address, job.Prefix, "", job.Body)
	var count tally
	var stop atomic.Bool
	done := make(chan error, 1)
	go func() {
		done <- together(job.Connections, func(int) error {
			c := newClient(job.Address, clientBuffer)
			defer c.close()
			for !stop.Load() && !count.hopeless() {
				count.end(c.post(request, wire.AnswerLength))
			}
			return nil
		})
	}()
	values, err := job.between(ctx, &count)
	stop.Store(true)
	if err := errors.Join(err, <-done); err != nil {
		return nil, err
	}
	return count.result(values), nil
}

// moment is what a peer has done and used at some time.
type moment struct {
	at        time.Time
	exchanges int64
	cpu       time.Duration

	memory          proc.Memory
	memoryExchanges float64 // about as many as there were when memory was read, which takes a while under load
}

func (j *Job) moment(count *tally, debug *proc.Debug) (m moment, err error) {
	if debug != nil {
		before := count.begun.Load()
		if m.memory, err = debug.Memory(); err != nil {
			return m, err
		}
		m.memoryExchanges = float64(before+count.begun.Load()) / 2
	}
	m.at, m.exchanges = time.Now(), count.begun.Load()
	m.cpu, err = j.cpu()
	return m, err
}

// measured waits for Duration, and writes profiles of it if that is asked for.
func (j *Job) measured(ctx context.Context, debug *proc.Debug) error {
	if debug == nil || j.Profile == "" {
		return wait(ctx, j.Duration)
	}
	return errors.Join(debug.Profile(j.Profile+".cpu.pprof", j.Duration), debug.Allocs(j.Profile+".allocs.pprof"))
}

// between compares two moments: after Warmup, and Duration later.
func (j *Job) between(ctx context.Context, count *tally) (map[string]float64, error) {
	debug := proc.NewDebug(j.Debug)
	if err := wait(ctx, j.Warmup); err != nil {
		return nil, err
	}
	a, err := j.moment(count, debug)
	if err != nil {
		return nil, err
	}
	if err := j.measured(ctx, debug); err != nil {
		return nil, err
	}
	for range 1000 { // a short measurement on a busy machine may need longer for anything to happen
		if count.begun.Load() > a.exchanges {
			break
		}
		if err := wait(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
	}
	b, err := j.moment(count, debug)
	if err != nil {
		return nil, err
	}
	elapsed, exchanges := b.at.Sub(a.at), float64(b.exchanges-a.exchanges)
	values := map[string]float64{"rps": exchanges / elapsed.Seconds()}
	if exchanges == 0 {
		return values, nil
	}
	if j.PID != 0 {
		values["busy"] = float64(b.cpu-a.cpu) / float64(elapsed)
		values["cpu"] = micros(b.cpu-a.cpu) / exchanges
	}
	if n := b.memoryExchanges - a.memoryExchanges; debug != nil && n > 0 {
		values["allocs"] = float64(b.memory.Mallocs-a.memory.Mallocs) / n
		values["bytes"] = float64(b.memory.TotalAlloc-a.memory.TotalAlloc) / n
	}
	return values, nil
}
