package fakeupstream

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"
)

// OpenAI returns a handler that speaks enough of OpenAI's API: chat completions and responses (whole and streamed),
// embeddings, moderations, models, and realtime as a WebSocket echo.
func OpenAI() http.Handler {
	p := &provider{
		authorize: authorizeOpenAI,
		fields:    openAIFields,
		shape:     openAIError,
		mux:       http.NewServeMux(),
	}
	p.handle(http.MethodPost, "/v1/chat/completions", p.chatCompletions)
	p.handle(http.MethodPost, "/v1/responses", p.responses)
	p.handle(http.MethodPost, "/v1/embeddings", p.embeddings)
	p.handle(http.MethodPost, "/v1/moderations", p.moderations)
	p.handle(http.MethodGet, "/v1/models", func(w http.ResponseWriter, x *exchange) {
		x.reply(w, http.StatusOK, object{"object": "list", "data": []any{openAIModel("gpt-fake"), openAIModel("embedding-fake")}})
	})
	p.handle(http.MethodGet, "/v1/models/{id}", func(w http.ResponseWriter, x *exchange) {
		x.reply(w, http.StatusOK, openAIModel(x.request.PathValue("id")))
	})
	p.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p.fail(w, r, fault{status: http.StatusNotFound, kind: "invalid_request_error",
			message: fmt.Sprintf("Invalid URL (%s %s)", r.Method, r.URL.Path)})
	})
	return p
}

func authorizeOpenAI(r *http.Request) *fault {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") && key != "" {
		return nil
	}
	return &fault{status: http.StatusUnauthorized, kind: "invalid_request_error", code: "invalid_api_key",
		message: "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth."}
}

func openAIFields(h http.Header) {
	h.Set("X-Request-Id", newID("req_"))
	h.Set("Openai-Organization", "org-fake")
	h.Set("Openai-Processing-Ms", "1")
	h.Set("Openai-Version", "2020-10-01")
	for _, what := range []string{"Requests", "Tokens"} {
		h.Set("X-Ratelimit-Limit-"+what, "10000")
		h.Set("X-Ratelimit-Remaining-"+what, "9999")
		h.Set("X-Ratelimit-Reset-"+what, "6ms")
	}
	edgeFields(h)
}

func openAIError(f fault) object {
	return object{"error": object{"message": f.message, "type": f.kind, "param": nil, "code": f.code}}
}

func openAIModel(id string) object {
	return object{"id": id, "object": "model", "created": 1735689600, "owned_by": "fakeupstream"}
}

func (p *provider) chatCompletions(w http.ResponseWriter, x *exchange) {
	if problem := x.require("model", "messages"); problem != nil {
		p.fail(w, x.request, *problem)
		return
	}
	text := x.text()
	in, out := x.body.size/4, tokens(text)
	usage := object{
		"prompt_tokens": in, "completion_tokens": out, "total_tokens": in + out,
		"prompt_tokens_details":     object{"cached_tokens": 0, "audio_tokens": 0},
		"completion_tokens_details": object{"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
	}
	completion := func(kind string, choices ...any) object {
		return object{
			"id": "chatcmpl-fake", "object": kind, "created": time.Now().Unix(), "model": x.body.Model,
			"choices": choices, "service_tier": "default", "system_fingerprint": "fp_fake",
		}
	}
	if !x.body.Stream {
		o := completion("chat.completion", object{
			"index": 0, "finish_reason": "stop", "logprobs": nil,
			"message": object{"role": "assistant", "content": text, "refusal": nil, "annotations": []any{}},
		})
		o["usage"] = usage
		x.reply(w, http.StatusOK, o)
		return
	}
	e := stream(w)
	chunk := func(delta object, reason any) object {
		return completion("chat.completion.chunk", object{"index": 0, "delta": delta, "logprobs": nil, "finish_reason": reason})
	}
	first := chunk(object{"role": "assistant", "content": "", "refusal": nil}, nil)
	first["headersafe_received"] = x.received
	e.send("", first)
	for _, piece := range x.pieces() {
		e.send("", chunk(object{"content": piece}, nil))
	}
	e.send("", chunk(object{}, "stop"))
	if x.body.StreamOptions.IncludeUsage {
		last := completion("chat.completion.chunk")
		last["choices"], last["usage"] = []any{}, usage
		e.send("", last)
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
}

// inputs returns the texts of an input that is a string or a list.
func (x *exchange) inputs() []any {
	if list, ok := x.body.Input.([]any); ok {
		return list
	}
	return []any{x.body.Input}
}

func (p *provider) embeddings(w http.ResponseWriter, x *exchange) {
	if problem := x.require("model", "input"); problem != nil {
		p.fail(w, x.request, *problem)
		return
	}
	data := []any{}
	for i := range x.inputs() {
		data = append(data, object{"object": "embedding", "index": i, "embedding": embedding(x.body.EncodingFormat)})
	}
	usage := object{"prompt_tokens": x.body.size / 4, "total_tokens": x.body.size / 4}
	x.reply(w, http.StatusOK, object{"object": "list", "model": x.body.Model, "data": data, "usage": usage})
}

// embedding is the same vector for everything, in the form that was asked for: SDKs ask for base64.
func embedding(format string) any {
	vector := []float32{0.6, 0.8, 0}
	if format != "base64" {
		return vector
	}
	var raw []byte
	for _, f := range vector {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func (p *provider) moderations(w http.ResponseWriter, x *exchange) {
	if problem := x.require("input"); problem != nil {
		p.fail(w, x.request, *problem)
		return
	}
	results := []any{}
	for range x.inputs() {
		categories, scores, applied := object{}, object{}, object{}
		for _, c := range []string{"harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent",
			"self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic"} {
			categories[c], scores[c], applied[c] = false, 0.0, []string{"text"}
		}
		results = append(results, object{
			"flagged": false, "categories": categories, "category_scores": scores, "category_applied_input_types": applied,
		})
	}
	x.reply(w, http.StatusOK, object{"id": newID("modr-"), "model": "omni-moderation-latest", "results": results})
}
