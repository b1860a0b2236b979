package passthrough_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// valueless is a context that knows nothing of the server: as frameworks that build requests of their own have it.
type valueless struct{ context.Context }

func (c valueless) Value(key any) any {
	if key == http.ServerContextKey || key == http.LocalAddrContextKey {
		return nil
	}
	return c.Context.Value(key)
}

func withoutServerContext(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.WithContext(valueless{r.Context()})) })
}

func TestT1_TruncationIsVisible(t *testing.T) {
	const long = 20 * 2000
	for _, c := range []struct {
		name   string
		script func(talk)
		sent   string // of the body; as much of it as had left when the upstream broke off may arrive
	}{
		{"of unknown length, after some", func(k talk) { k.begin(); k.write("half"); k.abort() }, "half"},
		{"of unknown length, before any", func(k talk) { k.begin(); k.abort() }, ""},
		{"of known length, after some", func(k talk) { k.begin("content-length: 8"); k.write("half"); k.abort() }, "half"},
		{"of known length, before any", func(k talk) { k.begin("content-length: 8"); k.abort() }, ""},
		{"large", func(k talk) {
			k.begin()
			for range 20 {
				k.write(strings.Repeat("x", long/20))
			}
			k.abort()
		}, strings.Repeat("x", long)},
	} {
		t.Run(c.name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				for _, around := range []func(http.Handler) http.Handler{func(h http.Handler) http.Handler { return h }, withoutServerContext} {
					g := newGateway(t, w.talking(t, func(k talk) { _, _ = k.body(); c.script(k) })).behind(around)
					r := g.do(w, call{})
					if r.err == nil {
						t.Errorf("the response looks complete: %v", r)
					}
					if r.status != http.StatusOK && r.status != 0 || !strings.HasPrefix(c.sent, r.body) {
						t.Errorf("got %v", r)
					}
					if e := g.record(); e.Outcome != passthrough.Truncated || e.Status != http.StatusOK {
						t.Errorf("outcome %v, status %d", e.Outcome, e.Status)
					}
				}
			})
		})
	}
	t.Run("in any server", func(t *testing.T) {
		w := wire{h1, h1}
		g := newGateway(t, w.talking(t, func(k talk) { _, _ = k.body(); k.begin(); k.write("half"); k.abort() }))
		r := httptest.NewRequest(http.MethodPost, "/v1/messages", nil)
		for _, line := range good {
			name, value, _ := strings.Cut(line, ": ")
			r.Header.Set(name, value)
		}
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("the handler returned with %v, want a panic with http.ErrAbortHandler", p)
			}
		}()
		g.route.ServeHTTP(httptest.NewRecorder(), r)
	})
}

func TestT3_TheClientsLeavingCancels(t *testing.T) {
	t.Run("before the header", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			arrived, gone := make(chan struct{}), make(chan struct{})
			g := newGateway(t, w.talking(t, func(k talk) { _, _ = k.body(); close(arrived); k.gone(); close(gone) }))
			v := g.visiting(w, call{method: http.MethodGet}, false)
			<-arrived
			v.leave()
			<-gone
			if e := g.record(); e.Outcome != passthrough.ClientClosed || e.Status != passthrough.StatusClientClosed || e.UpstreamStatus != 0 {
				t.Errorf("outcome %v, status %d, upstream's %d", e.Outcome, e.Status, e.UpstreamStatus)
			}
		})
	})
	t.Run("in the middle of the stream", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			gone := make(chan struct{})
			g := newGateway(t, w.talking(t, func(k talk) { _, _ = k.body(); k.begin(); k.write("first"); k.gone(); close(gone) }))
			v := g.visiting(w, call{}, false)
			if status := v.head(); status != http.StatusOK {
				t.Errorf("status %d", status)
			}
			if data, _ := v.next(); data != "first" {
				t.Errorf("got %q", data)
			}
			v.leave()
			<-gone
			if e := g.record(); e.Outcome != passthrough.ClientClosed || e.Status != http.StatusOK || e.BytesOut != 5 {
				t.Errorf("outcome %v, status %d, %d bytes", e.Outcome, e.Status, e.BytesOut)
			}
		})
	})
	t.Run("in the middle of the upload", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			broken := make(chan error, 1)
			arrived := make(chan struct{})
			g := newGateway(t, w.talking(t, func(k talk) {
				close(arrived)
				_, err := k.body()
				broken <- err
				k.abort()
			}))
			v := g.visiting(w, call{}, true)
			v.send("half a request")
			<-arrived
			v.leave()
			if err := <-broken; err == nil {
				t.Error("the request looks complete to the upstream")
			}
			if e := g.record(); e.Outcome != passthrough.ClientClosed || e.Status != passthrough.StatusClientClosed {
				t.Errorf("outcome %v, status %d", e.Outcome, e.Status)
			}
		})
	})
	t.Run("while the upstream floods", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			gone := make(chan struct{})
			g := newGateway(t, w.talking(t, func(k talk) {
				_, _ = k.body()
				k.begin()
				k.write(strings.Repeat("x", 1<<14))
				k.gone()
				close(gone)
			}))
			v := g.visiting(w, call{}, false)
			v.head()
			v.leave()
			<-gone
			if e := g.record(); e.Outcome != passthrough.ClientClosed {
				t.Errorf("outcome %v", e.Outcome)
			}
		})
	})
}

