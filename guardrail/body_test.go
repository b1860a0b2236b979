package guardrail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// proxied returns the address of a server with a guardrail around httputil.ReverseProxy, and the upstream behind it.
func proxied(t *testing.T, c Config, script func(*rawhttp.Exchange)) (addr string, up *rawhttp.Server) {
	t.Helper()
	up = rawhttp.Upstream(t, script)
	u, err := url.Parse(up.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:  func(p *httputil.ProxyRequest) { p.SetURL(u) },
		ErrorLog: log.New(io.Discard, "", 0),
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	proxy.Transport = transport
	server := httptest.NewServer(must(t, c).Wrap(proxy))
	t.Cleanup(server.Close)
	return server.URL, up
}

var reply = rawhttp.Reply("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")

// head is the head of a POST to the messages endpoint, without the line that ends it.
const head = "POST /v1/messages HTTP/1.1\nHost: x\nConnection: close\nContent-Type: application/json\n"

func TestFramingIsKept(t *testing.T) {
	body := says("hello")
	chunked := fmt.Sprintf("5\n%s\n%x\n%s\n0\n\n", body[:5], len(body)-5, body[5:])
	cases := map[string]struct{ request, field, value string }{
		"length":  {head + fmt.Sprintf("Content-Length: %d\n\n%s", len(body), body), "Content-Length", fmt.Sprint(len(body))},
		"chunked": {head + "Transfer-Encoding: chunked\n\n" + chunked, "Transfer-Encoding", "chunked"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			budget := NewBudget(64 << 20)
			addr, up := proxied(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}, Budget: budget}, reply)
			res := rawhttp.Do(t, addr, c.request)
			if res.Status() != 200 || up.Hits() != 1 {
				t.Fatalf("%s", res)
			}
			r := up.Requests()[0]
			if string(r.Body) != body || r.Fields.Get(c.field) != c.value {
				t.Errorf("arrived %q with %q", r.Body, r.Fields)
			}
			drained(t, budget)
		})
	}
}

func TestRequestTrailersAreDropped(t *testing.T) {
	addr, up := proxied(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}}, reply)
	body := says("hello")
	res := rawhttp.Do(t, addr, head+"TE: trailers\nTrailer: X-Api-Key\nTransfer-Encoding: chunked\n\n"+
		fmt.Sprintf("%x\n%s\n0\nX-Api-Key: secret\nX-Other: secret\n\n", len(body), body))
	if res.Status() != 200 || up.Hits() != 1 {
		t.Fatalf("%s", res)
	}
	if r := up.Requests()[0]; len(r.Trailers) > 0 || r.Fields.Has("Trailer") || r.Err != nil {
		t.Errorf("arrived %q, trailers %q", r.Fields, r.Trailers)
	}
}

// 100 (Continue) is sent when everything in the header is as it should be, and not before.
func TestExpectContinue(t *testing.T) {
	body := says("hello")
	expect := "Expect: 100-continue\n"
	length := fmt.Sprintf("Content-Length: %d\n\n", len(body))
	cases := map[string]struct {
		request string
		status  int // 100 where the body is wanted
	}{
		"wanted":            {head + expect + length, 100},
		"too large":         {head + expect + "Content-Length: 2000000\n\n", 413},
		"another type":      {strings.Replace(head, "json", "xml", 1) + expect + length, 415},
		"two types":         {head + "Content-Type: application/json\n" + expect + length, 415},
		"another encoding":  {head + "Content-Encoding: br\n" + expect + length, 415},
		"another endpoint":  {strings.Replace(head, "messages", "other", 1) + expect + length, 404},
		"another method":    {strings.Replace(head, "POST", "PUT", 1) + expect + length, 405},
		"no body belongs":   {strings.Replace(head, "POST /v1/messages", "GET /v1/models/m", 1) + expect + length, 400},
		"a bad target":      {strings.Replace(head, "/v1/", "/v1/../v1/", 1) + expect + length, 400},
		"an upgrade":        {head + "Upgrade: websocket\n" + expect + length, 403},
		"several codings":   {head + "Content-Encoding: gzip, gzip\n" + expect + length, 415},
		"a charset":         {strings.Replace(head, "json", "json; charset=utf-16", 1) + expect + length, 415},
		"an unknown coding": {head + "Content-Encoding: zstd\n" + expect + length, 415},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			addr, up := proxied(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}, MaxBody: 1 << 20}, reply)
			conn := rawhttp.Dial(t, addr)
			conn.Send(c.request)
			first, err := conn.ReadHead()
			if err != nil || first.Status() != c.status {
				t.Fatalf("got %v %v", first, err)
			}
			if c.status != 100 {
				if up.Hits() != 0 {
					t.Error("the upstream was reached")
				}
				return
			}
			conn.SendExactly(body)
			if res := conn.ReadResponse(); res.Status() != 200 || string(up.Requests()[0].Body) != body {
				t.Errorf("%s", res)
			}
			if up.Requests()[0].Fields.Has("Expect") {
				t.Error("the expectation was passed on")
			}
		})
	}
}

