package guardrail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A client is done when the terminal event has come, and may leave before the message ends.
func TestClientLeavesACompleteStream(t *testing.T) {
	passing, blocked := saying(""), saying("end")
	cut, _, _ := strings.Cut(passing, "event: message_stop")
	for _, tt := range []struct {
		name, stream string
		want         map[Mode]Outcome
	}{
		{"complete", passing, map[Mode]Outcome{Hold: Skipped, Window: Passed, Observe: Passed}},
		{"and the start of another event", passing + ": ", map[Mode]Outcome{Hold: Skipped, Window: Skipped, Observe: Skipped}},
		{"not complete", cut, map[Mode]Outcome{Hold: Skipped, Window: Skipped, Observe: Skipped}},
		{"blocked", blocked, map[Mode]Outcome{Hold: Skipped, Window: Blocked, Observe: Passed}},
		{"an event too many", passing + passing, map[Mode]Outcome{Hold: Failed, Window: Failed, Observe: Failed}},
	} {
		for _, r := range []Responses{{Mode: Hold}, windowed(), {Mode: Observe}} {
			ctx, leave := context.WithCancel(t.Context())
			h := must(t, judging(r)).Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", typeStream)
				_, _ = io.WriteString(w, tt.stream)
				leave()
				panic(http.ErrAbortHandler)
			}))
			req := httptest.NewRequest("POST", "/anthropic", strings.NewReader("{}")).WithContext(ctx)
			req.Header.Set("Content-Type", typeJSON)
			var rec *Record
			func() {
				defer func() { _ = recover() }()
				observed(h, &rec).ServeHTTP(httptest.NewRecorder(), req)
			}()
			if got := rec.Response.Outcome; got != tt.want[r.Mode] {
				t.Errorf("%s in mode %s: %s (%s)", tt.name, r.Mode, got, rec.Response.Detail)
			}
		}
	}
}

// An observer is shown a stream as a whole, however slowly it comes.
func TestObserversSeeTheWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		guard := &fake{name: "answers", scope: WholeConversation}
		deltas := letters(strings.Repeat(long, 9), 100)
		_, rec := ask(must(t, judging(Responses{Mode: Observe, Guards: []Guard{guard}})), "/anthropic", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", typeStream)
			for _, event := range eventsOf(anthropic(deltas)) {
				_, _ = io.WriteString(w, event)
				time.Sleep(time.Minute)
			}
		}))
		if guard.calls() != 1 || guard.seen[0].Texts[0].Value != strings.Join(deltas, "") || rec.Outcome != Passed {
			t.Errorf("%d calls, %+v", guard.calls(), rec)
		}
	})
}

// An error event is an event of its own, wherever the upstream stopped: no reader of lines takes it for a part of another.
func TestErrorEventsStandAlone(t *testing.T) {
	for _, end := range []string{"\n", "\r\n"} {
		stream := strings.ReplaceAll(anthropic(letters(long, 9)), "\n", end)
		g := must(t, judging(Responses{Mode: Window, WindowSize: 8, WindowOverlap: 1}))
		for n := range stream {
			got, rec := ask(g, "/anthropic", answers(typeStream, stream[:n]))
			before, _, found := strings.Cut(got.Body, "event: error\n")
			if !found {
				continue
			}
			if !strings.HasPrefix(before, stream[:rec.Released]) || !strings.HasSuffix(strings.ReplaceAll(before, "\r\n", "\n"), "\n\n") {
				t.Fatalf("after %q: %q", stream[:n], got.Body)
			}
		}
	}
}

// brittle is a client to whom one write fails.
type brittle struct {
	*httptest.ResponseRecorder
	writes int // until that one
	fail   func() error
}

func (b *brittle) Write(p []byte) (int, error) {
	if b.writes--; b.writes == 0 {
		return 0, b.fail()
	}
	return b.ResponseRecorder.Write(p)
}

