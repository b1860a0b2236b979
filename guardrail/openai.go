package guardrail

import "slices"

// OpenAI returns the rules for the endpoints of the OpenAI API that take text, and for those that only look at or cancel
// what is there: chat completions, responses, conversations, decisions, completions, embeddings, moderations,
// speech, images, batches and models. Paths are as under https://api.openai.com.
//
// Each rule is read off the request types of openai-go v3.96.0, with the reference at
// https://developers.openai.com/api/reference.
//
// # What is read
//
// Whatever the model could read, and more: messages of all roles in both forms, arguments and results of tools, reasoning,
// definitions of tools with every name and value of their schemas, instructions, variables of prompts, predictions,
// formats of answers. Of the structure around it, types, IDs, model names and the like are passed over while they
// look like what they should be. Values of metadata are read, although no model does.
//
// # What can't be read
//
//   - Base64 images, audio and files are opaque.
//   - URLs and file IDs, earlier responses and their items, conversations, stored prompts, containers, skills, vector
//     stores, MCP servers and a batch's input file are references: the string is read, what it stands for is not. Like
//     the opaque they are refused unless the Config lets them pass.
//   - Encrypted reasoning and the like is sealed: only OpenAI could have made it. Put these rules before another
//     server that speaks the same protocol, and does not check it, only with Sealed taken away.
//   - Arrays of token numbers, which completions and embeddings take for a prompt, are refused.
//   - Credentials for somebody else are refused too, since a guard may be a vendor: authorization and headers of MCP
//     servers, secrets of containers. Take a path out of Refuse to have what stands there read as any text.
//
// # What is read of answers
//
// Every string of an answer and of an event of its stream, but for types, IDs and the like while they look like that: all
// choices and items, tool calls, reasoning, refusals, citations, logprobs, and errors. Encrypted reasoning and
// embeddings in base64 are sealed. Images, audio and files are opaque, speech in all of its formats too. URLs of images and
// files, and IDs of files, are references, except in what a response repeats of its request: tools, instructions,
// variables of the prompt. The events of streamed images, of streamed speech and of transcriptions have no table: they are refused where
// answers are read.
//
// # What is left out, and so is refused
//
// Multipart forms are not JSON: POST /v1/audio/transcriptions and translations, /v1/images/edits and variations,
// /v1/files, /v1/uploads, /v1/videos. Assistants, threads, fine-tuning, evals, vector stores, agents and the
// administration of organizations want rules of their own. Realtime is no request and answer: it has no place on a
// guarded route.
func OpenAI() []Endpoint {
	return openAIAnswers(slices.Concat(
		[]Endpoint{openAIChat(), openAIChatUpdate()},
		openAIResponses(),
		openAISmall(),
		bodiless(
			"GET /v1/chat/completions",
			"GET /v1/chat/completions/{completion_id}",
			"GET /v1/chat/completions/{completion_id}/messages",
			"DELETE /v1/chat/completions/{completion_id}",
			"GET /v1/responses/{response_id}",
			"GET /v1/responses/{response_id}/input_items",
			"POST /v1/responses/{response_id}/cancel",
			"DELETE /v1/responses/{response_id}",
			"GET /v1/conversations/{conversation_id}",
			"GET /v1/conversations/{conversation_id}/items",
			"GET /v1/conversations/{conversation_id}/items/{item_id}",
			"DELETE /v1/conversations/{conversation_id}",
			"DELETE /v1/conversations/{conversation_id}/items/{item_id}",
			"GET /v1/batches",
			"GET /v1/batches/{batch_id}",
			"POST /v1/batches/{batch_id}/cancel",
			"GET /v1/models",
			"GET /v1/models/{model}",
		),
	))
}

// openAICommon are the identifiers and choices that several endpoints take.
var openAICommon = []string{
	"model",
	"user",              // an end user's ID, formerly
	"safety_identifier", // the same: a hash
	"service_tier",
	"prompt_cache_key", // the same, for caching
	"prompt_cache_retention",
	"prompt_cache_options.mode",
	"prompt_cache_options.ttl",
	"moderation.model", // ModerationParam: what OpenAI's own guard does
	"moderation.policy.input.mode",
	"moderation.policy.output.mode",
}

