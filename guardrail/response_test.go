package guardrail

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen. "

// said returns a stream in which word stands at the start, in the middle, or at the end of what is said.
func saying(where string) string {
	text := map[string]string{"": long + long, "start": word + " " + long + long, "middle": long + word + " " + long, "end": long + long + word}[where]
	return anthropic(letters(text, 5))
}

func TestStreamVerdicts(t *testing.T) {
	const stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
	whole := saying("")
	tests := []struct {
		name, stream string
		code         string // of the denial; the outcomes follow
	}{
		{"pass", whole, ""},
		{"blocked at the start", saying("start"), "blocked"},
		{"blocked in the middle", saying("middle"), "blocked"},
		{"blocked at the end", saying("end"), "blocked"},
		{"an unknown event", strings.Replace(whole, stop, "event: news\ndata: {\"type\":\"news\"}\n\n"+stop, 1), "response-unreadable"},
		{"data that are not JSON", strings.Replace(whole, stop, "event: ping\ndata: {\"type\":\"ping\",}\n\n"+stop, 1), "response-unreadable"},
		{"data after the end", whole + "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", "response-unreadable"},
		{"no event", "", "response-incomplete"},
		{"no terminal event", strings.TrimSuffix(whole, stop), "response-incomplete"},
		{"cut in an event", strings.TrimSuffix(whole, "}\n\n"), "response-incomplete"},
		{"an event that is too large", strings.Replace(whole, stop, ": "+strings.Repeat("x", 2000)+"\n\n"+stop, 1), "response-too-large"},
		{"no UTF-8", strings.Replace(whole, "one t", "one\xff", 1), "response-unreadable"},
	}
	for _, mode := range []Mode{Hold, Window, Observe} {
		for _, tt := range tests {
			t.Run(mode.String()+"/"+tt.name, func(t *testing.T) {
				r := Responses{Mode: mode, MaxEvent: 1000}
				if mode == Window {
					r.WindowSize, r.WindowOverlap = 32, 16
				}
				got, rec := ask(must(t, judging(r)), "/anthropic", answers(typeStream, tt.stream))
				outcome := map[string]Outcome{"": Passed, "blocked": Blocked}[tt.code]
				if outcome == "" {
					outcome = Failed
				}
				if mode == Observe && tt.code == "blocked" {
					outcome = Passed // of the answer: the guard's own outcome says more
				}
				if rec.Outcome != outcome || rec.Mode != mode || rec.Format != "anthropic-messages" || rec.Status != 200 {
					t.Errorf("the record is %+v, want the outcome %s", rec, outcome)
				}
				if guarded := outcomesOf(rec.Guards)["answers"]; tt.code == "blocked" && guarded != Blocked || tt.code == "" && guarded != Passed {
					t.Errorf("the guard's outcome is %q", guarded)
				}
				drained(t, sharedBudget)
				if tt.code == "" || mode == Observe {
					if got.Status != 200 || got.Body != tt.stream || got.Header.Get("Content-Type") != typeStream || rec.Released != int64(len(tt.stream)) {
						t.Errorf("%d %q", got.Status, got.Body)
					}
					return
				}
				if rec.Released == 0 {
					status := http.StatusBadGateway
					if tt.code == "blocked" {
						status = http.StatusBadRequest
					}
					if got.Status != status || got.Code != tt.code {
						t.Errorf("%d %s", got.Status, got.Body)
					}
					return
				}
				if mode == Hold {
					t.Errorf("%d bytes released", rec.Released)
				}
				checkCut(t, tt.stream, got, rec)
			})
		}
	}
}

// checkCut checks an answer that was cut off: whole events of the stream, then an error, and never the end.
func checkCut(t *testing.T, stream string, got answered, rec *ResponseRecord) {
	t.Helper()
	released, refusal := got.Body[:rec.Released], got.Body[rec.Released:]
	if !strings.HasPrefix(stream, released) || !strings.HasSuffix(released, "\n\n") {
		t.Errorf("released %q", released)
	}
	if !strings.HasPrefix(refusal, "event: error\ndata: {\"type\":\"error\",") || strings.Count(refusal, "\n\n") != 1 || !strings.HasSuffix(refusal, "\n\n") {
		t.Errorf("ends with %q", refusal)
	}
	if strings.Contains(released, word[:4]) && strings.Contains(stream, word) {
		t.Errorf("a part of what is blocked was released: %q", released)
	}
}

func outcomesOf(guards []GuardRecord) map[string]Outcome {
	out := make(map[string]Outcome)
	for _, g := range guards {
		out[g.Name] = g.Outcome
	}
	return out
}

