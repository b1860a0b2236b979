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

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/stage"
)

func TestResponsesMistakes(t *testing.T) {
	restrict, err := Restrict("restrict", AtMost(5, "max_tokens"))
	if err != nil {
		t.Fatal(err)
	}
	guards := []Guard{&fake{}}
	tests := []struct {
		name string
		r    Responses
		e    Response
		want []string // fields
	}{
		{"right", Responses{Guards: guards, Mode: Hold}, Response{}, nil},
		{"right, in windows", Responses{Guards: guards, Mode: Window, WindowSize: 2000, WindowOverlap: 100, MaxHold: -1, KeepAlive: -1}, Response{}, nil},
		{"right, with a large overlap alone", Responses{Guards: guards, Mode: Window, WindowOverlap: 5000}, Response{}, nil},
		{"right, observed", Responses{Guards: []Guard{InMode(&fake{}, Observe)}, Mode: Observe}, Response{}, nil},
		{"nothing but a mode", Responses{Mode: Hold}, Response{}, []string{"Responses.Guards"}},
		{"no mode", Responses{Guards: guards}, Response{}, []string{"Responses.Mode"}},
		{"another mode", Responses{Guards: guards, Mode: Alongside}, Response{}, []string{"Responses.Mode"}},
		{"no such mode", Responses{Guards: guards, Mode: 77}, Response{}, []string{"Responses.Mode"}},
		{
			"guards of all sorts",
			Responses{Mode: Hold, Guards: []Guard{
				nil, InMode(&fake{name: "a"}, Alongside), InMode(&fake{name: "b"}, Window), InMode(&fake{name: "c"}, Hold), &fake{name: "c"},
				FailOpen(&fake{name: "d"}, " "), WithDeadline(&fake{name: "e"}, -1), restrict, eager{},
			}}, Response{},
			[]string{
				"Responses.Guards[0]", "Responses.Guards[2]", "Responses.Guards[3]", "Responses.Guards[4]", "Responses.Guards[5]",
				"Responses.Guards[6]", "Responses.Guards[8]", "Responses.Guards[0]", "Responses.Guards[6]",
			},
		},
		{
			"a window that isn't one", Responses{Guards: guards, Mode: Hold, WindowSize: 5, WindowOverlap: 2, MaxHold: 5}, Response{},
			[]string{"Responses.WindowSize", "Responses.WindowOverlap", "Responses.MaxHold"},
		},
		{
			"below zero", Responses{Guards: guards, Mode: Window, WindowSize: -1, WindowOverlap: -1, MaxBody: -1, MaxEvent: -1, DangerouslyAllowOpaque: " "}, Response{},
			[]string{"Responses.WindowSize", "Responses.WindowOverlap", "Responses.MaxBody", "Responses.MaxEvent", "Responses.DangerouslyAllowOpaque"},
		},
		{"an overlap larger than the window", Responses{Guards: guards, Mode: Window, WindowSize: 10, WindowOverlap: 11}, Response{}, []string{"Responses.WindowOverlap"}},
		{"an event larger than all", Responses{Guards: guards, Mode: Hold, MaxBody: 10, MaxEvent: 11}, Response{}, []string{"Responses.MaxEvent"}},
		{"more than the budget", Responses{Guards: guards, Mode: Hold, MaxBody: DefaultBudget + 1}, Response{}, []string{"Budget"}},
		{
			"a rule", Responses{},
			Response{Text: []Selector{{Path: "a", Required: true}, {Path: "a["}}, NotText: []string{"b["}, Stream: 99, Media: []string{"audio/mpeg", "audio/*", "text/plain", "Audio/x", "a", typeJSON}},
			[]string{
				"Endpoints[0].Response.Text[0].Required", "Endpoints[0].Response.Stream", "Endpoints[0].Response.Text[1].Path",
				"Endpoints[0].Response.NotText[0]", "Endpoints[0].Response.Media[1]", "Endpoints[0].Response.Media[2]",
				"Endpoints[0].Response.Media[3]", "Endpoints[0].Response.Media[4]", "Endpoints[0].Response.Media[5]",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(Config{Endpoints: []Endpoint{{Pattern: "POST /a", Response: tt.e}}, Guards: guards, Responses: tt.r})
			var got []string
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				for _, e := range joined.Unwrap() {
					var mistake *ConfigError
					if !errors.As(e, &mistake) {
						t.Fatal(e)
					}
					got = append(got, mistake.Field)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%v", diff, err)
			}
		})
	}
	for _, mode := range []Mode{Hold, Window} {
		if _, err := New(Config{Endpoints: chat(), Guards: []Guard{InMode(&fake{}, mode)}}); err == nil {
			t.Errorf("a request's guard in mode %s", mode)
		}
	}
}

// eager wants the request, and says that it rests on single texts.
type eager struct{}

func (eager) Describe() Description { return Description{Name: "eager", WantsRequest: true} }

func (eager) Check(context.Context, Input) (Verdict, error) { return Verdict{}, nil }

// curious wants the request.
type curious struct{ *fake }

