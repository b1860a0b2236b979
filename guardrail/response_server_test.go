package guardrail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

const asked = "POST /anthropic HTTP/1.1\nHost: x\nConnection: close\nContent-Type: application/json\nContent-Length: 2\n\n{}"

// chunked is a stream as an upstream sends it, an event a chunk, without the end.
func chunked(events ...string) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(e), e)
	}
	return b.String()
}

const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

// A stream through a ReverseProxy, with a real upstream and raw bytes: what passes is what was sent.
func TestServedStreams(t *testing.T) {
	for _, r := range []Responses{{Mode: Hold}, windowed(), {Mode: Observe}} {
		t.Run(r.Mode.String(), func(t *testing.T) {
			stream := saying("")
			addr, up := proxied(t, judging(r), func(x *rawhttp.Exchange) {
				x.ReadBody()
				x.SendExactly(streamHead + chunked(eventsOf(stream)...) + "0\r\n\r\n")
			})
			res := rawhttp.Do(t, addr, asked)
			if res.Status() != 200 || !res.Complete() || string(res.Body) != stream {
				t.Errorf("%s", res)
			}
			if got := up.Requests()[0].Head.Fields.Values("Accept-Encoding"); len(got) != 1 || got[0] != "identity" {
				t.Errorf("the upstream is asked for %q", got)
			}
		})
	}
}

// A block in the middle: what had passed, an error, a proper end of the message; and the upstream's connection ends at once,
// while it has more to say.
func TestServedBlock(t *testing.T) {
	for _, r := range []Responses{{Mode: Hold}, windowed()} {
		t.Run(r.Mode.String(), func(t *testing.T) {
			stream := saying("middle")
			closed := make(chan struct{})
			addr, _ := proxied(t, judging(r), func(x *rawhttp.Exchange) {
				defer close(closed)
				x.ReadBody()
				if r.Mode == Hold {
					x.SendExactly(streamHead + chunked(eventsOf(stream)...) + "0\r\n\r\n")
					return
				}
				x.SendExactly(streamHead + chunked(eventsOf(stream)[:40]...))
				_, _ = x.AwaitClose() // it is not the end of the stream that brings the block about
			})
			res := rawhttp.Do(t, addr, asked)
			<-closed
			body := string(res.Body)
			if !res.Complete() || strings.Contains(body, "message_stop") {
				t.Fatalf("%s", res)
			}
			if r.Mode == Hold {
				if res.Status() != 400 || !strings.Contains(body, `"code":"blocked"`) {
					t.Errorf("%s", res)
				}
				return
			}
			at := strings.Index(body, "event: error")
			if res.Status() != 200 || at < 0 || !strings.HasPrefix(stream, body[:at]) || strings.Count(body[at:], "\n\n") != 1 {
				t.Errorf("%s", res)
			}
			if said := saidBy(t, body[:at])[0]; !strings.HasPrefix(long, said) {
				t.Errorf("released %q", said)
			}
		})
	}
}

// The same over HTTP/2, in which an end and a reset differ.
func TestServedBlockHTTP2(t *testing.T) {
	stream := saying("middle")
	canceled := make(chan error, 1)
	server := httptest.NewUnstartedServer(must(t, judging(windowed())).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", typeStream)
		for _, event := range eventsOf(stream) {
			if _, err := io.WriteString(w, event); err != nil {
				canceled <- context.Cause(r.Context())
				panic(http.ErrAbortHandler)
			}
			_ = http.NewResponseController(w).Flush()
		}
	})))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	defer server.Close()
	fields := rawhttp.Fields{":method: POST", ":path: /anthropic", ":scheme: http", ":authority: x", "content-type: application/json"}
	res := rawhttp.DoH2(t, server.URL, fields, "{}")
	if res.Status() != 200 || res.Err != nil || !strings.Contains(string(res.Body), "event: error") || strings.Contains(string(res.Body), word[:10]) {
		t.Errorf("%+v", res)
	}
	if err := <-canceled; !errors.Is(err, errDecided) {
		t.Errorf("the upstream's context ended with %v", err)
	}
}

