package rawhttp_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/net/http2"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// Fields that no implementation would send arrive as they were written, and so does what answers them.
func TestH2FieldsAsTheyStand(t *testing.T) {
	up := rawhttp.UpstreamH2(t, func(s *rawhttp.Stream) {
		s.ReadMessage()
		s.Headers(false, ":status: 103", "link: a")
		s.Headers(false, ":status: 200", "X-Upper: 1", "x-empty:", "connection: close")
		s.Data(false, "hi")
		s.Data(false, "!")
		s.Headers(true, "x-trailer: 1")
	})
	request := rawhttp.Fields{":method: CONNECT", ":path: //x", "te: a", "te: b", ":late: pseudo", "X_Key:  k "}
	c := rawhttp.DialH2(t, up.URL())
	s := c.Open(false, request...)
	s.Data(false, "body")
	s.Headers(true, "authorization: late")

	want := rawhttp.H2Message{
		Informational: []rawhttp.Fields{{":status: 103", "link: a"}},
		Header:        rawhttp.Fields{":status: 200", "X-Upper: 1", "x-empty: ", "connection: close"},
		Body:          []byte("hi!"), Trailers: rawhttp.Fields{"x-trailer: 1"}, Ended: true,
	}
	got := s.ReadMessage()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("response (-want +got)\n%s", diff)
	}
	if got.Status() != 200 {
		t.Errorf("status %d", got.Status())
	}
	wantRequests := []rawhttp.H2Message{{Header: request, Body: []byte("body"), Trailers: rawhttp.Fields{"authorization: late"}, Ended: true}}
	if diff := cmp.Diff(wantRequests, up.Requests()); diff != "" {
		t.Errorf("request (-want +got)\n%s", diff)
	}
	if up.Hits() != 1 || up.Connections() != 1 {
		t.Errorf("%d hits on %d connections", up.Hits(), up.Connections())
	}
}

func TestH2CutShort(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*rawhttp.Stream)
		want error
	}{
		{"reset", func(s *rawhttp.Stream) { s.Reset(http2.ErrCodeCancel) }, http2.StreamError{StreamID: 1, Code: http2.ErrCodeCancel}},
		{"connection closed", (*rawhttp.Stream).CloseConn, io.ErrUnexpectedEOF},
	} {
		t.Run(c.name+" by the upstream", func(t *testing.T) {
			up := rawhttp.UpstreamH2(t, func(s *rawhttp.Stream) {
				s.Headers(false, ":status: 200")
				s.Data(false, "hi")
				c.end(s)
			})
			got := rawhttp.DoH2(t, up.URL(), rawhttp.Fields{":method: GET"}, "")
			want := rawhttp.H2Message{Header: rawhttp.Fields{":status: 200"}, Body: []byte("hi"), Err: c.want}
			if diff := cmp.Diff(want, got, cmpopts.EquateErrors()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
		t.Run(c.name+" by the client", func(t *testing.T) {
			seen := make(chan rawhttp.H2Message, 1)
			up := rawhttp.UpstreamH2(t, func(s *rawhttp.Stream) {
				s.Headers(false, ":status: 200")
				seen <- s.ReadMessage()
			})
			s := rawhttp.DialH2(t, up.URL()).Open(false, ":method: POST")
			if e := s.Next(); e.Kind != rawhttp.HeadersEvent {
				t.Errorf("next: %+v", e)
			}
			c.end(s)
			want := rawhttp.H2Message{Header: rawhttp.Fields{":method: POST"}, Err: c.want}
			if diff := cmp.Diff(want, <-seen, cmpopts.EquateErrors()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestH2StreamsOfOneConnection(t *testing.T) {
	up := rawhttp.UpstreamH2(t, rawhttp.ReplyH2(rawhttp.Fields{":status: 204"}, ""))
	c := rawhttp.DialH2(t, up.URL())
	first := c.Open(false, ":path: /1")
	second := c.Open(true, ":path: /2")
	if got := second.ReadMessage(); got.Status() != 204 {
		t.Errorf("second: %+v", got)
	}
	if got := first.Received(); got.Header != nil {
		t.Errorf("first, before its end: %+v", got)
	}
	first.Data(true, "")
	if got := first.ReadMessage(); got.Status() != 204 {
		t.Errorf("first: %+v", got)
	}
	c.Close()
	if e := first.Next(); e.Kind != rawhttp.ClosedEvent {
		t.Errorf("after the close: %+v", e)
	}
	if got := first.ReadMessage(); !got.Ended || got.Err != nil {
		t.Errorf("a complete message spoiled by the close: %+v", got)
	}
	if e := c.Open(true, ":path: /3").Next(); e.Kind != rawhttp.ClosedEvent {
		t.Errorf("a stream opened after the close: %+v", e)
	}
}

// The ends must also get on with an implementation that keeps the rules, large bodies and fields included.
func TestH2WithNetHTTP(t *testing.T) {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	large := bytes.Repeat([]byte("x"), 1<<20)

	t.Run("client", func(t *testing.T) {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Large", string(large[:40_000]))
			w.Header().Set(http.TrailerPrefix+"X-T", "1")
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = w.Write(large)
		}))
		server.Config.Protocols = &protocols
		server.Start()
		defer server.Close()
		got := rawhttp.DoH2(t, server.URL, rawhttp.Fields{":method: GET", ":scheme: http", ":authority: h", ":path: /"}, "")
		if got.Err != nil || !got.Ended || got.Status() != 200 || len(got.Informational) != 1 || got.Trailers.Get("x-t") != "1" {
			t.Errorf("%v, informational %v, trailers %v, ended %t, error %v", got.Status(), len(got.Informational), got.Trailers, got.Ended, got.Err)
		}
		if !bytes.Equal(got.Body, large) || len(got.Header.Get("x-large")) != 40_000 {
			t.Errorf("%d bytes of body, %d of a field", len(got.Body), len(got.Header.Get("x-large")))
		}
	})

	t.Run("upstream", func(t *testing.T) {
		up := rawhttp.UpstreamH2(t, rawhttp.ReplyH2(rawhttp.Fields{":status: 200"}, "hi"))
		transport := &http.Transport{Protocols: &protocols}
		defer transport.CloseIdleConnections()
		res, err := (&http.Client{Transport: transport}).Post(up.URL()+"/p", "text/plain", bytes.NewReader(large))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if body, err := io.ReadAll(res.Body); err != nil || string(body) != "hi" {
			t.Errorf("body %q, error %v", body, err)
		}
		got := up.Requests()
		if len(got) != 1 || !bytes.Equal(got[0].Body, large) || got[0].Header.Get(":path") != "/p" {
			t.Errorf("recorded %d requests", len(got))
		}
	})
}
