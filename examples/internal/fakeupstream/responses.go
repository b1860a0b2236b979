package fakeupstream

import (
	"maps"
	"net/http"
	"time"
)

// responses is OpenAI's responses endpoint.
func (p *provider) responses(w http.ResponseWriter, x *exchange) {
	if problem := x.require("model", "input"); problem != nil {
		p.fail(w, x.request, *problem)
		return
	}
	text := x.text()
	part := object{"type": "output_text", "text": text, "annotations": []any{}, "logprobs": []any{}}
	item := object{"id": newID("msg_"), "type": "message", "role": "assistant", "status": "completed", "content": []any{part}}
	in, out := x.body.size/4, tokens(text)
	whole := object{
		"id": newID("resp_"), "object": "response", "created_at": time.Now().Unix(), "model": x.body.Model,
		"status": "completed", "output": []any{item},
		"usage": object{
			"input_tokens": in, "input_tokens_details": object{"cached_tokens": 0},
			"output_tokens": out, "output_tokens_details": object{"reasoning_tokens": 0}, "total_tokens": in + out,
		},
		"background": false, "error": nil, "incomplete_details": nil, "instructions": nil, "max_output_tokens": nil,
		"metadata": object{}, "parallel_tool_calls": true, "previous_response_id": nil,
		"reasoning": object{"effort": nil, "summary": nil}, "store": false, "temperature": 1.0,
		"text": object{"format": object{"type": "text"}}, "tool_choice": "auto", "tools": []any{}, "top_p": 1.0,
		"truncation": "disabled", "user": nil,
	}
	if !x.body.Stream {
		x.reply(w, http.StatusOK, whole)
		return
	}
	begun := with(whole, object{"status": "in_progress", "output": []any{}, "usage": nil, "headersafe_received": x.received})
	emptyItem := with(item, object{"status": "in_progress", "content": []any{}})
	emptyPart := with(part, object{"text": ""})
	place := object{"item_id": item["id"], "output_index": 0, "content_index": 0}

	e := stream(w)
	number := 0
	send := func(kind string, data object) {
		e.send(kind, with(data, object{"type": kind, "sequence_number": number}))
		number++
	}
	send("response.created", object{"response": begun})
	send("response.in_progress", object{"response": begun})
	send("response.output_item.added", object{"output_index": 0, "item": emptyItem})
	send("response.content_part.added", with(place, object{"part": emptyPart}))
	for _, piece := range x.pieces() {
		send("response.output_text.delta", with(place, object{"delta": piece, "logprobs": []any{}}))
	}
	send("response.output_text.done", with(place, object{"text": text, "logprobs": []any{}}))
	send("response.content_part.done", with(place, object{"part": part}))
	send("response.output_item.done", object{"output_index": 0, "item": item})
	send("response.completed", object{"response": whole})
}

// with returns a copy of o with more members, or others.
func with(o, members object) object {
	o = maps.Clone(o)
	maps.Copy(o, members)
	return o
}
