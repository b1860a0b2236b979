package fakeupstream_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/headersafe/headersafe/examples/internal/fakeupstream"
)

// The upstream shows that a field which should have stayed at the gateway got through.
func ExampleAnthropic() {
	request := httptest.NewRequest(http.MethodPost, "/v1/messages",
		strings.NewReader(`{"model":"claude","max_tokens":8,"stream":true,"messages":[{"role":"user","content":"hi"}]}`))
	request.Header.Set("X-Api-Key", "sk-ant-api03-0123456789abcdefghij")
	request.Header.Set("Anthropic-Version", "2023-06-01")
	request.Header.Set("X-Gateway-Key", "the-gateway's-own-key")

	answer := httptest.NewRecorder()
	fakeupstream.Anthropic().ServeHTTP(answer, request)
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if event, ok := strings.CutPrefix(lines.Text(), "event: "); ok && event != "content_block_delta" {
			fmt.Println(event)
		}
		if strings.Contains(lines.Text(), `"X-Gateway-Key":`) {
			fmt.Println("… with the gateway's key")
		}
	}
	// Output:
	// message_start
	// … with the gateway's key
	// content_block_start
	// ping
	// content_block_stop
	// message_delta
	// message_stop
}

func ExampleOpenAI() {
	request := httptest.NewRequest(http.MethodPost, "/v1/embeddings", strings.NewReader(`{"model":"m","input":"hi"}`))
	answer := httptest.NewRecorder()
	fakeupstream.OpenAI().ServeHTTP(answer, request)
	fmt.Println("without a key:", answer.Code)
	// Output: without a key: 401
}

func ExampleMask() {
	fmt.Println(fakeupstream.Mask("Bearer sk-ant-oat01-0123456789abcdefghij"))
	// Output: Bearer sk-ant-oat… (sha256 4bb03833)
}
