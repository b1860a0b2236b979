package passthrough_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
)

// echoing starts an upstream that sends each piece of a request back as soon as it has come.
func (w wire) echoing(t *testing.T) *upstream {
	t.Helper()
	noGoroutineLeft(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		_ = control.Flush()
		buf := make([]byte, 1024)
		for {
			n, err := r.Body.Read(buf)
			_, _ = w.Write(buf[:n])
			_ = control.Flush()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				panic(http.ErrAbortHandler)
			}
		}
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(w.upstream == h1)
	server.Config.Protocols.SetUnencryptedHTTP2(w.upstream == h2)
	server.Start()
	t.Cleanup(server.Close)
	return &upstream{url: server.URL, h2c: w.upstream == h2}
}

func TestFullDuplex(t *testing.T) {
	everywhere(t, func(t *testing.T, w wire) {
		g := newGateway(t, w.echoing(t))
		v := g.visiting(w, call{}, true)
		if status := v.head(); status != http.StatusOK { // before any of the body has been sent
			t.Fatalf("status %d", status)
		}
		for _, want := range []string{"ping", "gw-", "gw-al", "pong", "x"} { // the beginnings of the key, too, go at once
			v.send(want)
			if got, _ := v.next(); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
		v.finish()
		if body, err := v.rest(); err != nil {
			t.Errorf("at the end: %q, %v", body, err)
		}
		if e := g.record(); e.Outcome != passthrough.Forwarded || e.BytesIn != 17 || e.BytesOut != 17 {
			t.Errorf("outcome %v, %d bytes in, %d out", e.Outcome, e.BytesIn, e.BytesOut)
		}
	})
}

func TestEarlyReply(t *testing.T) {
	// The upstream answers when it has seen the header alone; the client never finishes its upload.
	early := func(k talk) {
		k.begin("content-length: 8")
		k.write("too much")
		k.end()
		k.gone() // the upload is over: in HTTP/1.1 with the connection, which must not serve another request
	}
	everywhere(t, func(t *testing.T, w wire) {
		g := newGateway(t, w.talking(t, early))
		for range 2 {
			v := g.visiting(w, call{}, true)
			v.send("a beginning")
			if status := v.head(); status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			if got := v.exactly(8); got != "too much" {
				t.Errorf("got %q", got)
			}
			if e := g.record(); e.Outcome != passthrough.Forwarded || e.BytesOut != 8 {
				t.Errorf("outcome %v (%s), %d bytes", e.Outcome, e.Error, e.BytesOut)
			}
			v.leave()
		}
		if hits := g.upstream.hits(); hits != 2 {
			t.Errorf("the upstream got %d requests", hits)
		}
	})
	t.Run("the client's connection ends, announced", func(t *testing.T) {
		noGoroutineLeft(t)
		g := newGateway(t, upstreamOf(rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
			x.Send("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\n.\n0\n\n")
		})))
		c := rawhttp.Dial(t, g.url)
		c.Send("POST /v1/messages HTTP/1.1\nHost: a\n" + strings.Join(good, "\n") + "\nContent-Length: 5\n\n{")
		h, err := c.ReadHead()
		if err != nil || h.Status() != http.StatusOK || h.Fields.Get("Connection") != "close" {
			t.Fatalf("%v, %v", h, err)
		}
		c.Send("   }") // what the server still waits for, and then the end
		if rest := string(c.Rest()); rest != "1\r\n.\r\n0\r\n\r\n" {
			t.Errorf("got %q", rest)
		}
		g.record()
		if logged := g.logs.String(); strings.Contains(logged, "panic") {
			t.Errorf("the server logged: %.2000s", logged)
		}
	})
	t.Run("the connection is not used again", func(t *testing.T) {
		noGoroutineLeft(t)
		server := rawhttp.Upstream(t, func(x *rawhttp.Exchange) { early(&talkH1{x: x}) })
		g := newGateway(t, upstreamOf(server))
		for range 3 {
			c := rawhttp.Dial(t, g.url)
			c.Send("POST /v1/messages HTTP/1.1\nHost: a\n" + strings.Join(good, "\n") + "\nContent-Length: 1000000\n\n")
			c.Send("{")
			if r := c.ReadResponse(); !r.Complete() || string(r.Body) != "too much" {
				t.Errorf("got %v", r)
			}
			g.record()
			c.Close()
		}
		if got := server.Connections(); got != 3 {
			t.Errorf("%d connections for 3 broken uploads", got)
		}
	})
}
