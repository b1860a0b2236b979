package guardrail

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/headersafe/headersafe/internal/denial"
	"github.com/headersafe/headersafe/internal/stage"
)

// word is what the tests' guard blocks. The space keeps it from looking like an identifier.
const word = "the banned word"

// fake is a guard for tests. Without a check it blocks texts that hold word.
type fake struct {
	name  string
	scope Scope
	check func(context.Context, Input) (Verdict, error)

	mu   sync.Mutex
	seen []Input
}

func (f *fake) Describe() Description {
	name := f.name
	if name == "" {
		name = "fake"
	}
	return Description{Name: name, Scope: f.scope, Version: "1"}
}

func (f *fake) Check(ctx context.Context, in Input) (Verdict, error) {
	f.mu.Lock()
	shown := in
	shown.Texts, shown.Request = slices.Clone(in.Texts), slices.Clone(in.Request)
	f.seen = append(f.seen, shown)
	f.mu.Unlock()
	if f.check != nil {
		return f.check(ctx, in)
	}
	return banned(ctx, in)
}

// shown returns how many texts the guard was shown, over all calls.
func (f *fake) shown() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, in := range f.seen {
		n += len(in.Texts)
	}
	return n
}

func (f *fake) calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.seen)
}

func banned(_ context.Context, in Input) (Verdict, error) {
	for i, text := range in.Texts {
		if strings.Contains(text.Value, word) {
			return Verdict{Block: true, Reason: "it says what must not be said", Detail: "word list", Matches: []int{i}}, nil
		}
	}
	return Verdict{}, nil
}

func must(t testing.TB, c Config) *Guardrail {
	t.Helper()
	g, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// chat is a rule for tests, in the shape of a messages API.
func chat() []Endpoint {
	return []Endpoint{{
		Pattern: "POST /v1/messages",
		Text: []Selector{
			{Path: "messages[*].content[?@.type=='tool_result']", Kind: ToolResult, Role: "tool"},
			{Path: "messages", Kind: Prompt, Required: true},
			{Path: "system", Kind: System, Role: "system"},
			{Path: "tools", Kind: ToolDefinition},
		},
		NotText: []string{"model", "messages[*].role", "messages[*].content[*].type"},
		Opaque:  []string{"messages[*].content[*].source.data"},
		Names:   []string{"text", "max_tokens", "stream"},
	}, {
		Pattern: "GET /v1/models/{id}",
		NoBody:  true,
	}}
}

// upstream is the handler beneath a guardrail, and what reached it.
type upstream struct {
	http.Handler // what it answers with; nil for 200 "ok"

	mu       sync.Mutex
	bodies   []string
	requests []*http.Request
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	u.mu.Lock()
	u.bodies = append(u.bodies, string(body))
	u.requests = append(u.requests, r)
	u.mu.Unlock()
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusTeapot)
	case u.Handler != nil:
		u.Handler.ServeHTTP(w, r)
	default:
		_, _ = io.WriteString(w, "ok")
	}
}

func (u *upstream) hits() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.bodies)
}

// answered is what a client got.
type answered struct {
	Status int
	Code   string // of a denial
	Header http.Header
	Body   string
}

// send has h serve one request, and returns the answer and the record.
func send(h http.Handler, method, path string, header http.Header, body io.Reader) (answered, *Record) {
	r := httptest.NewRequest(method, path, body)
	for name, lines := range header {
		r.Header[name] = lines
	}
	return serve(h, r)
}

func serve(h http.Handler, r *http.Request) (answered, *Record) {
	var rec *Record
	w := httptest.NewRecorder()
	observed(h, &rec).ServeHTTP(w, r)
	var problem struct{ Code string }
	_ = json.Unmarshal(w.Body.Bytes(), &problem)
	return answered{w.Code, problem.Code, w.Header(), w.Body.String()}, rec
}

// observed is an outermost stage that wants the record.
func observed(h http.Handler, rec **Record) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l, r, err := stage.Enter(r, stage.Observe)
		if err != nil {
			panic(err)
		}
		l.Begin(denial.Problem, true)
		if err := l.Pass(stage.Observe, nil); err != nil {
			panic(err)
		}
		defer func() {
			note, _ := l.Note(stage.Guardrail).(stage.GuardNote)
			*rec, _ = note.Record.(*Record)
		}()
		h.ServeHTTP(w, r)
	})
}

var asJSON = http.Header{"Content-Type": {"application/json"}}

// post sends a JSON body to the messages endpoint.
func post(h http.Handler, body string) (answered, *Record) {
	return send(h, "POST", "/v1/messages", asJSON, strings.NewReader(body))
}

// says is a body of one message.
func says(text string) string {
	b, _ := json.Marshal(map[string]any{
		"model":    "m",
		"messages": []any{map[string]any{"role": "user", "content": text}},
	})
	return string(b)
}

// outcomes are the guards' outcomes in a record, by name.
func outcomes(rec *Record) map[string]Outcome {
	out := make(map[string]Outcome)
	for _, g := range rec.Guards {
		out[g.Name] = g.Outcome
	}
	return out
}

// polls is how often a test looks for what another goroutine is about to do, before it gives up.
const polls = 10_000_000

// drained fails the test when a budget is not given back. It is the last thing that a goroutine does which nobody waits
// for: hence the polling.
func drained(t testing.TB, b *Budget) {
	t.Helper()
	for range polls {
		if b.InUse() == 0 {
			return
		}
		runtime.Gosched()
	}
	t.Fatalf("%d bytes of the budget are still in use", b.InUse())
}