func TestAnswerKinds(t *testing.T) {
	const good = `{"answer":"all is well"}`
	bad := `{"answer":"here is ` + word + `"}`
	respond := func(status int, header http.Header, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, lines := range header {
				w.Header()[name] = lines
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
	of := func(contentType string, more ...string) http.Header {
		h := http.Header{"Content-Type": {contentType}}
		for i := 0; i+1 < len(more); i += 2 {
			h[more[i]] = []string{more[i+1]}
		}
		return h
	}
	tests := []struct {
		name    string
		path    string
		handler http.Handler
		status  int
		code    string // of a denial; empty if the answer passes
	}{
		{"JSON", "/json", respond(200, of(typeJSON), good), 200, ""},
		{"JSON of another name, in UTF-8", "/json", respond(201, of("application/hal+json; charset=UTF-8"), good), 201, ""},
		{"JSON, blocked", "/json", respond(200, of(typeJSON), bad), 400, "blocked"},
		{"an error, blocked", "/json", respond(500, of(typeJSON), bad), 400, "blocked"},
		{"an error", "/json", respond(429, of(typeJSON, "Retry-After", "5"), good), 429, ""},
		{"a name, blocked", "/json", respond(200, of(typeJSON), `{"`+word+`":1}`), 400, "blocked"},
		{"an escape, blocked", "/json", respond(200, of(typeJSON), `{"a":"\u0074he banned word"}`), 400, "blocked"},
		{"no JSON", "/json", respond(200, of(typeJSON), "<html>"), 502, "response-unreadable"},
		{"a name twice", "/json", respond(200, of(typeJSON), `{"a":1,"a":2}`), 502, "response-unreadable"},
		{"two documents", "/json", respond(200, of(typeJSON), good+good), 502, "response-unreadable"},
		{"a part of one", "/json", respond(200, of(typeJSON), good[:9]), 502, "response-unreadable"},
		{"shorter than its length", "/json", respond(200, of(typeJSON, "Content-Length", "99"), good), 502, "response-incomplete"},
		{"of its length", "/json", respond(200, of(typeJSON, "Content-Length", fmt.Sprint(len(good))), good), 200, ""},
		{"too large", "/json", respond(200, of(typeJSON), `"`+strings.Repeat("x", 9000)+`"`), 502, "response-too-large"},
		{"too large by its length", "/json", respond(200, of(typeJSON, "Content-Length", "9000"), good), 502, "response-too-large"},
		{"too large for the budget", "/json", respond(200, of(typeJSON), `"`+strings.Repeat("x", 3000)+`"`), 503, "busy"},
		{"encoded", "/json", respond(200, of(typeJSON, "Content-Encoding", "gzip"), good), 502, "response-unreadable"},
		{"not encoded", "/json", respond(200, of(typeJSON, "Content-Encoding", "identity"), good), 200, ""},
		{"in UTF-16", "/json", respond(200, of("application/json; charset=utf-16"), good), 502, "response-unreadable"},
		{"HTML", "/json", respond(200, of("text/html"), "hello"), 502, "response-unreadable"},
		{"lines of JSON", "/json", respond(200, of("application/x-jsonl"), good+"\n"+good), 502, "response-unreadable"},
		{"two types", "/json", respond(200, http.Header{"Content-Type": {typeJSON, "text/html"}}, good), 502, "response-unreadable"},
		{"no type", "/json", respond(200, http.Header{"Content-Type": nil}, good), 502, "response-unreadable"},
		{"a malformed type", "/json", respond(200, of("application/json; ="), good), 502, "response-unreadable"},
		{"a stream without a table", "/json", respond(200, of(typeStream), saying("")), 502, "response-unreadable"},
		{"a stream, encoded", "/anthropic", respond(200, of(typeStream, "Content-Encoding", "br"), saying("")), 502, "response-unreadable"},
		{"a stream of known length", "/anthropic", respond(200, of(typeStream, "Content-Length", fmt.Sprint(len(saying("")))), saying("")), 200, ""},
		{"a stream shorter than its length", "/anthropic", respond(200, of(typeStream, "Content-Length", "99999"), saying("")), 502, "response-incomplete"},
		{"a stream that is called JSON", "/anthropic", respond(200, of(typeJSON), saying("")), 502, "response-unreadable"},
		{"JSON that is called a stream", "/anthropic", respond(200, of(typeStream), good), 502, "response-incomplete"},
		{"a stream of another name in the same line", "/anthropic", respond(200, of(typeStream+", "+typeJSON), saying("")), 502, "response-unreadable"},
		{"a stream in another charset", "/anthropic", respond(200, of(typeStream+"; charset=latin1"), saying("")), 502, "response-unreadable"},
		{"a stream of capitals, in UTF-8", "/anthropic", respond(200, of("TEXT/Event-Stream;charset=\"UTF-8\""), saying("")), 200, ""},
		{"a stream, blocked", "/anthropic", respond(500, of(typeStream), saying("end")), 400, "blocked"},
		{"a part of a stream", "/anthropic", respond(206, of(typeStream, "Content-Range", "bytes 0-9/99"), saying("")[:9]), 502, "response-incomplete"},
		{"a stream with a mark", "/anthropic", respond(200, of(typeStream), "\uFEFF"+saying("")), 502, "response-unreadable"},
		{"a stream of nothing", "/anthropic", respond(200, of("Text/Event-Stream; charset=utf-8"), ""), 502, "response-incomplete"},
		{"a stream of a comment", "/anthropic", respond(200, of(typeStream), ": nothing\n\n"), 502, "response-incomplete"},
		{"a stream of no content", "/anthropic", respond(204, of(typeStream), ""), 204, ""},
		{"a switch of protocols", "/json", respond(101, http.Header{"Upgrade": {"other"}}, ""), 502, "response-unreadable"},
		{"no content", "/json", respond(204, nil, ""), 204, ""},
		{"a body with no content", "/json", respond(204, of(typeJSON), bad), 204, ""},
		{"not modified", "/json", respond(304, of(typeJSON, "Content-Length", "9"), ""), 304, ""},
		{"an empty body", "/json", respond(200, nil, ""), 200, ""},
		{"a length and no body", "/json", respond(200, of(typeJSON, "Content-Length", "9"), ""), 502, "response-incomplete"},
		{"nothing", "/json", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := judging(Responses{Mode: Hold, MaxBody: 8000})
			c.MaxBody = 100
			budget := NewBudget(1 << 20)
			if tt.code == "busy" {
				budget = NewBudget(2 * tinyBuffer)
			}
			c.Budget = budget
			got, rec := ask(must(t, c), tt.path, tt.handler)
			if got.Status != tt.status || got.Code != tt.code {
				t.Fatalf("%d %s, want %d %s", got.Status, got.Body, tt.status, tt.code)
			}
			if strings.Contains(got.Body, word) || strings.Contains(fmt.Sprint(got.Header), "gzip") {
				t.Errorf("it leaks: %+v", got)
			}
			if tt.code != "" && (got.Header.Get("Content-Length") != fmt.Sprint(len(got.Body)) || got.Header.Get("Retry-After") == "5") {
				t.Errorf("the denial has the header %v", got.Header)
			}
			if got.Header["Content-Length"] != nil && strings.HasPrefix(got.Header.Get("Content-Type"), typeStream) && got.Body != "" {
				t.Error("a stream that may get longer has a Content-Length")
			}
			if rec != nil && (rec.Outcome == Passed) != (tt.code == "") {
				t.Errorf("the record is %+v", rec)
			}
			drained(t, budget)
		})
	}
}

// The upstream is asked for what can be read: all of it, as it is.
func TestAnswersAreAskedForPlainly(t *testing.T) {
	for _, read := range []bool{false, true} {
		c := judging(Responses{Mode: Hold})
		if !read {
			c.Responses = Responses{}
		}
		var seen http.Header
		h := must(t, c).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = r.Header; w.WriteHeader(204) }))
		fields := http.Header{"Content-Type": {typeJSON}, "Accept-Encoding": {"gzip, br"}, "Range": {"bytes=0-9"}, "If-Range": {`"a"`}, "X-Other": {"1"}}
		_, _ = send(h, "POST", "/json", fields, strings.NewReader(`{}`))
		want := fields.Clone()
		if read {
			want = http.Header{"Content-Type": {typeJSON}, "Accept-Encoding": {"identity"}, "X-Other": {"1"}}
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("read %t (-want +got):\n%s", read, diff)
		}
		if len(fields["Range"]) == 0 || fields.Get("Accept-Encoding") != "gzip, br" {
			t.Error("the client's own header was changed")
		}
	}
}

