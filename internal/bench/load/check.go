package load

import (
	"context"
	"fmt"

	"github.com/headersafe/headersafe/internal/bench/wire"
)

// check tries whether the peer does the work that is measured: the caller's credential and the whole body reach the
// upstream, the answer's body comes back, and events do while the stream is open. It has no values.
func check(ctx context.Context, job *Job) (*Result, error) {
	var count tally
	for _, length := range []int{4 << 10, 64 << 10} {
		count.end(job.arrives(length))
		count.end(job.post(1))
	}
	streams := job.opened()
	defer streams.close()
	if err := streams.open(ctx, 1); err != nil {
		return nil, err
	}
	count.end(streams.count.first)
	return count.result(nil), nil
}

func (j *Job) arrives(length int) error {
	c := newClient(j.Address, clientBuffer)
	defer c.close()
	if err := c.write(wire.Request(j.Address, j.Prefix, wire.Report, length)); err != nil {
		return err
	}
	got, err := c.arrival()
	if err != nil {
		return err
	}
	want := wire.Arrival{Authorization: wire.Authorization, Length: int64(length), Sum: wire.Sum(wire.Body(length))}
	if *got != want {
		return fmt.Errorf("what reached the upstream is %+v, not %+v", *got, want)
	}
	return nil
}
