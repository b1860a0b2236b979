package guardrail

import "github.com/headersafe/headersafe/internal/sse"

// Stream says by which table an endpoint's event streams are read: which event extends which text, and how a stream
// begins and ends.
//
// Every string of an event's data is read, but for what the table lists as saying nothing, while it looks like that.
// What several events say piece by piece is one text. What stands in one event whole, an event that repeats a text when
// it is done among them, is a text of its own. Comments, IDs and the like are read as well. A stream is refused where
// it has something in it that the table doesn't know how to go on from: an event of another type, an event out of
// order, a name in the field event that is not that in the data, anything after the end. So it is where two clients
// could take it differently: see the package internal/sse, and what is said at each constant.
type Stream uint8

// The tables.
const (
	// NoStream is for endpoints that don't stream: an answer that is an event stream is refused.
	NoStream Stream = iota

	// AnthropicMessageStream is for POST /v1/messages. A text is what a content block's start and its deltas have in
	// the same member: text, thinking, partial_json. Blocks begin in the order of their indexes, without gaps, and
	// deltas are for the last of them, while it is open: the SDKs keep blocks by position, and many clients join deltas
	// as they come.
	AnthropicMessageStream

	// AnthropicCompletionStream is for POST /v1/complete.
	AnthropicCompletionStream

	// OpenAIChatStream is for POST /v1/chat/completions, of OpenAI and of others. A text is what the chunks have at the
	// same place of the choice with the same index: the place counts by the index of a tool call, not by its position.
	// Choices may take turns, but not in one chunk; a client that joins them without regard to the index makes texts
	// that are not read. Tool calls all have an index, or none has: then they come one a chunk, and are one text. A
	// choice that has finished says no more; reasoning ends where content begins, and a function's name where its
	// arguments do.
	OpenAIChatStream

	// OpenAICompletionStream is for POST /v1/completions.
	OpenAICompletionStream

	// OpenAIResponseStream is for POST /v1/responses. Deltas are for output items that have been added and are not
	// done, and name them by index and ID alike, since some clients go by the one and some by the other. Items may take
	// turns; a client that joins their texts as they come makes texts that are not read.
	OpenAIResponseStream

	streamEnd
)

var streamNames = [streamEnd]string{"none", "anthropic-messages", "anthropic-completions", "openai-chat", "openai-completions", "openai-responses"}

// String returns the table's name in lower case, with hyphens.
func (s Stream) String() string {
	if s.valid() {
		return streamNames[s]
	}
	return "unknown"
}

func (s Stream) valid() bool { return s < streamEnd }

// reader begins one stream; nil for [NoStream] and for what is no constant. A text in JSON's escapes is shown
// unescaped. From where that makes a difference on it is shown a second time as it came, with up to overlap bytes
// before the difference: no match that is longer than that can be found across it.
func (s Stream) reader(overlap int) streamReader {
	switch s {
	case AnthropicMessageStream:
		return newEventReader(anthropicMessageTable(), &anthropicMessageEvents{}, overlap)
	case AnthropicCompletionStream:
		return newEventReader(anthropicCompletionTable(), &anthropicCompletionEvents{}, overlap)
	case OpenAIChatStream:
		return newEventReader(openAIChatTable(), &openAIChunks{}, overlap)
	case OpenAICompletionStream:
		return newEventReader(openAICompletionTable(), &openAIChunks{}, overlap)
	case OpenAIResponseStream:
		return newEventReader(openAIResponseTable(), newOpenAIResponseEvents(), overlap)
	}
	return nil
}

// streamReader reads the events of one stream. It is not safe for concurrent use.
type streamReader interface {
	// event reads one piece of the stream, whether or not it is dispatched. The error says why the stream cannot be read
	// on, and holds no text. What it returns is valid while ev is, and until the next call.
	event(ev sse.Event) (piece, error)

	// end returns nil if the stream may end here: its terminal event has come, or an error event of the upstream's.
	end() error

	// channel describes an open channel, or one that the last event closed.
	channel(i int) channel

	// refuse returns the error event for a denial in the API's own shape, such that its SDKs raise an error.
	refuse(code, message string) []byte
}

// piece is what one event says.
//
// Texts are told apart by the number of their channel. A channel opens with the first fragment that has its number and
// ends with the event that has it in closed; from the next event on the number may stand for another channel. So
// numbers stay small, however long the stream: below maxOpenChannels and the count of texts in one event together. A
// channel that is still open when the stream ends, ends there.
type piece struct {
	fragments  []fragment // texts that this event adds, in order
	closed     []int      // channels that end with this event, after its fragments; each has had one
	opaque     []string   // places, fit for records, of what no guard can read
	dispatched bool       // clients see an event: it is no comment or blank line
	terminal   bool       // the stream may end after it
	failed     bool       // it is an error event of the upstream's
}

// fragment is a piece of text. It is never empty.
type fragment struct {
	channel int
	value   []byte // UTF-8, whole characters
}

// channel describes a text.
type channel struct {
	kind  Kind
	role  string
	place string // for records: "choices[1].delta.content"; no words of the upstream's are in it
	whole bool   // it opens and closes with one event: the text stands there in full
}
