package guardrail

import (
	"slices"
	"strings"
	"sync"
)

// openAIResponseTable is the table of [OpenAIResponseStream], read off ResponseStreamEventUnion of openai-go v3.96.0.
// The texts that go on are named by the types of events; what is listed here as going on are the tokens of a text that
// is repeated.
var openAIResponseTable = sync.OnceValue(func() *eventTable {
	t := newEventTable(
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
				texts(Document, "", "annotation", "part.annotations"),
				texts(Prompt, "", "delta", "text", "refusal", "part"),
				texts(Prompt, "", "agent"), // whose event it is: BetaResponseTextDeltaEventAgent
				texts(ToolInput, "", "arguments", "input", "code", "command", "name", "diff"),
				texts(ToolResult, "tool", "output"),
				texts(Other, "", "message", "error", "steer", "required_input"),
			),
			NotText: slices.Concat(
				[]string{
					"type", "item_id", "stream_id", "param", "obfuscation", "background", "output_format", "quality", "size", "status", "reason",
					"output[*].outcome.type", "output[*].created_by",
				},
				below([]string{"error"}, openAIErrorParameters...),
				openAIParts([]string{"part"}).NotText,
				openAIAnnotations([]string{"annotation"}),
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
	t.repeats = true
	return t
})

// openAIResponseAnswer has the paths of Response, whose members stand at p: "response.".
func openAIResponseAnswer(p string) Response {
	own := Response{
		Text: slices.Concat(
			texts(System, "developer", below([]string{p}, "instructions", "text", "reasoning", "context_management")...),
			texts(ToolDefinition, "developer", p+"tools", p+"tool_choice"),
			texts(Prompt, "user", p+"prompt"),
			texts(Other, "", below([]string{p}, "error", "metadata", "user", "conversation", "moderation", "incomplete_details")...),
		),
		NotText: slices.Concat(
			below([]string{p}, openAICommon...),
			below([]string{p}, openAIResponseParameters...),
			below([]string{p},
				"id", "object", "status", "previous_response_id", "conversation.id", "prompt.id", "incomplete_details.reason",
				"billing.payer", "prompt_cache_diagnostics.type", "prompt_cache_diagnostics.reason",
			),
			below([]string{p + "error"}, openAIErrorParameters...),
			openAIModeration(p+"moderation"),
		),
	}
	own = both(own, echoed(both(
		both(openAIParts([]string{p + "prompt.variables.*"}), openAITools([]string{p + "tools[*]"})),
		openAIOutputAnswer(p+"instructions[*]", p+"instructions[?@.type=='image_generation_call']"),
	)))
	output := openAIOutputAnswer(p+"output[*]", p+"output[?@.type=='image_generation_call']")
	return both(both(output, own), openAIResponseAnswerNames)
}

// echoed returns the paths of what an answer repeats of the request. What that refers to has counted there, and does not
// count again: URLs are read, and IDs are no text.
func echoed(r Response) Response {
	ids := slices.DeleteFunc(slices.Clone(r.Reference), func(path string) bool { return strings.HasSuffix(path, "url") })
	r.NotText, r.Reference = slices.Concat(r.NotText, ids), nil
	return r
}

// openAIOutputAnswer has the paths of an item of an answer, ResponseOutputItemUnion, at item. The same item is at image
// if it is an image.
func openAIOutputAnswer(item, image string) Response {
	parts := below([]string{item}, ".content[*]", ".output[*]", ".output", ".summary[*]")
	own := Response{
		Text: slices.Concat(
			texts(System, "developer", item+".text", item+".reasoning"), // ResponseConfigurationUpdateItem
			texts(ToolInput, "", openAIInputs(item)...),
			texts(ToolResult, "tool", openAIResults(item)...),
			texts(ToolDefinition, "", item+".tools"),
			texts(Document, "", below(parts, ".annotations")...),
			texts(Prompt, "", item+".content", item+".summary"),
			texts(Prompt, "", item+".agent", item+".author", item+".recipient"), // BetaResponseOutputItemAgentMessage: names of agents
			texts(Prompt, "user", item+".reason"),                               // McpApprovalResponse
		),
		NotText: slices.Concat(
			below([]string{item}, openAIItemParameters...),
			below([]string{item}, ".created_by", ".output[*].created_by"),
		),
		Opaque: []string{
			image + ".result",
			item + ".outputs[*].url", // of ResponseCodeInterpreterToolCall: a data: URL
		},
		Reference: []string{item + ".outputs[*].url"}, // or one that the client fetches
		Sealed: []string{
			item + ".encrypted_content",
			item + ".content[*].encrypted_content",
			item + ".fingerprint",
		},
	}
	return both(own, both(openAIParts(parts), echoed(openAITools([]string{item + ".tools[*]"}))))
}

// openAIResponseAnswerNames are the names of members of responses and their items that no path names.
var openAIResponseAnswerNames = Response{Names: slices.Concat(
	openAIResponseNames, openAIErrorNames, openAIModerationNames, openAIUsage.Names, schemaNames,
	[]string{
		"access_programs", "background", "cache_missed_tokens", "comparison_reusable_tokens", "completed_at", "created_at", "domain",
		"id", "image_gen", "num_requests", "output", "results", "safety_identifier", "server_url", "tool_usage", "transcript", "user", "web_search",
	},
)}
