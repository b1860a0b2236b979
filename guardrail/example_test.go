package guardrail_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/headersafe/headersafe/guardrail"
)

// words is a guard of one's own.
type words struct{ banned string }

func (w words) Describe() guardrail.Description {
	return guardrail.Description{Name: "words", Scope: guardrail.PerText, Version: w.banned}
}

func (w words) Check(_ context.Context, in guardrail.Input) (guardrail.Verdict, error) {
	for i, text := range in.Texts {
		if strings.Contains(strings.ToLower(text.Value), w.banned) {
			return guardrail.Verdict{Block: true, Reason: "it names the project", Matches: []int{i}}, nil
		}
	}
	return guardrail.Verdict{}, nil
}

// upstream stands for whatever the guardrail is put in front of.
var upstream = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "the upstream got %d bytes", len(body))
})

func post(h http.Handler, path, body string) {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
}

func Example() {
	guard, err := guardrail.New(guardrail.Config{
		Endpoints: guardrail.Anthropic(),
		Guards:    []guardrail.Guard{words{"bluebird"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	h := guard.Wrap(upstream)
	post(h, "/v1/messages", `{"model":"m","messages":[{"role":"user","content":"hello"}]}`)
	post(h, "/v1/messages", `{"model":"m","messages":[{"role":"user","content":[
		{"type":"tool_result","tool_use_id":"t","content":"what is \u0042luebird?"}]}]}`)
	// Output:
	// 200 the upstream got 60 bytes
	// 400 {"title":"Bad Request","status":400,"detail":"The request was blocked: it names the project","code":"blocked"}
}

// The mistake: a selector that finds nothing in what clients send. Elsewhere the request would pass unread; here the
// text is read all the same, as of a kind that the rule doesn't know, and a required selector refuses the request.
func Example_mistake() {
	for _, required := range []bool{false, true} {
		guard, err := guardrail.New(guardrail.Config{
			Endpoints: []guardrail.Endpoint{{
				Pattern: "POST /v1/messages",
				Text:    []guardrail.Selector{{Path: "messages[*].text", Kind: guardrail.Prompt, Required: required}},
			}},
			Guards: []guardrail.Guard{words{"bluebird"}},
		})
		if err != nil {
			log.Fatal(err)
		}
		post(guard.Wrap(upstream), "/v1/messages", `{"messages":[{"role":"user","content":"what is Bluebird?"}]}`)
	}
	// Output:
	// 400 {"title":"Bad Request","status":400,"detail":"The request was blocked: it names the project","code":"blocked"}
	// 400 {"title":"Bad Request","status":400,"detail":"The request's body lacks text where this endpoint must have some.","code":"nothing-to-inspect"}
}

// All mistakes in a configuration are reported at once.
func ExampleNew() {
	_, err := guardrail.New(guardrail.Config{
		Endpoints: []guardrail.Endpoint{{Pattern: "POST /v1/messages", NotText: []string{"messages[*"}}},
		Guards:    []guardrail.Guard{guardrail.FailOpen(words{"bluebird"}, "")},
	})
	for _, line := range strings.Split(err.Error(), "\n") {
		fmt.Println(line)
	}
	// Output:
	// guardrail: Endpoints[0].NotText[0] "messages[*": is no RFC 9535 path: jsonpath "messages[*": offset 10: syntax: a comma or ] must follow a selector, not the end
	// guardrail: Guards[0] "words": fails open without a reason: write down why
}

// Texts shows what a rule makes of a body, without any guard.
func ExampleGuardrail_Texts() {
	guard, err := guardrail.New(guardrail.Config{
		Endpoints: []guardrail.Endpoint{{
			Pattern: "POST /v1/ask",
			Text:    []guardrail.Selector{{Path: "question", Kind: guardrail.Prompt, Role: "user", Required: true}},
			NotText: []string{"id"},
			Names:   []string{"options"},
		}},
		Guards: []guardrail.Guard{words{"bluebird"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	texts, err := guard.Texts("POST", "/v1/ask", "application/json",
		[]byte(`{"id":"q-1","question":["why?","how?"],"options":{"tone":"warm"}}`))
	for _, text := range texts {
		fmt.Printf("%-24s %-6s %-5s %s\n", text.Path(), text.Kind, text.Role, text.Value)
	}
	fmt.Println(err)
	// Output:
	// $['question'][0]         prompt user  why?
	// $['question'][1]         prompt user  how?
	// $['options']['tone']     name         tone
	// $['options']['tone']     other        warm
	// <nil>
}

// EveryString is the mode for any JSON API, without rules.
func ExampleEveryString() {
	guard, err := guardrail.New(guardrail.Config{
		Endpoints: guardrail.EveryString("POST /v1/{anything...}"),
		Guards:    []guardrail.Guard{words{"bluebird"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	post(guard.Wrap(upstream), "/v1/some/endpoint", `{"deep":[{"down":{"Bluebird":1}}]}`)
	post(guard.Wrap(upstream), "/v1/some/endpoint", `{"x":1,"x":2}`)
	// Output:
	// 400 {"title":"Bad Request","status":400,"detail":"The request was blocked: it names the project","code":"blocked"}
	// 400 {"title":"Bad Request","status":400,"detail":"The request's body is not JSON that can be read in one way only: json refused at offset 7: duplicate name.","code":"ambiguous-json"}
}

// down is a guard whose vendor cannot be reached.
type down struct{}

func (down) Describe() guardrail.Description { return guardrail.Description{Name: "vendor"} }

func (down) Check(context.Context, guardrail.Input) (guardrail.Verdict, error) {
	return guardrail.Verdict{}, fmt.Errorf("503 from the vendor")
}

// A guard without a verdict blocks, unless it was written down that it need not.
func ExampleFailOpen() {
	for _, guard := range []guardrail.Guard{
		down{},
		guardrail.FailOpen(down{}, "on trial until its vendor has a second region"),
	} {
		g, err := guardrail.New(guardrail.Config{Endpoints: guardrail.EveryString("POST /"), Guards: []guardrail.Guard{guard}})
		if err != nil {
			log.Fatal(err)
		}
		post(g.Wrap(upstream), "/", `"hello"`)
	}
	// Output:
	// 503 {"title":"Service Unavailable","status":503,"detail":"The gateway cannot check requests at the moment.","code":"guard-unavailable"}
	// 200 the upstream got 7 bytes
}

// Options are put around a guard.
func ExampleWithDeadline() {
	guard := guardrail.WithDeadline(words{"bluebird"}, 2*time.Second)
	verdict, err := guard.Check(context.Background(), guardrail.Input{Texts: []guardrail.Text{{Value: "Bluebird"}}})
	fmt.Println(verdict.Block, err)
	// Output: true <nil>
}

// Alongside the upstream, a guard costs no time, and still not a byte of the answer is released before its verdict.
func ExampleInMode() {
	g, err := guardrail.New(guardrail.Config{
		Endpoints: guardrail.EveryString("POST /"),
		Guards:    []guardrail.Guard{guardrail.InMode(words{"bluebird"}, guardrail.Alongside)},
	})
	if err != nil {
		log.Fatal(err)
	}
	post(g.Wrap(upstream), "/", `"Bluebird"`)
	// Output:
	// 400 {"title":"Bad Request","status":400,"detail":"The request was blocked: it names the project","code":"blocked"}
}

// A Budget can be shared, and watched.
func ExampleBudget() {
	budget := guardrail.NewBudget(64 << 20)
	_, err := guardrail.New(guardrail.Config{
		Endpoints: guardrail.EveryString("POST /"),
		Guards:    []guardrail.Guard{words{"bluebird"}},
		Budget:    budget,
	})
	fmt.Println(budget.InUse(), err)
	// Output: 0 <nil>
}

// A route without a guardrail can be told from one whose guardrail has mistakes.
func ExampleConfig_IsZero() {
	fmt.Println(guardrail.Config{}.IsZero(), guardrail.Config{MaxBody: 1 << 20}.IsZero())
	// Output: true false
}
