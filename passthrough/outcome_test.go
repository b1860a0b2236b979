package passthrough_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
)

// outcome checks how an exchange that got no response ended.
func (g *gateway) outcome(status int, want passthrough.Outcome) *passthrough.Exchange {
	g.t.Helper()
	r := g.do(wire{h1, h1}, call{body: "{}"})
	e := g.record()
	if r.status != status || e.Outcome != want || e.Status != status || !strings.Contains(r.body, `"code":"`+want.String()+`"`) {
		g.t.Errorf("got %v\noutcome %v (%s), status %d; want %v, %d", r, e.Outcome, e.Error, e.Status, want, status)
	}
	g.keeps()
	return e
}

func TestUpstreamFailures(t *testing.T) {
	t.Run("nobody listens", func(t *testing.T) {
		noGoroutineLeft(t)
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = ln.Close()
		g := newGateway(t, &upstream{url: "http://" + ln.Addr().String(), seen: func() []arrival { return nil }})
		if e := g.outcome(502, passthrough.UpstreamRefused); e.Error != "connection refused" {
			t.Errorf("error %q", e.Error)
		}
	})
	t.Run("no such host", func(t *testing.T) {
		noGoroutineLeft(t)
		g := newGateway(t, &upstream{url: "https://nowhere.invalid", seen: func() []arrival { return nil }}, func(c *passthrough.Config) {
			c.Upstream.RoundTripper = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: upstreamKey, IsNotFound: true}}
			}}
		})
		if e := g.outcome(502, passthrough.UpstreamRefused); e.Error != "the upstream's name was not resolved" {
			t.Errorf("error %q", e.Error)
		}
	})
	for name, script := range map[string]struct {
		answer string
		want   passthrough.Outcome
	}{
		"closed before the header":     {"", passthrough.UpstreamClosed},
		"closed in the header":         {"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n", passthrough.UpstreamClosed},
		"not HTTP":                     {"SSH-2.0-OpenSSH_9.6\r\n\r\n", passthrough.UpstreamMalformed},
		"a malformed field":            {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", passthrough.UpstreamMalformed},
		"a malformed Content-Length":   {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", passthrough.UpstreamMalformed},
		"two Content-Lengths":          {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", passthrough.UpstreamMalformed},
		"two equal Content-Lengths":    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", passthrough.UpstreamMalformed},
		"a length and chunks":          {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", passthrough.UpstreamMalformed},
		"chunks in HTTP/1.0":           {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", passthrough.UpstreamMalformed},
		"a folded field":               {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n", passthrough.UpstreamMalformed},
		"lines that end in LF":         {"HTTP/1.1 200 OK\nContent-Length: 0\n\n", passthrough.UpstreamMalformed},
		"an unknown Transfer-Encoding": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", passthrough.UpstreamMalformed},
		"a status below 100":           {"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n", passthrough.UpstreamMalformed},
		"a repeated Content-Type":      {"HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Type: b\r\nContent-Length: 0\r\n\r\n", passthrough.UpstreamMalformed},
		"switched protocols unasked":   {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", passthrough.UpstreamMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			noGoroutineLeft(t)
			g := newGateway(t, upstreamOf(rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
				x.ReadBody()
				x.SendExactly(script.answer)
				x.Close()
			})))
			e := g.outcome(502, script.want)
			if e.Error == "" || script.want == passthrough.UpstreamMalformed && e.Error == script.want.String() {
				t.Errorf("the record does not say why: %q", e.Error)
			}
		})
	}
	t.Run("an HTTP/2 stream that is reset", func(t *testing.T) {
		g := newGateway(t, wire{upstream: h2}.talking(t, func(k talk) { _, _ = k.body(); k.abort() }))
		g.outcome(502, passthrough.UpstreamClosed)
	})
	t.Run("reset during an upload", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			broken := make(chan struct{})
			g := newGateway(t, w.talking(t, func(k talk) { k.abort(); close(broken) }))
			v := g.visiting(w, call{}, true)
			v.send("the beginning")
			<-broken
			v.send("the rest")
			v.finish()
			if status := v.head(); status != http.StatusBadGateway {
				t.Errorf("status %d", status)
			}
			if e := g.record(); e.Outcome != passthrough.UpstreamClosed {
				t.Errorf("outcome %v: %s", e.Outcome, e.Error)
			}
			v.leave()
		})
	})
}

func TestTLSFailures(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	picky := httptest.NewUnstartedServer(http.NotFoundHandler())
	picky.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool(), MaxVersion: tls.VersionTLS12} // in TLS 1.3 the refusal comes after the handshake
	picky.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	roots.AddCert(picky.Certificate())
	for _, s := range []*httptest.Server{plain, secure, picky} {
		s.Config.ErrorLog = quiet
		t.Cleanup(s.Close)
	}
	trusting := func() *tls.Config { return &tls.Config{RootCAs: roots} }
	for name, c := range map[string]struct {
		url  string
		conf *tls.Config
	}{
		"a certificate that nobody trusts": {secure.URL, nil},
		"another name":                     {secure.URL, &tls.Config{RootCAs: roots, ServerName: "other.example"}},
		"no TLS":                           {strings.Replace(plain.URL, "http:", "https:", 1), trusting()},
		"a client certificate is wanted":   {picky.URL, trusting()},
		"no common version":                {secure.URL, &tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS10, MinVersion: tls.VersionTLS10}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t, &upstream{url: c.url, seen: func() []arrival { return nil }}, func(cfg *passthrough.Config) { cfg.Upstream.TLS = c.conf })
			if e := g.outcome(502, passthrough.UpstreamRefused); e.Error != "the TLS handshake failed" {
				t.Errorf("error %q", e.Error)
			}
		})
	}
}

