package interop

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// part is a piece of an answer, sent by itself. If before is set, it is called first.
type part struct {
	bytes  string
	before func(*http.Request)
}

// answering is an upstream that gives every request the same answer, and returns its URL.
func answering(t *testing.T, status int, contentType string, parts ...part) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		for _, p := range parts {
			if p.before != nil {
				p.before(r)
			}
			_, _ = w.Write([]byte(p.bytes)) // the gateway may have left
			_ = http.NewResponseController(w).Flush()
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// parts has each event of a stream sent by itself.
func parts(stream string) []part {
	var all []part
	for event := range strings.SplitAfterSeq(stream, "\n\n") {
		all = append(all, part{bytes: event})
	}
	return all
}

// wording is an event stream that says something piece by piece, at one of the places where an API can say it.
type wording struct {
	sdk    string
	place  string
	stream func(t *testing.T, pieces []string) string
}

var wordings = []wording{
	{"anthropic", "text", func(t *testing.T, pieces []string) string {
		return messageStream(t, object{"type": "text", "text": ""}, "text_delta", "text", pieces)
	}},
	{"anthropic", "thinking", func(t *testing.T, pieces []string) string {
		return messageStream(t, object{"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta", "thinking", pieces)
	}},
	{"anthropic", "tool use", func(t *testing.T, pieces []string) string {
		return messageStream(t, object{"type": "tool_use", "id": "toolu_1", "name": "find", "input": object{}}, "input_json_delta", "partial_json", asJSON(pieces))
	}},
	{"chat", "content", func(t *testing.T, pieces []string) string {
		return chatStream(t, 0, pieces, func(s string) object { return object{"content": s} })
	}},
	{"chat", "another choice", func(t *testing.T, pieces []string) string {
		return chatStream(t, 1, pieces, func(s string) object { return object{"content": s} })
	}},
	{"chat", "refusal", func(t *testing.T, pieces []string) string {
		return chatStream(t, 0, pieces, func(s string) object { return object{"refusal": s} })
	}},
	{"chat", "tool call", func(t *testing.T, pieces []string) string {
		return chatStream(t, 0, asJSON(pieces), func(s string) object {
			return object{"tool_calls": []any{object{"index": 0, "function": object{"arguments": s}}}}
		})
	}},
	{"responses", "text", func(t *testing.T, pieces []string) string {
		return responseStream(t, object{"type": "message", "id": itemID, "role": "assistant", "status": "in_progress", "content": []any{}}, "response.output_text.delta", pieces)
	}},
	{"responses", "function call", func(t *testing.T, pieces []string) string {
		return responseStream(t, object{"type": "function_call", "id": itemID, "call_id": "call_1", "name": "find", "arguments": ""}, "response.function_call_arguments.delta", asJSON(pieces))
	}},
	{"responses", "reasoning", func(t *testing.T, pieces []string) string {
		return responseStream(t, object{"type": "reasoning", "id": itemID, "summary": []any{}}, "response.reasoning_summary_text.delta", pieces)
	}},
}

// asJSON makes the pieces those of a JSON text, with an escape across the seams of two of them.
func asJSON(pieces []string) []string {
	all := append([]string{`{"words": "`}, pieces...)
	for i := 1; i < len(all)-1; i++ {
		if last := len(all[i]) - 1; all[i][last] < 0x80 {
			escaped := fmt.Sprintf(`\u%04x`, all[i][last])
			all[i], all[i+1] = all[i][:last]+escaped[:3], escaped[3:]+all[i+1]
		}
	}
	return append(all, `"}`)
}

// named writes events under their types' names.
func named(t *testing.T, events ...object) string {
	t.Helper()
	var b strings.Builder
	for i, event := range events {
		if event["sequence_number"] = i; !strings.HasPrefix(fmt.Sprint(event["type"]), "response.") {
			delete(event, "sequence_number")
		}
		fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", event["type"], encode(t, event))
	}
	return b.String()
}

func messageStream(t *testing.T, block object, delta, member string, pieces []string) string {
	t.Helper()
	events := []object{
		{"type": "message_start", "message": object{
			"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": []any{},
			"stop_reason": nil, "stop_sequence": nil, "usage": object{"input_tokens": 1, "output_tokens": 1},
		}},
		{"type": "ping"},
		{"type": "content_block_start", "index": 0, "content_block": block},
	}
	for _, piece := range pieces {
		events = append(events, object{"type": "content_block_delta", "index": 0, "delta": object{"type": delta, member: piece}})
	}
	if delta == "thinking_delta" {
		events = append(events, object{"type": "content_block_delta", "index": 0, "delta": object{"type": "signature_delta", "signature": "EqQBCgIYAhIM1gbcDa9G"}})
	}
	return named(t, append(events,
		object{"type": "content_block_stop", "index": 0},
		object{"type": "message_delta", "delta": object{"stop_reason": "end_turn", "stop_sequence": nil}, "usage": object{"output_tokens": 2}},
		object{"type": "message_stop"},
	)...)
}

// chatStream has one choice say the pieces, and another one something else in between.
func chatStream(t *testing.T, choice int, pieces []string, delta func(string) object) string {
	t.Helper()
	var b strings.Builder
	chunk := func(index int, delta object, reason any) {
		fmt.Fprintf(&b, "data: %s\n\n", encode(t, object{
			"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt",
			"choices": []any{object{"index": index, "delta": delta, "finish_reason": reason}},
		}))
	}
	chunk(choice, object{"role": "assistant"}, nil)
	chunk(1-choice, object{"role": "assistant", "content": ""}, nil)
	for _, piece := range pieces {
		chunk(choice, delta(piece), nil)
		chunk(1-choice, object{"content": "Roses come later. "}, nil)
	}
	chunk(0, object{}, "stop")
	chunk(1, object{}, "stop")
	return b.String() + "data: [DONE]\n\n"
}

func responseStream(t *testing.T, item object, delta string, pieces []string) string {
	t.Helper()
	response := func(status string, output ...any) object {
		return object{"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt", "status": status, "output": append([]any{}, output...)}
	}
	event := func(kind string, members object) object {
		all := object{"type": kind, "item_id": itemID, "output_index": 0}
		for name, v := range members {
			all[name] = v
		}
		return all
	}
	whole := strings.Join(pieces, "")
	events := []object{
		{"type": "response.created", "response": response("in_progress")},
		{"type": "response.output_item.added", "output_index": 0, "item": item},
	}
	done := object{}
	at := object{}
	switch item["type"] {
	case "message":
		at = object{"content_index": 0}
		events = append(events, event("response.content_part.added", object{"content_index": 0, "part": object{"type": "output_text", "text": "", "annotations": []any{}}}))
		done = object{"type": "message", "id": itemID, "role": "assistant", "status": "completed", "content": []any{object{"type": "output_text", "text": whole, "annotations": []any{}}}}
	case "reasoning":
		at = object{"summary_index": 0}
		events = append(events, event("response.reasoning_summary_part.added", object{"summary_index": 0, "part": object{"type": "summary_text", "text": ""}}))
		done = object{"type": "reasoning", "id": itemID, "summary": []any{object{"type": "summary_text", "text": whole}}}
	case "function_call":
		done = object{"type": "function_call", "id": itemID, "call_id": "call_1", "name": "find", "arguments": whole}
	}
	for _, piece := range pieces {
		e := event(delta, at)
		e["delta"] = piece
		events = append(events, e)
	}
	end := event(strings.TrimSuffix(delta, "delta")+"done", at)
	if end["text"] = whole; item["type"] == "function_call" {
		delete(end, "text")
		end["arguments"], end["name"] = whole, "find"
	}
	return named(t, append(events, end,
		object{"type": "response.output_item.done", "output_index": 0, "item": done},
		object{"type": "response.completed", "response": response("completed", done)},
	)...)
}