// openAISmall returns the rules of the endpoints whose requests are nearly flat.
func openAISmall() []Endpoint {
	return []Endpoint{
		{ // CompletionNewParams
			Pattern: "POST /v1/completions",
			Text: []Selector{
				{Path: "prompt", Kind: Prompt, Required: true}, // string or array of strings
				{Path: "suffix", Kind: Prompt},
				{Path: "stop"},
			},
			NotText: []string{"model", "user"},
			Refuse:  tokens("prompt"),
			Names: []string{
				"best_of", "echo", "frequency_penalty", "include_usage", "include_obfuscation", "logit_bias", "logprobs",
				"max_tokens", "n", "presence_penalty", "seed", "stream", "stream_options", "temperature", "top_p",
			},
		},
		{ // EmbeddingNewParams
			Pattern: "POST /v1/embeddings",
			Text:    []Selector{{Path: "input", Kind: Prompt, Required: true}}, // string or array of strings
			NotText: []string{"model", "user", "encoding_format"},
			Refuse:  tokens("input"),
			Names:   []string{"dimensions"},
		},
		{ // ModerationNewParams
			Pattern:   "POST /v1/moderations",
			Text:      []Selector{{Path: "input", Kind: Prompt, Required: true}}, // string, array of strings, or of parts
			NotText:   []string{"model", "input[*].type"},
			Opaque:    []string{"input[*].image_url.url"}, // ModerationImageURLInputParam
			Reference: []string{"input[*].image_url.url"},
			Names:     []string{"text"},
		},
		{ // AudioSpeechNewParams
			Pattern: "POST /v1/audio/speech",
			Text: []Selector{
				{Path: "input", Kind: Prompt, Required: true},
				{Path: "instructions", Kind: System, Role: "developer"}, // how to speak
			},
			NotText: []string{"model", "voice", "voice.id", "response_format", "stream_format"},
			Names:   []string{"speed"},
		},
		{ // ImageGenerateParams
			Pattern: "POST /v1/images/generations",
			Text:    []Selector{{Path: "prompt", Kind: Prompt, Required: true}},
			NotText: []string{
				"model", "user", "safety_identifier", "background", "complexity", "moderation", "output_format", "quality",
				"response_format", "size", "style", "svg.model", "svg.reasoning.effort",
			},
			Names: []string{"n", "output_compression", "partial_images", "stream", "frame_count", "frame_duration_ms"},
		},
		{ // BatchNewParams: the requests are in a file, which no guard of this route has read
			Pattern:   "POST /v1/batches",
			Text:      []Selector{{Path: "metadata"}},
			NotText:   []string{"endpoint", "completion_window", "output_expires_after.anchor"},
			Reference: []string{"input_file_id"},
			Names:     []string{"seconds"},
		},
		openAIDecisions(),
	}
}

// openAIDecisions is the rule for DecisionNewParams.
func openAIDecisions() Endpoint {
	parts := []string{"input[*].content[*]", "input[*].output[*]", "questions[*].instructions[*]"}
	return Endpoint{
		Pattern: "POST /v1/decisions",
		Text: slices.Concat(
			texts(ToolInput, "assistant", "input[*].arguments", "input[*].input", "input[*].name", "input[*].namespace"),
			texts(ToolResult, "tool", "input[*].output"),
			texts(System, "developer", "questions", "input[?@.role=='system']", "input[?@.role=='developer']"),
			[]Selector{{Path: "input", Kind: Prompt, Role: "user", Required: true}},
		),
		NotText: slices.Concat(openAICommon,
			below([]string{"input[*]"}, ".type", ".role", ".id", ".call_id", ".status", ".phase"),
			below(parts, ".type", ".detail"),
			[]string{"questions[*].type"},
		),
		Opaque:    below(parts, ".image_url"),
		Reference: below(parts, ".image_url"),
		Names:     []string{"choices", "data", "description", "label", "levels", "refusal", "text", "value"},
	}
}

// tokens returns paths of all that is neither a string nor an array of strings at path: prompts may be given as an array
// of the numbers of tokens, or as an array of such arrays. Only of strings, arrays and objects does length say
// anything (RFC 9535 section 2.4.4), and so no comparison with it holds for a number.
func tokens(path string) []string {
	return []string{path + "[?!(length(@) >= 0)]", path + "[*][*]"}
}
