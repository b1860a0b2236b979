package interop

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/google/go-cmp/cmp"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/conversations"
	"github.com/openai/openai-go/v3/responses"

	"github.com/headersafe/headersafe/guardrail"
)

var update = flag.Bool("update", false, "write the golden files")

// request is a type of the SDKs that is held against a rule.
type request struct {
	pattern string
	name    string // of the golden file
	params  reflect.Type
}

var requests = []request{
	{"POST /v1/messages", "anthropic-messages", reflect.TypeFor[anthropic.MessageNewParams]()},
	{"POST /v1/messages", "anthropic-messages-beta", reflect.TypeFor[anthropic.BetaMessageNewParams]()},
	{"POST /v1/messages/count_tokens", "anthropic-count", reflect.TypeFor[anthropic.MessageCountTokensParams]()},
	{"POST /v1/messages/count_tokens", "anthropic-count-beta", reflect.TypeFor[anthropic.BetaMessageCountTokensParams]()},
	{"POST /v1/messages/batches", "anthropic-batches", reflect.TypeFor[anthropic.MessageBatchNewParams]()},
	{"POST /v1/messages/batches", "anthropic-batches-beta", reflect.TypeFor[anthropic.BetaMessageBatchNewParams]()},
	{"POST /v1/complete", "anthropic-complete", reflect.TypeFor[anthropic.CompletionNewParams]()},
	{"POST /v1/chat/completions", "openai-chat", reflect.TypeFor[openai.ChatCompletionNewParams]()},
	{"POST /v1/chat/completions/{completion_id}", "openai-chat-update", reflect.TypeFor[openai.ChatCompletionUpdateParams]()},
	{"POST /v1/responses", "openai-responses", reflect.TypeFor[responses.ResponseNewParams]()},
	{"POST /v1/responses", "openai-responses-beta", reflect.TypeFor[openai.BetaResponseNewParams]()},
	{"POST /v1/responses/compact", "openai-compact", reflect.TypeFor[responses.ResponseCompactParams]()},
	{"POST /v1/responses/input_tokens", "openai-input-tokens", reflect.TypeFor[responses.InputTokenCountParams]()},
	{"POST /v1/conversations", "openai-conversations", reflect.TypeFor[conversations.ConversationNewParams]()},
	{"POST /v1/conversations/{conversation_id}", "openai-conversations-update", reflect.TypeFor[conversations.ConversationUpdateParams]()},
	{"POST /v1/conversations/{conversation_id}/items", "openai-items", reflect.TypeFor[conversations.ItemNewParams]()},
	{"POST /v1/decisions", "openai-decisions", reflect.TypeFor[openai.DecisionNewParams]()},
	{"POST /v1/completions", "openai-completions", reflect.TypeFor[openai.CompletionNewParams]()},
	{"POST /v1/embeddings", "openai-embeddings", reflect.TypeFor[openai.EmbeddingNewParams]()},
	{"POST /v1/moderations", "openai-moderations", reflect.TypeFor[openai.ModerationNewParams]()},
	{"POST /v1/audio/speech", "openai-speech", reflect.TypeFor[openai.AudioSpeechNewParams]()},
	{"POST /v1/images/generations", "openai-images", reflect.TypeFor[openai.ImageGenerateParams]()},
	{"POST /v1/batches", "openai-batches", reflect.TypeFor[openai.BatchNewParams]()},
}

// Every rule that has a body is held against a request of the SDKs.
func TestEveryRuleIsTested(t *testing.T) {
	for _, e := range slices.Concat(guardrail.Anthropic(), guardrail.OpenAI()) {
		tested := slices.ContainsFunc(requests, func(r request) bool { return r.pattern == e.Pattern })
		if !e.NoBody && !tested {
			t.Errorf("%s: no request of an SDK is held against it", e.Pattern)
		}
	}
}

