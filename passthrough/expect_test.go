package passthrough_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
)

// hesitant is a request whose body waits for a 100.
var hesitant = call{fields: []string{"Expect: 100-continue"}}

// net/http's HTTP/2 server takes the Expect field away and sends its 100 when the body is first read: no handler can
// see the field, so none can pass it on. Over HTTP/2 the exchange must work, and that is all.
func TestT2_ExpectContinue(t *testing.T) {
	t.Run("the upstream wants the body", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			asked := make(chan struct{})
			g := newGateway(t, w.talking(t, func(k talk) {
				k.wait(asked)
				k.status("100")
				if data, err := k.body(); data != "the body" || err != nil {
					t.Errorf("the upstream got %q, %v", data, err)
				}
				k.begin()
				k.write("thanks")
				k.end()
			}))
			v := g.visiting(w, hesitant, true)
			close(asked) // not before: a 100 that came of itself would be the gateway's invention
			if !awaitContinue(v) {
				t.Fatal("no 100")
			}
			v.send("the body")
			v.finish()
			if status := v.head(); status != http.StatusOK {
				t.Errorf("status %d", status)
			}
			if body, err := v.rest(); body != "thanks" || err != nil {
				t.Errorf("got %q, %v", body, err)
			}
			if got := g.upstream.seen()[0].fields.Get("Expect"); got != "100-continue" && w.client == h1 {
				t.Errorf("the upstream got Expect: %q", got)
			}
		})
	})
	t.Run("the upstream does not", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			g := newGateway(t, w.talking(t, func(k talk) {
				k.begin("content-length: 0") // without reading, without a 100
				k.end()
				k.gone()
			}))
			v := g.visiting(w, hesitant, true)
			if continued(v) && w.client == h1 {
				t.Error("the client was asked for its body")
			}
			if e := g.record(); e.Outcome != passthrough.Forwarded || e.BytesIn != 0 {
				t.Errorf("outcome %v, %d bytes in", e.Outcome, e.BytesIn)
			}
			v.leave()
		})
	})
	t.Run("the upstream refuses", func(t *testing.T) {
		for name, fields := range map[string]string{"and closes": "Connection: close\n", "and keeps the connection": "", "and says why, long": "X-Pad: " + strings.Repeat("x", 5000) + "\n"} {
			t.Run(name, func(t *testing.T) {
				noGoroutineLeft(t)
				body := strings.Repeat("no", 10_000)
				server := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
					x.Send(fmt.Sprintf("HTTP/1.1 401 Unauthorized\n%sContent-Length: %d\n\n%s", fields, len(body), body))
					if got, _ := x.AwaitClose(); len(got) > 0 {
						t.Errorf("the upstream got %q after all", got)
					}
				})
				g := newGateway(t, upstreamOf(server))
				for range 2 {
					c := rawhttp.Dial(t, g.url)
					c.Send("POST /v1/messages HTTP/1.1\nHost: a\n" + strings.Join(good, "\n") + "\nExpect: 100-continue\nContent-Length: 1000\n\n")
					if r := c.ReadResponse(); r.Status() != http.StatusUnauthorized || len(r.Informational) > 0 || string(r.Body) != body || !r.Complete() {
						t.Errorf("got %v", r)
					}
					if e := g.record(); e.Outcome != passthrough.Forwarded || e.BytesIn != 0 {
						t.Errorf("outcome %v, %d bytes in", e.Outcome, e.BytesIn)
					}
					c.Close()
				}
				if got := server.Connections(); got != 2 {
					t.Errorf("%d connections: one with a body still owed was used again", got)
				}
			})
		}
	})
	t.Run("the gateway does not", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			g := newGateway(t, w.startUpstream(t, answer{}))
			v := g.visiting(w, call{fields: append([]string{"X_Api_Key: x"}, hesitant.fields...)}, true)
			if continued(v) {
				t.Error("the client was asked for its body")
			}
			if e := g.record(); e.Status != http.StatusBadRequest || g.upstream.hits() != 0 {
				t.Errorf("status %d", e.Status)
			}
			v.leave()
		})
	})
	t.Run("without a body there is nothing to wait for", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			g := newGateway(t, w.startUpstream(t, answer{}))
			g.crossed(g.do(w, hesitant), callerLine)
		})
	})
	t.Run("a 100 of the upstream's own accord is this hop's business", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			g := newGateway(t, w.talking(t, func(k talk) {
				_, _ = k.body()
				k.status("100")
				k.begin()
				k.end()
			}), responding(headerpolicy.Response{Informational: []string{"Link"}}))
			if r := g.do(w, call{}); r.status != http.StatusOK || len(r.informational) != 0 {
				t.Errorf("got %v", r)
			}
		})
	})
	t.Run("another expectation", func(t *testing.T) { // RFC 9110 section 10.1.1
		w := wire{h1, h1}
		g := newGateway(t, w.startUpstream(t, answer{}))
		if r := g.do(w, call{fields: []string{"Expect: 200-ok"}}); r.status != http.StatusExpectationFailed || g.upstream.hits() != 0 {
			t.Errorf("got %v", r)
		}
	})
}

// awaitContinue reads a 100.
func awaitContinue(v visit) bool {
	if v, ok := v.(*visitH1); ok {
		h, err := v.c.ReadHead()
		return err == nil && h.Status() == http.StatusContinue
	}
	s := v.(*visitH2).s
	return s.Next().Fields.Get(":status") == "100"
}

// continued reads up to the final header, and reports whether a 100 came before it.
func continued(v visit) bool {
	v.head()
	if v, ok := v.(*visitH1); ok {
		return len(v.informational) > 0
	}
	return len(v.(*visitH2).s.Received().Informational) > 0
}
