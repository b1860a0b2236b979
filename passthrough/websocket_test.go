package passthrough_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
)

// opening is a good WebSocket handshake.
var opening = call{method: http.MethodGet, target: "/v1/realtime", fields: []string{
	"Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
}}

const switching = "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n\n"

// sockets lets WebSockets through.
var sockets = headers(headerpolicy.WebSocket())

// webSocketUpstream starts an upstream that has each connection, after the handshake's head, with script.
func webSocketUpstream(t testing.TB, script func(*rawhttp.Exchange)) *upstream {
	t.Helper()
	noGoroutineLeft(t)
	return upstreamOf(rawhttp.Upstream(t, script))
}

// handshake sends c, and what follows it in the same packet.
func (g *gateway) handshake(c call, early string) *rawhttp.Conn {
	g.t.Helper()
	c = c.prepared()
	conn := rawhttp.Dial(g.t, g.url)
	conn.SendExactly(rawhttp.CRLF(c.method+" "+c.target+" HTTP/1.1\nHost: gateway.test\n"+strings.Join(c.fields, "\n")+"\n\n") + early)
	return conn
}

// opened reads the 101.
func opened(t testing.TB, c *rawhttp.Conn) rawhttp.Head {
	t.Helper()
	h, err := c.ReadHead()
	if err != nil || h.Status() != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v, want 101", h, err)
	}
	return h
}

