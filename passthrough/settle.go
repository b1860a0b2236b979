package passthrough

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
)

// This is about net/http's client, and so about what [Upstream.client] leaves to it. Connections of the HTTP/1.1 client in front
// of it need no settling: nothing reads from them between two exchanges, and each is looked at before the next.
//
// What an HTTP/1.1 upstream sends beyond the end of a response answers nobody, and a connection that holds some of it must
// not be used again (RFC 9112 sections 6.3 and 9.2). net/http's Transport looks for it only after it has put the
// connection back among the idle ones: a request that is quicker takes the connection, and then the surplus for its own
// response. It may be another caller's. So each request that gets a used connection waits until the Transport reads
// from it again, which it does only when it has used up what it had read before, and until the system has nothing to
// give it: surplus has been noticed then, and the connection closed. The Transport sends the request on another one.
//
// What has not arrived by then cannot be told from a response.

// settling is the context in which the HTTP client gets an exchange's request. It carries the client trace below, without
// an allocation for each exchange.
type settling struct{ context.Context }

var settleTrace = httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GotConn: settle})

// Value returns the trace, and else what the exchange's context has.
func (s *settling) Value(key any) any {
	if v := settleTrace.Value(key); v != nil {
		return v
	}
	return s.Context.Value(key)
}

// traced returns ctx with the client trace that has connections settle, beside those that ctx carries.
func (s *settling) traced(ctx context.Context) context.Context {
	if httptrace.ContextClientTrace(ctx) != nil {
		return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: settle})
	}
	s.Context = ctx
	return s
}

// settle is told which connection a request got, before anything is sent over it.
func settle(info httptrace.GotConnInfo) {
	conn, secured := beneath(info.Conn)
	if conn == nil || conn.multiplexes(secured) || !info.Reused {
		return
	}
	conn.settle()
}

// beneath returns the connection to the upstream, and what the outermost layer of TLS over it is: an HTTPS proxy adds one.
func beneath(conn net.Conn) (*upstreamConn, *tls.Conn) {
	secured, _ := conn.(*tls.Conn)
	for {
		switch c := conn.(type) {
		case *upstreamConn:
			return c, secured
		case *tls.Conn:
			conn = c.NetConn()
		default:
			return nil, nil
		}
	}
}
