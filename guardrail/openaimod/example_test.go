package openaimod_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/guardrail/openaimod"
)

func ExampleNew() {
	// In place of https://api.openai.com/v1.
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		question, _ := io.ReadAll(r.Body)
		fmt.Printf("%s\n", question)
		_, _ = io.WriteString(w, `{"results":[{"flagged":false,"categories":{"violence":false}},{"flagged":true,"categories":{"violence":true}}]}`)
	}))
	defer vendor.Close()

	guard, err := openaimod.New(openaimod.Config{
		BaseURL: vendor.URL,
		APIKey:  guardrail.NewAPIKey("openai-key-of-yours"), // os.Getenv("OPENAI_MODERATION_KEY")
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	verdict, err := guard.Check(context.Background(), guardrail.Input{Texts: []guardrail.Text{
		{Role: "user", Value: "Good morning."},
		{Role: "user", Value: "I will hit you."},
	}})
	fmt.Println(verdict.Block, verdict.Matches, err)
	fmt.Println("client: ", verdict.Reason)
	fmt.Println("record: ", verdict.Detail)
	// Output:
	// {"model":"omni-moderation-latest","input":["Good morning.","I will hit you."]}
	// true [1] <nil>
	// client:  The request holds text that a moderation check flagged.
	// record:  flagged for violence
}

// A vendor that answers for fewer texts than it was asked about has given no verdict.
func ExampleNew_missingResult() {
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"results":[{"flagged":false}]}`)
	}))
	defer vendor.Close()
	guard, err := openaimod.New(openaimod.Config{BaseURL: vendor.URL, APIKey: guardrail.NewAPIKey("openai-key-of-yours")})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = guard.Check(context.Background(), guardrail.Input{Texts: []guardrail.Text{{Value: "one"}, {Value: "two"}}})
	fmt.Println(err)
	// Output:
	// openaimod: the reply has 1 results for 2 strings
}
