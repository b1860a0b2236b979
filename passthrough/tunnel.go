package passthrough

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headersafe/headersafe/internal/denial"
	"github.com/headersafe/headersafe/internal/field"
)

// websocket reports whether r asks for a WebSocket (RFC 6455 section 4.1), and refuses a request that asks for
// one in a form that two servers would read differently. A request to upgrade to anything else is an
// ordinary request: a server may ignore Upgrade (RFC 9110 section 7.8), and Java's client asks for h2c on every one.
func websocket(r *http.Request, header http.Header) (bool, *denial.Denial) {
	if !field.HasMember(header["Upgrade"], "websocket") || !field.HasMember(header["Connection"], "upgrade") {
		return false, nil
	}
	protocols := 0
	for range field.Members(header["Upgrade"]) {
		protocols++
	}
	if protocols != 1 || r.Method != http.MethodGet || r.ProtoMajor != 1 || r.ProtoMinor < 1 || r.ContentLength != 0 {
		return false, &denial.Denial{Status: http.StatusBadRequest, Code: "bad-upgrade",
			Message: "A WebSocket is opened by a GET over HTTP/1.1 without a body, with websocket as the only protocol."}
	}
	return true, nil
}

// tunnel opens a WebSocket to the upstream and joins the two connections.
func (x *forwarding) tunnel() {
	ctx, cancel := context.WithCancelCause(x.ctx)
	defer cancel(nil)
	timeouts := x.timeouts
	timeouts.Exchange = 0 // a WebSocket stays open as long as it is used
	x.clock.start(timeouts, x.record.started, cancel, x.look)
	defer x.clock.stop()

	leave, ok := x.tunnels.enter(cancel)
	if !ok {
		x.deny(denial.Denial{Status: http.StatusServiceUnavailable, Code: "shutting-down",
			Message: "The gateway is shutting down.", Header: http.Header{"Retry-After": {"1"}}})
		return
	}
	defer leave()

	x.body.src = http.NoBody
	res, failed := x.roundTrip(ctx)
	if failed != nil {
		x.fail(failed)
		return
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusSwitchingProtocols {
		x.relay(ctx, res)
		return
	}
	upstream, ok := res.Body.(io.ReadWriteCloser)
	if !ok || !field.HasMember(res.Header["Upgrade"], "websocket") || !field.HasMember(res.Header["Connection"], "upgrade") {
		x.fail(&failure{UpstreamMalformed, "the upstream switched to another protocol than was asked for"})
		return
	}
	header := x.w.Header().Clone()
	if header == nil {
		header = http.Header{}
	}
	if err := x.merge(header, res.Header); err != nil {
		x.fail(&failure{UpstreamMalformed, err.Error()})
		return
	}
	conn, buffered, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		x.deny(denial.Denial{Status: http.StatusInternalServerError, Code: "no-hijack", Detail: "the ResponseWriter cannot be hijacked",
			Message: "The gateway cannot open a WebSocket here."})
		return
	}
	defer func() { _ = conn.Close() }()
	x.record.answered = time.Now()
	if err := writeSwitch(conn, buffered.Writer, header); err != nil {
		x.record.failure = &failure{ClientClosed, "the 101 could not be written"}
		return
	}
	x.clock.relaying()
	x.join(ctx, conn, buffered.Reader, upstream)
}

// writeSwitch writes the 101 itself: the connection is no longer net/http's.
func writeSwitch(conn net.Conn, w *bufio.Writer, header http.Header) error {
	for _, name := range []string{"Connection", "Upgrade", "Content-Length", "Transfer-Encoding", "Trailer"} {
		header.Del(name)
	}
	_ = conn.SetDeadline(time.Time{}) // the server's own bounds were for a request
	_, _ = w.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")
	_ = header.Write(w)
	_, _ = w.WriteString("\r\n")
	return w.Flush() // a bufio.Writer keeps its first error
}

