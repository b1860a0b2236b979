package webhook_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/guardrail/webhook"
)

func ExampleNew() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		question, _ := io.ReadAll(r.Body)
		fmt.Printf("%s %s\n", r.URL.Path, question)
		_, _ = io.WriteString(w, `{"action":"BLOCKED","blocked_reason":"names a customer"}`)
	}))
	defer service.Close()

	guard, err := webhook.New(webhook.Config{
		BaseURL:      service.URL,
		APIKey:       guardrail.NewAPIKey("guard-key-of-yours"),
		RecordReason: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	verdict, err := guard.Check(context.Background(), guardrail.Input{Texts: []guardrail.Text{
		{Role: "user", Value: "What does Acme owe us?"},
	}})
	fmt.Println(verdict.Block, err)
	fmt.Println("client: ", verdict.Reason)
	fmt.Println("record: ", verdict.Detail)
	// Output:
	// /beta/litellm_basic_guardrail_api {"input_type":"request","texts":["What does Acme owe us?"],"request_data":{}}
	// true <nil>
	// client:  The request was blocked by a content check.
	// record:  BLOCKED: names a customer
}

// A key and a conversation do not go over the network in plain HTTP by mistake.
func ExampleNew_plaintext() {
	_, err := webhook.New(webhook.Config{
		BaseURL: "http://guard.internal",
		APIKey:  guardrail.NewAPIKey("guard-key-of-yours"),
	})
	fmt.Println(err)
	// Output:
	// guardrail: webhook.Config.BaseURL "http://guard.internal": would send the key and the texts in plain HTTP; use https, or give the reason in DangerouslyPlaintext
}
