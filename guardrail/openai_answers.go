package guardrail

import (
	"slices"
	"strings"
)

// openAIAnswers gives each of the endpoints the rule for its answers, read off the response types of openai-go v3.96.0.
// Every endpoint may answer with an error.
func openAIAnswers(endpoints []Endpoint) []Endpoint {
	return answering(endpoints, openAIAnswer, openAIErrorAnswer())
}

// openAIErrorAnswer is the rule for ErrorObject.
func openAIErrorAnswer() Response {
	return Response{
		Text:    texts(Other, "", "error"),
		NotText: below([]string{"error"}, openAIErrorParameters...),
		Names:   openAIErrorNames,
	}
}

// openAIErrorParameters are the identifiers and choices of ErrorObject.
var openAIErrorParameters = []string{
	".type",
	".code",
	".param",
	".misalignment.error_type", // ErrorObjectMisalignment
	".misalignment.review_target",
}

// openAIErrorNames are members of ErrorObject that no path names.
var openAIErrorNames = []string{"detailed_explanation", "message", "steer"}

// openAIAnswer returns the rule for what the endpoint answers if all is well.
func openAIAnswer(pattern string) Response {
	if strings.HasPrefix(pattern, "DELETE ") && pattern != "DELETE /v1/conversations/{conversation_id}/items/{item_id}" {
		return Response{NotText: []string{"id", "object"}, Names: []string{"deleted"}}
	}
	switch pattern {
	case "POST /v1/chat/completions":
		r := openAIChatAnswer("")
		r.Stream = OpenAIChatStream
		return r
	case "POST /v1/chat/completions/{completion_id}", "GET /v1/chat/completions/{completion_id}":
		return openAIChatAnswer("")
	case "GET /v1/chat/completions":
		return openAIList(openAIChatAnswer("data[*]."))
	case "GET /v1/chat/completions/{completion_id}/messages":
		return openAIList(openAIMessageAnswer("data[*]"))
	case "POST /v1/completions":
		r := both(openAIChunkAnswer(), Response{Text: texts(Prompt, "assistant", "choices")})
		r.Stream = OpenAICompletionStream
		return r
	case "POST /v1/responses", "GET /v1/responses/{response_id}":
		r := openAIResponseAnswer("")
		r.Stream = OpenAIResponseStream
		return r
	case "POST /v1/responses/{response_id}/cancel", "POST /v1/responses/compact":
		return openAIResponseAnswer("")
	case "GET /v1/responses/{response_id}/input_items", "GET /v1/conversations/{conversation_id}/items", "POST /v1/conversations/{conversation_id}/items":
		return openAIList(openAIItemAnswer("data[*]", "data[?@.type=='image_generation_call']"))
	case "GET /v1/conversations/{conversation_id}/items/{item_id}":
		return openAIItemAnswer("$", "$")
	case "POST /v1/audio/speech":
		return Response{Media: []string{
			"audio/mpeg", "audio/opus", "audio/aac", "audio/flac", "audio/wav", "audio/x-wav", "audio/pcm", "audio/ogg", "application/octet-stream",
		}}
	}
	return openAISmallAnswer(pattern)
}

// openAISmallAnswer is openAIAnswer for answers that are nearly flat.
func openAISmallAnswer(pattern string) Response {
	switch pattern {
	case "POST /v1/embeddings": // CreateEmbeddingResponse
		return both(openAIUsage, Response{
			NotText: []string{"model", "object", "data[*].object"},
			Sealed:  []string{"data[*].embedding"}, // numbers in base64
			Names:   []string{"index"},
		})
	case "POST /v1/moderations": // ModerationNewResponse
		return Response{
			NotText: []string{"id", "model", "results[*].category_applied_input_types.*[*]"},
			Names:   openAIModerationNames,
		}
	case "POST /v1/images/generations": // ImagesResponse
		return both(openAIUsage, Response{
			Text:      texts(Prompt, "assistant", "data[*].revised_prompt"),
			NotText:   []string{"background", "output_format", "quality", "size", "safety_identifier", "svg_usage.model"},
			Opaque:    []string{"data[*].b64_json"},
			Reference: []string{"data[*].url"},
			Names:     []string{"created"},
		})
	case "GET /v1/batches": // Batch
		return openAIList(openAIBatchAnswer("data[*]."))
	case "POST /v1/batches", "GET /v1/batches/{batch_id}", "POST /v1/batches/{batch_id}/cancel":
		return openAIBatchAnswer("")
	case "GET /v1/models": // Model
		return openAIList(openAIModelAnswer("data[*]."))
	case "GET /v1/models/{model}":
		return openAIModelAnswer("")
	case "POST /v1/decisions": // Decision
		return both(openAIUsage, Response{
			Text:    texts(Prompt, "assistant", "answers"),
			NotText: []string{"model", "answers[*].type"},
			Names:   []string{"choice", "confidence", "label", "name", "probabilities", "probability", "refusal", "score", "value"},
		})
	}
	// Conversation, and the count of a response's input tokens.
	return both(openAIUsage, Response{
		Text: texts(Other, "", "metadata"), NotText: []string{"id", "object"}, Names: []string{"created_at"},
	})
}