// A guard that fails blocks, in the middle of a stream as well.
func TestAnswerGuardsFail(t *testing.T) {
	for name, tt := range map[string]struct {
		fail func()
		want Outcome
		code string
		open bool
	}{
		"by an error":        {func() {}, Failed, "guard-unavailable", false},
		"by a panic":         {func() { panic(word) }, Failed, "guard-unavailable", false},
		"and fails open":     {func() {}, FailedOpen, "", true},
		"panics, fails open": {func() { panic(word) }, FailedOpen, "", true},
	} {
		for _, r := range []Responses{{Mode: Hold}, windowed()} {
			t.Run(name+"/"+r.Mode.String(), func(t *testing.T) {
				var guard Guard = &fake{name: "answers", scope: WholeConversation, check: failing(tt.fail)}
				if tt.open {
					guard = FailOpen(guard, "a test")
				}
				r.Guards = []Guard{guard}
				stream := anthropic(letters(long+"FAIL"+long, 7))
				got, rec := ask(must(t, judging(r)), "/anthropic", answers(typeStream, stream))
				if o := outcomesOf(rec.Guards)["answers"]; o != tt.want {
					t.Errorf("the guard's outcome is %s", o)
				}
				if tt.open != (got.Body == stream) {
					t.Errorf("got %q", got.Body)
				}
				if !tt.open && rec.Released == 0 && (got.Status != 503 || got.Code != tt.code) {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				if !tt.open && r.Mode == Window && (rec.Released == 0 || !strings.Contains(got.Body[rec.Released:], "overloaded_error")) {
					t.Errorf("%d released, and then %q", rec.Released, got.Body[rec.Released:])
				}
				drained(t, sharedBudget)
			})
		}
	}
}