// Whatever an SDK can put into a request is selected or listed, by value and by name.
func TestNothingIsUnlisted(t *testing.T) {
	for _, r := range requests {
		t.Run(r.name, func(t *testing.T) {
			endpoint := endpointOf(t, r.pattern)
			filled, err := bodies(r.params)
			if err != nil {
				t.Fatal(err)
			}
			found := findings{}
			for _, body := range filled {
				found.check(t, endpoint.Classify, body)
			}
			for _, fault := range sorted(found.faults) {
				t.Error(fault)
			}
			golden(t, r.name, sorted(found.lines))
		})
	}
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

func endpointOf(t *testing.T, pattern string) guardrail.Endpoint {
	t.Helper()
	for _, e := range slices.Concat(guardrail.Anthropic(), guardrail.OpenAI()) {
		if e.Pattern == pattern {
			return e
		}
	}
	t.Fatalf("no preset has a rule for %q", pattern)
	return guardrail.Endpoint{}
}

// findings are what came of classifying bodies: one line for each string, and one for each fault.
type findings struct{ lines, faults map[string]bool }

func (f *findings) note(set *map[string]bool, format string, args ...any) {
	if *set == nil {
		*set = map[string]bool{}
	}
	(*set)[fmt.Sprintf(format, args...)] = true
}

func (f *findings) check(t *testing.T, classify func([]byte) ([]guardrail.Classified, error), body []byte) {
	t.Helper()
	var document any
	if err := json.Unmarshal(body, &document); err != nil {
		t.Fatal(err)
	}
	left := map[string]string{} // what is still to be accounted for: values by path
	var free []string           // where the names are the user's
	leaves("$", document, left, &free)
	classified, err := classify(body)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range classified {
		general := generalize(c.Path)
		users := slices.ContainsFunc(free, func(path string) bool { return strings.HasPrefix(c.Path, path) })
		if c.Kind == guardrail.Name {
			if !users && !strings.HasSuffix(general, "[any]") {
				f.note(&f.faults, "the rule doesn't know the name %s", general)
			}
			continue
		}
		value := left[c.Path]
		switch {
		case c.Class == guardrail.ClassUnlisted:
			f.note(&f.faults, "unlisted: %s", general)
		case users && isMarker(value) && c.Class != guardrail.ClassText && c.Class != guardrail.ClassRefused:
			f.note(&f.faults, "%v, although it is the user's to fill: %s", c.Class, general)
		}
		delete(left, c.Path)
		if c.Class == guardrail.ClassRefused { // and all that is below
			maps.DeleteFunc(left, func(path, _ string) bool { return strings.HasPrefix(path, c.Path+"[") })
		}
		if !users {
			f.note(&f.lines, "%s", describe(general, c))
		}
	}
	for path, value := range left {
		if value != "" {
			f.note(&f.faults, "not accounted for: %s", path)
		}
	}
}

// leaves collects the strings at and below v by their normalized paths, and the paths of objects whose members are free.
func leaves(path string, v any, into map[string]string, free *[]string) {
	switch v := v.(type) {
	case string:
		into[path] = v
	case []any:
		for i, e := range v {
			leaves(fmt.Sprintf("%s[%d]", path, i), e, into, free)
		}
	case map[string]any:
		if _, ok := v["free"]; ok {
			*free = append(*free, path+"[")
		}
		for name, e := range v {
			leaves(fmt.Sprintf("%s['%s']", path, name), e, into, free)
		}
	}
}

var (
	indexStep  = regexp.MustCompile(`\[\d+\]`)
	markerStep = regexp.MustCompile(`\['mk\d{6}'\]`)
	nameStep   = regexp.MustCompile(`\['([^']*)'\]`)
)

// generalize returns a normalized path with its indexes and made-up names left out.
func generalize(path string) string {
	path = indexStep.ReplaceAllString(path, "[*]")
	path = markerStep.ReplaceAllString(path, "[any]")
	path = nameStep.ReplaceAllString(path, ".$1")
	return strings.TrimPrefix(path, "$.")
}

func describe(general string, c guardrail.Classified) string {
	switch c.Class {
	case guardrail.ClassText, guardrail.ClassReference, guardrail.ClassUnlisted:
		role := c.Role
		switch {
		case isMarker(role):
			role = "(its own)"
		case role == "":
			role = "-"
		}
		return fmt.Sprintf("%-9v %-15v %-9s %s", c.Class, c.Kind, role, general)
	}
	return fmt.Sprintf("%-9v %-15s %-9s %s", c.Class, "", "", general)
}

func golden(t *testing.T, name string, lines []string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got), to be looked through before -update:\n%s", path, diff)
	}
}