func TestT6_EventsArriveWhenTheyAreSent(t *testing.T) {
	events := []string{"event: message_start\ndata: {}\n\n", ":\n\n", "data: a", "\n\n", strings.Repeat("data: long\n", 900) + "\n", "data: [DONE]\n\n"}
	everywhere(t, func(t *testing.T, w wire) {
		next := make(chan struct{}) // the caller has got what was sent
		g := newGateway(t, w.talking(t, func(k talk) {
			_, _ = k.body()
			k.begin("content-type: text/event-stream", "cache-control: no-cache")
			for _, e := range events {
				k.wait(next)
				k.write(e)
			}
			k.wait(next)
			k.end()
		}))
		v := g.visiting(w, call{}, false)
		if status := v.head(); status != http.StatusOK { // before the first byte has been sent
			t.Fatalf("status %d", status)
		}
		for _, want := range events {
			next <- struct{}{}
			var got string
			for len(got) < len(want) {
				data, more := v.next()
				if got += data; !more {
					break
				}
			}
			if got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
		next <- struct{}{}
		if data, err := v.rest(); data != "" && w.client == h1 || err != nil {
			t.Errorf("at the end: %q, %v", data, err)
		}
		e := g.record()
		if e.Outcome != passthrough.Forwarded || e.BytesOut != int64(len(strings.Join(events, ""))) || e.FirstByte < e.Answered {
			t.Errorf("the record has %+v", e)
		}
	})
}

func TestKnownLengthIsFlushedWhenTheUpstreamPauses(t *testing.T) {
	everywhere(t, func(t *testing.T, w wire) {
		next := make(chan struct{})
		g := newGateway(t, w.talking(t, func(k talk) {
			_, _ = k.body()
			k.begin("content-length: 10")
			k.wait(next)
			k.write("first")
			k.wait(next)
			k.write("after")
			k.wait(next) // in HTTP/2 the body's end is a frame of its own
			k.end()
		}))
		v := g.visiting(w, call{}, false)
		if status := v.head(); status != http.StatusOK { // while the upstream pauses after the header
			t.Fatalf("status %d", status)
		}
		for _, want := range []string{"first", "after"} {
			next <- struct{}{}
			if got := v.exactly(len(want)); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		next <- struct{}{}
	})
}

func TestT7_NoCredentialInLogs(t *testing.T) {
	const wrong = "gw-wrong-but-secret-5521"
	all := carriers(auth.Header("X-Gateway-Key"), auth.Bearer(), auth.Basic(), auth.Query("gw"), auth.Cookie("gw"), auth.ProxyAuthorization())
	chatty := func(c *passthrough.Config) {
		c.Auth.Verifier = auth.VerifierFunc(func(_ context.Context, k auth.Credential) (auth.Caller, error) {
			return auth.Caller{}, errors.New("no such key: " + k.Secret())
		})
	}
	calls := []call{
		{bare: true, fields: []string{"X-Gateway-Key: " + wrong}},
		{bare: true, fields: []string{"Authorization: Bearer " + wrong}},
		{bare: true, fields: []string{"Authorization: Basic YWxpY2U6Z3ctd3JvbmctYnV0LXNlY3JldC01NTIx"}},
		{bare: true, fields: []string{"Cookie: gw=" + wrong}},
		{bare: true, fields: []string{"Proxy-Authorization: Bearer " + wrong}},
		{bare: true, target: "/v1/messages?gw=" + wrong},
		{bare: true, fields: []string{"X-Gateway-Key: " + wrong, "Authorization: Bearer another-" + wrong}},
		{bare: true, target: "/v1/" + wrong, fields: []string{"X-Gateway-Key: " + wrong}},
		{bare: true, method: "BREW-" + wrong},
		{bare: true, fields: []string{"X-Stainless-" + wrong + ": 1"}},
	}
	for _, o := range []option{all, with(all, chatty)} {
		everywhere(t, func(t *testing.T, w wire) {
			g := newGateway(t, w.startUpstream(t, answer{}), o)
			for _, c := range calls {
				r := g.do(w, c)
				if r.status != http.StatusUnauthorized && r.status != http.StatusBadRequest {
					t.Errorf("%v: got %v", c, r)
				}
				g.record()
			}
			for place, text := range map[string]string{"the log": g.logs.String(), "the caller": g.replies.String()} {
				if holds(text, wrong) {
					t.Errorf("%s got the key:\n%s", place, text)
				}
			}
			if g.upstream.hits() != 0 {
				t.Errorf("the upstream got %v", g.upstream.seen())
			}
		})
	}
	t.Run("nor of exchanges that fail", func(t *testing.T) {
		for _, script := range []func(*rawhttp.Exchange){
			func(x *rawhttp.Exchange) { x.ReadBody(); x.Close() },
			func(x *rawhttp.Exchange) { x.ReadBody(); x.SendExactly(upstreamKey + "\r\n\r\n"); x.Close() },
			func(x *rawhttp.Exchange) {
				x.ReadBody()
				x.SendExactly("HTTP/1.1 200 OK\r\n" + upstreamKey + "\r\n\r\n")
				x.Close()
			},
			func(x *rawhttp.Exchange) {
				x.ReadBody()
				x.SendExactly("HTTP/1.1 200 OK\r\nContent-Length: " + upstreamKey + "\r\n\r\n")
				x.Close()
			},
		} {
			noGoroutineLeft(t)
			g := newGateway(t, upstreamOf(rawhttp.Upstream(t, script)), injecting)
			if r := g.do(wire{h1, h1}, call{body: "{}"}); r.status != http.StatusBadGateway {
				t.Errorf("got %v", r)
			}
			g.record()
			g.keeps()
		}
	})
}

// net/http's server closes a request's body when the response's header is written. The HTTP client reads a body to its
// end, and once more, for surplus bytes: an error there takes the upstream connection with it, in the middle of
// the response.
func TestT8_NoStreamIsTruncated(t *testing.T) {
	const streams, workers = 3000, 8
	request := strings.Repeat("x", 64<<10)
	want := strings.Repeat("data: event\n\n", 50)
	response := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("d\r\ndata: event\n\n\r\n", 50) + "0\r\n\r\n"
	noGoroutineLeft(t)
	g := newGateway(t, upstreamOf(rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
		x.SendExactly(response) // at once, while the request still comes
	})))

	client := &http.Transport{MaxIdleConnsPerHost: workers}
	t.Cleanup(client.CloseIdleConnections)
	var running sync.WaitGroup
	var truncated atomic.Int64
	for range workers {
		running.Go(func() {
			for range streams / workers {
				r, err := http.NewRequest(http.MethodPost, g.url+"/v1/messages", strings.NewReader(request))
				if err != nil {
					t.Error(err)
					return
				}
				r.Header = http.Header{"X-Gateway-Key": {gatewayKey}, "Authorization": {"Bearer " + callerToken}}
				res, err := client.RoundTrip(r)
				if err != nil {
					truncated.Add(1)
					continue
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if err != nil || string(body) != want {
					truncated.Add(1)
				}
			}
		})
	}
	running.Wait()
	if n := truncated.Load(); n != 0 {
		t.Errorf("%d of %d streams were truncated", n, streams)
	}
	for range streams {
		if e := g.record(); e.Outcome != passthrough.Forwarded {
			t.Fatalf("outcome %v, %s", e.Outcome, e.Error)
		}
	}
	if logged := g.logs.String(); strings.Contains(logged, "panic") {
		t.Errorf("the server logged: %.2000s", logged)
	}
}

// The same, without chance: an HTTP client that looks for surplus bytes when the response's header has been written.
func TestT8_SurplusIsLookedForLate(t *testing.T) {
	noGoroutineLeft(t)
	late := stalled{func(r *http.Request) (*http.Response, error) {
		if _, err := io.CopyN(io.Discard, r.Body, r.ContentLength); err != nil {
			return nil, err
		}
		return answering(&surplus{of: r.Body}), nil
	}}
	g := newGateway(t, &upstream{url: "https://upstream.example"}, func(c *passthrough.Config) { c.Upstream.RoundTripper = late })
	for w, c := range map[wire]call{{client: h1}: {body: "request"}, {client: h2}: {body: "request", fields: []string{"Content-Length: 7"}}} {
		if r := g.do(w, c); r.body != "half and half" || r.err != nil {
			t.Errorf("%s: got %v", w.client, r)
		}
	}
}

// surplus is a response's body that ends well only if the request's does.
type surplus struct {
	of   io.Reader
	half int
}

func (s *surplus) Read(p []byte) (int, error) {
	switch s.half++; s.half {
	case 1:
		return copy(p, "half and "), nil
	case 2:
		if n, err := s.of.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			return 0, fmt.Errorf("the request's body goes on: %d, %w", n, err)
		}
		return copy(p, "half"), nil
	}
	return 0, io.EOF
}

func (s *surplus) Close() error { return nil }
