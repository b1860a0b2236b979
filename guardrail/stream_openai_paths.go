package guardrail

import (
	"slices"
	"sync"
)

// openAIResponseTable is the table of [OpenAIResponseStream], read off ResponseStreamEventUnion of openai-go v3.96.0.
// The texts that go on are named by the types of events; what is listed here as going on are the tokens of a text that
// is repeated.
var openAIResponseTable = sync.OnceValue(func() *eventTable {
	return newEventTable(
		texts(Prompt, "",
			"logprobs",
			"part.logprobs",
			"item.content[*].logprobs",
			"response.output[*].content[*].logprobs",
		),
		[]string{"arguments", "item.arguments", "response.output[*].arguments"},
		openAIResponseAnswer("response."),
		openAIOutputAnswer("item", "$[?@.type=='image_generation_call']"),
		Response{
			Text: slices.Concat(
				texts(Prompt, "", "delta", "text", "refusal", "part"),
				texts(ToolInput, "", "arguments", "input", "code", "command", "name", "diff"),
				texts(ToolResult, "tool", "output"),
				texts(Document, "", "annotation"),
				texts(Other, "", "message", "error", "steer", "required_input"),
			),
			NotText: slices.Concat(
				[]string{
					"type", "item_id", "stream_id", "param", "error.type", "error.code", "error.param", "obfuscation", "background", "output_format",
					"quality", "size", "status", "reason", "annotation.type", "annotation.file_id", "annotation.container_id", "part.type",
					"part.annotations[*].type", "part.annotations[*].file_id", "part.annotations[*].container_id",
					"output[*].outcome.type",
				},
			),
			Opaque: []string{
				"partial_image_b64", // ResponseImageGenCallPartialImageEvent
				"$[?@.type=='response.audio.delta'].delta",
			},
			Names: []string{
				"annotation_index", "command_index", "content_index", "item", "output_index", "partial_image_index", "response", "sequence_number",
				"summary_index",
			},
		},
	)
})

// openAIResponseAnswer has the paths of Response, whose members stand at p: "response.".
func openAIResponseAnswer(p string) Response {
	tools := []string{p + "tools[*]"}
	own := Response{
		Text: slices.Concat(
			texts(System, "developer", below([]string{p}, "instructions", "text", "reasoning", "prompt", "context_management")...),
			texts(ToolDefinition, "developer", p+"tools", p+"tool_choice"),
			texts(Other, "", below([]string{p}, "error", "metadata", "user", "conversation", "moderation", "incomplete_details")...),
		),
		NotText: slices.Concat(
			below([]string{p}, openAICommon...),
			below([]string{p}, openAIResponseParameters...),
			below([]string{p},
				"id", "object", "status", "previous_response_id", "conversation.id", "prompt.id", "error.code", "error.type", "error.param",
				"incomplete_details.reason", "billing.payer", "moderation.input.type", "moderation.input.model", "moderation.output.type",
				"moderation.output.model", "instructions[*].type", "instructions[*].role", "instructions[*].id", "instructions[*].status",
				"instructions[*].content[*].type", "prompt_cache_diagnostics.type",
			),
			below(tools, openAIToolParameters...),
			below(tools, openAIToolReferences...), // the request's, which has been read
			below(tools, ".tools[*].type", ".tools[*].allowed_callers[*]", ".tools[*].format.type", ".tools[*].format.syntax"),
		),
		Names: slices.Concat(openAIResponseNames, openAIAnswerNames, schemaNames),
	}
	return both(openAIOutputAnswer(p+"output[*]", p+"output[?@.type=='image_generation_call']"), own)
}

// openAIOutputAnswer has the paths of an item of an answer, ResponseOutputItemUnion, at item. The same item is at image
// if it is an image.
func openAIOutputAnswer(item, image string) Response {
	parts := below([]string{item}, ".content[*]", ".output[*]", ".output", ".summary[*]")
	return Response{
		Text: slices.Concat(
			texts(ToolInput, "", openAIInputs(item)...),
			texts(ToolResult, "tool", openAIResults(item)...),
			texts(ToolDefinition, "", item+".tools"),
			texts(Document, "", below(parts, ".annotations")...),
			texts(Prompt, "", item+".content", item+".summary"),
		),
		NotText: slices.Concat(
			below([]string{item}, openAIItemParameters...),
			below(parts, openAIPartParameters...),
			below([]string{item + ".tools[*]"}, openAIToolParameters...),
		),
		Opaque: slices.Concat(
			below(parts, ".image_url", ".file_data"),
			[]string{
				image + ".result",
				item + ".outputs[*].url", // of ResponseCodeInterpreterToolCall: a data: URL
			},
		),
		Sealed: []string{
			item + ".encrypted_content",
			item + ".content[*].encrypted_content",
			item + ".fingerprint",
		},
	}
}

// openAIAnswerNames are members of answers that no path names.
var openAIAnswerNames = []string{
	"access_programs", "background", "cache_write_tokens", "cached_tokens", "completed_at", "created_at", "id", "input_tokens_details",
	"output", "output_tokens_details", "safety_identifier", "tool_usage", "usage", "results", "transcript",
}
