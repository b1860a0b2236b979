//go:build unix

package http1

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// What goes on the wire is what net/http's client sends.
func TestRequestsOnTheWire(t *testing.T) {
	long := strings.Repeat("x", 50_000)
	for name, request := range map[string]func(url string) (*http.Request, error){
		"GET": func(url string) (*http.Request, error) { return http.NewRequest("GET", url, nil) },
		"a path": func(url string) (*http.Request, error) {
			return http.NewRequest("GET", url+"/a%2Fb/c%20d?e=%20f&g", nil)
		},
		"a bare ?":     func(url string) (*http.Request, error) { return http.NewRequest("GET", url+"/?", nil) },
		"HEAD":         func(url string) (*http.Request, error) { return http.NewRequest("HEAD", url, nil) },
		"POST nothing": func(url string) (*http.Request, error) { return http.NewRequest("POST", url, nil) },
		"PUT nothing":  func(url string) (*http.Request, error) { return http.NewRequest("PUT", url, http.NoBody) },
		"DELETE":       func(url string) (*http.Request, error) { return http.NewRequest("DELETE", url, nil) },
		"POST": func(url string) (*http.Request, error) {
			return http.NewRequest("POST", url, strings.NewReader("a body"))
		},
		"DELETE with a body": func(url string) (*http.Request, error) {
			return http.NewRequest("DELETE", url, strings.NewReader("a body"))
		},
		"a large body": func(url string) (*http.Request, error) { return http.NewRequest("POST", url, strings.NewReader(long)) },
		"unknown length": func(url string) (*http.Request, error) {
			return http.NewRequest("POST", url, io.MultiReader(strings.NewReader("a body"), strings.NewReader(long)))
		},
		"unknown length, none": func(url string) (*http.Request, error) {
			return http.NewRequest("POST", url, io.MultiReader(strings.NewReader("")))
		},
		"byte by byte": func(url string) (*http.Request, error) {
			return http.NewRequest("POST", url, iotest.OneByteReader(strings.NewReader("a body")))
		},
		"the end with the data": func(url string) (*http.Request, error) {
			return http.NewRequest("POST", url, iotest.DataErrReader(strings.NewReader(long)))
		},
		"length 0 that is unknown": func(url string) (*http.Request, error) {
			r, err := http.NewRequest("POST", url, io.MultiReader(strings.NewReader("x")))
			r.ContentLength = 0
			return r, err
		},
		"fields": func(url string) (*http.Request, error) {
			r, err := http.NewRequest("GET", url, nil)
			r.Header = http.Header{"B": {"1", "", "2"}, "A": {"x"}, "User-Agent": {"me", "you"}, "Host": {"no"}, "Content-Length": {"7"},
				"Transfer-Encoding": {"gzip"}, "Trailer": {"A"}, "X_y": {"\xff\t."}}
			return r, err
		},
		"no agent": func(url string) (*http.Request, error) {
			r, err := http.NewRequest("GET", url, nil)
			r.Header["User-Agent"] = nil
			return r, err
		},
		"a Host": func(url string) (*http.Request, error) {
			r, err := http.NewRequest("GET", url, nil)
			r.Host = "other.test:81"
			return r, err
		},
		"a large head, and a body": func(url string) (*http.Request, error) {
			r, err := http.NewRequest("POST", url, strings.NewReader("a body"))
			r.Header.Set("A", long)
			return r, err
		},
		"a head that fills most of the buffer": func(url string) (*http.Request, error) {
			r, err := http.NewRequest("POST", url, strings.NewReader(long))
			r.Header.Set("A", long[:bufferSize/2-130])
			return r, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := rawhttp.Upstream(t, rawhttp.Reply("HTTP/1.1 204 No Content\nConnection: close\n\n"))
			for _, client := range []http.RoundTripper{&http.Transport{DisableCompression: true}, newClient(t, s.URL())} {
				req, err := request(s.URL())
				if err != nil {
					t.Fatal(err)
				}
				fetch(t, client, req)
			}
			got := s.Requests()
			for i := range got {
				got[i].Conn = 0
				// In which pieces a body of unknown length goes is each client's own.
			}
			if diff := cmp.Diff(got[0], got[1]); diff != "" {
				t.Errorf("requests (-net/http +http1):\n%s", diff)
			}
		})
	}
}

// A server may answer before it has the whole request, and the answer does not wait for the rest. The connection ends with it:
// the rest could be taken for the next request.
func TestEarlyAnswer(t *testing.T) {
	for _, body := range []string{"", "too large"} {
		t.Run(fmt.Sprintf("%d bytes", len(body)), func(t *testing.T) {
			s := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
				x.Send(fmt.Sprintf("HTTP/1.1 413 Content Too Large\nContent-Length: %d\n\n%s", len(body), body))
				_, _ = x.AwaitClose()
				x.Close()
			})
			c := newClient(t, s.URL())
			reader, writer := io.Pipe() // of which nothing comes
			req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL(), reader)
			if err != nil {
				t.Fatal(err)
			}
			if status, got := fetch(t, c, req); status != 413 || got != body {
				t.Errorf("status %d, body %q", status, got)
			}
			if len(c.pool.idle) > 0 {
				t.Error("the connection is kept")
			}
			_, _ = io.WriteString(writer, "too late") // the body is closed when it has been read
			if _, err := io.WriteString(writer, "too late"); !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("the body is not closed: %v", err)
			}
		})
	}
}