// join copies both ways until both sides have ended, one has failed, or the exchange is cancelled. The end of one
// direction is passed on as such: the other stays open (RFC 6455 section 7.1.1 has the server close first).
func (x *forwarding) join(ctx context.Context, client net.Conn, early *bufio.Reader, upstream io.ReadWriteCloser) {
	stop := context.AfterFunc(ctx, func() { // wakes both copies
		_ = client.Close()
		_ = upstream.Close()
	})
	defer stop()

	clock := &x.clock
	var up, down atomic.Int64
	ended := make(chan error, 2)
	go func() {
		err := pump(upstream, early, client, clock, &up) // what came with the request goes first
		if err != nil {
			_ = client.Close() // the other copy must end as well
			_ = upstream.Close()
		}
		ended <- err
	}()
	err := pump(client, nil, upstream, clock, &down)
	if err != nil {
		_ = client.Close()
		_ = upstream.Close()
	}
	other := <-ended
	x.record.bytesIn, x.record.bytesOut = up.Load(), down.Load()
	x.record.upgraded, x.record.complete = true, true
	if cause := context.Cause(ctx); cause != nil {
		x.record.complete = false
		x.record.failure = x.failure(ctx, cause)
	} else if err = errors.Join(err, other); err != nil {
		x.record.complete = false
		x.record.failure = &failure{Truncated, "one side broke the WebSocket off"}
	}
}

// pump copies src to dst, after what early holds already, and then ends dst's direction.
func pump(dst io.Writer, early *bufio.Reader, src io.Reader, clock *clock, count *atomic.Int64) error {
	buf, _ := smallBuffers.Get().(*[smallBuffer]byte)
	defer smallBuffers.Put(buf)
	if early != nil && early.Buffered() > 0 {
		head, _ := early.Peek(early.Buffered())
		if _, err := dst.Write(head); err != nil {
			return err
		}
		count.Add(int64(len(head)))
	}
	for {
		n, err := src.Read(buf[:])
		clock.relaying()
		if n > 0 {
			if _, err := dst.Write(buf[:n]); err != nil {
				return err
			}
			count.Add(int64(n))
		}
		if errors.Is(err, io.EOF) {
			if half, ok := dst.(interface{ CloseWrite() error }); ok {
				return half.CloseWrite()
			}
			return io.ErrUnexpectedEOF // no half-close to be had: both directions end
		}
		if err != nil {
			return err
		}
	}
}

// errShutdown is the cause with which a shutdown ends the WebSockets that are still open.
var errShutdown = errors.New("passthrough: the gateway is shutting down")

// tunnels keeps count of the open WebSockets: an http.Server forgets a connection that was hijacked.
type tunnels struct {
	mu       sync.Mutex
	open     map[*context.CancelCauseFunc]struct{}
	draining bool
	empty    chan struct{} // closed when draining and none is open
}

func (t *tunnels) init() {
	t.open = make(map[*context.CancelCauseFunc]struct{})
	t.empty = make(chan struct{})
}

func (t *tunnels) enter(cancel context.CancelCauseFunc) (leave func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.draining {
		return nil, false
	}
	t.open[&cancel] = struct{}{}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.open, &cancel)
		if t.draining && len(t.open) == 0 {
			close(t.empty)
		}
	}, true
}

// Shutdown refuses new WebSockets, waits until those that are open have ended, and ends what is left when ctx is
// done; it then returns ctx's error. Call it beside [http.Server.Shutdown], which waits for every other exchange
// and knows nothing of these.
func (f *Forwarder) Shutdown(ctx context.Context) error {
	if f == nil || f.transport == nil {
		return nil // it refuses everything
	}
	t := &f.tunnels
	t.mu.Lock()
	if !t.draining {
		t.draining = true
		if len(t.open) == 0 {
			close(t.empty)
		}
	}
	t.mu.Unlock()
	select {
	case <-t.empty:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	for cancel := range t.open {
		(*cancel)(errShutdown)
	}
	t.mu.Unlock()
	<-t.empty
	return ctx.Err()
}
