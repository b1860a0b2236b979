package fakeupstream

import (
	"net/http"
	"time"
)

// Anthropic returns a handler that speaks enough of Anthropic's API: messages (whole and streamed), count_tokens and
// models.
func Anthropic() http.Handler {
	p := &provider{
		authorize: authorizeAnthropic,
		fields:    anthropicFields,
		shape:     anthropicError,
		mux:       http.NewServeMux(),
	}
	p.handle(http.MethodPost, "/v1/messages", p.messages)
	p.handle(http.MethodPost, "/v1/messages/count_tokens", p.countTokens)
	p.handle(http.MethodGet, "/v1/models", p.anthropicModels)
	p.handle(http.MethodGet, "/v1/models/{id}", func(w http.ResponseWriter, x *exchange) {
		x.reply(w, http.StatusOK, anthropicModel(x.request.PathValue("id")))
	})
	p.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p.fail(w, r, fault{status: http.StatusNotFound, kind: "not_found_error", message: "Not found"})
	})
	return p
}

func authorizeAnthropic(r *http.Request) *fault {
	key, bearer := r.Header.Get("X-Api-Key"), r.Header.Get("Authorization")
	switch {
	case key != "" && bearer != "":
		return &fault{status: http.StatusBadRequest, kind: "invalid_request_error",
			message: "x-api-key and Authorization: exactly one of them must be sent"}
	case key == "" && bearer == "":
		return &fault{status: http.StatusUnauthorized, kind: "authentication_error", message: "x-api-key header is required"}
	case r.Header.Get("Anthropic-Version") == "" && !wantsWebSocket(r):
		return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", message: "anthropic-version: header is required"}
	}
	return nil
}

func anthropicFields(h http.Header) {
	h.Set("Request-Id", newID("req_"))
	h.Set("Anthropic-Organization-Id", "00000000-0000-4000-8000-000000000000")
	reset := time.Now().Add(time.Minute).UTC().Format(time.RFC3339)
	for _, what := range []string{"Requests", "Tokens", "Input-Tokens", "Output-Tokens"} {
		h.Set("Anthropic-Ratelimit-"+what+"-Limit", "4000")
		h.Set("Anthropic-Ratelimit-"+what+"-Remaining", "3999")
		h.Set("Anthropic-Ratelimit-"+what+"-Reset", reset)
	}
	edgeFields(h)
}

// edgeFields sets what the vendors' edge adds, and no gateway should relay.
func edgeFields(h http.Header) {
	h.Set("Server", "fakeupstream")
	h.Set("Set-Cookie", "__edge="+newID("")+"; Path=/; HttpOnly; Secure")
	h.Set("Alt-Svc", `h3=":443"; ma=86400`)
}

func anthropicError(f fault) object {
	return object{"type": "error", "error": object{"type": f.kind, "message": f.message}, "request_id": newID("req_")}
}

func (p *provider) messages(w http.ResponseWriter, x *exchange) {
	if problem := x.require("model", "max_tokens", "messages"); problem != nil {
		p.fail(w, x.request, *problem)
		return
	}
	text := x.text()
	message := object{
		"id": newID("msg_01"), "type": "message", "role": "assistant", "model": x.body.Model,
		"content":     []any{object{"type": "text", "text": text}},
		"stop_reason": "end_turn", "stop_sequence": nil,
		"usage": anthropicUsage(x.body.size/4, tokens(text)),
	}
	if !x.body.Stream {
		x.reply(w, http.StatusOK, message)
		return
	}
	message["content"], message["stop_reason"] = []any{}, nil
	message["usage"] = anthropicUsage(x.body.size/4, 1)
	message["headersafe_received"] = x.received

	e := stream(w)
	e.send("message_start", object{"type": "message_start", "message": message})
	e.send("content_block_start", object{"type": "content_block_start", "index": 0, "content_block": object{"type": "text", "text": ""}})
	e.send("ping", object{"type": "ping"})
	for _, piece := range x.pieces() {
		e.send("content_block_delta", object{"type": "content_block_delta", "index": 0, "delta": object{"type": "text_delta", "text": piece}})
	}
	e.send("content_block_stop", object{"type": "content_block_stop", "index": 0})
	e.send("message_delta", object{"type": "message_delta",
		"delta": object{"stop_reason": "end_turn", "stop_sequence": nil}, "usage": object{"output_tokens": tokens(text)}})
	e.send("message_stop", object{"type": "message_stop"})
}

func anthropicUsage(in, out int) object {
	return object{
		"input_tokens": in, "output_tokens": out, "service_tier": "standard",
		"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
		"cache_creation": object{"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
	}
}

func (p *provider) countTokens(w http.ResponseWriter, x *exchange) {
	if problem := x.require("model", "messages"); problem != nil {
		p.fail(w, x.request, *problem)
		return
	}
	x.reply(w, http.StatusOK, object{"input_tokens": x.body.size / 4})
}

func (p *provider) anthropicModels(w http.ResponseWriter, x *exchange) {
	const first, last = "claude-opus-fake", "claude-haiku-fake"
	x.reply(w, http.StatusOK, object{
		"data":     []any{anthropicModel(first), anthropicModel(last)},
		"first_id": first, "last_id": last, "has_more": false,
	})
}

func anthropicModel(id string) object {
	return object{"type": "model", "id": id, "display_name": id, "created_at": "2025-01-01T00:00:00Z"}
}
