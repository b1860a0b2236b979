package load

import (
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/bench/upstream"
	"github.com/headersafe/headersafe/internal/bench/wire"
)

func serve(t *testing.T, f func(net.Listener) error) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() { _ = f(listener) }()
	return listener.Addr().String()
}

// answers answers each request with the same bytes and closes the connection.
func answers(text string) func(net.Listener) error {
	return func(listener net.Listener) error {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return err
			}
			go func() {
				in := wire.NewReader(conn, 64<<10)
				if _, err := in.Head(); err == nil {
					_, _ = in.Discard()
					_, _ = io.WriteString(conn, text)
				}
				_ = conn.Close()
			}()
		}
	}
}

func tiny(kind, address string) *Job {
	return &Job{
		Kind: kind, Address: address, Body: 4 << 10, Connections: 2, Rate: 1000, Warmup: 5 * time.Millisecond, Duration: 50 * time.Millisecond,
		Counts: []int{5, 10}, Events: 3, Every: time.Millisecond, Bytes: 3 << 20, Settle: time.Millisecond,
	}
}

// Every job finds what it says that it finds, on the upstream itself.
func TestDirect(t *testing.T) {
	address := serve(t, upstream.Serve)
	want := map[string][]string{
		"check": nil, "saturate": {"rps"}, "rate": {"p50", "p99"}, "first": {"p50", "p99"}, "events": {"p50", "p99"}, "idle": nil,
		"bulk": {"down-rate", "up-rate"}, "truncated": {"truncated"}, "aborts": nil,
	}
	for kind := range Kinds {
		result, err := Run(t.Context(), tiny(kind, address))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if result.Failed > 0 || result.Exchanges == 0 {
			t.Errorf("%s: %d of %d exchanges failed: %s", kind, result.Failed, result.Exchanges, result.Failure)
		}
		if diff := cmp.Diff(want[kind], slices.Sorted(maps.Keys(result.Values))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

// A peer that does not do its work is seen to fail.
func TestFailures(t *testing.T) {
	whole := string(wire.Answer("application/json", wire.Body(wire.AnswerLength)))
	for name, c := range map[string]struct{ answer, want string }{
		"another status": {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 502 Bad Gateway"},
		"nothing":        {"", "before the answer"},
		"truncated":      {whole[:len(whole)-1], "after 1023 of 1024 bytes"},
		"another length": {string(wire.Answer("application/json", []byte("{}"))), "2 bytes of answer, not 1024"},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, answers(c.answer))
			for _, kind := range []string{"saturate", "rate"} {
				result, err := Run(t.Context(), tiny(kind, address))
				if err != nil {
					t.Fatal(err)
				}
				if result.Failed == 0 || result.Failed != result.Exchanges || !strings.Contains(result.Failure, c.want) {
					t.Errorf("%s: %+v", kind, result)
				}
			}
		})
	}
}

// A peer that takes 4 ms for each of the requests that come every millisecond falls behind by 3 ms each time. A client that
// waited for it would measure 4 ms; what is measured is what was due meanwhile.
func TestStallsAreCharged(t *testing.T) {
	const takes = 4 * time.Millisecond
	address := serve(t, func(listener net.Listener) error {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		in := wire.NewReader(conn, 64<<10)
		for {
			if _, err := in.Head(); err != nil {
				return err
			}
			_, _ = in.Discard()
			<-time.After(takes) // no answer comes sooner, so that the bound below holds on any machine
			if _, err := conn.Write(wire.Answer("application/json", wire.Body(wire.AnswerLength))); err != nil {
				return err
			}
		}
	})
	job := tiny("rate", address)
	job.Connections = 1
	result, err := Run(t.Context(), job)
	if err != nil || result.Failed > 0 {
		t.Fatalf("%v, %+v", err, result)
	}
	last := (job.Warmup + job.Duration).Seconds() * float64(job.Rate) * 3000 // µs behind
	if got := result.Values["p99"]; got < 0.9*last {
		t.Errorf("p99 is %v µs, and the last request was answered %v µs after it was due", got, last)
	}
}

func TestTruncatedStreams(t *testing.T) {
	event := string(wire.Chunk())
	head := string(wire.AnswerHead("text/event-stream", -1))
	for name, c := range map[string]struct {
		answer string
		want   float64
	}{
		"whole":          {head + strings.Repeat(event, 3) + wire.LastChunk, 0},
		"no last chunk":  {head + strings.Repeat(event, 3), 5},
		"an event fewer": {head + strings.Repeat(event, 2) + wire.LastChunk, 5},
		"half an event":  {head + strings.Repeat(event, 2) + event[:40], 5},
		"a piece more":   {head + strings.Repeat(event, 3) + "5\r\nevent\r\n" + wire.LastChunk, 5},
	} {
		result, err := Run(t.Context(), tiny("truncated", serve(t, answers(c.answer))))
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Values["truncated"]; got != c.want {
			t.Errorf("%s: %v truncated, not %v", name, got, c.want)
		}
	}
}

// What arrives at the upstream is compared, not only counted.
func TestCheckCompares(t *testing.T) {
	other := fmt.Sprintf(`{"authorization":"Bearer other","length":%d,"sum":%d}`, 4<<10, wire.Sum(wire.Body(4<<10)))
	c := tiny("check", serve(t, answers(string(wire.Answer("application/json", []byte(other))))))
	if err := c.arrives(4 << 10); err == nil || !strings.Contains(err.Error(), "Bearer other") {
		t.Errorf("%v", err)
	}
}