// A stream that breaks off stays broken off, and nothing unjudged of it is released; where nothing was, the client is told.
func TestServedBreak(t *testing.T) {
	for _, r := range []Responses{{Mode: Hold}, windowed(), {Mode: Observe}} {
		t.Run(r.Mode.String(), func(t *testing.T) {
			stream := saying("end")
			events := eventsOf(stream)
			addr, _ := proxied(t, judging(r), func(x *rawhttp.Exchange) {
				x.ReadBody()
				x.SendExactly(streamHead + chunked(events[:len(events)-6]...))
				x.Close()
			})
			res := rawhttp.Do(t, addr, asked)
			body := string(res.Body)
			switch r.Mode {
			case Hold:
				if res.Status() != 502 || !strings.Contains(body, "response-incomplete") {
					t.Errorf("%s", res)
				}
			case Window:
				if res.Status() != 200 || res.Complete() || strings.Contains(body, "error") || strings.Contains(body, word[:10]) {
					t.Errorf("%s", res)
				}
			default:
				if res.Status() != 200 || res.Complete() || body != strings.Join(events[:len(events)-6], "") {
					t.Errorf("%s", res)
				}
			}
		})
	}
}

// Informational responses go on before any verdict, and trailers after it.
func TestServedAroundTheBody(t *testing.T) {
	for _, text := range []string{"all is well", word} {
		addr, _ := proxied(t, judging(Responses{Mode: Hold}), func(x *rawhttp.Exchange) {
			x.ReadBody()
			body := `{"a":"` + text + `"}`
			x.SendExactly("HTTP/1.1 103 Early Hints\r\nLink: </style>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTrailer: X-End\r\n" +
				"X-Answer: 1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body) + "0\r\nX-End: 1\r\n\r\n")
		})
		res := rawhttp.Do(t, addr, strings.Replace(asked, "/anthropic", "/json", 1))
		blocked := text == word
		if len(res.Informational) != 1 || !res.Complete() || blocked != (res.Status() == 400) || blocked == res.Fields.Has("X-Answer") || blocked == res.Trailers.Has("X-End") ||
			strings.Contains(res.String(), word) {
			t.Errorf("%q: %s", text, res)
		}
	}
}

// HEAD has no body, whatever the handler writes.
func TestServedHead(t *testing.T) {
	server := httptest.NewServer(must(t, judging(Responses{Mode: Hold})).Wrap(answers("text/html", word)))
	defer server.Close()
	conn := rawhttp.Dial(t, server.URL)
	conn.Send("HEAD /json HTTP/1.1\nHost: x\nConnection: close\n\n")
	if res := conn.ReadResponseTo("HEAD"); res.Status() != 200 || !res.Complete() || len(conn.Rest()) > 0 {
		t.Errorf("%s", res)
	}
}

// paced is a handler that writes a part of a stream each time it is told to.
func paced(parts <-chan string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", typeStream)
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case part, more := <-parts:
				if !more {
					return
				}
				if _, err := io.WriteString(w, part); err != nil {
					return
				}
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				panic(http.ErrAbortHandler)
			}
		}
	})
}

// watched is a ResponseWriter that tells when what was written was flushed.
type watched struct {
	*httptest.ResponseRecorder
	started time.Time
	log     []string // what was flushed, and when
	from    int
}

func (w *watched) FlushError() error {
	if body := w.Body.String()[w.from:]; body != "" {
		w.log = append(w.log, fmt.Sprintf("%v %q", time.Since(w.started), body))
		w.from += len(body)
	}
	return nil
}

func (w *watched) Flush() { _ = w.FlushError() }