func (c curious) Describe() Description {
	d := c.fake.Describe()
	d.WantsRequest = true
	return d
}

func TestGuardsSeeTheRequest(t *testing.T) {
	plain, wants := &fake{name: "plain", scope: WholeConversation}, curious{&fake{name: "wants", scope: WholeConversation}}
	var path string
	wants.check = func(_ context.Context, in Input) (Verdict, error) {
		path = in.Request[1].Path() + " " + in.Texts[0].Path()
		return Verdict{}, nil
	}
	for _, c := range []struct{ path, contentType, body, place string }{
		{"/json", typeJSON, `{"x":"an answer"}`, "$['x']"},
		{"/anthropic", typeStream, anthropic([]string{"an answer"}), "content[0].text"},
	} {
		cfg := judging(Responses{Mode: Hold, Guards: []Guard{plain, wants}})
		cfg.Budget = NewBudget(DefaultBudget)
		_, rec := ask(must(t, cfg), c.path, answers(c.contentType, c.body))
		if rec.Outcome != Passed || len(plain.seen[0].Request) != 0 {
			t.Errorf("%+v; one who didn't ask is shown %+v", rec, plain.seen[0].Request)
		}
		in := wants.seen[len(wants.seen)-1]
		if len(in.Request) != 2 || in.Request[1].Value != "b" || in.Direction != DirectionResponse || in.Endpoint != "POST "+c.path {
			t.Errorf("shown is %+v", in)
		}
		if !strings.HasPrefix(path, "$['a'] ") || !strings.HasSuffix(path, c.place) {
			t.Errorf("the paths are %s", path)
		}
		drained(t, cfg.Budget)
	}
}

// A verdict on a request's text is none on an answer's, nor the other way round; and a text in a stream is not one that is spelt
// like it in JSON.
func TestCacheKeepsDirectionsApart(t *testing.T) {
	guard := &fake{name: "both"}
	c := judging(Responses{Mode: Hold, Guards: []Guard{guard}})
	c.Guards = []Guard{guard}
	g := must(t, c)
	shown := func(path, contentType, answer string) int {
		before := guard.shown()
		_, _ = send(g.Wrap(answers(contentType, answer)), "POST", path, asJSON, strings.NewReader(`{"a":"the text"}`))
		return guard.shown() - before
	}
	const json = `{"a":"the text"}`
	for i, want := range []int{4, 0, 0} {
		if got := shown("/json", typeJSON, json); got != want {
			t.Errorf("%d: %d texts were shown, want %d", i, got, want)
		}
	}
	c.Endpoints = Anthropic()
	messages := must(t, c).Wrap
	const spelling = `the \u0062anned word`
	stream := anthropic([]string{spelling}) // which says what it says: a backslash
	for range 2 {
		if got, _ := post(messages(answers(typeStream, stream)), says("hello")); got.Body != stream {
			t.Errorf("%+v", got)
		}
	}
	if got, _ := post(messages(answers(typeJSON, `{"role":"assistant","content":[{"type":"text","text":"`+spelling+`"}]}`)), says("hello")); got.Code != "blocked" {
		t.Errorf("%+v", got)
	}
}

// Text that is judged because it has waited for long enough can be blocked then, whatever the handler is doing.
func TestBlockedWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := judging(Responses{Mode: Window, MaxHold: 2 * time.Second})
		w := &watched{ResponseRecorder: httptest.NewRecorder(), started: time.Now()}
		events := eventsOf(anthropic([]string{word + " "}))
		var cause error
		h := must(t, c).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", typeStream)
			_, _ = io.WriteString(w, strings.Join(events[:3], ""))
			<-r.Context().Done()
			cause = context.Cause(r.Context())
			if _, err := io.WriteString(w, events[3]); !errors.Is(err, errHeld) {
				t.Errorf("writing goes on with %v", err)
			}
			panic(http.ErrAbortHandler)
		}))
		r := httptest.NewRequest("POST", "/anthropic", strings.NewReader("{}"))
		r.Header.Set("Content-Type", typeJSON)
		h.ServeHTTP(w, r)
		if time.Since(w.started) != 2*time.Second || !errors.Is(cause, errDecided) {
			t.Errorf("after %v: %v", time.Since(w.started), cause)
		}
		if body := w.Body.String(); !strings.HasPrefix(body, events[0]+events[1]+"event: error\n") || strings.Contains(body, word[:10]) {
			t.Errorf("got %s", body)
		}
	})
}

// A panic of the client's ResponseWriter in a timer's goroutine is the handler's, in the end.
func TestPanicWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := judging(Responses{Mode: Hold, KeepAlive: time.Second})
		c.Budget = NewBudget(DefaultBudget)
		h := must(t, c).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", typeStream)
			_, _ = io.WriteString(w, saying(""))
			<-r.Context().Done()
		}))
		r := httptest.NewRequest("POST", "/anthropic", strings.NewReader("{}"))
		r.Header.Set("Content-Type", typeJSON)
		func() {
			defer func() {
				if p := recover(); p != "the writer's" {
					t.Errorf("recovered %v", p)
				}
			}()
			h.ServeHTTP(panicking{httptest.NewRecorder()}, r)
		}()
		if n := c.Budget.InUse(); n != 0 {
			t.Errorf("%d bytes of the budget are in use", n)
		}
	})
}

