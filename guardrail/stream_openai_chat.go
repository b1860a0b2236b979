package guardrail

import (
	"slices"
	"sync"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// openAIChunks are the events of ChatCompletionChunk, and of Completion in a stream: each has a piece of every choice
// that goes on, by index.
type openAIChunks struct {
	finished []bool // by index of the choice
}

// maxChoices is how many choices OpenAI's API makes at most.
const maxChoices = 128

func (e *openAIChunks) read(r *eventReader, name []byte) error {
	failure, failed := memberOf(r.tape, jsonscan.Root, "error")
	failed = failed && r.tape.Type(failure) != jsonscan.Null
	switch string(name) {
	case "", "message": // which is what an event without a name is called
	case "error": // the name that some servers give to errors; none of the SDKs look at it
		if !failed {
			return errName
		}
	default:
		return errName
	}
	switch {
	case r.failed:
		return fault("an event follows an error")
	case failed:
		r.fail()
		return nil
	}
	choices, ok := memberOf(r.tape, jsonscan.Root, "choices")
	if !ok || r.tape.Type(choices) != jsonscan.Array {
		return errUnknownEvent
	}
	for choice, ok := r.tape.FirstChild(choices); ok; choice, ok = r.tape.NextSibling(choice) {
		if err := e.choice(r, choice); err != nil {
			return err
		}
	}
	return nil
}

func (e *openAIChunks) choice(r *eventReader, choice jsonscan.Node) error {
	index, err := r.index(choice, "index")
	if err != nil {
		return err
	}
	if index >= maxChoices {
		return errIndex
	}
	for len(e.finished) <= index {
		e.finished = append(e.finished, false)
	}
	key := r.place("choices", index, "", none, "")
	r.within(choice, key, nil)
	r.bases[len(r.bases)-1].over = e.finished[index]
	if delta, ok := memberOf(r.tape, choice, "delta"); ok {
		e.follow(r, delta, index)
	}
	if reason, ok := memberOf(r.tape, choice, "finish_reason"); ok && r.tape.Type(reason) != jsonscan.Null {
		e.finished[index] = true
		r.endBelow(r.place("choices", index, ".", none, ""))
	}
	return nil
}

// follow ends the texts that what the delta says comes after. What follows them would have to wait otherwise
// until the choice is over, since the end of a text stays held.
func (e *openAIChunks) follow(r *eventReader, delta jsonscan.Node, index int) {
	if r.says(delta, "content") {
		r.endLast(r.place("choices", index, ".delta.reasoning", none, ""))
		r.endLast(r.place("choices", index, ".delta.reasoning_content", none, ""))
		r.endBelow(r.place("choices", index, ".delta.reasoning_details", none, ""))
	}
	calls, ok := memberOf(r.tape, delta, "tool_calls")
	if !ok {
		return
	}
	for call, ok := r.tape.FirstChild(calls); ok; call, ok = r.tape.NextSibling(call) {
		position, err := r.index(call, "index")
		if function, ok := memberOf(r.tape, call, "function"); ok && err == nil && r.says(function, "arguments") {
			r.endLast(r.place("choices", index, ".delta.tool_calls", position, ".function.name"))
		}
	}
}

func (e *openAIChunks) done(r *eventReader) error {
	if r.over {
		return errDone
	}
	r.finish()
	return nil
}

func (*openAIChunks) refuse(code, message string) []byte { return openAIError(code, message) }

// openAIChatTable is the table of [OpenAIChatStream], read off ChatCompletionChunk of openai-go v3.96.0, with the members
// that other servers add.
var openAIChatTable = sync.OnceValue(func() *eventTable {
	const delta = "choices[*].delta"
	return newEventTable(
		slices.Concat(
			texts(ToolInput, "",
				delta+".tool_calls[*].function.name", // ChatCompletionChunkChoiceDeltaToolCallFunction
				delta+".tool_calls[*].function.arguments",
				delta+".tool_calls[*].custom", // name and input
				delta+".function_call.name",   // ChatCompletionChunkChoiceDeltaFunctionCall
				delta+".function_call.arguments",
			),
			texts(Prompt, "",
				delta+".content",
				delta+".refusal",
				delta+".reasoning_content", // DeepSeek, and many after it
				delta+".reasoning",         // OpenRouter, Groq, vLLM
				delta+".reasoning_details", // OpenRouter: by index
				delta+".audio.transcript",  // ChatCompletionChunkChoiceDeltaAudio
				"choices[*].logprobs",      // ChatCompletionChunkChoiceLogprobs: tokens, and those in their place
			),
		),
		[]string{delta + ".tool_calls[*].function.arguments", delta + ".function_call.arguments"},
		openAIChunkAnswer(),
		Response{
			Text: texts(Document, "", delta+".annotations"), // whole citations, of web search
			NotText: slices.Concat(
				[]string{
					"obfuscation", // noise, so that the length of an event doesn't tell that of its text
					delta + ".role",
					delta + ".audio.id",
					delta + ".annotations[*].type",
				},
				below([]string{delta}, openAICallParameters...),
				below([]string{delta + ".reasoning_details[*]"}, ".type", ".format", ".id"),
			),
			Opaque: []string{delta + ".audio.data"},
			Sealed: below([]string{delta + ".reasoning_details[*]"}, ".signature", ".data"), // of other vendors' thinking
		},
	)
})

// openAICompletionTable is the table of [OpenAICompletionStream].
var openAICompletionTable = sync.OnceValue(func() *eventTable {
	return newEventTable(
		texts(Prompt, "", "choices[*].text", "choices[*].logprobs"), nil,
		openAIChunkAnswer(),
		Response{NotText: []string{"obfuscation"}},
	)
})

// openAICallParameters are the identifiers in the tool calls of a message.
var openAICallParameters = []string{".tool_calls[*].id", ".tool_calls[*].type"}

// openAIChunkAnswer has the paths around the choices, which ChatCompletion, Completion and their chunks have in common.
func openAIChunkAnswer() Response {
	return Response{
		Text: texts(Other, "", "error", "moderation", "usage"),
		NotText: slices.Concat(
			[]string{
				"id",
				"object",
				"model",
				"service_tier",
				"system_fingerprint",
				"provider", // OpenRouter
				"choices[*].finish_reason",
				"choices[*].native_finish_reason", // OpenRouter
				"choices[*].stop_reason",          // vLLM
				"choices[*].content_filter_results.*.severity", // Azure
				"prompt_filter_results[*].content_filter_results.*.severity",
				"x_groq.id",
			},
			below([]string{"error"}, openAIErrorParameters...),
			openAIModeration("moderation"), // ChatCompletionChunkModeration
		),
		Names: slices.Concat(openAIChunkNames, openAIErrorNames, openAIModerationNames, openAIUsage.Names),
	}
}

// openAIChunkNames are members that no path above names.
var openAIChunkNames = []string{
	"bytes", "content", "created", "custom", "end_index", "expires_at", "filtered", "function", "index", "input", "logprob",
	"logprobs", "name", "offset", "prompt_index", "refusal", "severity", "start_index", "text", "text_offset", "title",
	"token", "token_logprobs", "tokens", "top_logprobs", "url", "url_citation",
}

// openAIModeration returns the paths of what OpenAI's own guard said of input and output, at p.
func openAIModeration(p string) []string {
	said := below([]string{p}, ".input", ".output", ".input.results[*]", ".output.results[*]")
	return below(said, ".type", ".model", ".code", ".category_applied_input_types.*[*]")
}

// openAIModerationNames are members of the verdicts of OpenAI's own guard that no path names.
var openAIModerationNames = []string{
	"categories", "category_scores", "flagged", "harassment", "harassment/threatening", "hate", "hate/threatening",
	"illicit", "illicit/violent", "self-harm", "self-harm/instructions", "self-harm/intent", "self_harm", "sexual",
	"sexual/minors", "violence", "violence/graphic",
}