// Silence is broken by comments while something is held, and only then; text is judged after MaxHold at the latest.
func TestTimes(t *testing.T) {
	stream := anthropic([]string{"one two ", "three four "})
	events := eventsOf(stream)
	t.Run("hold", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := Responses{Mode: Hold, KeepAlive: 10 * time.Second}
			log := paceThrough(t, r, 25*time.Second, events...)
			var want []string
			for at := 35; at < 25*(len(events)+1); at += 10 { // from the first event on; each is silent
				want = append(want, fmt.Sprintf("%v %q", time.Duration(at)*time.Second, keepAliveComment))
			}
			if len(log) != len(want) || strings.Join(log, "\n") != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(log, "\n"), strings.Join(want, "\n"))
			}
		})
	})
	t.Run("window", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := Responses{Mode: Window, WindowSize: 100, WindowOverlap: 4, MaxHold: 2 * time.Second, KeepAlive: 10 * time.Second}
			log := paceThrough(t, r, 25*time.Second, events[0]+events[1], events[2], events[3])
			// The first event with text leaves with the second: four of its bytes stay back.
			want := []string{
				fmt.Sprintf("%v %q", 25*time.Second, events[0]+events[1]),
				fmt.Sprintf("%v %q", 50*time.Second, keepAliveComment), // the silence has lasted since the 25th
				fmt.Sprintf("%v %q", 60*time.Second, keepAliveComment),
				fmt.Sprintf("%v %q", 70*time.Second, keepAliveComment),
				fmt.Sprintf("%v %q", 77*time.Second, events[2]),
				fmt.Sprintf("%v %q", 87*time.Second, keepAliveComment),
				fmt.Sprintf("%v %q", 97*time.Second, keepAliveComment),
			}
			if strings.Join(log, "\n") != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(log, "\n"), strings.Join(want, "\n"))
			}
		})
	})
}

// paceThrough has a handler write a part after each pause, and then leave, and returns what was flushed and when.
func paceThrough(t *testing.T, r Responses, pause time.Duration, parts ...string) []string {
	t.Helper()
	c := judging(r)
	c.Budget = NewBudget(DefaultBudget)
	written := make(chan string)
	w := &watched{ResponseRecorder: httptest.NewRecorder(), started: time.Now()}
	req := httptest.NewRequest("POST", "/anthropic", strings.NewReader("{}"))
	req.Header.Set("Content-Type", typeJSON)
	var log []string
	go func() {
		for _, part := range parts {
			time.Sleep(pause)
			written <- part
		}
		time.Sleep(pause)
		synctest.Wait()
		log = w.log
		close(written)
	}()
	must(t, c).Wrap(paced(written)).ServeHTTP(w, req)
	rest := len(w.Body.String())
	time.Sleep(time.Hour)
	synctest.Wait()
	if len(w.Body.String()) != rest {
		t.Error("something was written when the handler had returned")
	}
	if c.Budget.InUse() != 0 {
		t.Errorf("%d bytes of the budget are in use", c.Budget.InUse())
	}
	return log
}

// While guards take their time, the client hears that something is going on; and a guard that doesn't return blocks at its
// deadline.
func TestSlowGuard(t *testing.T) {
	for _, mode := range []Mode{Hold, Window} {
		t.Run(mode.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stuck := make(chan struct{})
				guard := &fake{name: "answers", scope: WholeConversation, check: func(context.Context, Input) (Verdict, error) {
					<-stuck // it doesn't honour its context
					return Verdict{}, nil
				}}
				r := Responses{Mode: mode, Guards: []Guard{WithDeadline(guard, 25*time.Second)}, KeepAlive: 10 * time.Second}
				c := judging(r)
				c.Budget = NewBudget(DefaultBudget)
				w := &watched{ResponseRecorder: httptest.NewRecorder(), started: time.Now()}
				req := httptest.NewRequest("POST", "/anthropic", strings.NewReader("{}"))
				req.Header.Set("Content-Type", typeJSON)
				must(t, c).Wrap(answers(typeStream, saying(""))).ServeHTTP(w, req)
				body := w.Body.String()
				if time.Since(w.started) != 25*time.Second || strings.Count(body, keepAliveComment) != 2 {
					t.Errorf("after %v: %s", time.Since(w.started), body)
				}
				if w.Code != 200 || !strings.HasSuffix(body, "\n\n") || !strings.Contains(body, "overloaded_error") || strings.Contains(body, "one two") {
					t.Errorf("%d %s", w.Code, body)
				}
				if c.Budget.InUse() == 0 {
					t.Error("the texts that the guard still reads count for nothing")
				}
				close(stuck)
				synctest.Wait()
				if c.Budget.InUse() != 0 {
					t.Errorf("%d bytes of the budget are in use", c.Budget.InUse())
				}
			})
		})
	}
}

