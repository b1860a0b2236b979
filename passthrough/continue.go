package passthrough

import (
	"context"
	"net/http/httptrace"
	"sync"
	"time"
)

// continueGate holds a request's body back until the upstream has asked for it, where the client wants to be asked
// (RFC 9110 section 10.1.1): the first read of the body is what makes the server send the client its 100. The HTTP
// client alone would not do: answered without a 100, it sends the body all the same, to be able to use the
// connection again.
type continueGate struct {
	asked chan struct{}
	once  sync.Once
	timer *time.Timer
}

// newContinueGate returns a gate that opens after a while by itself: the upstream may know nothing of 100s.
func newContinueGate() *continueGate {
	g := &continueGate{asked: make(chan struct{})}
	g.timer = time.AfterFunc(expectContinueTimeout, g.open)
	return g
}

func (g *continueGate) open() { g.once.Do(func() { close(g.asked) }) }

// trace opens the gate when a 100 arrives.
func (g *continueGate) trace(ctx context.Context) context.Context {
	if g == nil {
		return ctx
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got100Continue: g.open})
}

// answered keeps the gate closed, unless it is open: there is a final response, and the body is not wanted.
func (g *continueGate) answered() {
	if g != nil {
		g.timer.Stop()
	}
}

// pass waits until the gate is open, and reports whether it is; either channel ends the waiting. A client that is not
// wanted to send its body waits here until the exchange is over: an error would make the HTTP client drop the
// connection while the response still comes.
func (g *continueGate) pass(closed, stopped <-chan struct{}) bool {
	if g == nil {
		return true
	}
	select {
	case <-g.asked:
		return true
	case <-closed:
	case <-stopped:
	}
	return false
}