func TestS4_PolicyOnThe101(t *testing.T) {
	g := newGateway(t, webSocketUpstream(t, func(x *rawhttp.Exchange) {
		x.Send("HTTP/1.1 101 Switching Protocols\nConnection: Upgrade, X-Hop\nUpgrade: WebSocket\nX-Hop: 1\nKeep-Alive: 5\nSet-Cookie: a=b\nX-Secret: 1\n" +
			"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\nSec-WebSocket-Protocol: chat\nRequest-Id: " + upstreamKey + "\nTransfer-Encoding: chunked\n\n")
		_, _ = x.AwaitClose()
	}), sockets, injecting).behind(setting("X-Outer: 1"))
	c := g.handshake(opening, "")
	got := sortedFields(opened(t, c).Fields)
	want := []string{"connection: Upgrade", "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "sec-websocket-protocol: chat", "upgrade: websocket", "x-outer: 1"}
	if diff := difference(want, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	want = []string{upstreamLine, "connection: Upgrade", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version: 13", "upgrade: websocket"}
	if diff := difference(want, g.upstream.seen()[0].sent()); diff != "" {
		t.Errorf("what crossed (-want +got):\n%s", diff)
	}
	c.Close()
	if e := g.record(); e.Outcome != passthrough.Upgraded || e.Status != http.StatusSwitchingProtocols {
		t.Errorf("outcome %v, status %d", e.Outcome, e.Status)
	}
}

func TestS4_EarlyBytesBothWays(t *testing.T) {
	g := newGateway(t, webSocketUpstream(t, func(x *rawhttp.Exchange) {
		x.SendExactly(rawhttp.CRLF(switching) + "early down")
		if got, err := x.ReadN(8); got != "early up" || err != nil {
			t.Errorf("the upstream got %q, %v", got, err)
		}
		x.SendExactly(" and late")
		if got, err := x.ReadN(9); got != " and late" || err != nil {
			t.Errorf("the upstream got %q, %v", got, err)
		}
	}), sockets)
	c := g.handshake(opening, "early up")
	opened(t, c)
	if got, err := c.ReadN(19); got != "early down and late" || err != nil {
		t.Errorf("the client got %q, %v", got, err)
	}
	c.SendExactly(" and late")
	c.CloseWrite()
	c.Rest()
	if e := g.record(); e.BytesIn != 17 || e.BytesOut != 19 {
		t.Errorf("%d bytes in, %d out", e.BytesIn, e.BytesOut)
	}
}

func TestS4_ProtocolMismatchClosesTheUpstream(t *testing.T) {
	for name, answer := range map[string]string{
		"another protocol": "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: h2c\n\n",
		"none":             "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\n\n",
		"no Connection":    "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan struct{})
			g := newGateway(t, webSocketUpstream(t, func(x *rawhttp.Exchange) {
				x.Send(answer)
				_, _ = x.AwaitClose()
				close(closed)
			}), sockets)
			c := g.handshake(opening, "")
			if r := c.ReadResponse(); r.Status() != http.StatusBadGateway {
				t.Errorf("got %v, want 502", r)
			}
			<-closed
			if e := g.record(); e.Outcome != passthrough.UpstreamMalformed {
				t.Errorf("outcome %v", e.Outcome)
			}
		})
	}
}

func TestT4_HalfCloseBothDirections(t *testing.T) {
	t.Run("the client first", func(t *testing.T) {
		g := newGateway(t, webSocketUpstream(t, func(x *rawhttp.Exchange) {
			x.Send(switching)
			if surplus, err := x.AwaitClose(); string(surplus) != "last words" || err != nil {
				t.Errorf("the upstream got %q, %v", surplus, err)
			}
			x.SendExactly("answer to the last words")
		}), sockets)
		c := g.handshake(opening, "")
		opened(t, c)
		c.SendExactly("last words")
		c.CloseWrite()
		if got := string(c.Rest()); got != "answer to the last words" {
			t.Errorf("the client got %q", got)
		}
		if e := g.record(); e.Outcome != passthrough.Upgraded {
			t.Errorf("outcome %v: %s", e.Outcome, e.Error)
		}
	})
	t.Run("the upstream first", func(t *testing.T) {
		done := make(chan struct{})
		g := newGateway(t, webSocketUpstream(t, func(x *rawhttp.Exchange) {
			x.Send(switching)
			x.SendExactly("last words")
			x.CloseWrite()
			if surplus, err := x.AwaitClose(); string(surplus) != "answer to the last words" || err != nil {
				t.Errorf("the upstream got %q, %v", surplus, err)
			}
			close(done)
		}), sockets)
		c := g.handshake(opening, "")
		opened(t, c)
		if got := string(c.Rest()); got != "last words" {
			t.Errorf("the client got %q", got)
		}
		c.SendExactly("answer to the last words")
		c.CloseWrite()
		<-done
		if e := g.record(); e.Outcome != passthrough.Upgraded {
			t.Errorf("outcome %v: %s", e.Outcome, e.Error)
		}
	})
}

func TestT5_NoCopyBlocksForEver(t *testing.T) {
	t.Run("the client is gone", func(t *testing.T) {
		closed := make(chan struct{})
		g := newGateway(t, webSocketUpstream(t, func(x *rawhttp.Exchange) {
			x.Send(switching)
			_, _ = x.AwaitClose() // the upstream says nothing: only the gateway can end this
			close(closed)
		}), sockets)
		c := g.handshake(opening, "")
		opened(t, c)
		c.Reset()
		<-closed
		if e := g.record(); e.Outcome != passthrough.Truncated {
			t.Errorf("outcome %v", e.Outcome)
		}
	})
	t.Run("the upstream is gone", func(t *testing.T) {
		g := newGateway(t, webSocketUpstream(t, func(x *rawhttp.Exchange) {
			x.Send(switching)
			_, _ = x.ReadN(1)
			x.Reset()
		}), sockets)
		c := g.handshake(opening, "")
		opened(t, c)
		c.SendExactly("!")
		c.Rest() // ends, though the client has not closed its side
		if e := g.record(); e.Outcome != passthrough.Truncated {
			t.Errorf("outcome %v", e.Outcome)
		}
	})
	t.Run("the client reads nothing", func(t *testing.T) {
		closed := make(chan struct{})
		g := newGateway(t, webSocketUpstream(t, func(x *rawhttp.Exchange) {
			x.Send(switching)
			for x.SendExactly(strings.Repeat("flood", 1000)) {
			}
			close(closed)
		}), sockets)
		c := g.handshake(opening, "")
		opened(t, c)
		c.Reset()
		<-closed
		g.record()
	})
}

func TestWebSocketIsRefused(t *testing.T) {
	changed := func(c call, change func(*call)) call {
		c.fields = append([]string(nil), c.fields...)
		change(&c)
		return c
	}
	for _, c := range []struct {
		name   string
		with   option
		call   call
		status int
		code   string
	}{
		{"not named", with(), opening, 403, "upgrade-not-named"},
		{"no key", sockets, changed(opening, func(c *call) { c.fields = c.fields[:3] }), 403, "upgrade-not-named"},
		{"POST", sockets, changed(opening, func(c *call) { c.method = http.MethodPost }), 400, "bad-upgrade"},
		{"a body", sockets, changed(opening, func(c *call) { c.body = "x" }), 400, "bad-upgrade"},
		{"a chunked body", sockets, changed(opening, func(c *call) { c.trailers = []string{} }), 400, "bad-upgrade"},
		{"two protocols", sockets, changed(opening, func(c *call) { c.fields[1] = "Upgrade: websocket, foo" }), 400, "bad-upgrade"},
		{"two lines", sockets, changed(opening, func(c *call) { c.fields = append(c.fields, "Upgrade: websocket") }), 400, "bad-upgrade"},
		{"a credential in disguise", sockets, changed(opening, func(c *call) {
			c.fields = append(c.fields, "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.sk-123456")
		}), 400, "credential-in-disguise"},
		{"the gateway's key", sockets, changed(opening, func(c *call) { c.fields = append(c.fields, "Sec-WebSocket-Protocol: "+gatewayKey) }), 400, "sealed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := wire{h1, h1}
			g := newGateway(t, w.startUpstream(t, answer{}), c.with)
			g.refused(g.do(w, c.call), c.status, c.code)
		})
	}
	t.Run("HTTP/1.0", func(t *testing.T) {
		w := wire{h1, h1}
		g := newGateway(t, w.startUpstream(t, answer{}), sockets)
		r := rawhttp.Do(t, g.url, "GET / HTTP/1.0\n"+strings.Join(append(opening.fields, good...), "\n")+"\n\n")
		g.refused(reply{status: r.Status(), body: string(r.Body)}, 400, "bad-upgrade")
	})
	t.Run("without Connection it is an ordinary request", func(t *testing.T) {
		w := wire{h1, h1}
		g := newGateway(t, w.startUpstream(t, answer{}))
		g.crossed(g.do(w, changed(opening, func(c *call) { c.fields = c.fields[1:] })), callerLine)
	})
	t.Run("a middleware that cannot be hijacked", func(t *testing.T) {
		closed := make(chan struct{})
		g := newGateway(t, webSocketUpstream(t, func(x *rawhttp.Exchange) { x.Send(switching); _, _ = x.AwaitClose(); close(closed) }), sockets).behind(
			func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(struct{ http.ResponseWriter }{w}, r) })
			})
		if r := g.do(wire{h1, h1}, opening); r.status != http.StatusInternalServerError {
			t.Errorf("got %v, want 500", r)
		}
		<-closed
	})
}