func TestBodiesThatAreNotWhatTheyClaim(t *testing.T) {
	over := fmt.Sprintf("%x\n%s\n0\n\n", 2000, strings.Repeat("x", 2000))
	cases := map[string]struct {
		request string
		status  int
	}{
		"cut short":             {head + "Content-Length: 100\n\n" + `{"messages":"hello"}`, 400},
		"chunked and cut short": {head + "Transfer-Encoding: chunked\n\n14\n" + `{"messages":"hello"}` + "\n", 400},
		"malformed chunks":      {head + "Transfer-Encoding: chunked\n\nxyz\n", 400},
		"chunked and too large": {head + "Transfer-Encoding: chunked\n\n" + over, 413},
		"chunked and not empty": {strings.Replace(head, "POST /v1/messages", "GET /v1/models/m", 1) + "Transfer-Encoding: chunked\n\n1\n{\n0\n\n", 400},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			budget := NewBudget(1 << 20)
			addr, up := proxied(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}, MaxBody: 1000, Budget: budget}, reply)
			conn := rawhttp.Dial(t, addr)
			conn.Send(c.request)
			conn.CloseWrite()
			res := conn.ReadResponse()
			if res.Status() != c.status || up.Hits() != 0 {
				t.Errorf("%s\n%d hits", res, up.Hits())
			}
			drained(t, budget)
		})
	}
}

func TestEndpointsWithoutABody(t *testing.T) {
	get := "GET /v1/models/m HTTP/1.1\nHost: x\nConnection: close\n"
	for name, request := range map[string]string{
		"none":              get + "\n",
		"an empty one":      get + "Content-Length: 0\n\n",
		"an empty, chunked": get + "Transfer-Encoding: chunked\n\n0\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			guard := &fake{}
			addr, up := proxied(t, Config{Endpoints: chat(), Guards: []Guard{guard}}, reply)
			if res := rawhttp.Do(t, addr, request); res.Status() != 200 || up.Hits() != 1 || guard.calls() != 0 {
				t.Fatalf("%s", res)
			}
			if r := up.Requests()[0]; len(r.Body) > 0 || r.Fields.Has("Transfer-Encoding") {
				t.Errorf("arrived %q", r)
			}
		})
	}
	t.Run("optional", func(t *testing.T) {
		u := &upstream{}
		h := must(t, Config{Endpoints: EveryString("POST /v1/x/{id}/cancel"), Guards: []Guard{&fake{}}}).Wrap(u)
		if a, _ := send(h, "POST", "/v1/x/1/cancel", nil, nil); a.Status != 200 || u.hits() != 1 {
			t.Errorf("%+v", a)
		}
	})
}

func TestUpgradesAreRefused(t *testing.T) {
	upgrade := "Host: x\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Key: x\nSec-WebSocket-Version: 13\n\n"
	addr, up := proxied(t, Config{Endpoints: append(chat(), EveryString("GET /v1/realtime")...), Guards: []Guard{&fake{}}}, reply)
	for _, path := range []string{"/v1/models/m", "/v1/realtime"} {
		if res := rawhttp.Do(t, addr, "GET "+path+" HTTP/1.1\n"+upgrade); res.Status() != 403 || up.Hits() != 0 {
			t.Errorf("%s", res)
		}
	}
	// A server may ignore any other protocol (RFC 9110 section 7.8): it must not reach the upstream either.
	other := "Host: x\nConnection: Upgrade, HTTP2-Settings, close\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\n\n"
	if res := rawhttp.Do(t, addr, "GET /v1/models/m HTTP/1.1\n"+other); res.Status() != 200 || up.Requests()[0].Fields.Has("Upgrade") {
		t.Errorf("%s\n%q", res, up.Requests())
	}
}

func TestContentTypes(t *testing.T) {
	cases := map[string]bool{
		"application/json":                               true,
		"Application/JSON":                               true,
		"application/json; charset=utf-8":                true,
		"application/json;charset=\"UTF-8\"":             true,
		"application/vnd.api+json":                       true,
		"application/json; charset=utf-16":               false,
		"application/json; charset=utf-8; charset=utf-7": false,
		"application/json; boundary=x":                   false,
		"application/json, text/plain":                   false,
		"application/x-ndjson":                           false,
		"application/+xml":                               false,
		"text/plain":                                     false,
		"text/json":                                      false,
		"multipart/form-data; boundary=x":                false,
		"":                                               false,
		";":                                              false,
	}
	for value, ok := range cases {
		u := &upstream{}
		h := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}}).Wrap(u)
		a, _ := send(h, "POST", "/v1/messages", http.Header{"Content-Type": {value}}, strings.NewReader(says("hello")))
		want, hits := 415, 0
		if ok {
			want, hits = 200, 1
		}
		if a.Status != want || u.hits() != hits {
			t.Errorf("%q: %d and %d hits, want %d", value, a.Status, u.hits(), want)
		}
	}
}

