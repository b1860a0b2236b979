package headerpolicy_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/headersafe/headersafe/headerpolicy"
)

func ExampleAnthropic() {
	policy, err := headerpolicy.New(headerpolicy.Anthropic().With(headerpolicy.WebSocket()))
	if err != nil {
		log.Fatal(err)
	}
	decision, err := policy.Request(context.Background(), headerpolicy.RequestInput{
		Header: http.Header{
			"Authorization":            {"Bearer sk-ant-oat01-…"},
			"Anthropic-Beta":           {"claude-code-20250219"},
			"X-Claude-Code-Session-Id": {"4b1f0a52"},
			"X-Stainless-Lang":         {"js"},
			"Api-Key":                  {"another provider's"},
		},
		RawQuery: "beta=true",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(decision)
	// Output:
	// Anthropic-Beta            forwarded
	// Api-Key                   dropped: not named
	// Authorization             forwarded
	// X-Claude-Code-Session-Id  forwarded
	// X-Stainless-Lang          forwarded
}

// A caller's Authorization never reaches OpenAI: the preset names no credential, and the gateway sets its own.
func ExampleOpenAI() {
	policy, err := headerpolicy.New(headerpolicy.OpenAI().With(headerpolicy.Config{Request: headerpolicy.Request{
		Set: []headerpolicy.Set{{Name: "Authorization", Value: headerpolicy.Secret("sk-gateway-0123456789").WithScheme("Bearer")}},
	}}))
	if err != nil {
		log.Fatal(err)
	}
	decision, err := policy.Request(context.Background(), headerpolicy.RequestInput{Header: http.Header{
		"Authorization":       {"Bearer sk-ant-oat01-…"},
		"Openai-Beta":         {"responses=experimental"},
		"Openai-Organization": {"org-of-somebody-else"},
		"Session_id":          {"019a9544"},
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(decision)
	// Output:
	// Authorization        set
	// Openai-Beta          forwarded
	// Openai-Organization  dropped: not named
	// Session_id           forwarded
}

func ExampleGemini() {
	policy, err := headerpolicy.New(headerpolicy.Gemini())
	if err != nil {
		log.Fatal(err)
	}
	_, err = policy.Request(context.Background(), headerpolicy.RequestInput{
		Header:   http.Header{"X-Goog-Api-Client": {"google-genai-sdk/1.30.0"}},
		RawQuery: "alt=sse&key=AIza…",
	})
	fmt.Println(err)
	_, err = policy.Request(context.Background(), headerpolicy.RequestInput{
		Header:   http.Header{"X-Goog-Api-Key": {"AIza…"}},
		RawQuery: "alt=sse",
	})
	fmt.Println(err)
	// Output:
	// headerpolicy: A credential for the upstream is missing: X-Goog-Api-Key or Authorization. (missing-credential)
	// <nil>
}

func ExampleWebSocket() {
	policy, err := headerpolicy.New(headerpolicy.WebSocket())
	if err != nil {
		log.Fatal(err)
	}
	_, err = policy.Request(context.Background(), headerpolicy.RequestInput{Header: http.Header{
		"Sec-Websocket-Protocol": {"realtime, openai-insecure-api-key.sk-…"},
	}})
	fmt.Println(err)
	// Output: headerpolicy: The field Sec-Websocket-Protocol holds a credential or a tenant, which must be sent in a field of its own. (credential-in-disguise)
}
