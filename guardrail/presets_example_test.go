package guardrail_test

import (
	"fmt"
	"slices"

	"github.com/headersafe/headersafe/guardrail"
)

// show prints what a rule makes of a body.
func show(rule guardrail.Endpoint, body string) {
	classified, err := rule.Classify([]byte(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range classified {
		switch c.Class {
		case guardrail.ClassText, guardrail.ClassUnlisted, guardrail.ClassReference:
			fmt.Printf("%-9v %v, as %v of %q\n", c.Class, c.Path, c.Kind, c.Role)
		default:
			fmt.Printf("%-9v %v\n", c.Class, c.Path)
		}
	}
}

func find(rules []guardrail.Endpoint, pattern string) *guardrail.Endpoint {
	i := slices.IndexFunc(rules, func(e guardrail.Endpoint) bool { return e.Pattern == pattern })
	return &rules[i]
}

func ExampleAnthropic() {
	messages := find(guardrail.Anthropic(), "POST /v1/messages")
	show(*messages, `{"model": "claude-opus-4-6", "messages": [
		{"role": "user", "content": [{"type": "text", "text": "Hello"}]}
	]}`)
	// Output:
	// not-text  $['model']
	// not-text  $['messages'][0]['role']
	// not-text  $['messages'][0]['content'][0]['type']
	// text      $['messages'][0]['content'][0]['text'], as prompt of "user"
}

// The rules are values, to be changed before New compiles them: here conversations may go on from an earlier response,
// which has passed this route before, while all other references stay refused.
func ExampleOpenAI() {
	rules := guardrail.OpenAI()
	responses := find(rules, "POST /v1/responses")
	body := `{"input": "And then?", "previous_response_id": "resp_1"}`
	show(*responses, body)

	responses.Reference = slices.DeleteFunc(responses.Reference, func(path string) bool {
		return path == "previous_response_id"
	})
	show(*responses, body)
	// Output:
	// text      $['input'], as prompt of "user"
	// reference $['previous_response_id'], as other of ""
	// text      $['input'], as prompt of "user"
	// text      $['previous_response_id'], as other of ""
}

// A rule of one's own, held against a request as a client sends it: the rule has forgotten the hints, which are
// read all the same, and says nothing of what kind they are.
func ExampleEndpoint_Classify() {
	rule := guardrail.Endpoint{
		Pattern: "POST /translate",
		Text:    []guardrail.Selector{{Path: "text", Kind: guardrail.Prompt, Role: "user", Required: true}},
		NotText: []string{"target"},
	}
	show(rule, `{"target": "fr", "text": "Good morning", "hints": ["formal"]}`)
	// Output:
	// not-text  $['target']
	// text      $['text'], as prompt of "user"
	// unlisted  $['hints'], as name of ""
	// unlisted  $['hints'][0], as other of ""
}

// A mistake: NotText that is wider than what the API defines. The type of a message's part is no text, but "type" may be
// the name of anything in a tool's input, which the model reads. Classify shows it before an attacker does.
func ExampleEndpoint_Classify_tooWide() {
	rule := guardrail.Endpoint{
		Pattern: "POST /v1/messages",
		Text:    []guardrail.Selector{{Path: "messages[*].content", Kind: guardrail.Prompt, Required: true}},
		NotText: []string{"$..type"},
	}
	show(rule, `{"messages": [{"content": [{"type": "tool_use", "input": {"type": "delete-all-files"}}]}]}`)
	// Output:
	// not-text  $['messages'][0]['content'][0]['type']
	// unlisted  $['messages'][0]['content'][0]['input'], as name of ""
	// not-text  $['messages'][0]['content'][0]['input']['type']
}
