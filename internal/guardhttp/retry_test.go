package guardhttp_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headersafe/headersafe/internal/guardhttp"
)

// In a bubble, with a server on pipes, time passes only when everybody waits for it.
func inBubble(t *testing.T, cfg guardhttp.Config, replies []http.HandlerFunc, test func(t *testing.T, c *guardhttp.Client, asked func() []time.Duration)) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex
		var asked []time.Duration
		l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		s := &http.Server{ErrorLog: discard(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			mu.Lock()
			asked = append(asked, time.Since(began))
			reply := replies[min(len(asked), len(replies))-1]
			mu.Unlock()
			reply(w, r)
		})}
		served := make(chan struct{})
		go func() { defer close(served); _ = s.Serve(l) }()
		transport := &http.Transport{DialContext: l.dial}
		cfg.BaseURL, cfg.Client = "http://localhost", &http.Client{Transport: transport}
		test(t, mustNew(t, cfg), func() []time.Duration {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(asked)
		})
		transport.CloseIdleConnections()
		_ = s.Close()
		<-served
	})
}

type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }
func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func turnAway(status int, retryAfter string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
	}
}

func accept(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"flagged":false}`) }

func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func drip(w http.ResponseWriter, r *http.Request) {
	for {
		if _, err := io.WriteString(w, " "); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-time.After(time.Second):
		case <-r.Context().Done():
			return
		}
	}
}

func stall(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "1000")
	w.WriteHeader(http.StatusServiceUnavailable)
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func TestRetries(t *testing.T) {
	const ms = time.Millisecond
	inTheBubble := time.Date(2000, 1, 1, 0, 0, 2, 0, time.UTC).Format(http.TimeFormat) // bubbles begin with the year 2000
	type span struct{ from, to time.Duration }
	tests := []struct {
		name    string
		cfg     guardhttp.Config
		replies []http.HandlerFunc
		asked   []span
		want    string // the error; empty for an answer
		took    span
		cause   error
	}{
		{
			name: "backs off by itself", replies: []http.HandlerFunc{turnAway(503, ""), turnAway(429, ""), accept},
			asked: []span{{0, 0}, {50 * ms, 150 * ms}, {150 * ms, 450 * ms}}, took: span{150 * ms, 450 * ms},
		},
		{
			name: "waits as long as asked", replies: []http.HandlerFunc{turnAway(429, "2"), accept},
			asked: []span{{0, 0}, {2 * time.Second, 2 * time.Second}}, took: span{2 * time.Second, 2 * time.Second},
		},
		{
			name: "waits until a date", replies: []http.HandlerFunc{turnAway(503, inTheBubble), accept},
			asked: []span{{0, 0}, {2 * time.Second, 2 * time.Second}}, took: span{2 * time.Second, 2 * time.Second},
		},
		{
			name: "at once", replies: []http.HandlerFunc{turnAway(429, "0"), accept},
			asked: []span{{0, 0}, {0, 0}},
		},
		{
			name: "a date gone by, and nonsense", replies: []http.HandlerFunc{turnAway(429, "Fri, 31 Dec 1999 23:59:59 GMT"), turnAway(429, "soon"), accept},
			asked: []span{{0, 0}, {50 * ms, 150 * ms}, {150 * ms, 450 * ms}}, took: span{150 * ms, 450 * ms},
		},
		{
			name: "does not wait beyond the deadline", replies: []http.HandlerFunc{turnAway(429, "5"), accept},
			asked: []span{{0, 0}}, want: "vendor: replied 429: asked too often",
		},
		{
			name: "nor for ever", replies: []http.HandlerFunc{turnAway(429, "18446744073709551615"), accept},
			asked: []span{{0, 0}}, want: "vendor: replied 429: asked too often",
		},
		{
			name: "gives up after two", replies: []http.HandlerFunc{turnAway(503, "1")},
			asked: []span{{0, 0}, {time.Second, time.Second}, {2 * time.Second, 2 * time.Second}},
			want:  "vendor: replied 503: in trouble (3 attempts)", took: span{2 * time.Second, 2 * time.Second},
		},
		{
			name: "not at all", cfg: guardhttp.Config{Retries: -1}, replies: []http.HandlerFunc{turnAway(503, "1")},
			asked: []span{{0, 0}}, want: "vendor: replied 503: in trouble",
		},
		{
			name: "more often", cfg: guardhttp.Config{Retries: 3}, replies: []http.HandlerFunc{turnAway(503, "1"), turnAway(503, "1"), turnAway(503, "1"), accept},
			asked: []span{{0, 0}, {time.Second, time.Second}, {2 * time.Second, 2 * time.Second}, {3 * time.Second, 3 * time.Second}},
			took:  span{3 * time.Second, 3 * time.Second},
		},
		{
			name: "silence", replies: []http.HandlerFunc{silent}, asked: []span{{0, 0}},
			want: "vendor: no answer within the deadline", took: span{5 * time.Second, 5 * time.Second}, cause: context.DeadlineExceeded,
		},
		{
			name: "silence after a retry", cfg: guardhttp.Config{Deadline: 3 * time.Second},
			replies: []http.HandlerFunc{turnAway(503, "1"), silent}, asked: []span{{0, 0}, {time.Second, time.Second}},
			want: "vendor: no answer within the deadline (2 attempts)", took: span{3 * time.Second, 3 * time.Second}, cause: context.DeadlineExceeded,
		},
		{
			name: "drop by drop", replies: []http.HandlerFunc{drip}, asked: []span{{0, 0}},
			want: "vendor: no answer within the deadline", took: span{5 * time.Second, 5 * time.Second}, cause: context.DeadlineExceeded,
		},
		{
			name: "a refusal that does not end", replies: []http.HandlerFunc{stall}, asked: []span{{0, 0}},
			want: "vendor: replied 503: in trouble", took: span{5 * time.Second, 5 * time.Second},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, tt.cfg, tt.replies, func(t *testing.T, c *guardhttp.Client, asked func() []time.Duration) {
				began := time.Now()
				err := c.Post(t.Context(), question{}, &answer{})
				took := time.Since(began)
				if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				if tt.cause != nil && !errors.Is(err, tt.cause) {
					t.Errorf("%v is not a %v", err, tt.cause)
				}
				if took < tt.took.from || took > tt.took.to {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				times := asked()
				if len(times) != len(tt.asked) {
					t.Fatalf("asked at %v, want %v", times, tt.asked)
				}
				for i, at := range times {
					if at < tt.asked[i].from || at > tt.asked[i].to {
						t.Errorf("asked at %v, want %v", times, tt.asked)
					}
				}
			})
		})
	}
}

func TestRetryWithdrawnWhileWaiting(t *testing.T) {
	inBubble(t, guardhttp.Config{}, []http.HandlerFunc{turnAway(503, "2")}, func(t *testing.T, c *guardhttp.Client, _ func() []time.Duration) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		err := c.Post(ctx, question{}, &answer{})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

func TestRetryAfterABrokenConnection(t *testing.T) {
	var hits atomic.Int32
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if hits.Add(1) == 1 {
				_ = conn.(*net.TCPConn).SetLinger(0) // a reset, not an end
				_ = conn.Close()
				continue
			}
			if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"flagged\":false}")
			}
			_ = conn.Close()
		}
	}()
	a, failure := post(t, mustNew(t, guardhttp.Config{BaseURL: "http://" + l.Addr().String()}))
	if failure != nil || a.Flagged == nil || *a.Flagged || hits.Load() != 2 {
		t.Errorf("answer %+v, error %v after %d connections", a, failure, hits.Load())
	}
}
