package guardrail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// streaming are rules for tests: every string of an answer is text, in streams of every API.
func streaming() []Endpoint {
	endpoints := EveryString("POST /json", "GET /json", "HEAD /json")
	for path, s := range map[string]Stream{
		"/anthropic": AnthropicMessageStream, "/completions": OpenAICompletionStream, "/chat": OpenAIChatStream, "/responses": OpenAIResponseStream,
		"/complete": AnthropicCompletionStream,
	} {
		e := Endpoint{Pattern: "POST " + path, Response: Response{Stream: s}}
		endpoints = append(endpoints, e)
	}
	return endpoints
}

// judging is a Config whose answers are judged by a guard that blocks word.
func judging(r Responses) Config {
	if r.Guards == nil {
		r.Guards = []Guard{&fake{name: "answers", scope: WholeConversation}}
	}
	if r.KeepAlive == 0 {
		r.KeepAlive = -1
	}
	if r.Mode == Window && r.MaxHold == 0 {
		r.MaxHold = -1
	}
	return Config{Endpoints: streaming(), Guards: []Guard{&fake{}}, Responses: r}
}

// windowed is a small window, so that there are many.
func windowed() Responses { return Responses{Mode: Window, WindowSize: 32, WindowOverlap: 16} }

const (
	typeStream = "text/event-stream"
	typeJSON   = "application/json"
)

// answers is a handler that writes an answer in parts.
func answers(contentType string, parts ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		for _, part := range parts {
			if _, err := w.Write([]byte(part)); err != nil {
				return
			}
		}
	})
}

// ask has a handler answer on a path behind g.
func ask(g *Guardrail, path string, h http.Handler) (answered, *ResponseRecord) {
	got, rec := send(g.Wrap(h), "POST", path, asJSON, strings.NewReader(`{"a":"b"}`))
	if rec == nil {
		return got, nil
	}
	return got, rec.Response
}

// anthropic is a stream of one text block for each list of deltas.
func anthropic(blocks ...[]string) string {
	var b strings.Builder
	event := func(name, data string) { fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", name, data) }
	event("message_start", `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}`)
	for i, deltas := range blocks {
		event("content_block_start", fmt.Sprintf(`{"type":"content_block_start","index":%d,"content_block":{"type":"text","text":""}}`, i))
		for _, d := range deltas {
			event("content_block_delta", fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":%s}}`, i, quoted(d)))
		}
		event("content_block_stop", fmt.Sprintf(`{"type":"content_block_stop","index":%d}`, i))
	}
	event("message_delta", `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}`)
	event("message_stop", `{"type":"message_stop"}`)
	return b.String()
}

// anthropicTool is a stream of one tool call, whose input comes in these pieces of JSON.
func anthropicTool(pieces ...string) string {
	s := anthropic([]string{"@"})
	s = strings.ReplaceAll(s, `{"type":"text","text":""}`, `{"type":"tool_use","id":"toolu_1","name":"find","input":{}}`)
	var deltas strings.Builder
	for _, p := range pieces {
		fmt.Fprintf(&deltas, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":%s}}\n\n", quoted(p))
	}
	before, rest, _ := strings.Cut(s, "event: content_block_delta\n")
	_, after, _ := strings.Cut(rest, "\n\n")
	return before + deltas.String() + after
}

// said is a piece of a choice.
type said struct {
	choice int
	text   string
}

// chatStream is a stream of chat completion chunks.
func chatStream(pieces ...said) string {
	var b strings.Builder
	chunk := func(choice int, delta, finish string) {
		fmt.Fprintf(&b, `data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":%d,"delta":%s,"finish_reason":%s}]}`+"\n\n", choice, delta, finish)
	}
	choices := 0
	for _, p := range pieces {
		chunk(p.choice, `{"content":`+quoted(p.text)+`}`, "null")
		choices = max(choices, p.choice+1)
	}
	for i := range choices {
		chunk(i, "{}", `"stop"`)
	}
	return b.String() + "data: [DONE]\n\n"
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// letters cuts a string into pieces of n bytes.
func letters(s string, n int) []string {
	var all []string
	for ; len(s) > n; s = s[n:] {
		all = append(all, s[:n])
	}
	return append(all, s)
}

// eventsOf cuts a stream into its events.
func eventsOf(stream string) []string {
	return slices.DeleteFunc(strings.SplitAfter(stream, "\n\n"), func(event string) bool { return event == "" })
}

// stable is what of a record does not depend on time.
func stable(r *ResponseRecord) ResponseRecord {
	if r == nil {
		return ResponseRecord{}
	}
	s := *r
	s.FirstByte, s.FirstReleased, s.Held = 0, 0, 0
	if s.Outcome != Passed {
		s.Read = 0 // of what is refused, the write that does it is read as far as it goes
	}
	s.Guards = nil
	for _, g := range r.Guards {
		g.Duration = time.Duration(0)
		s.Guards = append(s.Guards, g)
	}
	return s
}

// sameAnswer compares all of two answers but the times.
func sameAnswer(t testing.TB, what string, want, got answered, wantRecord, gotRecord *ResponseRecord) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s: the answer (-want +got):\n%s", what, diff)
	}
	if diff := cmp.Diff(stable(wantRecord), stable(gotRecord)); diff != "" {
		t.Fatalf("%s: the record (-want +got):\n%s", what, diff)
	}
}

// failing is a check that fails for texts with "FAIL" in them.
func failing(how func()) func(context.Context, Input) (Verdict, error) {
	return func(_ context.Context, in Input) (Verdict, error) {
		for _, text := range in.Texts {
			if strings.Contains(text.Value, "FAIL") {
				how()
				return Verdict{}, errors.New("it failed")
			}
		}
		return Verdict{}, nil
	}
}
