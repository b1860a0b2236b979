package interop

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicpagination "github.com/anthropics/anthropic-sdk-go/packages/pagination"
	anthropicshared "github.com/anthropics/anthropic-sdk-go/shared"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/conversations"
	openaipagination "github.com/openai/openai-go/v3/packages/pagination"
	"github.com/openai/openai-go/v3/responses"
	openaishared "github.com/openai/openai-go/v3/shared"

	"github.com/headersafe/headersafe/guardrail"
)

// openAIError is the envelope of OpenAI's errors, which the SDK opens by hand.
type openAIError struct {
	Error openaishared.ErrorObject `json:"error"`
}

// answer is a type of the SDKs' that is held against an endpoint's rule.
type answer struct {
	pattern string
	name    string // of the golden file
	types   []reflect.Type
}

func types(all ...reflect.Type) []reflect.Type { return all }

var jsonAnswers = []answer{
	{"POST /v1/messages", "anthropic-messages", types(reflect.TypeFor[anthropic.Message](), reflect.TypeFor[anthropic.BetaMessage]())},
	{"POST /v1/messages/count_tokens", "anthropic-count", types(reflect.TypeFor[anthropic.MessageTokensCount](), reflect.TypeFor[anthropic.BetaMessageTokensCount]())},
	{"POST /v1/messages/batches", "anthropic-batch", anthropicBatch},
	{"GET /v1/messages/batches", "anthropic-batch-list", types(
		reflect.TypeFor[anthropicpagination.Page[anthropic.MessageBatch]](), reflect.TypeFor[anthropicpagination.Page[anthropic.BetaMessageBatch]](),
	)},
	{"GET /v1/messages/batches/{message_batch_id}", "anthropic-batch", anthropicBatch},
	{"POST /v1/messages/batches/{message_batch_id}/cancel", "anthropic-batch", anthropicBatch},
	{"DELETE /v1/messages/batches/{message_batch_id}", "anthropic-batch-deleted", types(
		reflect.TypeFor[anthropic.DeletedMessageBatch](), reflect.TypeFor[anthropic.BetaDeletedMessageBatch](),
	)},
	{"GET /v1/models", "anthropic-models", types(
		reflect.TypeFor[anthropicpagination.Page[anthropic.ModelInfo]](), reflect.TypeFor[anthropicpagination.Page[anthropic.BetaModelInfo]](),
	)},
	{"GET /v1/models/{model_id}", "anthropic-model", types(reflect.TypeFor[anthropic.ModelInfo](), reflect.TypeFor[anthropic.BetaModelInfo]())},
	{"POST /v1/complete", "anthropic-complete", types(reflect.TypeFor[anthropic.Completion]())},

	{"POST /v1/chat/completions", "openai-chat", types(reflect.TypeFor[openai.ChatCompletion]())},
	{"POST /v1/chat/completions/{completion_id}", "openai-chat", types(reflect.TypeFor[openai.ChatCompletion]())},
	{"GET /v1/chat/completions", "openai-chat-list", types(reflect.TypeFor[openaipagination.CursorPage[openai.ChatCompletion]]())},
	{"GET /v1/chat/completions/{completion_id}", "openai-chat", types(reflect.TypeFor[openai.ChatCompletion]())},
	{"GET /v1/chat/completions/{completion_id}/messages", "openai-chat-stored", types(reflect.TypeFor[openaipagination.CursorPage[openai.ChatCompletionStoreMessage]]())},
	{"DELETE /v1/chat/completions/{completion_id}", "openai-chat-deleted", types(reflect.TypeFor[openai.ChatCompletionDeleted]())},
	{"POST /v1/responses", "openai-responses", openAIResponse},
	{"GET /v1/responses/{response_id}", "openai-responses", openAIResponse},
	{"POST /v1/responses/{response_id}/cancel", "openai-responses", openAIResponse},
	{"GET /v1/responses/{response_id}/input_items", "openai-input-items", types(
		reflect.TypeFor[openaipagination.CursorPage[responses.ResponseItemUnion]](), reflect.TypeFor[openaipagination.CursorPage[openai.BetaResponseItemUnion]](),
	)},
	{"POST /v1/responses/compact", "openai-compact", types(reflect.TypeFor[responses.CompactedResponse](), reflect.TypeFor[openai.BetaCompactedResponse]())},
	{"POST /v1/responses/input_tokens", "openai-input-tokens", types(reflect.TypeFor[responses.InputTokenCountResponse]())},
	{"POST /v1/conversations", "openai-conversation", types(reflect.TypeFor[conversations.Conversation]())},
	{"POST /v1/conversations/{conversation_id}", "openai-conversation", types(reflect.TypeFor[conversations.Conversation]())},
	{"GET /v1/conversations/{conversation_id}", "openai-conversation", types(reflect.TypeFor[conversations.Conversation]())},
	{"DELETE /v1/conversations/{conversation_id}", "openai-conversation-deleted", types(reflect.TypeFor[conversations.ConversationDeletedResource]())},
	{"POST /v1/conversations/{conversation_id}/items", "openai-item-list", types(reflect.TypeFor[conversations.ConversationItemList]())},
	{"GET /v1/conversations/{conversation_id}/items", "openai-item-page", types(
		reflect.TypeFor[openaipagination.ConversationCursorPage[conversations.ConversationItemUnion]](),
	)},
	{"GET /v1/conversations/{conversation_id}/items/{item_id}", "openai-item", types(reflect.TypeFor[conversations.ConversationItemUnion]())},
	{"DELETE /v1/conversations/{conversation_id}/items/{item_id}", "openai-conversation", types(reflect.TypeFor[conversations.Conversation]())},
	{"POST /v1/completions", "openai-completions", types(reflect.TypeFor[openai.Completion]())},
	{"POST /v1/embeddings", "openai-embeddings", types(reflect.TypeFor[openai.CreateEmbeddingResponse]())},
	{"POST /v1/moderations", "openai-moderations", types(reflect.TypeFor[openai.ModerationNewResponse]())},
	{"POST /v1/images/generations", "openai-images", types(reflect.TypeFor[openai.ImagesResponse]())},
	{"POST /v1/decisions", "openai-decisions", types(reflect.TypeFor[openai.Decision]())},
	{"POST /v1/batches", "openai-batch", types(reflect.TypeFor[openai.Batch]())},
	{"GET /v1/batches/{batch_id}", "openai-batch", types(reflect.TypeFor[openai.Batch]())},
	{"POST /v1/batches/{batch_id}/cancel", "openai-batch", types(reflect.TypeFor[openai.Batch]())},
	{"GET /v1/batches", "openai-batch-list", types(reflect.TypeFor[openaipagination.CursorPage[openai.Batch]]())},
	{"GET /v1/models", "openai-models", types(reflect.TypeFor[openaipagination.Page[openai.Model]]())},
	{"GET /v1/models/{model}", "openai-model", types(reflect.TypeFor[openai.Model]())},
}

