package webhook_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/guardrail/webhook"
	"github.com/headersafe/headersafe/internal/guardhttp/vendortest"
)

func mustNew(t testing.TB, cfg webhook.Config) guardrail.Guard {
	t.Helper()
	cfg.APIKey = guardrail.NewAPIKey(vendortest.Key)
	g, err := webhook.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var input = guardrail.Input{
	Caller: "alice",
	Texts: []guardrail.Text{
		{Role: "system", Kind: guardrail.System, Value: "Be kind."},
		{Role: "user", Kind: guardrail.Prompt, Value: "Hello <all>"},
		{Kind: guardrail.Other, Value: "x"},
	},
}

const pass = `{"action":"NONE"}`

func TestAsksAsDocumented(t *testing.T) {
	const line = "POST /base/beta/litellm_basic_guardrail_api"
	tests := []struct {
		name string
		cfg  webhook.Config
		path string
		want string
	}{
		{"plain", webhook.Config{}, "/base", `{"input_type":"request","texts":["Be kind.","Hello <all>","x"],"request_data":{}}`},
		{"slash", webhook.Config{}, "/base/", `{"input_type":"request","texts":["Be kind.","Hello <all>","x"],"request_data":{}}`},
		{"with the API's path", webhook.Config{}, "/base/beta/litellm_basic_guardrail_api", `{"input_type":"request","texts":["Be kind.","Hello <all>","x"],"request_data":{}}`},
		{
			"all of it", webhook.Config{Messages: true, Caller: true, Params: map[string]any{"threshold": 0.5}}, "/base",
			`{"input_type":"request","texts":["Be kind.","Hello <all>","x"],` +
				`"structured_messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"Hello <all>"},{"role":"user","content":"x"}],` +
				`"request_data":{"user_api_key_user_id":"alice"},"additional_provider_specific_params":{"threshold":0.5}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := vendortest.Serve(t, vendortest.Always(pass))
			tt.cfg.BaseURL = s.URL + tt.path
			v, err := mustNew(t, tt.cfg).Check(t.Context(), input)
			if err != nil || v.Block {
				t.Fatalf("verdict %+v, error %v", v, err)
			}
			requests := s.Requests()
			if len(requests) != 1 || requests[0].Line != line {
				t.Fatalf("requests %+v", requests)
			}
			if diff := cmp.Diff(tt.want, requests[0].Body); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	s := vendortest.Serve(t, vendortest.Always(`{"action":"BLOCKED"}`))
	answer := guardrail.Input{
		Request: input.Texts, Texts: []guardrail.Text{{Role: "assistant", Value: "Well,"}, {Value: "no."}}, Direction: guardrail.DirectionResponse,
	}
	for _, cfg := range []webhook.Config{{Messages: true}, {Messages: true, PerText: true}, {}} {
		cfg.BaseURL = s.URL
		g := mustNew(t, cfg)
		if got := g.Describe().WantsRequest; got != (cfg.Messages && !cfg.PerText) {
			t.Errorf("%+v wants the request: %t", cfg, got)
		}
		if cfg.PerText {
			continue
		}
		v, err := g.Check(t.Context(), answer)
		if err != nil || !v.Block || v.Reason != "The response was blocked by a content check." {
			t.Errorf("verdict %+v, error %v", v, err)
		}
	}
	var bodies []string
	for _, r := range s.Requests() {
		bodies = append(bodies, r.Body)
	}
	want := []string{
		`{"input_type":"response","texts":["Well,","no."],"structured_messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"Hello <all>"},` +
			`{"role":"user","content":"x"},{"role":"assistant","content":"Well,"},{"role":"assistant","content":"no."}],"request_data":{}}`,
		`{"input_type":"response","texts":["Well,","no."],"request_data":{}}`,
	}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}

func TestKeyField(t *testing.T) {
	for field, want := range map[string][2]string{
		"":              {"X-Api-Key", vendortest.Key},
		"x-guard-key":   {"X-Guard-Key", vendortest.Key},
		"authorization": {"Authorization", "Bearer " + vendortest.Key},
	} {
		s := vendortest.Serve(t, vendortest.Always(pass))
		if _, err := mustNew(t, webhook.Config{BaseURL: s.URL, KeyField: field}).Check(t.Context(), input); err != nil {
			t.Fatal(err)
		}
		for _, r := range s.Requests() {
			if got := r.Header.Get(want[0]); got != want[1] {
				t.Errorf("%q: %s is %q, want %q", field, want[0], got, want[1])
			}
		}
	}
}

func TestVerdict(t *testing.T) {
	const generic = "The request was blocked by a content check."
	long := strings.Repeat("é", 200)
	tests := []struct {
		name, reply string
		cfg         webhook.Config
		want        guardrail.Verdict
	}{
		{"NONE", pass, webhook.Config{}, guardrail.Verdict{}},
		{"NONE with texts", `{"action":"NONE","texts":["other"]}`, webhook.Config{}, guardrail.Verdict{}},
		{"BLOCKED", `{"action":"BLOCKED","blocked_reason":"it says Hello"}`, webhook.Config{}, guardrail.Verdict{Block: true, Reason: generic, Detail: "BLOCKED"}},
		{"BLOCKED, recorded", `{"action":"BLOCKED","blocked_reason":"it says\nHello\u202e"}`, webhook.Config{RecordReason: true}, guardrail.Verdict{Block: true, Reason: generic, Detail: "BLOCKED: it says Hello"}},
		{"BLOCKED, public", `{"action":"BLOCKED","blocked_reason":"it says Hello"}`, webhook.Config{PublicReason: true}, guardrail.Verdict{Block: true, Reason: "it says Hello", Detail: "BLOCKED"}},
		{"BLOCKED, public, without one", `{"action":"BLOCKED","blocked_reason":null}`, webhook.Config{PublicReason: true, RecordReason: true}, guardrail.Verdict{Block: true, Reason: generic, Detail: "BLOCKED"}},
		{"BLOCKED at length", `{"action":"BLOCKED","blocked_reason":"x` + long + `"}`, webhook.Config{PublicReason: true}, guardrail.Verdict{Block: true, Reason: "x" + strings.Repeat("é", 127) + "…", Detail: "BLOCKED"}},
		{
			"GUARDRAIL_INTERVENED", `{"action":"GUARDRAIL_INTERVENED","texts":["other"]}`, webhook.Config{},
			guardrail.Verdict{Block: true, Reason: generic, Detail: "GUARDRAIL_INTERVENED: it wants other texts, and bodies are not changed"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := vendortest.Serve(t, vendortest.Always(tt.reply))
			tt.cfg.BaseURL = s.URL
			got, err := mustNew(t, tt.cfg).Check(t.Context(), input)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRepliesThatSayNothing(t *testing.T) {
	for _, reply := range []string{
		`{"action":""}`, `{"action":null}`, `{"action":"none"}`, `{"action":"PASS"}`, `{"action":true}`, `{"Action":"NONE"}`,
		`{"action":"BLOCKED","action":"NONE"}`, `{"action":["NONE"]}`, `{"blocked_reason":"x"}`,
	} {
		s := vendortest.Serve(t, vendortest.Always(reply))
		if v, err := mustNew(t, webhook.Config{BaseURL: s.URL}).Check(t.Context(), input); err == nil {
			t.Errorf("%s: verdict %+v", reply, v)
		}
	}
}

func TestFailures(t *testing.T) {
	vendortest.Failures(t, pass, func(base string, deadline time.Duration, retries int) (bool, error) {
		v, err := mustNew(t, webhook.Config{BaseURL: base, Deadline: deadline, Retries: retries}).Check(t.Context(), input)
		return err == nil && !v.Block, err
	})
}

func TestDescribe(t *testing.T) {
	plain := mustNew(t, webhook.Config{BaseURL: "https://guard.example"}).Describe()
	if plain.Name != "webhook" || plain.Scope != guardrail.WholeConversation {
		t.Errorf("described as %+v", plain)
	}
	other := mustNew(t, webhook.Config{BaseURL: "https://guard.example", Name: "mine", PerText: true, Params: map[string]any{"a": 1}}).Describe()
	if other.Name != "mine" || other.Scope != guardrail.PerText || other.Version == plain.Version {
		t.Errorf("described as %+v", other)
	}
}

func TestNewRefusesMistakes(t *testing.T) {
	_, err := webhook.New(webhook.Config{KeyField: "a b", Params: map[string]any{"f": func() {}}})
	want := []string{"webhook.Config.BaseURL", "webhook.Config.APIKey", "webhook.Config.KeyField", "webhook.Config.Params"}
	got := vendortest.Fields(err, func(err error) string {
		if c, ok := errors.AsType[*guardrail.ConfigError](err); ok {
			return c.Field
		}
		return ""
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields of %v (-want +got):\n%s", err, diff)
	}
}

func TestKeepsNothingOfTheCallers(t *testing.T) {
	s := vendortest.Serve(t, vendortest.Always(pass))
	params := map[string]any{"a": 1}
	g := mustNew(t, webhook.Config{BaseURL: s.URL, Params: params})
	params["a"] = 2
	if _, err := g.Check(t.Context(), input); err != nil {
		t.Fatal(err)
	}
	if body := s.Requests()[0].Body; !strings.Contains(body, `{"a":1}`) {
		t.Errorf("asked with %s", body)
	}
}
