package interop

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
)

// An sdk is a client's way to ask one endpoint. base is the URL under which the vendor's paths are.
type sdk struct {
	name   string
	prefix string // of the gateway's route
	stream func(t *testing.T, base string, client *http.Client) transcript
	ask    func(t *testing.T, base string, client *http.Client) transcript
}

// transcript is what an SDK made of an answer.
type transcript struct {
	Events   []string // as the SDK keeps them
	Message  string   // what it put together from them, or read whole
	Text     string   // what is said in it
	Complete bool     // it looks as if nothing were missing
	Err      error
}

var sdks = []sdk{
	{name: "anthropic", prefix: "/anthropic/", stream: streamMessage, ask: askMessage},
	{name: "chat", prefix: "/openai/v1/", stream: streamChat, ask: askChat},
	{name: "responses", prefix: "/openai/v1/", stream: streamResponse, ask: askResponse},
}

// base is the URL for the SDK where the vendor's API is at url itself.
func (s sdk) direct(url string) string {
	return url + strings.TrimPrefix(strings.TrimPrefix(s.prefix, "/anthropic"), "/openai")
}

func (s sdk) through(url string) string { return url + s.prefix }

func anthropicClient(base string, client *http.Client) anthropic.Client {
	return anthropic.NewClient(
		anthropicoption.WithBaseURL(base), anthropicoption.WithAuthToken(callerToken), anthropicoption.WithHeader("X-Gateway-Key", gatewayKey),
		anthropicoption.WithMaxRetries(0), anthropicoption.WithHTTPClient(client),
	)
}

func openAIClient(base string, client *http.Client) openai.Client {
	return openai.NewClient(
		openaioption.WithBaseURL(base), openaioption.WithAPIKey(gatewayKey), openaioption.WithMaxRetries(0), openaioption.WithHTTPClient(client),
	)
}

var (
	messageParams = anthropic.MessageNewParams{Model: "claude", MaxTokens: 9, Messages: []anthropic.MessageParam{
		anthropic.NewUserMessage(anthropic.NewTextBlock("a good word")),
	}}
	chatParams     = openai.ChatCompletionNewParams{Model: "gpt", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("a good word")}}
	responseParams = responses.ResponseNewParams{Model: "gpt", Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("a good word")}}
)

func streamMessage(t *testing.T, base string, client *http.Client) transcript {
	t.Helper()
	c := anthropicClient(base, client)
	stream := c.Messages.NewStreaming(t.Context(), messageParams)
	defer stream.Close()
	var got transcript
	var message anthropic.Message
	for stream.Next() {
		got.Events = append(got.Events, stream.Current().RawJSON())
		if err := message.Accumulate(stream.Current()); err != nil {
			t.Fatal(err)
		}
	}
	return got.message(t, message, stream.Err())
}

func (got transcript) message(t *testing.T, message anthropic.Message, err error) transcript {
	t.Helper()
	for _, block := range message.Content {
		got.Text += block.Text + block.Thinking + string(block.Input)
	}
	got.Complete, got.Err = message.StopReason != "", err
	if got.Complete { // half an input can't be encoded
		got.Message = encode(t, message)
	}
	return got
}

func askMessage(t *testing.T, base string, client *http.Client) transcript {
	t.Helper()
	c := anthropicClient(base, client)
	message, err := c.Messages.New(t.Context(), messageParams)
	if err != nil {
		return transcript{Err: err}
	}
	return transcript{}.message(t, *message, nil)
}

func streamChat(t *testing.T, base string, client *http.Client) transcript {
	t.Helper()
	c := openAIClient(base, client)
	stream := c.Chat.Completions.NewStreaming(t.Context(), chatParams)
	defer stream.Close()
	var got transcript
	var acc openai.ChatCompletionAccumulator
	for stream.Next() {
		got.Events = append(got.Events, stream.Current().RawJSON())
		if !acc.AddChunk(stream.Current()) {
			t.Fatalf("the SDK could not add %s", stream.Current().RawJSON())
		}
	}
	return got.chat(t, acc.ChatCompletion, stream.Err())
}

func (got transcript) chat(t *testing.T, completion openai.ChatCompletion, err error) transcript {
	t.Helper()
	for _, choice := range completion.Choices {
		got.Text += choice.Message.Content + choice.Message.Refusal
		for _, call := range choice.Message.ToolCalls {
			got.Text += call.Function.Arguments
		}
		got.Complete = got.Complete || choice.FinishReason != ""
	}
	got.Message, got.Err = encode(t, completion), err
	return got
}

func askChat(t *testing.T, base string, client *http.Client) transcript {
	t.Helper()
	c := openAIClient(base, client)
	completion, err := c.Chat.Completions.New(t.Context(), chatParams)
	if err != nil {
		return transcript{Err: err}
	}
	return transcript{}.chat(t, *completion, nil)
}

func streamResponse(t *testing.T, base string, client *http.Client) transcript {
	t.Helper()
	c := openAIClient(base, client)
	stream := c.Responses.NewStreaming(t.Context(), responseParams)
	defer stream.Close()
	var got transcript
	for stream.Next() {
		event := stream.Current()
		got.Events = append(got.Events, event.RawJSON())
		got.Text += event.Delta
		switch event.Type {
		case "response.completed", "response.failed", "response.incomplete":
			got.Complete, got.Message = true, encode(t, event.Response)
		}
	}
	got.Err = stream.Err()
	return got
}

func askResponse(t *testing.T, base string, client *http.Client) transcript {
	t.Helper()
	c := openAIClient(base, client)
	response, err := c.Responses.New(t.Context(), responseParams)
	if err != nil {
		return transcript{Err: err}
	}
	return transcript{Message: encode(t, response), Text: response.OutputText(), Complete: true}
}

// A tap keeps the bytes of the bodies that a client reads, and reads on where the client wouldn't: an SDK leaves after an error
// or [DONE].
type tap struct {
	mu   sync.Mutex
	read []byte
	// first is closed when anything of a body has come.
	first chan struct{}
}

func newTap() *tap { return &tap{first: make(chan struct{})} }

func (p *tap) client() *http.Client { return &http.Client{Transport: p} }

// wait has an upstream wait until the client has got something.
func (p *tap) wait(r *http.Request) {
	select {
	case <-p.first:
	case <-r.Context().Done():
	}
}

func (p *tap) bytes() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.read)
}

func (p *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		res.Body = &tapped{res.Body, p}
	}
	return res, err
}

type tapped struct {
	io.ReadCloser
	tap *tap
}

func (b *tapped) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.tap.mu.Lock()
	defer b.tap.mu.Unlock()
	if n > 0 && len(b.tap.read) == 0 {
		close(b.tap.first)
	}
	b.tap.read = append(b.tap.read, p[:n]...)
	return n, err
}

// Close waits for the end of the body.
func (b *tapped) Close() error {
	_, err := io.Copy(io.Discard, b)
	return errors.Join(err, b.ReadCloser.Close())
}

// pretty returns JSON with a line for each member, so that a difference can be read.
func pretty(t *testing.T, body string) string {
	t.Helper()
	if body == "" {
		return ""
	}
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	indented, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(indented)
}
