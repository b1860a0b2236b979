package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/headersafe/headersafe/internal/bench/stats"
	"github.com/headersafe/headersafe/internal/bench/wire"
)

// rate sends Rate requests a second for Warmup and Duration, whatever becomes of those before (an open loop), and measures
// from the moment at which each was due until its last byte is there: a peer that stalls is charged for all that was
// due meanwhile.
//
//	p50, p99  µs
//	cpu       µs of the peer's processor time an exchange
func rate(ctx context.Context, job *Job) (*Result, error) {
	request := wire.Request(job.Address, job.Prefix, "", job.Body)
	return job.paced(ctx, func(c *client) (time.Time, error) {
		if err := c.post(request, wire.AnswerLength); err != nil {
			return time.Time{}, err
		}
		return time.Now(), nil
	})
}

// firstEvent does the same with streams of Events events, and measures until the first event is there. A stream that breaks
// off after it counts as failed, and its first event as arrived.
func firstEvent(ctx context.Context, job *Job) (*Result, error) {
	request := wire.Request(job.Address, job.Prefix, fmt.Sprintf("%s/%d/%v", wire.Events, job.Events, job.Every), job.Body)
	return job.paced(ctx, func(c *client) (time.Time, error) {
		var first time.Time
		err := c.begin(request)
		if err == nil {
			err = c.stream(job.Events, func(time.Time) {
				if first.IsZero() {
					first = time.Now()
				}
			})
		}
		return first, c.finish(err)
	})
}

// paced calls exchange Rate times a second, which returns when what is measured had arrived, or the zero time. It has Connections threads with a connection each, which sleep in the kernel
// until their next request is due: Go's own timers are late by up to a millisecond.
func (j *Job) paced(ctx context.Context, exchange func(*client) (time.Time, error)) (*Result, error) {
	before := runtime.GOMAXPROCS(j.Connections + 4) // so that no thread waits for another's after it slept
	defer runtime.GOMAXPROCS(before)

	total := int((j.Warmup + j.Duration).Seconds() * float64(j.Rate))
	warm := int(j.Warmup.Seconds() * float64(j.Rate))
	interval := time.Second / time.Duration(j.Rate)
	latencies := make([]float64, total) // 0 where nothing arrived
	var count tally
	start := time.Now().Add(10 * time.Millisecond)

	var cpu [2]time.Duration
	var errs [2]error
	err := together(j.Connections, func(i int) error {
		runtime.LockOSThread() // and never unlocked: the thread ends with its timer slack
		if err := sleepWell(); err != nil {
			return err
		}
		c := newClientOver(clientBuffer, func() (io.ReadWriteCloser, error) { return dialThread(j.Address) })
		defer c.close()
		for n := i; n < total; n += j.Connections {
			if ctx.Err() != nil || count.hopeless() {
				return ctx.Err()
			}
			due := start.Add(time.Duration(n) * interval)
			if err := sleepUntil(due); err != nil {
				return err
			}
			if n == warm {
				cpu[0], errs[0] = j.cpu()
			}
			arrived, err := exchange(c)
			if !arrived.IsZero() {
				latencies[n] = micros(arrived.Sub(due))
			}
			if n >= warm {
				count.end(err)
			}
		}
		return nil
	})
	cpu[1], errs[1] = j.cpu()
	if err := errors.Join(err, errs[0], errs[1]); err != nil {
		return nil, err
	}

	var measured []float64
	for _, latency := range latencies[warm:] {
		if latency > 0 {
			measured = append(measured, latency)
		}
	}
	values := map[string]float64{}
	if len(measured) > 0 {
		values["p50"], values["p99"] = stats.Quantile(measured, 0.50), stats.Quantile(measured, 0.99)
		if j.PID != 0 {
			values["cpu"] = micros(cpu[1]-cpu[0]) / float64(total-warm)
		}
	}
	return count.result(values), nil
}