// stalled is an upstream in memory: time passes there as synctest has it.
type stalled struct {
	roundTrip func(*http.Request) (*http.Response, error)
}

func (s stalled) RoundTrip(r *http.Request) (*http.Response, error) { return s.roundTrip(r) }

// waiting is a body that gives its pieces, each after a pause, and then waits for the exchange's end.
type waiting struct {
	ctx    context.Context
	pieces []string
	pause  time.Duration
}

func (b *waiting) Read(p []byte) (int, error) {
	if len(b.pieces) == 0 {
		<-b.ctx.Done()
		return 0, b.ctx.Err()
	}
	select {
	case <-time.After(b.pause):
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
	n := copy(p, b.pieces[0])
	b.pieces = b.pieces[1:]
	return n, nil
}

func (b *waiting) Close() error { return nil }

// stalling is a client's body that stops after some pieces, on a connection that knows deadlines.
type stalling struct {
	*httptest.ResponseRecorder
	waiting
	cancel context.CancelFunc
}

func (s *stalling) SetReadDeadline(time.Time) error { s.cancel(); return nil }

// deafWriter is a client that stops reading: a Write blocks until the deadline is in the past.
type deafWriter struct {
	*httptest.ResponseRecorder
	once sync.Once
	deaf chan struct{}
}

func (w *deafWriter) Write([]byte) (int, error) {
	<-w.deaf
	return 0, errors.New("i/o timeout")
}

func (w *deafWriter) SetWriteDeadline(d time.Time) error {
	if d.Before(time.Now()) {
		w.once.Do(func() { close(w.deaf) })
	}
	return nil
}

// timed runs one exchange with an upstream in memory, and returns its record and how long it took.
func timed(t *testing.T, timeouts passthrough.Timeouts, w http.ResponseWriter, body io.Reader, roundTrip func(*http.Request) (*http.Response, error)) (e *passthrough.Exchange, took time.Duration) {
	t.Helper()
	g := &gateway{t: t, records: make(chan *passthrough.Exchange, 1)}
	cfg := g.config(&upstream{url: "https://upstream.example"})
	cfg.Upstream.RoundTripper = stalled{roundTrip}
	cfg.Upstream.Timeouts = timeouts
	route, err := passthrough.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/messages", body)
	r.RequestURI = "/v1/messages"
	for _, line := range good {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	start := time.Now()
	func() {
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler {
				panic(p)
			}
		}()
		route.ServeHTTP(w, r)
	}()
	return <-g.records, time.Since(start)
}

func answering(body io.ReadCloser) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: body, ContentLength: -1}
}

func TestTimeouts(t *testing.T) {
	silent := func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return nil, err
			}
		}
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	dribbling := func(pause time.Duration, n int) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			return answering(&waiting{r.Context(), strings.Split(strings.Repeat("x,", n), ","), pause}), nil
		}
	}
	type result struct {
		Outcome passthrough.Outcome
		Status  int
		Took    time.Duration
	}
	for _, c := range []struct {
		name      string
		timeouts  passthrough.Timeouts
		roundTrip func(*http.Request) (*http.Response, error)
		want      result
	}{
		{"no response header, by default", passthrough.Timeouts{}, silent, result{passthrough.UpstreamTimeout, 504, passthrough.DefaultResponseHeaderTimeout}},
		{"no response header", passthrough.Timeouts{ResponseHeader: 2 * time.Second}, silent, result{passthrough.UpstreamTimeout, 504, 2 * time.Second}},
		{"the whole, before the header", passthrough.Timeouts{ResponseHeader: -1, Exchange: time.Minute}, silent, result{passthrough.ExchangeTimeout, 504, time.Minute}},
		{"idle at once, by default", passthrough.Timeouts{}, dribbling(0, 0), result{passthrough.IdleTimeout, 200, passthrough.DefaultIdleTimeout}},
		{"idle after ten minutes of pauses", passthrough.Timeouts{}, dribbling(4*time.Minute, 3), result{passthrough.IdleTimeout, 200, (4*4 + 5) * time.Minute}},
		{"the whole, in the middle", passthrough.Timeouts{}, dribbling(4*time.Minute, 100), result{passthrough.ExchangeTimeout, 200, passthrough.DefaultExchangeTimeout}},
		{"the whole, and no bound on idling", passthrough.Timeouts{Idle: -1, Exchange: 2 * time.Hour}, dribbling(0, 0), result{passthrough.ExchangeTimeout, 200, 2 * time.Hour}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, took := timed(t, c.timeouts, httptest.NewRecorder(), nil, c.roundTrip)
				if diff := difference(c.want, result{e.Outcome, e.Status, took}); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
	t.Run("the client stops sending", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			w := &stalling{httptest.NewRecorder(), waiting{ctx, []string{"a", "b", "c"}, time.Minute}, cancel}
			e, took := timed(t, passthrough.Timeouts{}, w, &w.waiting, func(r *http.Request) (*http.Response, error) {
				go func() { _, _ = io.Copy(io.Discard, r.Body) }()
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
			if diff := difference(result{passthrough.IdleTimeout, 408, 8 * time.Minute}, result{e.Outcome, e.Status, took}); diff != "" || w.Code != http.StatusRequestTimeout {
				t.Errorf("the client got %d (-want +got):\n%s", w.Code, diff)
			}
		})
	})
	t.Run("the client stops reading", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := &deafWriter{ResponseRecorder: httptest.NewRecorder(), deaf: make(chan struct{})}
			e, took := timed(t, passthrough.Timeouts{}, w, nil, dribbling(0, 5))
			if diff := difference(result{passthrough.IdleTimeout, 200, passthrough.DefaultIdleTimeout}, result{e.Outcome, e.Status, took}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	})
	t.Run("a deadline around the route", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g := &gateway{t: t, records: make(chan *passthrough.Exchange, 1)}
			cfg := g.config(&upstream{url: "https://upstream.example"})
			cfg.Upstream.RoundTripper = stalled{silent}
			route, err := passthrough.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/messages", nil)
			r.RequestURI = "/v1/messages"
			r.Header = http.Header{"X-Gateway-Key": {gatewayKey}, "Authorization": {"Bearer " + callerToken}}
			w := httptest.NewRecorder()
			route.ServeHTTP(w, r)
			if e := <-g.records; e.Outcome != passthrough.ExchangeTimeout || w.Code != http.StatusGatewayTimeout {
				t.Errorf("outcome %v, status %d", e.Outcome, w.Code)
			}
		})
	})
}

