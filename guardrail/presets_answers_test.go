package guardrail

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// testAnswers checks what becomes of each string of an answer. Those that are no text are left out.
func testAnswers(t *testing.T, preset []Endpoint, cases []presetCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rule := ruleFor(t, preset, c.pattern).Response.endpoint(c.pattern)
			got := slices.DeleteFunc(readings(t, rule, c.body), func(line string) bool { return strings.HasPrefix(line, "not-text") })
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			testWordsAnywhere(t, rule, c.body)
		})
	}
}

func TestAnthropicAnswers(t *testing.T) {
	const errorBody = `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}`
	for _, e := range Anthropic() {
		testAnswers(t, Anthropic(), []presetCase{{"error of " + e.Pattern, e.Pattern, errorBody, []string{"error.message other"}}})
	}
	testAnswers(t, Anthropic(), []presetCase{
		{
			"message", "POST /v1/messages",
			`{"id":"msg_01","type":"message","role":"assistant","model":"claude","content":[
				{"type":"thinking","thinking":"hm","signature":"c2lnbmF0dXJl"},
				{"type":"text","text":"Hello","citations":[{"type":"char_location","cited_text":"a b","document_title":"The doc","document_index":0}]},
				{"type":"tool_use","id":"toolu_1","name":"find","input":{"what next":"x y"}},
				{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"q r"}},
				{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result","title":"T T","url":"https://e.example/","encrypted_content":"ZW5j","page_age":"2 days"}]},
				{"type":"new_block","news":"read all about it"}],
				"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":2,"service_tier":"standard"}}`,
			[]string{
				"content[0].thinking prompt assistant", "sealed content[0].signature",
				"content[1].text prompt assistant", "content[1].citations[0].cited_text document assistant", "content[1].citations[0].document_title document assistant",
				"content[2].name tool-input assistant", "unlisted content[2].input['what next'] name assistant", "content[2].input['what next'] tool-input assistant",
				"content[3].name tool-input assistant", "unlisted content[3].input.query name assistant", "content[3].input.query tool-input assistant",
				"content[4].content[0].title tool-result assistant", "content[4].content[0].url tool-result assistant", "sealed content[4].content[0].encrypted_content",
				"content[4].content[0].page_age tool-result assistant",
				"unlisted content[5].news name assistant", "unlisted content[5].news other assistant",
			},
		},
		{"token count", "POST /v1/messages/count_tokens", `{"input_tokens":5,"context_management":{"original_input_tokens":7}}`, nil},
		{
			"batch", "GET /v1/messages/batches/{message_batch_id}",
			`{"id":"msgbatch_1","type":"message_batch","processing_status":"in_progress","request_counts":{"processing":1,"succeeded":0,"errored":0,"canceled":0,"expired":0},
				"created_at":"2024-09-24T18:37:24.100435Z","expires_at":"2024-09-25T18:37:24.100435Z","ended_at":null,"results_url":"https://api.anthropic.com/v1/messages/batches/msgbatch_1/results"}`,
			nil,
		},
		{
			"batches", "GET /v1/messages/batches",
			`{"data":[{"id":"msgbatch_1","type":"message_batch","processing_status":"ended"}],"has_more":false,"first_id":"msgbatch_1","last_id":"msgbatch_1"}`, nil,
		},
		{
			"models", "GET /v1/models",
			`{"data":[{"id":"claude","type":"model","display_name":"Claude the model","created_at":"2025-02-19T00:00:00Z"}],"has_more":false,"first_id":"a","last_id":"b"}`,
			[]string{"data[0].display_name other"},
		},
		{"completion", "POST /v1/complete", `{"type":"completion","id":"compl_1","completion":"Hello you","stop_reason":"stop_sequence","model":"claude"}`, []string{"completion prompt assistant"}},
	})
}