func TestWebSocketAnsweredOtherwise(t *testing.T) {
	w := wire{h1, h1}
	g := newGateway(t, w.startUpstream(t, answer{status: 401, fields: []string{"www-authenticate: Bearer", "request-id: r"}, body: "who are you?"}), sockets)
	r := g.do(w, opening)
	if diff := difference([]string{"request-id: r"}, r.got()); diff != "" || r.status != http.StatusUnauthorized || r.body != "who are you?" {
		t.Errorf("got %v", r)
	}
	if e := g.record(); e.Outcome != passthrough.Forwarded || e.Status != http.StatusUnauthorized {
		t.Errorf("outcome %v, status %d", e.Outcome, e.Status)
	}
}

func TestShutdownDrainsWebSockets(t *testing.T) {
	start := func(t *testing.T) (*gateway, *rawhttp.Conn) {
		t.Helper()
		g := newGateway(t, webSocketUpstream(t, func(x *rawhttp.Exchange) { x.Send(switching); _, _ = x.AwaitClose() }), sockets)
		c := g.handshake(opening, "")
		opened(t, c)
		return g, c
	}
	t.Run("none is open", func(t *testing.T) {
		g := newGateway(t, webSocketUpstream(t, func(*rawhttp.Exchange) {}), sockets)
		for range 2 {
			if err := g.route.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("it waits for those that are open, and opens no more", func(t *testing.T) {
		g, c := start(t)
		done := make(chan error)
		go func() { done <- g.route.Shutdown(context.Background()) }()
		for { // until the route drains
			conn := g.handshake(opening, "")
			r := conn.ReadResponse()
			conn.Close()
			if r.Status() == http.StatusServiceUnavailable {
				if r.Fields.Get("Retry-After") == "" || !strings.Contains(string(r.Body), "shutting-down") {
					t.Errorf("got %v", r)
				}
				break
			}
		}
		select {
		case err := <-done:
			t.Errorf("Shutdown returned %v with a WebSocket open", err)
		default:
		}
		c.CloseWrite()
		c.Rest()
		if err := <-done; err != nil {
			t.Errorf("Shutdown returned %v", err)
		}
	})
	t.Run("it ends those that are left when its context is done", func(t *testing.T) {
		g, c := start(t)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := g.route.Shutdown(ctx); err != context.Canceled {
			t.Errorf("Shutdown returned %v", err)
		}
		c.Rest()
		if e := g.record(); e.Outcome != passthrough.ClientClosed || e.Error != "the gateway is shutting down" {
			t.Errorf("outcome %v: %s", e.Outcome, e.Error)
		}
	})
	t.Run("the zero route has nothing to end", func(t *testing.T) {
		if err := new(passthrough.Route).Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := new(passthrough.Forwarder).Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
