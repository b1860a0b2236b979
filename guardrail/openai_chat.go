package guardrail

import "slices"

// openAIChat is the rule for ChatCompletionNewParams.
func openAIChat() Endpoint {
	const message = "messages[*]"
	parts := []string{message + ".content[*]", "prediction.content[*]"}
	return Endpoint{
		Pattern: "POST /v1/chat/completions",
		Text: slices.Concat(
			texts(System, "", "messages[?@.role=='system']", "messages[?@.role=='developer']"),
			texts(ToolInput, "",
				message+".tool_calls",    // ChatCompletionMessageToolCallUnionParam: name, arguments or input
				message+".function_call", // the same, formerly
			),
			texts(ToolResult, "", "messages[?@.role=='tool']", "messages[?@.role=='function']"),
			[]Selector{{Path: "messages", Kind: Prompt, Required: true}}, // content, refusal, and a participant's name
			texts(Prompt, "assistant", "prediction"),                     // ChatCompletionPredictionContentParam
			texts(ToolDefinition, "developer",
				"tools",         // ChatCompletionToolUnionParam
				"tool_choice",   // ChatCompletionToolChoiceOptionUnionParam
				"functions",     // ChatCompletionNewParamsFunction
				"function_call", // ChatCompletionFunctionCallOptionParam
			),
			texts(System, "developer",
				"response_format",    // ResponseFormatJSONSchemaParam
				"web_search_options", // where the user is
			),
			texts(Other, "", "stop", "metadata"), // said to no model, but open in form
		),
		NotText: slices.Concat(openAICommon,
			[]string{
				"audio.format", // ChatCompletionAudioParam
				"audio.voice",
				"audio.voice.id",
				"modalities[*]",
				"reasoning_effort",
				"verbosity",
				"response_format.type",
				"prediction.type",
				"web_search_options.search_context_size",
				"web_search_options.user_location.type",
				"tools[*].type",
				"tools[*].custom.format.type", // CustomToolInputFormat
				"tools[*].custom.format.grammar.syntax",
				"tool_choice", // "auto", "none", "required"
				"tool_choice.type",
				"tool_choice.allowed_tools.mode",
				"function_call", // "auto", "none"
				message + ".role",
				message + ".tool_call_id", // ChatCompletionToolMessageParam
				message + ".tool_calls[*].id",
				message + ".tool_calls[*].type",
			},
			below(parts, openAIChatPart...),
		),
		Opaque: []string{
			message + ".content[*].image_url.url",    // ChatCompletionContentPartImageImageURLParam
			message + ".content[*].input_audio.data", // ChatCompletionContentPartInputAudioInputAudioParam
			message + ".content[*].file.file_data",   // ChatCompletionContentPartFileFileParam
		},
		Reference: []string{
			message + ".content[*].image_url.url",
			message + ".content[*].file.file_id",
			message + ".audio.id", // ChatCompletionAssistantMessageParamAudio: what was spoken before
		},
		Names: slices.Concat(openAIChatNames, schemaNames),
	}
}

// openAIChatPart are the identifiers and choices of a part of content, ChatCompletionContentPartUnionParam.
var openAIChatPart = []string{
	".type",
	".image_url.detail",
	".input_audio.format",
	".prompt_cache_breakpoint.mode",
	".prompt_cache_breakpoint.ttl",
}

// openAIChatUpdate is the rule for ChatCompletionUpdateParams.
func openAIChatUpdate() Endpoint {
	return Endpoint{
		Pattern: "POST /v1/chat/completions/{completion_id}",
		Text:    []Selector{{Path: "metadata"}},
	}
}

// openAIChatNames are the members that no path above names. The SDK adds stream by itself.
var openAIChatNames = []string{
	"approximate", "arguments", "city", "country", "definition", "filename", "frequency_penalty", "function",
	"include_obfuscation", "include_usage", "json_schema", "logit_bias", "logprobs", "max_completion_tokens",
	"max_tokens", "n", "name", "parallel_tool_calls", "parameters", "presence_penalty", "refusal", "region",
	"schema", "seed", "store", "stream", "stream_options", "strict", "temperature", "text", "timezone", "top_logprobs",
	"top_p",
}
