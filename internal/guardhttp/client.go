package guardhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/headersafe/headersafe/internal/jsonscan"
	"github.com/headersafe/headersafe/internal/secret"
)

// Client asks one service. It is safe for concurrent use.
type Client struct {
	service  string
	url      string
	keyField string
	keyLine  secret.Value
	names    *jsonscan.Names
	client   *http.Client
	deadline time.Duration
	maxReply int64
	retries  int
}

// Post asks the service: request is marshalled, and the reply, an object, unmarshalled into reply. The error is
// an [*Error].
func (c *Client) Post(ctx context.Context, request, reply any) error {
	failure := c.post(ctx, request, reply)
	if failure == nil {
		return nil
	}
	failure.Service = c.service
	return failure
}

func (c *Client) post(ctx context.Context, request, reply any) *Error {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(request); err != nil {
		return &Error{Reason: "the question could not be put as JSON"}
	}
	ctx, cancel := context.WithTimeout(ctx, c.deadline)
	defer cancel()
	for attempt := 1; ; attempt++ {
		raw, failure, pause := c.attempt(ctx, bytes.TrimSuffix(body.Bytes(), []byte("\n")))
		if failure == nil {
			return c.decode(raw, reply)
		}
		failure.Attempts = attempt
		if pause == never || attempt > c.retries {
			return failure
		}
		if pause == backoff {
			pause = jittered(attempt)
		}
		if err := wait(ctx, pause); err != nil {
			if errors.Is(err, errTooLong) {
				return failure
			}
			failure = outOfTime(err)
			failure.Attempts = attempt
			return failure
		}
	}
}

// What attempt returns in place of a time to wait for.
const (
	never   = -1 // there is no point in another attempt
	backoff = -2 // the service did not say how long
)

// attempt asks once. After a failure, pause says how long to wait for another attempt.
func (c *Client) attempt(ctx context.Context, body []byte) (raw []byte, failure *Error, pause time.Duration) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, &Error{Reason: "the question could not be put"}, never
	}
	r.Header.Set(c.keyField, c.keyLine.Reveal())
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "headersafe")
	response, err := c.client.Do(r)
	if err == nil {
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			return nil, refused(response.StatusCode), c.pauseAfter(response)
		}
		if raw, err = io.ReadAll(io.LimitReader(response.Body, c.maxReply+1)); err == nil {
			if int64(len(raw)) > c.maxReply {
				return nil, &Error{Reason: "the reply is larger than " + strconv.FormatInt(c.maxReply, 10) + " bytes", Status: http.StatusOK}, never
			}
			return raw, nil, 0
		}
	}
	failure, again := unanswered(ctx, err)
	if again {
		return nil, failure, backoff
	}
	return nil, failure, never
}

// maxDrained is how much of an unwanted reply is read so that its connection can be used again.
const maxDrained = 16 << 10

// pauseAfter returns how long to wait after a refusal, and reads what little is left of it.
func (c *Client) pauseAfter(response *http.Response) time.Duration {
	if response.ContentLength >= 0 && response.ContentLength <= maxDrained {
		_, _ = io.CopyN(io.Discard, response.Body, maxDrained)
	}
	if response.StatusCode != http.StatusTooManyRequests && response.StatusCode != http.StatusServiceUnavailable {
		return never
	}
	return retryAfter(response.Header.Get("Retry-After"), time.Now())
}

// retryAfter reads the field of that name (RFC 9110 section 10.2.3): seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	const longest = 1 << 20 // twelve days: past every deadline, and far from overflow
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		return time.Duration(min(seconds, longest)) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil && date.After(now) {
		return date.Sub(now)
	}
	return backoff
}

// jittered returns 100 ms, doubled with each attempt and spread by half to either side: many gateways that were turned
// away together do not come back together.
func jittered(attempt int) time.Duration {
	pause := 100 * time.Millisecond << min(attempt-1, 6)
	return pause/2 + rand.N(pause)
}

var errTooLong = errors.New("the wait would outlast the deadline")

// wait waits, unless that would leave no time to ask again.
func wait(ctx context.Context, pause time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= pause {
		return errTooLong
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// decode reads a reply. Strictness comes first: encoding/json by itself takes the last of two members of one name, and
// a name in any case.
func (c *Client) decode(raw []byte, reply any) *Error {
	tape, err := jsonscan.Scan(raw, jsonscan.Limits{}, c.names)
	if err != nil {
		return &Error{Reason: "the reply is not strict JSON: " + err.Error(), Status: http.StatusOK}
	}
	object := tape.Type(jsonscan.Root) == jsonscan.Object
	tape.Release()
	if !object || json.Unmarshal(raw, reply) != nil {
		return &Error{Reason: "the reply is not of the documented form", Status: http.StatusOK}
	}
	return nil
}
