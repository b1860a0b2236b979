package guardrail

import (
	"context"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// Guard reads texts and gives a verdict on them. It must be safe for concurrent use, must honour ctx, and must
// neither change nor keep what it is given. An error, a panic, and a deadline that passes all block the request.
type Guard interface {
	// Describe says who the guard is. It is called once, when a Guardrail is made.
	Describe() Description
	// Check judges the texts. It is called only with at least one text.
	Check(ctx context.Context, in Input) (Verdict, error)
}

// Description is what a guardrail needs to know of a guard.
type Description struct {
	// Name is unique among the guards of a guardrail. It goes into the record; the client never sees it.
	Name string
	// Scope says what a verdict rests on.
	Scope Scope
	// Version changes with everything that could change a verdict: rules, thresholds, model. Cached verdicts are
	// kept apart by it. It must hold no secret.
	Version string
	// WantsRequest has the guard shown the request's texts, too, when it judges an answer: as [Input].Request. It is for
	// guards of scope [WholeConversation]. What was read of the request then stays in memory until the answer has ended.
	WantsRequest bool
}

// Scope says what a guard's verdict rests on, and so whether it can be kept.
type Scope uint8

const (
	// PerText guards judge each text for itself, by its value, kind and role, the caller and the endpoint, whatever
	// stands beside it. A text that passed once need not be shown again: their verdicts are cached, and a
	// conversation that grows costs only what is new.
	PerText Scope = iota
	// WholeConversation guards judge all the texts together, and are shown all of them each time.
	WholeConversation
)

// Input is what a guard is shown.
type Input struct {
	Texts     []Text    // in the order of the document or stream; for a PerText guard, only those not judged before
	Request   []Text    // of an answer's request, where [Description].WantsRequest is set
	Caller    string    // the caller's ID; empty if anonymous
	Endpoint  string    // the pattern of the rule
	Direction Direction // whether the texts are a request's or an answer's
}

// Direction says which way texts go.
type Direction uint8

// The directions.
const (
	DirectionRequest  Direction = iota // to the upstream
	DirectionResponse                  // to the client
)

// String returns "request" or "response".
func (d Direction) String() string {
	if d == DirectionResponse {
		return "response"
	}
	return "request"
}

// MarshalText returns [Direction.String].
func (d Direction) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Text is one string that the upstream, or the client, would read.
type Text struct {
	Role  string // whose it is: "user", "assistant", "system", "tool", "developer"; empty if unknown
	Value string // unescaped
	Kind  Kind

	node jsonscan.Node
	doc  *document
}

// Path returns where the text stands, an RFC 9535 normalized path such as $['messages'][0]['content']; of a [Name], the
// path of the member; of a text in an event stream, its place in the events: choices[0].delta.content. It is empty if
// the text does not come from a Guardrail, and after the guard has returned. Names in it are the client's own words.
func (t Text) Path() string { return t.place().path() }

func (t Text) place() place { return place{t.doc, t.node} }

// Kind says what a text is for.
type Kind uint8

// The kinds of texts.
const (
	Other          Kind = iota // not known to the endpoint's rule; read all the same
	Prompt                     // what is said in a conversation, or to be completed or embedded
	System                     // instructions of the operator or developer
	ToolDefinition             // names, descriptions and schemas of tools
	ToolInput                  // arguments of a tool call
	ToolResult                 // what a tool returned
	Document                   // a document or search result, its title and context
	Name                       // the name of an object's member that the rule does not know
)

var kindNames = [...]string{"other", "prompt", "system", "tool-definition", "tool-input", "tool-result", "document", "name"}

// String returns the kind in lower case, with hyphens.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// MarshalText returns [Kind.String].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Verdict is what a guard says of its input. The zero Verdict lets it pass.
type Verdict struct {
	Block bool
	// Reason is public: the client sees it. It should say what kind of thing was found, and neither where nor how.
	Reason string
	// Detail is private: it goes into the record. It must not repeat the text.
	Detail string
	// Matches are indexes into Input.Texts: what the verdict rests on. Empty means all of them.
	Matches []int
}