func TestBudget(t *testing.T) {
	budget := NewBudget(150 << 10)
	held, release := make(chan struct{}), make(chan struct{})
	u := &upstream{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	var once sync.Once
	guard := &fake{check: func(context.Context, Input) (Verdict, error) {
		once.Do(func() { close(held); <-release })
		return Verdict{}, nil
	}}
	h := must(t, Config{Endpoints: chat(), Guards: []Guard{guard}, Budget: budget, MaxBody: 90 << 10}).Wrap(u)
	large := says(strings.Repeat("x", 40<<10))
	done := make(chan answered)
	go func() {
		a, _ := post(h, large)
		done <- a
	}()
	<-held
	if budget.InUse() < 40<<10 {
		t.Errorf("%d bytes in use", budget.InUse())
	}
	a, _ := post(h, large)
	refused(t, u, a, 503, "busy")
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	close(release)
	if a := <-done; a.Status != 200 {
		t.Errorf("the first: %d %s", a.Status, a.Body)
	}
	drained(t, budget)
	if a, _ := post(h, says("small")); a.Status != 200 {
		t.Errorf("afterwards: %d %s", a.Status, a.Body)
	}
}

// A handler whose client reads the body when the exchange is over gets an error, and nobody else's bytes.
func TestBodyIsTakenBack(t *testing.T) {
	budget := NewBudget(64 << 20)
	var kept io.ReadCloser
	h := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}, Budget: budget}).Wrap(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			kept = r.Body
			_, _ = r.Body.Read(make([]byte, 4))
		}))
	post(h, says("the first"))
	drained(t, budget)
	post(h, says("another"))
	if n, err := kept.Read(make([]byte, 100)); n != 0 || err == nil || errors.Is(err, io.EOF) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// What the body takes is given back when it has been read, not when a stream of minutes ends.
func TestNothingIsHeldWhileTheResponseStreams(t *testing.T) {
	budget := NewBudget(64 << 20)
	h := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}, Budget: budget}).Wrap(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_ = r.Body.Close()
			drained(t, budget)
		}))
	if a, _ := post(h, says("hello")); a.Status != 200 {
		t.Error(a)
	}
}

func TestOuterBoundOnTheBody(t *testing.T) {
	u := &upstream{}
	g := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 10)
		g.Wrap(u).ServeHTTP(w, r)
	})
	a, _ := post(h, says("hello"))
	refused(t, u, a, 413, "body-too-large")
}

func TestBodyLongerThanItsLength(t *testing.T) {
	u := &upstream{}
	r := httptest.NewRequest("POST", "/v1/messages", strings.NewReader(says("hello")+" "))
	r.Header = asJSON.Clone()
	r.ContentLength--
	a, _ := serve(must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}}).Wrap(u), r)
	refused(t, u, a, 400, "incomplete-body")
}

func TestReadBodyOfEverySize(t *testing.T) {
	for _, size := range []int{1, tinyBuffer, smallBuffer, smallBuffer + 1, bufferStep, bufferStep + 1, 5*bufferStep + 7} {
		for _, length := range []int64{int64(size), -1} {
			want := bytes.Repeat([]byte("x"), size)
			r := &http.Request{Body: io.NopCloser(bytes.NewReader(want)), ContentLength: length}
			budget := NewBudget(1 << 30)
			l := newLease(budget)
			if d := readBody(r, int64(size), &l.filling); d != nil || !bytes.Equal(l.bytes(), want) {
				t.Errorf("%d bytes, length %d: %v, %d read", size, length, d, l.n)
			}
			if length >= 0 && budget.InUse() > int64(size+bufferStep) {
				t.Errorf("%d bytes hold %d", size, budget.InUse())
			}
			l.leave()
			drained(t, budget)
		}
	}
}

func TestBodyThatStopsArriving(t *testing.T) {
	u := &upstream{}
	r := httptest.NewRequest("POST", "/v1/messages", io.MultiReader(strings.NewReader("{"), broken{os.ErrDeadlineExceeded}))
	r.Header = asJSON.Clone()
	r.ContentLength = 10
	a, _ := serve(must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}}).Wrap(u), r)
	refused(t, u, a, 408, "slow-body")
}
