package guardrail_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/headersafe/headersafe/guardrail"
)

// An answer that says what it must not say is replaced by a denial, which does not repeat it.
func ExampleResponses() {
	words, err := guardrail.Patterns("words", `(?i)project bluebird`)
	if err != nil {
		log.Fatal(err)
	}
	guard, err := guardrail.New(guardrail.Config{
		Endpoints: guardrail.Anthropic(),
		Guards:    []guardrail.Guard{words},
		Responses: guardrail.Responses{Guards: []guardrail.Guard{words}, Mode: guardrail.Window},
	})
	if err != nil {
		log.Fatal(err)
	}
	upstream := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"type":"message","role":"assistant","content":[{"type":"text","text":"Project Bluebird ships in May."}]}`)
	})

	r := httptest.NewRequest("POST", "/v1/messages", strings.NewReader(`{"messages":[{"role":"user","content":"What ships in May?"}]}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	guard.Wrap(upstream).ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output:
	// 400 {"title":"Bad Request","status":400,"detail":"The response was blocked: The response holds text that matches a pattern that is not allowed.","code":"blocked"}
}

// The mode is a decision to take: what a reader waits for, and what may have been read when a verdict comes.
func ExampleResponses_mistakes() {
	words, err := guardrail.Patterns("words", "bluebird")
	if err != nil {
		log.Fatal(err)
	}
	_, err = guardrail.New(guardrail.Config{
		Endpoints: guardrail.OpenAI(),
		Guards:    []guardrail.Guard{words},
		Responses: guardrail.Responses{Guards: []guardrail.Guard{guardrail.InMode(words, guardrail.Alongside)}},
	})
	fmt.Println(err)
	// Output:
	// guardrail: Responses.Guards[0] "words": is in mode alongside, which is for requests: the answer is there already
	// guardrail: Responses.Mode "block": is none of Hold, Window and Observe: say which, there is no default
}

// What a rule makes of an answer: nothing of it is passed over but what says nothing.
func ExampleResponse_Classify() {
	rule := guardrail.Response{
		Text:    []guardrail.Selector{{Path: "answer", Kind: guardrail.Prompt, Role: "assistant"}},
		NotText: []string{"id"},
	}
	classified, err := rule.Classify([]byte(`{"id":"a-1","answer":"It is.","note":"Ask again."}`))
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range classified {
		fmt.Println(c.Path, c.Class)
	}
	// Output:
	// $['id'] not-text
	// $['answer'] text
	// $['note'] unlisted
	// $['note'] unlisted
}