// A client that leaves ends the reading, and whatever was held with it.
func TestClientLeavesAnAnswer(t *testing.T) {
	for _, r := range []Responses{{Mode: Hold}, windowed(), {Mode: Observe}} {
		t.Run(r.Mode.String(), func(t *testing.T) {
			guard := newGated()
			r.Guards = []Guard{guard}
			c := judging(r)
			c.Budget = NewBudget(DefaultBudget)
			g := must(t, c)
			ended, written := make(chan any, 1), make(chan struct{})
			var rec *Record
			stream := saying("")
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				defer func() {
					p := recover()
					ended <- p
					if p != nil {
						panic(p)
					}
				}()
				observed(g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					w.Header().Set("Content-Type", typeStream)
					_, err := io.WriteString(w, stream)
					if err == nil && r.Mode != Hold && r.Mode != Observe {
						t.Error("no error for a client who has left")
					}
					if r.Mode == Observe {
						close(written)
						<-req.Context().Done()
						panic(http.ErrAbortHandler)
					}
				})), &rec).ServeHTTP(w, req)
			}))
			defer server.Close()
			conn := rawhttp.Dial(t, server.URL)
			conn.Send(strings.Replace(asked, "Connection: close\n", "", 1))
			if r.Mode == Observe {
				<-written
			} else {
				<-guard.asked
			}
			conn.Close()
			want := Skipped
			if r.Mode == Observe {
				guard.gate <- Verdict{} // what was said is judged all the same
				want = Passed
			}
			<-ended
			if rec.Response.Outcome != want || rec.Response.Detail != "" {
				t.Errorf("the record is %+v, want the outcome %s", rec.Response, want)
			}
			drained(t, c.Budget)
		})
	}
}

// However a handler ends, what was held is given back, and panics that are not ours go on.
func TestHandlersEnd(t *testing.T) {
	for name, end := range map[string]func(){
		"a fault":  func() { panic("a fault") },
		"an abort": func() { panic(http.ErrAbortHandler) },
	} {
		for _, body := range []string{saying("")[:2000], saying(word)} {
			for _, r := range []Responses{{Mode: Hold}, windowed(), {Mode: Observe}} {
				c := judging(r)
				c.Budget = NewBudget(DefaultBudget)
				var p any
				got := func() (got answered) {
					defer func() { p = recover() }()
					got, _ = ask(must(t, c), "/anthropic", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						w.Header().Set("Content-Type", typeStream)
						_, _ = io.WriteString(w, body)
						end()
					}))
					return got
				}()
				if told := name == "an abort" && r.Mode == Hold; told != (p == nil) || told && got.Code != "response-incomplete" {
					t.Errorf("%s in mode %s: recovered %v, and got %+v", name, r.Mode, p, got)
				}
				drained(t, c.Budget)
			}
		}
	}
}

// A handler that has returned has no more to say.
func TestWritingAfterTheEnd(t *testing.T) {
	for _, r := range []Responses{{Mode: Hold}, windowed(), {Mode: Observe}} {
		var kept http.ResponseWriter
		w := httptest.NewRecorder()
		req := httptest.NewRequest("POST", "/json", strings.NewReader("{}"))
		req.Header.Set("Content-Type", typeJSON)
		must(t, judging(r)).Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", typeJSON)
			_, _ = io.WriteString(w, `{"a":1}`)
			kept = w
		})).ServeHTTP(w, req)
		n, err := io.WriteString(kept, word)
		if flushed := http.NewResponseController(kept).Flush(); n != 0 || !errors.Is(err, errEnded) || !errors.Is(flushed, errEnded) || w.Body.String() != `{"a":1}` {
			t.Errorf("%s: wrote %d, %v, %v: %s", r.Mode, n, err, flushed, w.Body)
		}
	}
}