// The two directions do not wait for one another.
func TestFullDuplex(t *testing.T) {
	s := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
		x.Send("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n")
		for range 3 {
			said, _ := x.ReadN(len("1\r\nx\r\n"))
			x.SendExactly(said)
		}
		_, _ = x.ReadN(len("0\r\n\r\n"))
		x.SendExactly("0\r\n\r\n")
	})
	c := newClient(t, s.URL())
	reader, writer := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL(), reader)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{"a", "b", "c"} {
		_, _ = io.WriteString(writer, said)
		heard := make([]byte, 1)
		if _, err := io.ReadFull(res.Body, heard); err != nil || string(heard) != said {
			t.Fatalf("heard %q, %v", heard, err)
		}
	}
	_ = writer.Close()
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) > 0 {
		t.Errorf("the rest is %q, %v", rest, err)
	}
	_ = res.Body.Close()
	if len(c.pool.idle) != 1 {
		t.Error("the connection is not kept")
	}
}

// A server that sends back what it reads reads no more while nobody reads from it. Here nothing on the way keeps a byte.
func TestEcho(t *testing.T) {
	const size = 256 << 10
	said := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	echo := func(conn net.Conn) {
		defer func() { _ = conn.Close() }()
		r := bufio.NewReader(conn)
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)
		_, _ = io.Copy(conn, req.Body)
	}
	c := newClient(t, "http://origin.test")
	c.cfg.Dial = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go echo(far)
		return near, nil
	}
	hangs := time.AfterFunc(rawhttp.Patience, func() { panic("the two wait for one another") })
	defer hangs.Stop()
	for range 200 {
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://origin.test", bytes.NewReader(said))
		if err != nil {
			t.Fatal(err)
		}
		if _, heard := fetch(t, c, req); heard != string(said) {
			t.Fatalf("%d bytes came back of %d", len(heard), len(said))
		}
	}
}

// A body that fails, or is not of the length that was announced, ends the exchange with its error, and the server does not take
// what it has for all of it.
func TestBodyAtFault(t *testing.T) {
	fault := errors.New("the body's own")
	for name, test := range map[string]struct {
		body   io.Reader
		length int64
		want   error
		reply  string
	}{
		"at once":                   {iotest.ErrReader(fault), -1, fault, ""},
		"at once, with a length":    {iotest.ErrReader(fault), 6, fault, ""},
		"later":                     {io.MultiReader(strings.NewReader("half"), iotest.ErrReader(fault)), -1, fault, ""},
		"later, with a length":      {io.MultiReader(strings.NewReader("half"), iotest.ErrReader(fault)), 6, fault, ""},
		"shorter":                   {strings.NewReader("half"), 6, errBodyShorter, ""},
		"longer":                    {strings.NewReader("a body and more"), 6, errBodyLonger, ""},
		"longer, but later":         {io.MultiReader(strings.NewReader("a body"), strings.NewReader(" and more")), 6, errBodyLonger, ""},
		"while the response begins": {nil, -1, fault, "HTTP/1.1 200 OK\nContent-Length: 5\n\nab"},
	} {
		t.Run(name, func(t *testing.T) {
			s := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
				x.Send(test.reply)
				x.ReadBody()
				x.Close()
			})
			c := newClient(t, s.URL())
			body := test.body
			var writer *io.PipeWriter
			if body == nil {
				body, writer = io.Pipe()
			}
			req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL(), body)
			if err != nil {
				t.Fatal(err)
			}
			req.ContentLength = test.length
			res, err := c.RoundTrip(req)
			if err == nil {
				_ = writer.CloseWithError(fault)
				_, err = io.ReadAll(res.Body)
				_ = res.Body.Close()
			}
			if !errors.Is(err, test.want) {
				t.Errorf("the error is %v, not %v", err, test.want)
			}
			if len(c.pool.idle) > 0 {
				t.Error("the connection is kept")
			}
			for _, r := range s.Requests() {
				if r.Err == nil && r.Read && string(r.Body) != "a body" {
					t.Errorf("the server has %q for the whole body", r.Body)
				}
			}
		})
	}
}

// A server that closes without reading all of the body may have said why.
func TestAnswerBeforeTheConnectionFails(t *testing.T) {
	s := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
		x.Send("HTTP/1.1 403 Forbidden\nConnection: close\nContent-Length: 2\n\nno")
		x.CloseWrite()
		_, _ = x.AwaitClose()
		x.Close()
	})
	c := newClient(t, s.URL())
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL(), endless{})
	if err != nil {
		t.Fatal(err)
	}
	if status, got := fetch(t, c, req); status != 403 || got != "no" {
		t.Errorf("status %d, body %q", status, got)
	}
}
