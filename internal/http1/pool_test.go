//go:build unix

package http1

import (
	"net"
	"net/http/httptrace"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// idleConn is a connection that notes when it is closed.
type idleConn struct {
	net.Conn
	name   string
	closed *closings
}

type closings struct {
	mu    sync.Mutex
	names []string
}

func (c idleConn) Close() error {
	c.closed.mu.Lock()
	defer c.closed.mu.Unlock()
	c.closed.names = append(c.closed.names, c.name)
	return nil
}

// What waits for too long is closed then, without anybody asking for it; what is not used for long is what came first.
func TestPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed closings
		put := func(p *pool, name string) bool { return p.put(&conn{Conn: idleConn{nil, name, &closed}}) }
		expect := func(want ...string) {
			t.Helper()
			synctest.Wait()
			closed.mu.Lock()
			defer closed.mu.Unlock()
			if diff := cmp.Diff(want, closed.names); diff != "" {
				t.Errorf("closed (-want +got):\n%s", diff)
			}
		}
		p := &pool{max: 3, timeout: time.Minute}
		put(p, "a")
		time.Sleep(20 * time.Second)
		put(p, "b")
		time.Sleep(20 * time.Second)
		put(p, "c")
		if put(p, "d") {
			t.Error("there was room for a fourth")
		}
		if c := p.pop(); c.Conn.(idleConn).name != "c" {
			t.Errorf("%s goes first", c.Conn.(idleConn).name)
		}
		time.Sleep(20*time.Second - time.Nanosecond)
		expect()
		time.Sleep(time.Nanosecond)
		expect("a")
		time.Sleep(20 * time.Second)
		expect("a", "b")
		put(p, "e") // after the pool has been empty
		time.Sleep(30 * time.Second)
		put(p, "f")
		time.Sleep(30 * time.Second)
		expect("a", "b", "e")
		p.closeAll()
		expect("a", "b", "e", "f")
		if p.pop() != nil {
			t.Error("the pool is not empty")
		}
		time.Sleep(time.Hour) // and its timer rests, or the bubble would not end
	})
}

// Many requests at once have a connection each, of which as many are kept as there is room for.
func TestManyAtOnce(t *testing.T) {
	const many = 16
	var here sync.WaitGroup
	here.Add(many)
	s := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
		if x.Head().Target() == "/" {
			here.Done()
			here.Wait()
		}
		x.Send("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")
	})
	c := newClient(t, s.URL())
	var requests sync.WaitGroup
	for range many {
		requests.Go(func() { fetch(t, c, newRequest(t, "POST", s.URL(), "a body")) })
	}
	requests.Wait()
	if s.Connections() != many || len(c.pool.idle) != c.pool.max {
		t.Errorf("%d connections, %d are kept", s.Connections(), len(c.pool.idle))
	}
	for range 3 {
		fetch(t, c, newRequest(t, "GET", s.URL()+"/again", ""))
	}
	if s.Connections() != many {
		t.Errorf("%d connections in the end", s.Connections())
	}
}

// A trace is told what net/http's client would tell it.
func TestTrace(t *testing.T) {
	s := rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"))
	c := newClient(t, s.URL())
	for _, body := range []string{"", "a body"} {
		for _, reused := range []bool{false, true} {
			var mu sync.Mutex
			told := map[string]int{}
			tell := func(what string) {
				mu.Lock()
				defer mu.Unlock()
				told[what]++
			}
			wrote := make(chan struct{})
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				GetConn: func(string) { tell("GetConn") },
				GotConn: func(info httptrace.GotConnInfo) {
					tell("GotConn")
					if info.Reused != reused || info.WasIdle != reused || info.Conn == nil {
						t.Errorf("GotConn: %+v", info)
					}
				},
				ConnectDone:          func(string, string, error) { tell("ConnectDone") },
				WroteHeaders:         func() { tell("WroteHeaders") },
				WroteRequest:         func(httptrace.WroteRequestInfo) { tell("WroteRequest"); close(wrote) },
				GotFirstResponseByte: func() { tell("GotFirstResponseByte") },
				PutIdleConn:          func(error) { tell("PutIdleConn") },
			})
			fetch(t, c, newRequestWith(ctx, t, "POST", s.URL(), body))
			<-wrote
			want := map[string]int{"GetConn": 1, "GotConn": 1, "ConnectDone": 1, "WroteHeaders": 1, "WroteRequest": 1, "GotFirstResponseByte": 1, "PutIdleConn": 1}
			if reused {
				delete(want, "ConnectDone")
			}
			mu.Lock()
			if diff := cmp.Diff(want, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			mu.Unlock()
		}
		c.CloseIdleConnections()
	}
}

// A stream that is open and silent has no buffer.
func TestIdleStreamHasNoBuffer(t *testing.T) {
	s := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
		x.Send("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nevent\n")
		_, _ = x.AwaitClose()
		x.Close()
	})
	c := newClient(t, s.URL())
	res, err := c.RoundTrip(newRequest(t, "GET", s.URL(), ""))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.Body.Read(make([]byte, 100)); n != len("event") {
		t.Fatal(n, err)
	}
	if in := res.Body.(*body).exchange.in; in.buf != nil || in.data != nil {
		t.Error("the buffer is kept")
	}
	_ = res.Body.Close()
}