// odd are handlers, and what they do to a body that they are to write.
var odd = map[string]func(w http.ResponseWriter, r *http.Request, body string){
	"as it should be": func(w http.ResponseWriter, _ *http.Request, body string) { _, _ = io.WriteString(w, body) },
	"by bytes, with flushes": func(w http.ResponseWriter, _ *http.Request, body string) {
		for i := range body {
			_, _ = io.WriteString(w, body[i:i+1])
			_ = http.NewResponseController(w).Flush()
		}
	},
	"copied": func(w http.ResponseWriter, _ *http.Request, body string) {
		_, _ = io.Copy(w, io.LimitReader(strings.NewReader(body), int64(len(body))))
	},
	"flushed by others": func(w http.ResponseWriter, _ *http.Request, body string) {
		var flushers sync.WaitGroup
		for range 4 {
			flushers.Go(func() {
				for range 20 {
					_ = http.NewResponseController(w).Flush()
					runtime.Gosched()
				}
			})
		}
		for _, part := range letters(body, 50) {
			_, _ = io.WriteString(w, part)
		}
		flushers.Wait()
	},
	"with two statuses": func(w http.ResponseWriter, _ *http.Request, body string) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusOK)
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusNoContent)
		_, _ = io.WriteString(w, body)
	},
	"a Content-Length too small": func(w http.ResponseWriter, _ *http.Request, body string) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, body)
	},
	"a Content-Length too large": func(w http.ResponseWriter, _ *http.Request, body string) {
		w.Header().Set("Content-Length", "1000000000")
		_, _ = io.WriteString(w, body)
	},
	"two of them": func(w http.ResponseWriter, _ *http.Request, body string) {
		w.Header()["Content-Length"] = []string{"1", "x"}
		_, _ = io.WriteString(w, body)
	},
	"no content":   func(w http.ResponseWriter, _ *http.Request, body string) { statusAnd(w, http.StatusNoContent, body) },
	"not modified": func(w http.ResponseWriter, _ *http.Request, body string) { statusAnd(w, http.StatusNotModified, body) },
	"a part": func(w http.ResponseWriter, _ *http.Request, body string) {
		statusAnd(w, http.StatusPartialContent, body)
	},
	"another switch": func(w http.ResponseWriter, _ *http.Request, body string) {
		statusAnd(w, http.StatusSwitchingProtocols, body)
	},
	"an error": func(w http.ResponseWriter, _ *http.Request, body string) { statusAnd(w, http.StatusTeapot, body) },
	"nothing":  func(http.ResponseWriter, *http.Request, string) {},
	"half of it": func(w http.ResponseWriter, _ *http.Request, body string) {
		_, _ = io.WriteString(w, body[:len(body)/2])
	},
	"twice": func(w http.ResponseWriter, _ *http.Request, body string) { _, _ = io.WriteString(w, body+body) },
	"encoded": func(w http.ResponseWriter, _ *http.Request, body string) {
		w.Header()["Content-Encoding"] = []string{"identity", "gzip"}
		_, _ = io.WriteString(w, body)
	},
	"an abort": func(w http.ResponseWriter, _ *http.Request, body string) {
		_, _ = io.WriteString(w, body)
		panic(http.ErrAbortHandler)
	},
	"a panic": func(w http.ResponseWriter, _ *http.Request, body string) {
		_, _ = io.WriteString(w, body[:len(body)/2])
		panic("a fault")
	},
	"a goexit": func(w http.ResponseWriter, _ *http.Request, body string) {
		_, _ = io.WriteString(w, body)
		runtime.Goexit()
	},
}

func statusAnd(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// However an answer ends, all of the budget comes back, nothing of what is blocked has left, and no stream that is blocked
// looks complete.
func TestOddEndings(t *testing.T) {
	clients := map[string]func() error{
		"patient": nil,
		"gone":    func() error { return errors.New("the client has left") },
		"broken":  func() error { panic(http.ErrAbortHandler) },
	}
	guards := map[string]Guard{
		"word":   &fake{name: "answers", scope: WholeConversation},
		"faulty": &fake{name: "answers", scope: WholeConversation, check: func(context.Context, Input) (Verdict, error) { panic("a fault") }},
	}
	bodies := map[string]string{typeStream: saying("middle"), typeJSON: `{"a":"` + long + word + `"}`}
	for _, r := range []Responses{{Mode: Hold}, windowed(), {Mode: Observe}} {
		for contentType, body := range bodies {
			for name, write := range odd {
				for client, fail := range clients {
					for guarded, guard := range guards {
						for _, budget := range []int64{100, 700, DefaultBudget} {
							for _, writes := range []int{1, 3} {
								if fail == nil && writes > 1 {
									continue
								}
								r.Guards = []Guard{guard}
								what := fmt.Sprintf("%s, %s, %s, %s, %s, %d, %d", r.Mode, contentType, name, client, guarded, budget, writes)
								got := oddAnswer(t, r, budget, &brittle{httptest.NewRecorder(), writes, fail}, func(w http.ResponseWriter, req *http.Request) {
									w.Header().Set("Content-Type", contentType)
									write(w, req, body)
								})
								if r.Mode != Observe && (strings.Contains(got, "the banned") || strings.Contains(got, "message_stop")) {
									t.Errorf("%s: %s", what, got)
								}
							}
						}
					}
				}
			}
		}
	}
}

// oddAnswer returns what the client has got when the budget has come back.
func oddAnswer(t *testing.T, r Responses, budget int64, w *brittle, h http.HandlerFunc) string {
	t.Helper()
	if w.fail == nil {
		w.writes = 0
	}
	c := judging(r)
	c.MaxBody, c.Responses.MaxBody, c.Budget = min(budget, 1<<20), min(budget, 1<<20), NewBudget(budget)
	g := must(t, c)
	ended := make(chan struct{})
	go func() { // which Goexit ends
		defer close(ended)
		defer func() { _ = recover() }()
		g.Wrap(h).ServeHTTP(w, httptest.NewRequest("POST", "/anthropic", nil))
	}()
	<-ended
	drained(t, c.Budget)
	return w.Body.String()
}

// The client hears of a block at once, although the handler goes on for a while.
func TestBlocksAreFlushed(t *testing.T) {
	for _, body := range []string{saying("start"), saying("middle")} {
		heard := make(chan struct{})
		server := httptest.NewServer(must(t, judging(windowed())).Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", typeStream)
			if _, err := io.WriteString(w, body); err == nil {
				t.Error("it was not blocked")
			}
			<-heard
		})))
		res, err := http.Post(server.URL+"/anthropic", typeJSON, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		for said, part := "", make([]byte, 4096); !strings.Contains(said, "it says what must not be said"); {
			n, err := res.Body.Read(part)
			if said += string(part[:n]); n == 0 {
				t.Fatalf("%q, and then %v", said, err)
			}
		}
		close(heard)
		_ = res.Body.Close()
		server.Close()
	}
}
