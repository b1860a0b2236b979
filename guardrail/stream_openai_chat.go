package guardrail

import (
	"bytes"
	"slices"
	"sync"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// openAIChunks are the events of ChatCompletionChunk, and of Completion in a stream: each has a piece of every choice
// that goes on, by index.
type openAIChunks struct {
	chunk   int // how many have come
	choices []openAIChoice
}

// openAIChoice is what is known of the choice of an index.
type openAIChoice struct {
	chunk    int // the last one that it was in
	finished bool
	lists    [len(indexedLists)]numbering
}

// indexedLists are members of a delta, lists whose elements go by an index that they have themselves.
var indexedLists = [...]string{"tool_calls", "reasoning_details"}

// numbering says whether the elements of a list have an index: all, or none.
type numbering uint8

const (
	unknownNumbering numbering = iota
	withIndex
	withoutIndex
)

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
	e.chunk++
	for choice := range r.tape.Children(choices) {
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
	for len(e.choices) <= index {
		e.choices = append(e.choices, openAIChoice{})
	}
	as := &e.choices[index]
	if as.chunk == e.chunk {
		return fault("a choice comes twice in an event") // to clients that look at the first one alone it is another
	}
	as.chunk = e.chunk
	r.within(choice, r.place("choices", index, "", none, ""), nil)
	r.bases[len(r.bases)-1].over = as.finished
	if delta, ok := memberOf(r.tape, choice, "delta"); ok {
		for i, name := range indexedLists {
			if err := as.lists[i].check(r, delta, name); err != nil {
				return err
			}
		}
		e.follow(r, delta, index)
	}
	if reason, ok := memberOf(r.tape, choice, "finish_reason"); ok && r.tape.Type(reason) != jsonscan.Null {
		as.finished = true
		r.endBelow(r.place("choices", index, ".", none, ""))
	}
	return nil
}

// check refuses elements of which some go by an index and others don't, and several in one event that don't: to some
// clients no index is 0, to others it is none, and others count the elements of an event.
func (n *numbering) check(r *eventReader, delta jsonscan.Node, name string) error {
	list, ok := memberOf(r.tape, delta, name)
	if !ok || r.tape.Type(list) != jsonscan.Array {
		return nil
	}
	for element := range r.tape.Children(list) {
		as := withoutIndex
		if _, ok := memberOf(r.tape, element, "index"); ok {
			as = withIndex
		}
		if *n == unknownNumbering {
			*n = as
		}
		if *n != as || as == withoutIndex && (r.tape.Count(list) > 1 || r.hasAlike(element, "index")) {
			return fault("elements of a list lack an index, and could be taken for one another")
		}
	}
	return nil
}

// hasAlike reports whether n has a member that encoding/json takes for the one with the given name.
func (r *eventReader) hasAlike(n jsonscan.Node, name string) bool {
	for member := range r.tape.Children(n) {
		spelt, escaped := r.tape.Name(member)
		if escaped {
			start := len(r.value)
			r.value = r.tape.AppendName(r.value, member)
			spelt = r.value[start:]
		}
		if bytes.EqualFold(spelt, []byte(name)) {
			return true
		}
	}
	return false
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
