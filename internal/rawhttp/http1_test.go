package rawhttp_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

const get = "GET / HTTP/1.1\nHost: h\n\n"

func head(start string, fields ...string) rawhttp.Head {
	return rawhttp.Head{Start: start, Fields: fields}
}

func TestResponseIsReadAsItStands(t *testing.T) {
	ok := "HTTP/1.1 200 OK"
	for _, c := range []struct {
		name, request, reply string
		want                 rawhttp.Response
	}{
		{"fields verbatim", get, ok + "\nx-B:  2 \nX-a: 1\nx-b: \nContent-Length: 2\n\nhi",
			rawhttp.Response{Head: head(ok, "x-B:  2 ", "X-a: 1", "x-b: ", "Content-Length: 2"), Framing: rawhttp.Length, Body: []byte("hi")}},
		{"informational", get, "HTTP/1.1 103 Early Hints\nLink: a\n\nHTTP/1.1 100 Continue\n\n" + ok + "\nContent-Length: 0\n\n",
			rawhttp.Response{Informational: []rawhttp.Head{head("HTTP/1.1 103 Early Hints", "Link: a"), head("HTTP/1.1 100 Continue")},
				Head: head(ok, "Content-Length: 0"), Framing: rawhttp.Length}},
		{"chunked, with trailers", get, ok + "\nTransfer-Encoding: chunked\n\n2;x=y\nhi\n1\n!\n0\nx-T: 1\nX-t: 2\n\n",
			rawhttp.Response{Head: head(ok, "Transfer-Encoding: chunked"), Framing: rawhttp.Chunked, Body: []byte("hi!"),
				Trailers: rawhttp.Fields{"x-T: 1", "X-t: 2"}}},
		{"short of its length", get, ok + "\nConnection: close\nContent-Length: 5\n\nhi",
			rawhttp.Response{Head: head(ok, "Connection: close", "Content-Length: 5"), Framing: rawhttp.Length, Body: []byte("hi"), Err: io.ErrUnexpectedEOF}},
		{"no last chunk", get, ok + "\nConnection: close\nTransfer-Encoding: chunked\n\n2\nhi\n",
			rawhttp.Response{Head: head(ok, "Connection: close", "Transfer-Encoding: chunked"), Framing: rawhttp.Chunked, Body: []byte("hi"), Err: io.ErrUnexpectedEOF}},
		{"cut in a chunk", get, ok + "\nConnection: close\nTransfer-Encoding: chunked\n\n5\nhi",
			rawhttp.Response{Head: head(ok, "Connection: close", "Transfer-Encoding: chunked"), Framing: rawhttp.Chunked, Body: []byte("hi"), Err: io.ErrUnexpectedEOF}},
		{"cut in the trailers", get, ok + "\nConnection: close\nTransfer-Encoding: chunked\n\n0\nX-T: 1\n",
			rawhttp.Response{Head: head(ok, "Connection: close", "Transfer-Encoding: chunked"), Framing: rawhttp.Chunked,
				Trailers: rawhttp.Fields{"X-T: 1"}, Err: io.ErrUnexpectedEOF}},
		{"ended by the close", get, ok + "\nConnection: close\n\nhi",
			rawhttp.Response{Head: head(ok, "Connection: close"), Framing: rawhttp.Close, Body: []byte("hi")}},
		{"leftover", get, ok + "\nContent-Length: 2\n\nhi, there",
			rawhttp.Response{Head: head(ok, "Content-Length: 2"), Framing: rawhttp.Length, Body: []byte("hi"), Leftover: []byte(", there")}},
		{"HEAD", "HEAD / HTTP/1.1\nHost: h\n\n", ok + "\nContent-Length: 9\n\n",
			rawhttp.Response{Head: head(ok, "Content-Length: 9"), Framing: rawhttp.NoBody}},
		{"204", get, "HTTP/1.1 204 No Content\n\n",
			rawhttp.Response{Head: head("HTTP/1.1 204 No Content"), Framing: rawhttp.NoBody}},
		{"switching protocols", get, "HTTP/1.1 101 Switching Protocols\nUpgrade: x\n\nearly",
			rawhttp.Response{Head: head("HTTP/1.1 101 Switching Protocols", "Upgrade: x"), Framing: rawhttp.NoBody, Leftover: []byte("early")}},
		{"pipelined", get + get, ok + "\nContent-Length: 0\n\n",
			rawhttp.Response{Head: head(ok, "Content-Length: 0"), Framing: rawhttp.Length, Leftover: []byte(ok + "\r\nContent-Length: 0\r\n\r\n")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			up := rawhttp.Upstream(t, rawhttp.Reply(c.reply))
			got := rawhttp.Do(t, up.URL(), c.request)
			if diff := cmp.Diff(&c.want, got, cmpopts.EquateErrors(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestMalformedResponseIsAnError(t *testing.T) {
	for _, c := range []struct{ name, reply string }{
		{"nothing", ""},
		{"half a status line", "HTTP/1.1 2"},
		{"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"},
		{"chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
		{"chunk longer than its size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"},
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n"},
		{"coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			up := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
				x.SendExactly(c.reply)
				x.Close()
			})
			if r := rawhttp.Do(t, up.URL(), get); r.Complete() {
				t.Errorf("read as complete:\n%s", r)
			}
		})
	}
}

func TestRequestIsRecordedAsItStands(t *testing.T) {
	up := rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.1 204 No Content\n\n"))
	c := rawhttp.Dial(t, up.Addr())
	c.Send("POST /a%2Fb?x=1;y HTTP/1.1\nhost: h\nX_Api-Key:  k \nx_api-key: l\nContent-Length: 2\n\nhi")
	c.ReadResponse()
	c.Send("PUT * HTTP/1.1\nTransfer-Encoding: chunked\n\n2\nyo\n0\nx-T: 1\n\n")
	c.ReadResponse()
	c.SendExactly("JUNK\n")
	c.Rest()

	got := up.Requests()
	malformed := got[len(got)-1].Err
	want := []rawhttp.Request{
		{Head: head("POST /a%2Fb?x=1;y HTTP/1.1", "host: h", "X_Api-Key:  k ", "x_api-key: l", "Content-Length: 2"), Body: []byte("hi"), Conn: 1, Read: true},
		{Head: head("PUT * HTTP/1.1", "Transfer-Encoding: chunked"), Body: []byte("yo"), Trailers: rawhttp.Fields{"x-T: 1"}, Conn: 1, Read: true},
		{Head: head("JUNK\n"), Conn: 1, Read: true, Err: malformed},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateErrors(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if malformed == nil {
		t.Error("a bare LF was taken for a line's end")
	}
	if up.Hits() != 3 || up.Connections() != 1 {
		t.Errorf("%d hits on %d connections, want 3 on 1", up.Hits(), up.Connections())
	}
	first := got[0]
	if first.Method() != "POST" || first.Target() != "/a%2Fb?x=1;y" {
		t.Errorf("method %q, target %q", first.Method(), first.Target())
	}
	if diff := cmp.Diff([]string{"k", "l"}, first.Fields.Values("X_API-KEY")); diff != "" {
		t.Errorf("values (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"host", "X_Api-Key", "x_api-key", "Content-Length"}, first.Fields.Names()); diff != "" {
		t.Errorf("names (-want +got)\n%s", diff)
	}
}

func TestExactBytes(t *testing.T) {
	const body = "a\nb\r\n\n"
	up := rawhttp.Upstream(t, rawhttp.ReplyExactly("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"+body))
	c := rawhttp.Dial(t, up.URL())
	c.SendExactly("PUT / HTTP/1.1\r\nContent-Length: 6\r\n\r\n" + body)
	if r := c.ReadResponse(); string(r.Body) != body || !r.Complete() {
		t.Errorf("%s", r)
	}
	if got := up.Requests()[0].Body; string(got) != body {
		t.Errorf("the upstream read %q", got)
	}
}

// A script holds a response open, sees what the client sends meanwhile, and learns that it left.
func TestScriptAndClientInLockstep(t *testing.T) {
	more := make(chan struct{})
	surplus := make(chan string, 1)
	up := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
		x.Send("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\na\n")
		if !x.Wait(more) {
			return
		}
		x.Send("1\nb\n")
		got, err := x.AwaitClose()
		if err != nil {
			t.Errorf("AwaitClose: %v", err)
		}
		surplus <- string(got)
		x.Close()
	})
	c := rawhttp.Dial(t, up.URL())
	c.Send(get)
	if h, err := c.ReadHead(); err != nil || h.Status() != 200 {
		t.Fatalf("head %v, error %v", h, err)
	}
	for _, want := range []string{"a", "b"} {
		if chunk, err := c.ReadChunk(); err != nil || chunk != want {
			t.Fatalf("chunk %q, error %v, want %q", chunk, err, want)
		}
		if want == "a" {
			close(more)
		}
	}
	c.SendExactly("surplus")
	c.CloseWrite()
	if got := <-surplus; got != "surplus" {
		t.Errorf("surplus %q", got)
	}
	if _, err := c.ReadChunk(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("after the close: %v", err)
	}
}

func TestReset(t *testing.T) {
	t.Run("by the upstream", func(t *testing.T) {
		up := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
			x.Send("HTTP/1.1 200 OK\nContent-Length: 3\n\nhi")
			x.Reset()
		})
		if r := rawhttp.Do(t, up.URL(), get); r.Complete() {
			t.Errorf("read as complete:\n%s", r)
		}
	})
	t.Run("by the client", func(t *testing.T) {
		seen := make(chan error, 1)
		up := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
			x.Send("HTTP/1.1 100 Continue\n\n")
			_, err := x.AwaitClose()
			seen <- err
		})
		c := rawhttp.Dial(t, up.URL())
		c.Send(get)
		if _, err := c.ReadHead(); err != nil {
			t.Fatal(err)
		}
		c.Reset()
		if err := <-seen; err == nil {
			t.Error("a reset looked like an orderly close")
		}
	})
}

func TestTunnel(t *testing.T) {
	done := make(chan struct{})
	up := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
		defer close(done)
		x.Send("HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: x\n\n")
		x.SendExactly("early\n")
		got, err := x.ReadN(len("ping"))
		if err != nil || got != "ping" {
			t.Errorf("the upstream read %q, %v", got, err)
		}
		x.CloseWrite()
		if rest, err := x.AwaitClose(); err != nil || string(rest) != "late" {
			t.Errorf("the upstream read %q, %v", rest, err)
		}
	})
	c := rawhttp.Dial(t, up.URL())
	c.Send("GET / HTTP/1.1\nConnection: Upgrade\nUpgrade: x\n\n")
	if r := c.ReadResponse(); r.Status() != 101 || !r.Complete() {
		t.Fatalf("%s", r)
	}
	if got, err := c.ReadN(6); got != "early\n" || err != nil {
		t.Errorf("the client read %q, %v", got, err)
	}
	c.SendExactly("ping")
	if rest := c.Rest(); len(rest) != 0 {
		t.Errorf("the client read %q", rest)
	}
	c.SendExactly("late")
	c.Close()
	<-done
}

// The ends must also get on with an implementation that tidies up.
func TestWithNetHTTP(t *testing.T) {
	up := rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nhi\n0\nX-T: 1\n\n"))
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Post(up.URL()+"/p", "text/plain", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || string(body) != "hi" || res.Trailer.Get("X-T") != "1" {
		t.Errorf("body %q, trailer %v, error %v", body, res.Trailer, err)
	}
	if got := up.Requests()[0]; got.Target() != "/p" || string(got.Body) != "body" || got.Fields.Get("content-type") != "text/plain" {
		t.Errorf("recorded %v", got)
	}

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "a")
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()
	r := rawhttp.Do(t, server.URL, "POST / HTTP/1.1\nHost: h\nContent-Length: 4\n\nbody")
	if len(r.Informational) != 1 || r.Status() != 200 || string(r.Body) != "body" || !r.Complete() {
		t.Errorf("%s", r)
	}
}
