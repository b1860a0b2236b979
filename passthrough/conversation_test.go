package passthrough_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// talk is one exchange in an upstream's hands, step by step, over either protocol.
type talk interface {
	begin(fields ...string)         // 200; a body of unknown length follows, unless a Content-Length is among the fields
	write(data string)              // a chunk, or a DATA frame
	end()                           // the body's end
	abort()                         // breaks off: the connection in HTTP/1.1, the stream in HTTP/2
	gone()                          // waits until the peer has cancelled the exchange
	wait(ch <-chan struct{})        // for the test to let it go on
	status(line string)             // a head of its own: "103", with nothing else
	body() (data string, err error) // of the request, to its end
}

// talking starts an upstream that has each exchange with script.
func (w wire) talking(t testing.TB, script func(talk)) *upstream {
	t.Helper()
	noGoroutineLeft(t)
	if w.upstream == h1 {
		return upstreamOf(rawhttp.Upstream(t, func(x *rawhttp.Exchange) { script(&talkH1{x: x}) }))
	}
	return upstreamOfH2(rawhttp.UpstreamH2(t, func(s *rawhttp.Stream) { script(&talkH2{t: t, s: s}) }))
}

type talkH1 struct {
	x      *rawhttp.Exchange
	length bool
}

func (k *talkH1) begin(fields ...string) {
	for _, f := range fields {
		k.length = k.length || strings.HasPrefix(f, "content-length:")
	}
	if !k.length {
		fields = append(fields, "transfer-encoding: chunked")
	}
	k.x.Send("HTTP/1.1 200 OK\n" + strings.Join(fields, "\n") + "\n\n")
}

func (k *talkH1) write(data string) {
	if k.length {
		k.x.SendExactly(data)
		return
	}
	k.x.SendExactly(fmt.Sprintf("%x\r\n%s\r\n", len(data), data))
}

func (k *talkH1) end() {
	if !k.length {
		k.x.SendExactly("0\r\n\r\n")
	}
}

func (k *talkH1) abort()                  { k.x.Close() }
func (k *talkH1) gone()                   { _, _ = k.x.AwaitClose(); k.x.Close() }
func (k *talkH1) wait(ch <-chan struct{}) { k.x.Wait(ch) }
func (k *talkH1) status(code string)      { k.x.Send("HTTP/1.1 " + code + " Status\n\n") }

func (k *talkH1) body() (string, error) {
	r := k.x.ReadBody()
	return string(r.Body), r.Err
}

type talkH2 struct {
	t testing.TB
	s *rawhttp.Stream
}

func (k *talkH2) begin(fields ...string) {
	k.s.Headers(false, append([]string{":status: 200"}, fields...)...)
}
func (k *talkH2) write(data string)  { k.s.Data(false, data) }
func (k *talkH2) end()               { k.s.Data(true, "") }
func (k *talkH2) abort()             { k.s.Reset(http2.ErrCodeInternal) }
func (k *talkH2) status(code string) { k.s.Headers(false, ":status: "+code) }

func (k *talkH2) gone() {
	for {
		if e := k.s.Next(); e.Kind == rawhttp.ResetEvent || e.Kind == rawhttp.ClosedEvent {
			return
		}
	}
}

func (k *talkH2) wait(ch <-chan struct{}) {
	select {
	case <-ch:
	case <-k.t.Context().Done():
	}
}

func (k *talkH2) body() (string, error) {
	m := k.s.ReadMessage()
	return string(m.Body), m.Err
}

// visit is a caller's exchange with a gateway, step by step, over either protocol.
type visit interface {
	head() (status int)             // the final one
	next() (data string, more bool) // the next piece of the body
	exactly(n int) string           // of a body of known length: one piece
	send(data string)               // the next piece of the request's body
	finish()                        // the request's end
	leave()                         // abruptly
	rest() (body string, err error) // until the end, in whatever way
}

// visiting begins a request with an open body, or without any.
func (g *gateway) visiting(w wire, c call, open bool) visit {
	g.t.Helper()
	c = c.prepared()
	if w.client == h1 {
		if open {
			c.fields = append(c.fields, "Transfer-Encoding: chunked")
		}
		conn := rawhttp.Dial(g.t, g.url)
		conn.Send(fmt.Sprintf("%s %s HTTP/1.1\nHost: gateway.test\n%s\n\n", c.method, c.target, strings.Join(c.fields, "\n")))
		return &visitH1{c: conn}
	}
	conn := rawhttp.DialH2(g.t, g.url)
	return &visitH2{c: conn, s: conn.Open(!open, c.h2Fields()...)}
}

type visitH1 struct {
	c             *rawhttp.Conn
	informational []rawhttp.Head
	length        bool
}

func (v *visitH1) head() int {
	for {
		h, err := v.c.ReadHead()
		if err != nil {
			return 0
		}
		if h.Status() >= 200 {
			v.length = h.Fields.Has("Content-Length")
			return h.Status()
		}
		v.informational = append(v.informational, h)
	}
}

func (v *visitH1) next() (string, bool) {
	data, err := v.c.ReadChunk()
	return data, err == nil && data != ""
}

func (v *visitH1) exactly(n int) string {
	data, _ := v.c.ReadN(n)
	return data
}

func (v *visitH1) send(data string) { v.c.SendExactly(fmt.Sprintf("%x\r\n%s\r\n", len(data), data)) }
func (v *visitH1) finish()          { v.c.SendExactly("0\r\n\r\n") }
func (v *visitH1) leave()           { v.c.Reset() }

func (v *visitH1) rest() (string, error) {
	var body strings.Builder
	for {
		data, err := v.c.ReadChunk()
		body.WriteString(data)
		if err != nil {
			return body.String(), err
		}
		if data == "" {
			_, err = v.c.ReadTrailers()
			return body.String(), err
		}
	}
}

type visitH2 struct {
	c *rawhttp.H2Conn
	s *rawhttp.Stream
}

func (v *visitH2) head() int {
	for {
		e := v.s.Next()
		if e.Kind != rawhttp.HeadersEvent {
			return 0
		}
		if m := v.s.Received(); m.Status() != 0 {
			return m.Status()
		}
	}
}

func (v *visitH2) next() (string, bool) {
	e := v.s.Next()
	return e.Data, e.Kind == rawhttp.DataEvent && !e.End
}

func (v *visitH2) exactly(int) string {
	data, _ := v.next()
	return data
}

func (v *visitH2) send(data string) { v.s.Data(false, data) }
func (v *visitH2) finish()          { v.s.Data(true, "") }
func (v *visitH2) leave()           { v.s.Reset(http2.ErrCodeCancel) }

func (v *visitH2) rest() (string, error) {
	m := v.s.ReadMessage()
	return string(m.Body), m.Err
}
