package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/headersafe/headersafe/internal/bench/proc"
	"github.com/headersafe/headersafe/internal/bench/wire"
)

// opened are streams that have begun and are silent.
type opened struct {
	job     *Job
	request []byte
	clients []*client
	count   tally
}

func (j *Job) opened() *opened {
	return &opened{job: j, request: wire.Request(j.Address, j.Prefix, wire.Idle, j.Body)}
}

// open opens streams until there are n, a few at once, and has their first events arrive.
func (o *opened) open(ctx context.Context, n int) error {
	from := len(o.clients)
	for range n - from {
		o.clients = append(o.clients, newClient(o.job.Address, 4<<10))
	}
	const atOnce = 32
	return together(atOnce, func(i int) error {
		for k := from + i; k < n && ctx.Err() == nil && !o.count.hopeless(); k += atOnce {
			o.count.end(o.begin(o.clients[k]))
		}
		return ctx.Err()
	})
}

func (o *opened) begin(c *client) error {
	if err := c.begin(o.request); err != nil {
		return err
	}
	var stamps wire.Stamps
	for arrived := false; !arrived; {
		piece, err := c.in.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the stream ended: %w", io.ErrUnexpectedEOF)
		}
		if err != nil {
			return err
		}
		if err := stamps.Add(piece, func(time.Time) { arrived = true }); err != nil {
			return err
		}
	}
	return nil
}

// close breaks all streams off.
func (o *opened) close() {
	for _, c := range o.clients {
		c.close()
	}
}

// idle opens Counts[0], then Counts[1] streams and so on, and after each step, and Settle, measures for COUNT streams:
//
//	rss-COUNT    bytes of resident memory a stream
//	inuse-COUNT  bytes of heap and stacks in use a stream, after garbage collection
func idle(ctx context.Context, job *Job) (*Result, error) {
	debug := proc.NewDebug(job.Debug)
	if err := job.post(4); err != nil { // it has served before
		return nil, err
	}
	rss, inUse, err := job.footprint(debug)
	if err != nil {
		return nil, err
	}
	streams := job.opened()
	defer streams.close()
	values := map[string]float64{}
	for _, n := range job.Counts {
		if err := streams.open(ctx, n); err != nil {
			return nil, err
		}
		if err := wait(ctx, job.Settle); err != nil {
			return nil, err
		}
		rssNow, inUseNow, err := job.footprint(debug)
		if err != nil {
			return nil, err
		}
		if job.PID != 0 {
			values[fmt.Sprintf("rss-%d", n)] = (rssNow - rss) / float64(n)
		}
		if debug != nil {
			values[fmt.Sprintf("inuse-%d", n)] = (inUseNow - inUse) / float64(n)
		}
	}
	return streams.count.result(values), nil
}

// footprint returns the memory that the peer takes: what is resident, and then what is in use after garbage collection.
func (j *Job) footprint(debug *proc.Debug) (resident, inUse float64, err error) {
	if j.PID != 0 {
		n, err := proc.Resident(j.PID)
		if err != nil {
			return 0, 0, err
		}
		resident = float64(n)
	}
	if debug != nil {
		if err := debug.Collect(); err != nil {
			return 0, 0, err
		}
		memory, err := debug.Memory()
		if err != nil {
			return 0, 0, err
		}
		inUse = float64(memory.InUse())
	}
	return resident, inUse, nil
}

// aborts opens Counts[0] streams, breaks all of them off at once, and Settle later counts
//
//	goroutines  those that the peer has more than before
func aborts(ctx context.Context, job *Job) (*Result, error) {
	debug := proc.NewDebug(job.Debug)
	var before int
	var err error
	if debug != nil {
		if before, err = debug.Goroutines(); err != nil {
			return nil, err
		}
	}
	streams := job.opened()
	err = streams.open(ctx, job.Counts[0])
	streams.close()
	if err != nil {
		return nil, err
	}
	if err := wait(ctx, job.Settle); err != nil {
		return nil, err
	}
	values := map[string]float64{}
	if debug != nil {
		after, err := debug.Goroutines()
		if err != nil {
			return nil, err
		}
		values["goroutines"] = float64(after - before)
	}
	return streams.count.result(values), nil
}