// A real connection, for what only a real HTTP client shows: it waits for its own read of the request's body.
func TestIdleUpload(t *testing.T) {
	everywhere(t, func(t *testing.T, w wire) {
		g := newGateway(t, w.talking(t, func(k talk) { k.gone() }), func(c *passthrough.Config) { c.Upstream.Timeouts.Idle = time.Millisecond })
		v := g.visiting(w, call{}, true)
		v.send("the beginning") // and no more
		if status := v.head(); status != http.StatusRequestTimeout {
			t.Errorf("status %d", status)
		}
		if e := g.record(); e.Outcome != passthrough.IdleTimeout || e.Status != http.StatusRequestTimeout {
			t.Errorf("outcome %v: %s", e.Outcome, e.Error)
		}
		v.leave()
	})
}

func TestBodiesThatFail(t *testing.T) {
	everywhere(t, func(t *testing.T, w wire) {
		g := newGateway(t, w.talking(t, func(k talk) { _, _ = k.body(); k.abort() })).behind(func(next http.Handler) http.Handler {
			return http.MaxBytesHandler(next, 10)
		})
		r := g.do(w, call{body: strings.Repeat("x", 100)})
		if e := g.record(); e.Outcome != passthrough.BodyTooLarge || r.status != http.StatusRequestEntityTooLarge {
			t.Errorf("outcome %v, got %v", e.Outcome, r)
		}
	})
	for name, body := range map[string]string{
		"a chunk without a size":     "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
		"a chunk of the wrong size":  "Transfer-Encoding: chunked\r\n\r\n2\r\nabcdef\r\n0\r\n\r\n",
		"a malformed trailer":        "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nno colon\r\n\r\n",
		"a chunk of negative length": "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := wire{h1, h1}
			g := newGateway(t, w.talking(t, func(k talk) { _, _ = k.body(); k.abort() }))
			c := rawhttp.Dial(t, g.url)
			c.SendExactly(rawhttp.CRLF("POST /v1/messages HTTP/1.1\nHost: a\n"+strings.Join(good, "\n")+"\n") + body)
			if r := c.ReadResponse(); r.Status() != http.StatusBadRequest {
				t.Errorf("got %v", r)
			}
			if e := g.record(); e.Outcome != passthrough.ClientFault {
				t.Errorf("outcome %v: %s", e.Outcome, e.Error)
			}
		})
	}
	t.Run("Content-Length and Transfer-Encoding", func(t *testing.T) {
		w := wire{h1, h1}
		g := newGateway(t, w.startUpstream(t, answer{}))
		c := rawhttp.Dial(t, g.url)
		c.SendExactly(rawhttp.CRLF("POST /v1/messages HTTP/1.1\nHost: a\n"+strings.Join(good, "\n")+"\nContent-Length: 5\nTransfer-Encoding: chunked\n\n") + "0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n")
		c.CloseWrite()
		c.Rest()
		for _, a := range g.upstream.seen() {
			if !strings.HasPrefix(a.start, "POST /v1/messages") || a.body != "" || a.fields.Has("Transfer-Encoding") && a.fields.Has("Content-Length") {
				t.Errorf("the upstream got %v", a)
			}
		}
	})
}
