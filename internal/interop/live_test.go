package interop

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"

	"github.com/headersafe/headersafe/guardrail"
)

// upstream answers as the vendors do, and says no where a credential is not the one that it should get.
func upstream(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		streams := strings.Contains(string(body), `"stream":true`)
		want := "Bearer " + callerToken
		if strings.Contains(r.URL.Path, "chat") {
			want = "Bearer " + upstreamKey
		}
		if r.Header.Get("Authorization") != want || strings.Contains(fmt.Sprint(r.Header), gatewayKey) {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if streams {
			w.Header().Set("Content-Type", "text/event-stream")
		}
		switch {
		case r.URL.Path == "/v1/messages" && streams:
			for _, event := range []string{
				`{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}`,
				`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
				`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello "}}`,
				`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"there"}}`,
				`{"type":"content_block_stop","index":0}`,
				`{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}`,
				`{"type":"message_stop"}`,
			} {
				kind, _, _ := strings.Cut(strings.TrimPrefix(event, `{"type":"`), `"`)
				fmt.Fprintf(w, "event: %s\ndata: %s\n\n", kind, event)
			}
		case r.URL.Path == "/v1/messages":
			fmt.Fprint(w, `{"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"hello there"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":2}}`)
		case r.URL.Path == "/v1/chat/completions" && streams:
			for _, text := range []string{"hello ", "there"} {
				fmt.Fprintf(w, "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"g\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", text)
			}
			fmt.Fprint(w, "data: [DONE]\n\n")
		case r.URL.Path == "/v1/chat/completions":
			fmt.Fprint(w, `{"id":"c","object":"chat.completion","created":1,"model":"g","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hello there"}}]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// Anthropic's SDK, unchanged but for its base URL and one more field, works through a guarded route, and raises its own
// typed errors for what the gateway refuses.
func TestAnthropicSDK(t *testing.T) {
	client := anthropic.NewClient(
		anthropicoption.WithBaseURL(gateway(t, upstream(t), guardrail.Responses{}, nil)+"/anthropic/"),
		anthropicoption.WithAuthToken(callerToken),
		anthropicoption.WithHeader("X-Gateway-Key", gatewayKey),
		anthropicoption.WithMaxRetries(0),
	)
	ask := func(text string) anthropic.MessageNewParams {
		return anthropic.MessageNewParams{Model: "claude", MaxTokens: 9, Messages: []anthropic.MessageParam{
			anthropic.NewUserMessage(anthropic.NewTextBlock(text)),
		}}
	}
	message, err := client.Messages.New(t.Context(), ask("a good word"))
	if err != nil || len(message.Content) != 1 || message.Content[0].Text != "hello there" {
		t.Errorf("%v %+v", err, message)
	}
	stream := client.Messages.NewStreaming(t.Context(), ask("a good word"))
	var streamed anthropic.Message
	for stream.Next() {
		if err := streamed.Accumulate(stream.Current()); err != nil {
			t.Fatal(err)
		}
	}
	if stream.Err() != nil || len(streamed.Content) != 1 || streamed.Content[0].Text != "hello there" {
		t.Errorf("%v %+v", stream.Err(), streamed)
	}
	_, err = client.Messages.New(t.Context(), ask("a banned word"))
	var typed *anthropic.Error
	if !errors.As(err, &typed) || typed.StatusCode != http.StatusBadRequest || !strings.Contains(err.Error(), "invalid_request_error") {
		t.Errorf("%T %v", err, err)
	}
	_, err = client.Messages.New(t.Context(), ask("a good word"), anthropicoption.WithHeader("X-Gateway-Key", "another-key"))
	if !errors.As(err, &typed) || typed.StatusCode != http.StatusUnauthorized || !strings.Contains(err.Error(), "authentication_error") {
		t.Errorf("%T %v", err, err)
	}
}

// OpenAI's SDK, unchanged but for its base URL: its API key is the gateway's, which is replaced on the way.
func TestOpenAISDK(t *testing.T) {
	client := openai.NewClient(
		openaioption.WithBaseURL(gateway(t, upstream(t), guardrail.Responses{}, nil)+"/openai/v1/"),
		openaioption.WithAPIKey(gatewayKey),
		openaioption.WithMaxRetries(0),
	)
	ask := func(text string) openai.ChatCompletionNewParams {
		return openai.ChatCompletionNewParams{Model: "gpt", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)}}
	}
	completion, err := client.Chat.Completions.New(t.Context(), ask("a good word"))
	if err != nil || len(completion.Choices) != 1 || completion.Choices[0].Message.Content != "hello there" {
		t.Errorf("%v %+v", err, completion)
	}
	stream := client.Chat.Completions.NewStreaming(t.Context(), ask("a good word"))
	var text strings.Builder
	for stream.Next() {
		text.WriteString(stream.Current().Choices[0].Delta.Content)
	}
	if stream.Err() != nil || text.String() != "hello there" {
		t.Errorf("%v %q", stream.Err(), text.String())
	}
	_, err = client.Chat.Completions.New(t.Context(), ask("a banned word"))
	var typed *openai.Error
	if !errors.As(err, &typed) || typed.StatusCode != http.StatusBadRequest || typed.Code != "blocked" {
		t.Errorf("%T %v", err, err)
	}
	_, err = client.Chat.Completions.New(t.Context(), ask("a good word"), openaioption.WithAPIKey("another-key"))
	if !errors.As(err, &typed) || typed.StatusCode != http.StatusUnauthorized {
		t.Errorf("%T %v", err, err)
	}
}