func TestOpenAIAnswers(t *testing.T) {
	const errorBody = `{"error":{"message":"You exceeded it.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`
	for _, e := range OpenAI() {
		testAnswers(t, OpenAI(), []presetCase{{"error of " + e.Pattern, e.Pattern, errorBody, []string{"error.message other"}}})
	}
	const chat = `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt","choices":[
		{"index":0,"message":{"role":"assistant","content":"Hi there","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"},
		{"index":1,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}]},"finish_reason":"tool_calls"},
		{"index":2,"message":{"role":"assistant","audio":{"id":"audio_1","data":"UklGRg==","transcript":"So said","expires_at":1}},"finish_reason":"stop"}],
		"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2},"service_tier":"default","system_fingerprint":"fp_1"}`
	of := func(at string) []string {
		var lines []string
		for _, line := range []string{
			"%choices[0].message.content prompt assistant", "%choices[1].message.tool_calls[0].function.name tool-input assistant",
			"%choices[1].message.tool_calls[0].function.arguments tool-input assistant", "opaque %choices[2].message.audio.data",
			"%choices[2].message.audio.transcript prompt assistant",
		} {
			lines = append(lines, strings.ReplaceAll(line, "%", at))
		}
		return lines
	}
	testAnswers(t, OpenAI(), []presetCase{
		{"chat", "POST /v1/chat/completions", chat, of("")},
		{"chats", "GET /v1/chat/completions", `{"object":"list","data":[` + chat + `],"first_id":"a","last_id":"b","has_more":false}`, of("data[0].")},
		{
			"completion", "POST /v1/completions", `{"id":"cmpl-1","object":"text_completion","created":1,"model":"gpt","choices":[{"text":"So it goes","index":0,"logprobs":null,"finish_reason":"length"}]}`,
			[]string{"choices[0].text prompt assistant"},
		},
		{
			"response", "POST /v1/responses",
			`{"id":"resp_1","object":"response","created_at":1,"status":"completed","error":null,"model":"gpt","output":[
				{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"thinking it over"}],"encrypted_content":"Z0FB"},
				{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hi there","annotations":[{"type":"url_citation","url":"https://e.example/","title":"T T","start_index":0,"end_index":1}]}]},
				{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"a\": 1}","status":"completed"},
				{"type":"image_generation_call","id":"ig_1","status":"completed","result":"aW1hZ2U="}],
				"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2},"metadata":{}}`,
			[]string{
				"output[0].summary[0].text prompt", "sealed output[0].encrypted_content",
				"output[1].content[0].text prompt assistant", "output[1].content[0].annotations[0].url document assistant",
				"output[1].content[0].annotations[0].title document assistant",
				"output[2].name tool-input", "output[2].arguments tool-input", "opaque output[3].result",
			},
		},
		{
			"an item", "GET /v1/conversations/{conversation_id}/items/{item_id}", `{"type":"message","id":"msg_1","role":"user","status":"completed","content":[{"type":"input_text","text":"Hi there"}]}`,
			[]string{"content[0].text prompt user"},
		},
		{"embedding", "POST /v1/embeddings", `{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAgD8="}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}`, []string{"sealed data[0].embedding"}},
		{
			"moderation", "POST /v1/moderations", `{"id":"modr-1","model":"omni","results":[{"flagged":true,"categories":{"hate":false},"category_scores":{"hate":0.1},"category_applied_input_types":{"hate":["text"]}}]}`, nil,
		},
		{
			"images", "POST /v1/images/generations", `{"created":1,"data":[{"b64_json":"aW1hZ2U=","revised_prompt":"A cat"},{"url":"https://e.example/i.png"}],"size":"1024x1024"}`,
			[]string{"opaque data[0].b64_json", "data[0].revised_prompt prompt assistant", "reference data[1].url other"},
		},
		{"batch", "POST /v1/batches", `{"id":"batch_1","object":"batch","endpoint":"/v1/responses","errors":{"object":"list","data":[{"code":"c","message":"It is so","param":null,"line":1}]},"status":"failed","metadata":{"k k":"v v"}}`,
			[]string{"errors.data[0].message other", "unlisted metadata['k k'] name", "metadata['k k'] other"}},
		{"models", "GET /v1/models", `{"object":"list","data":[{"id":"gpt","object":"model","created":1,"owned_by":"openai"}]}`, nil},
		{"decision", "POST /v1/decisions", `{"model":"m","answers":[{"type":"choice","name":"n n","choice":"it is"}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}`,
			[]string{"answers[0].name prompt assistant", "answers[0].choice prompt assistant"}},
		{"deleted", "DELETE /v1/responses/{response_id}", `{"id":"resp_1","object":"response","deleted":true}`, nil},
		{"conversation", "GET /v1/conversations/{conversation_id}", `{"id":"conv_1","object":"conversation","created_at":1,"metadata":{"a":"b c"}}`, []string{"unlisted metadata.a name", "metadata.a other"}},
	})
}

// Every stream has its table, and every endpoint its rule.
func TestPresetStreams(t *testing.T) {
	got := make(map[string]Stream)
	for _, e := range slices.Concat(Anthropic(), OpenAI()) {
		if len(e.Response.NotText) == 0 && len(e.Response.Names) == 0 {
			t.Errorf("%s has no rule for its answers", e.Pattern)
		}
		if e.Response.Stream != NoStream {
			got[e.Pattern] = e.Response.Stream
		}
	}
	want := map[string]Stream{
		"POST /v1/messages": AnthropicMessageStream, "POST /v1/complete": AnthropicCompletionStream, "POST /v1/chat/completions": OpenAIChatStream,
		"POST /v1/completions": OpenAICompletionStream, "POST /v1/responses": OpenAIResponseStream, "GET /v1/responses/{response_id}": OpenAIResponseStream,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
