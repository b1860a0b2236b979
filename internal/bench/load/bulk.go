package load

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/headersafe/headersafe/internal/bench/proc"
	"github.com/headersafe/headersafe/internal/bench/wire"
)

// bulkBuffer is what bulk is written from and read into.
const bulkBuffer = 256 << 10

// bulk sends a request with Bytes of body, and then asks for an answer with as many. For each way, "up" and "down":
//
//	WAY-rate  MB/s
//	WAY-rss   bytes by which resident memory was larger, at its peak, than before
func bulk(_ context.Context, job *Job) (*Result, error) {
	if err := job.post(20); err != nil { // it has served before
		return nil, err
	}
	values := map[string]float64{}
	var count tally
	for _, way := range []struct {
		name     string
		transfer func(*Job) error
	}{{"up", upload}, {"down", download}} {
		rate, rss, err := job.transfer(way.transfer)
		count.end(err)
		if err != nil {
			continue
		}
		values[way.name+"-rate"] = rate
		if job.PID != 0 {
			values[way.name+"-rss"] = rss
		}
	}
	return count.result(values), nil
}

// transfer returns how fast a transfer was and how much the peer grew.
func (j *Job) transfer(transfer func(*Job) error) (rate, rss float64, err error) {
	var before, peak int64
	if j.PID != 0 {
		if before, err = proc.Resident(j.PID); err != nil {
			return 0, 0, err
		}
		if err := proc.ResetPeak(j.PID); err != nil {
			return 0, 0, err
		}
	}
	began := time.Now()
	if err := transfer(j); err != nil {
		return 0, 0, err
	}
	rate = float64(j.Bytes) / 1e6 / time.Since(began).Seconds()
	if j.PID != 0 {
		if peak, err = proc.Peak(j.PID); err != nil {
			return 0, 0, err
		}
	}
	return rate, float64(max(peak-before, 0)), nil
}

// post does n ordinary exchanges.
func (j *Job) post(n int) error {
	c := newClient(j.Address, clientBuffer)
	defer c.close()
	request := wire.Request(j.Address, j.Prefix, "", j.Body)
	for range n {
		if err := c.post(request, wire.AnswerLength); err != nil {
			return err
		}
	}
	return nil
}

func upload(job *Job) error {
	c := newClient(job.Address, clientBuffer)
	defer c.close()
	if err := c.write(wire.RequestHead(job.Address, job.Prefix, wire.Report, job.Bytes)); err != nil {
		return err
	}
	piece := make([]byte, bulkBuffer)
	for left := job.Bytes; left > 0; {
		n := min(left, int64(len(piece)))
		if err := c.write(piece[:n]); err != nil {
			return err
		}
		left -= n
	}
	arrival, err := c.arrival()
	if err == nil && arrival.Length != job.Bytes {
		err = fmt.Errorf("%d of %d bytes reached the upstream", arrival.Length, job.Bytes)
	}
	return err
}

func download(job *Job) error {
	c := newClient(job.Address, bulkBuffer)
	defer c.close()
	return c.post(wire.Request(job.Address, job.Prefix, fmt.Sprintf("%s/%d", wire.Download, job.Bytes), job.Body), job.Bytes)
}

// arrival reads the answer that says what reached the upstream.
func (c *client) arrival() (*wire.Arrival, error) {
	if err := c.head(); err != nil {
		return nil, err
	}
	var body []byte
	err := c.in.Body(func(piece []byte) error {
		body = append(body, piece...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	arrival := new(wire.Arrival)
	return arrival, json.Unmarshal(body, arrival)
}
