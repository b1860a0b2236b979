package auth_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/passthrough/auth"
)

// wire is a gate on a real server, over HTTP/1.1 by raw bytes and over HTTP/2. What the next handler got is
// answered as the body: 200 and the notation of show, without the fields that the HTTP/2 client adds.
type wire struct{ h1, h2 *httptest.Server }

func serve(t *testing.T, g *auth.Gate) wire {
	t.Helper()
	h := g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, added := range []string{"Accept-Encoding", "User-Agent"} {
			r.Header.Del(added)
		}
		w.Header()["Date"] = nil
		_, _ = io.WriteString(w, show(r))
	}))
	undated := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil // so that whole responses can be compared
		h.ServeHTTP(w, r)
	})
	s := wire{httptest.NewServer(undated), httptest.NewUnstartedServer(undated)}
	s.h2.EnableHTTP2 = true
	s.h2.StartTLS()
	t.Cleanup(s.h1.Close)
	t.Cleanup(s.h2.Close)
	return s
}

// raw writes one HTTP/1.1 request in the notation of read and returns all the bytes of the response.
func (s wire) raw(t *testing.T, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.h1.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lines := strings.Split(text, " | ")
	lines[0] = "GET " + lines[0] + " HTTP/1.1\r\nHost: gateway.test\r\nConnection: close"
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return body(t, conn)
}

// answers returns "status body" or "status code" of the request over HTTP/1.1 and over HTTP/2.
func (s wire) answers(t *testing.T, text string) (h1, h2 string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(s.raw(t, text))), nil)
	if err != nil {
		t.Fatal(err)
	}
	h1 = answer(t, resp)
	h1 = strings.Replace(h1, " | Connection: close", "", 1)

	lines := strings.Split(text, " | ")
	target, err := url.ParseRequestURI(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	target.Scheme, target.Host = "https", s.h2.Listener.Addr().String()
	r := &http.Request{Method: http.MethodGet, URL: target, Header: http.Header{}}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		r.Header[name] = append(r.Header[name], strings.TrimSpace(value)) // as written: Add would tidy
	}
	resp, err = s.h2.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if resp.ProtoMajor != 2 {
		t.Fatalf("spoke %s", resp.Proto)
	}
	return h1, answer(t, resp)
}

func answer(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	text := body(t, resp.Body)
	if _, rest, ok := strings.Cut(text, `"code":"`); ok {
		text, _, _ = strings.Cut(rest, `"`)
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, text)
}

func (s wire) run(t *testing.T, exchanges []exchange) {
	t.Helper()
	for _, x := range exchanges {
		t.Run(x.name, func(t *testing.T) {
			h1, h2 := s.answers(t, x.request)
			if diff := cmp.Diff([]string{x.want, x.want}, []string{h1, h2}); diff != "" {
				t.Errorf("(-want, +got, over HTTP/1.1 and HTTP/2):\n%s", diff)
			}
		})
	}
}