var (
	anthropicBatch = types(reflect.TypeFor[anthropic.MessageBatch](), reflect.TypeFor[anthropic.BetaMessageBatch]())
	openAIResponse = types(reflect.TypeFor[responses.Response](), reflect.TypeFor[openai.BetaResponse]())

	anthropicErrors = types(reflect.TypeFor[anthropicshared.ErrorResponse](), reflect.TypeFor[anthropic.BetaErrorResponse]())
	openAIErrors    = types(reflect.TypeFor[openAIError]())
)

// notJSON are the endpoints whose successes are no JSON objects of the SDKs'.
var notJSON = []string{
	"GET /v1/messages/batches/{message_batch_id}/results", // one JSON object a line
	"DELETE /v1/responses/{response_id}",                  // nothing
	"POST /v1/audio/speech",                               // sound
}

// Every rule is held against the answers of its endpoint.
func TestEveryRuleIsTestedWithAnswers(t *testing.T) {
	for _, e := range slices.Concat(guardrail.Anthropic(), guardrail.OpenAI()) {
		tested := slices.ContainsFunc(jsonAnswers, func(a answer) bool { return a.pattern == e.Pattern })
		if !tested && !slices.Contains(notJSON, e.Pattern) {
			t.Errorf("%s: no answer of an SDK is held against it", e.Pattern)
		}
	}
}

// Whatever an SDK can find in an answer is selected or listed, by value and by name; so is what it can find in an error.
func TestNothingIsUnlistedInAnswers(t *testing.T) {
	for _, a := range jsonAnswers {
		t.Run(a.pattern, func(t *testing.T) {
			checkAnswers(t, a.pattern, "answer-"+a.name, a.types)
		})
	}
	for _, e := range guardrail.Anthropic() {
		t.Run("error "+e.Pattern, func(t *testing.T) { checkAnswers(t, e.Pattern, "answer-anthropic-error", anthropicErrors) })
	}
	for _, e := range guardrail.OpenAI() {
		t.Run("error "+e.Pattern, func(t *testing.T) { checkAnswers(t, e.Pattern, "answer-openai-error", openAIErrors) })
	}
}

// ruleOf returns the rule of the vendor whose SDK has the type: some patterns are the same with both.
func ruleOf(t *testing.T, pattern string, of reflect.Type) guardrail.Endpoint {
	t.Helper()
	preset := guardrail.OpenAI()
	if strings.Contains(of.PkgPath(), "anthropics/") {
		preset = guardrail.Anthropic()
	}
	at := slices.IndexFunc(preset, func(e guardrail.Endpoint) bool { return e.Pattern == pattern })
	if at < 0 {
		t.Fatalf("no rule for %q", pattern)
	}
	return preset[at]
}

func checkAnswers(t *testing.T, pattern, name string, all []reflect.Type) {
	t.Helper()
	rule := ruleOf(t, pattern, all[0])
	found := findings{}
	for _, of := range all {
		for _, v := range answers(of) {
			found.check(t, rule.Response.Classify, []byte(encode(t, v)))
		}
	}
	for _, fault := range sorted(found.faults) {
		t.Error(fault)
	}
	golden(t, name, sorted(found.lines))
}

// What stands in the place of any string of an answer is read, and so is what stands beside it.
func TestNothingIsUnreadInAnswers(t *testing.T) {
	nothing := func(string) bool { return false }
	for _, a := range jsonAnswers {
		t.Run(a.pattern, func(t *testing.T) {
			for _, of := range a.types {
				rule := ruleOf(t, a.pattern, of)
				for _, v := range answers(of) {
					for where, p := range planted(v, nothing) {
						body := encode(t, p.value)
						got := listenTo(t, rule, "application/json", body)
						if got.status != http.StatusOK || got.body != body {
							t.Errorf("%v, texts %s: %d %.300s", of, where, got.status, got.body)
							continue
						}
						for _, at := range p.planter.unheard(got.heard) {
							t.Errorf("%v, texts %s: unread: %s", of, where, generalize(at))
						}
					}
				}
			}
		})
	}
}