type panicking struct{ http.ResponseWriter }

func (panicking) Write([]byte) (int, error) { panic("the writer's") }

// What an answer holds that no guard can read is refused, unless there is a reason.
func TestOpaqueAnswers(t *testing.T) {
	image := `{"id":"resp_1","object":"response","output":[{"type":"image_generation_call","id":"ig_1","status":"completed","result":"aW1hZ2U="}]}`
	for _, c := range []struct{ path, contentType, body, place string }{
		{"/v1/responses", typeJSON, image, "$['output'][0]['result']"},
		{"/v1/audio/speech", "audio/mpeg", "sound", "$"},
	} {
		for _, reason := range []string{"", "a test"} {
			g := must(t, Config{
				Endpoints: OpenAI(), Guards: []Guard{&fake{}},
				Responses: Responses{Guards: []Guard{&fake{}}, Mode: Window, DangerouslyAllowOpaque: reason},
			})
			got, rec := send(g.Wrap(answers(c.contentType, c.body)), "POST", c.path, asJSON, strings.NewReader(`{"input":"draw or speak"}`))
			if allowed := reason != ""; allowed != (got.Status == 200 && got.Body == c.body) || !allowed && got.Code != "response-opaque" {
				t.Errorf("%s, %q: %d %s", c.path, reason, got.Status, got.Body)
			}
			if diff := cmp.Diff([]string{c.place}, rec.Response.Opaque); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.path, diff)
			}
		}
	}
}

// An observer in a window hears what the others hear, and blocks nothing.
func TestObserversOfWindows(t *testing.T) {
	observer := &fake{name: "observer", scope: WholeConversation}
	r := windowed()
	r.Guards = []Guard{InMode(observer, Observe), &fake{name: "other", scope: WholeConversation, check: failing(func() {})}}
	stream := saying("middle")
	got, rec := ask(must(t, judging(r)), "/anthropic", answers(typeStream, stream))
	if got.Body != stream || rec.Outcome != Passed || len(rec.Guards) != 2 {
		t.Fatalf("%+v", rec)
	}
	if g := rec.Guards[0]; g.Name != "observer" || g.Outcome != Blocked || g.Mode != Observe || len(g.Matches) != 1 || g.Matches[0] != "content[0].text" || g.Judged == 0 {
		t.Errorf("%+v", g)
	}
	if g := rec.Guards[1]; g.Outcome != Passed || g.Judged < rec.Hearings {
		t.Errorf("%+v", g)
	}
	if text := fmt.Sprint(rec.LogValue()); strings.Contains(text, "banned") || !strings.Contains(text, "hearings") {
		t.Errorf("the log says %s", text)
	}
}

// Observers that are slow are left out of hearings, rather than have what they are to be shown pile up.
func TestSlowObservers(t *testing.T) {
	gate := make(chan struct{})
	slow := &fake{name: "slow", scope: WholeConversation, check: func(context.Context, Input) (Verdict, error) {
		<-gate
		return Verdict{}, nil
	}}
	other := &fake{name: "other", scope: WholeConversation}
	r := windowed()
	r.Guards = []Guard{InMode(slow, Observe), other}
	stream := anthropic(letters(strings.Repeat(long, 20), 9))
	got, rec := ask(must(t, judging(r)), "/anthropic", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers(typeStream, stream).ServeHTTP(w, r)
		close(gate)
	}))
	if got.Body != stream || rec.Outcome != Passed || other.calls() != rec.Hearings || rec.Hearings <= 2*maxPending || slow.calls() > maxPending {
		t.Errorf("%d calls of the slow one, %d of the other, %+v", slow.calls(), other.calls(), rec)
	}
}

// What a stage of the gateway's refuses behind the guardrail is no answer. What a handler makes of that is one.
func TestOwnRefusals(t *testing.T) {
	own := Denial{Status: 502, Code: "upstream-closed", Message: "about " + word}
	for name, more := range map[string]string{"as it is": "", "with more after it": word, "in place of it": word} {
		got, rec := ask(must(t, judging(Responses{Mode: Hold})), "/json", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			to := w
			if name == "in place of it" {
				to = httptest.NewRecorder()
			}
			stage.Deny(to, r, stage.Forward, own)
			if more != "" {
				w.Header().Set("Content-Type", typeJSON)
				w.WriteHeader(502)
				_, _ = io.WriteString(w, quoted(more))
			}
		}))
		if name == "in place of it" {
			if got.Status != 400 || got.Code != "blocked" || strings.Contains(got.Body, word) {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		if got.Status != 502 || got.Code != own.Code || strings.Contains(got.Body, quoted(word)) || rec != nil {
			t.Errorf("%s: %+v, %+v", name, got, rec)
		}
	}
}
