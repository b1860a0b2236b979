package guardrail

// anthropicAnswers gives each of the endpoints the rule for its answers, read off the response types of
// anthropic-sdk-go v1.84.0. Every endpoint may answer with an error.
func anthropicAnswers(endpoints []Endpoint) []Endpoint {
	return answering(endpoints, anthropicAnswer, anthropicErrorAnswer())
}

// anthropicErrorAnswer is the rule for ErrorResponse.
func anthropicErrorAnswer() Response {
	return Response{
		Text:    texts(Other, "", "error"),
		NotText: []string{"type", "error.type", "request_id"},
		Names:   []string{"message"},
	}
}

// anthropicAnswer returns the rule for what the endpoint answers if all is well. What is not listed here has nothing that a
// rule could say: all of it is read.
func anthropicAnswer(pattern string) Response {
	switch pattern {
	case "POST /v1/messages":
		r := anthropicMessageAnswer("") // BetaMessage
		r.Stream = AnthropicMessageStream
		return r
	case "POST /v1/messages/count_tokens": // BetaMessageTokensCount
		return Response{Names: []string{"input_tokens", "context_management", "original_input_tokens"}}
	case "POST /v1/complete": // Completion
		return Response{
			Text:    texts(Prompt, "assistant", "completion"),
			NotText: []string{"id", "model", "stop_reason", "log_id"},
			Names:   []string{"stop"},
			Stream:  AnthropicCompletionStream,
		}
	case "GET /v1/messages/batches":
		return anthropicList(anthropicBatchAnswer("data[*]."))
	case "GET /v1/models":
		return anthropicList(anthropicModelAnswer("data[*]."))
	case "GET /v1/models/{model_id}":
		return anthropicModelAnswer("")
	case "GET /v1/messages/batches/{message_batch_id}/results":
		return Response{} // lines of JSON: refused by their Content-Type
	}
	return anthropicBatchAnswer("") // what is done to a batch is answered with it
}

// anthropicList adds what is around the elements of a list.
func anthropicList(of Response) Response {
	return both(of, Response{NotText: []string{"first_id", "last_id"}, Names: []string{"data", "has_more"}})
}

// anthropicBatchAnswer is the rule for MessageBatch and DeletedMessageBatch.
func anthropicBatchAnswer(p string) Response {
	return Response{
		NotText: below([]string{p},
			"id", "type", "processing_status", "results_url", "created_at", "ended_at", "expires_at", "archived_at", "cancel_initiated_at"),
		Names: []string{"request_counts", "canceled", "errored", "expired", "processing", "succeeded"},
	}
}

// anthropicModelAnswer is the rule for BetaModelInfo.
func anthropicModelAnswer(p string) Response {
	return Response{
		Text:    texts(Other, "", p+"display_name"),
		NotText: below([]string{p}, "id", "type", "created_at", "deprecated_at", "retires_at", "lifecycle", "line", "allowed_fallback_models[*]"),
		Names: []string{
			"adaptive", "batch", "between_tools", "capabilities", "citations", "clear_thinking_20251015", "clear_tool_uses_20250919",
			"code_execution", "compact_20260112", "compaction", "context_management", "disabled", "effort", "enabled", "high",
			"image_input", "low", "max", "max_input_tokens", "max_tokens", "medium", "pdf_input", "server_tools",
			"structured_outputs", "summarize", "supported", "thinking", "types", "web_search", "xhigh",
		},
	}
}
