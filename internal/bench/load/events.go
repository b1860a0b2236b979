package load

import (
	"context"
	"fmt"
	"time"

	"github.com/headersafe/headersafe/internal/bench/stats"
	"github.com/headersafe/headersafe/internal/bench/wire"
)

// events reads Connections streams at once, of Events events each, one EVERY so often.
//
//	cpu       µs of the peer's processor time an event, the streams' beginnings included
//	p50, p99  µs from the upstream's writing an event until its last byte is here
func events(ctx context.Context, job *Job) (*Result, error) {
	request := wire.Request(job.Address, job.Prefix, fmt.Sprintf("%s/%d/%v", wire.Events, job.Events, job.Every), job.Body)
	var count tally
	clients := make([]*client, job.Connections)
	delays := make([][]float64, job.Connections)
	for i := range clients {
		clients[i] = newClient(job.Address, clientBuffer)
		delays[i] = make([]float64, 0, job.Events)
		defer clients[i].close()
	}
	before, err := job.cpu()
	if err != nil {
		return nil, err
	}
	err = together(job.Connections, func(i int) error {
		// Streams that began at the same instant would have all their events at the same instants.
		if err := wait(ctx, job.Every*time.Duration(i)/time.Duration(job.Connections)); err != nil {
			return err
		}
		c := clients[i]
		err := c.begin(request)
		if err == nil {
			err = c.stream(job.Events, func(sent time.Time) { delays[i] = append(delays[i], micros(time.Since(sent))) })
		}
		count.end(c.finish(err))
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	after, err := job.cpu()
	if err != nil {
		return nil, err
	}
	var all []float64
	for _, d := range delays {
		all = append(all, d...)
	}
	values := map[string]float64{}
	if len(all) > 0 {
		values["p50"], values["p99"] = stats.Quantile(all, 0.50), stats.Quantile(all, 0.99)
		if job.PID != 0 {
			values["cpu"] = micros(after-before) / float64(len(all))
		}
	}
	return count.result(values), nil
}

// truncated reads Counts[0] streams of Events events, Connections at once, from an upstream that answers as soon as it has
// the request.
//
//	truncated  streams that did not arrive wholly
func truncated(ctx context.Context, job *Job) (*Result, error) {
	request := wire.Request(job.Address, job.Prefix, fmt.Sprintf("%s/%d/%v", wire.Events, job.Events, job.Every), job.Body)
	var count, refused tally
	err := together(job.Connections, func(i int) error {
		c := newClient(job.Address, clientBuffer)
		defer c.close()
		for n := i; n < job.Counts[0] && ctx.Err() == nil && !refused.hopeless(); n += job.Connections {
			err := c.begin(request)
			if err != nil {
				refused.end(c.finish(err))
				continue
			}
			count.end(c.finish(c.stream(job.Events, nil)))
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	result := refused.result(map[string]float64{"truncated": float64(count.failed.Load())})
	result.Exchanges += count.begun.Load()
	return result, nil
}