// openAIModelAnswer is the rule for Model.
func openAIModelAnswer(p string) Response {
	return Response{NotText: below([]string{p}, "id", "object", "owned_by", "shutdown_date"), Names: []string{"created"}}
}

// openAIUsage are the names of what something cost.
var openAIUsage = Response{Names: []string{
	"accepted_prediction_tokens", "audio_tokens", "cache_write_tokens", "cache_write_tokens_details", "cached_image_tokens",
	"cached_text_tokens", "cached_tokens", "cached_tokens_details", "completion_tokens", "completion_tokens_details",
	"image_tokens", "input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details", "prompt_tokens",
	"prompt_tokens_details", "reasoning_tokens", "rejected_prediction_tokens", "text_tokens", "total_tokens",
	"ttl_12h_tokens", "ttl_30m_tokens", "usage",
}}

// openAIList adds what is around the elements of a list.
func openAIList(of Response) Response {
	return both(of, Response{NotText: []string{"object", "first_id", "last_id"}, Names: []string{"data", "has_more"}})
}

// openAIChatAnswer is the rule for ChatCompletion, whose members stand at p.
func openAIChatAnswer(p string) Response {
	around := openAIChunkAnswer()
	for i, path := range around.NotText {
		around.NotText[i] = p + path
	}
	for i := range around.Text {
		around.Text[i].Path = p + around.Text[i].Path
	}
	return both(both(openAIMessageAnswer(p+"choices[*].message"), around), Response{
		Text: slices.Concat(texts(Prompt, "assistant", p+"choices"), texts(Other, "", p+"metadata")),
	})
}

// openAIMessageAnswer is the rule for ChatCompletionMessage and ChatCompletionStoreMessage, at message.
func openAIMessageAnswer(message string) Response {
	return Response{
		Text: slices.Concat(
			texts(ToolInput, "assistant", message+".tool_calls", message+".function_call"),
			texts(Document, "", message+".annotations"),
			texts(Prompt, "assistant", message),
		),
		NotText: slices.Concat(
			below([]string{message}, openAICallParameters...),
			below([]string{message}, ".role", ".id", ".audio.id", ".annotations[*].type"),
			below([]string{message + ".content_parts[*]"}, openAIChatPart...),
			below([]string{message + ".reasoning_details[*]"}, ".type", ".format", ".id"),
		),
		Opaque:    below([]string{message}, ".audio.data", ".content_parts[*].image_url.url"),
		Reference: []string{message + ".content_parts[*].image_url.url"},
		Sealed:    below([]string{message + ".reasoning_details[*]"}, ".signature", ".data"), // of other vendors' thinking
		Names: []string{
			"arguments", "audio", "content", "custom", "end_index", "expires_at", "function", "input", "name", "reasoning", "reasoning_content",
			"refusal", "start_index", "text", "title", "transcript", "url", "url_citation",
		},
	}
}

// openAIItemAnswer is the rule for ConversationItem and ResponseItem, at item.
func openAIItemAnswer(item, image string) Response {
	return both(openAIOutputAnswer(item, image), openAIResponseAnswerNames)
}

// openAIBatchAnswer is the rule for Batch.
func openAIBatchAnswer(p string) Response {
	return Response{
		Text: texts(Other, "", p+"metadata", p+"errors"),
		NotText: below([]string{p},
			"id", "object", "endpoint", "model", "input_file_id", "output_file_id", "error_file_id", "completion_window", "status",
			"errors.object", "errors.data[*].code", "errors.data[*].param"),
		Names: slices.Concat(openAIUsage.Names, []string{
			"cancelled_at", "cancelling_at", "completed", "completed_at", "created_at", "data", "expired_at", "expires_at", "failed",
			"failed_at", "finalizing_at", "in_progress_at", "line", "message", "request_counts", "total",
		}),
	}
}
