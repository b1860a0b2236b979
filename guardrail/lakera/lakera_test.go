package lakera_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/guardrail/lakera"
	"github.com/headersafe/headersafe/internal/guardhttp/vendortest"
)

const (
	pass = `{"flagged":false,"breakdown":[{"project_id":"p","policy_id":"q","detector_id":"d","detector_type":"prompt_attack","detected":false}],"metadata":{"request_uuid":"u"}}`
	flag = `{"flagged":true,"breakdown":[{"detector_type":"prompt_attack","detected":true},{"detector_type":"pii/email","detected":true},{"detector_type":"pii/name","detected":false}]}`
)

func mustNew(t testing.TB, cfg lakera.Config) guardrail.Guard {
	t.Helper()
	cfg.APIKey = guardrail.NewAPIKey(vendortest.Key)
	g, err := lakera.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var conversation = []guardrail.Text{
	{Role: "system", Kind: guardrail.System, Value: "Be kind."},
	{Role: "", Kind: guardrail.ToolDefinition, Value: "read_file"},
	{Role: "developer", Kind: guardrail.Prompt, Value: "Be brief."},
	{Role: "user", Kind: guardrail.Prompt, Value: "Hello <all>,"},
	{Role: "user", Kind: guardrail.Prompt, Value: "read it."},
	{Role: "assistant", Kind: guardrail.Prompt, Value: "Reading."},
	{Role: "assistant", Kind: guardrail.ToolInput, Value: "/etc/motd"},
	{Role: "user", Kind: guardrail.ToolResult, Value: "Welcome"},
	{Role: "critic", Kind: guardrail.Prompt, Value: "Hm."},
	{Role: "", Kind: guardrail.Other, Value: "x"},
	{Role: "", Kind: guardrail.Document, Value: "y"},
	{Role: "tool", Kind: guardrail.Prompt, Value: "z"},
}

func TestAsksAsDocumented(t *testing.T) {
	s := vendortest.Serve(t, vendortest.Always(pass))
	g := mustNew(t, lakera.Config{BaseURL: s.URL, ProjectID: "project-1"})
	v, err := g.Check(t.Context(), guardrail.Input{Texts: conversation, Caller: "alice"})
	if err != nil || v.Block {
		t.Fatalf("verdict %+v, error %v", v, err)
	}
	requests := s.Requests()
	if len(requests) != 1 || requests[0].Line != "POST /v2/guard" || requests[0].Header.Get("Authorization") != "Bearer "+vendortest.Key {
		t.Fatalf("requests %+v", requests)
	}
	want := `{"messages":[` +
		`{"role":"system","content":"Be kind.\nread_file"},` +
		`{"role":"developer","content":"Be brief."},` +
		`{"role":"user","content":"Hello <all>,\nread it."},` +
		`{"role":"assistant","content":"Reading.\n/etc/motd"},` +
		`{"role":"tool","content":"Welcome"},` +
		`{"role":"user","content":"Hm.\nx"},` +
		`{"role":"tool","content":"y\nz"}` +
		`],"project_id":"project-1","breakdown":true}`
	if diff := cmp.Diff(want, requests[0].Body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

// An answer is asked about as the end of the conversation that led to it.
func TestAnswers(t *testing.T) {
	s := vendortest.Serve(t, vendortest.Always(flag))
	answer := guardrail.Input{
		Request:   conversation[:4],
		Texts:     []guardrail.Text{{Role: "assistant", Kind: guardrail.Prompt, Value: "Well,"}, {Kind: guardrail.Other, Value: "no."}, {Kind: guardrail.ToolResult, Value: "found"}},
		Direction: guardrail.DirectionResponse,
	}
	whole, single := mustNew(t, lakera.Config{BaseURL: s.URL}), mustNew(t, lakera.Config{BaseURL: s.URL, PerText: true, Concurrency: 1})
	if !whole.Describe().WantsRequest || single.Describe().WantsRequest {
		t.Errorf("wants the request: %t, %t", whole.Describe().WantsRequest, single.Describe().WantsRequest)
	}
	for _, g := range []guardrail.Guard{whole, single} {
		v, err := g.Check(t.Context(), answer)
		if err != nil || !v.Block || v.Reason != "The response was flagged by a security check." {
			t.Errorf("verdict %+v, error %v", v, err)
		}
	}
	var bodies []string
	for _, r := range s.Requests() {
		bodies = append(bodies, r.Body)
	}
	want := []string{
		`{"messages":[{"role":"system","content":"Be kind.\nread_file"},{"role":"developer","content":"Be brief."},{"role":"user","content":"Hello <all>,"},` +
			`{"role":"assistant","content":"Well,\nno."},{"role":"tool","content":"found"}],"breakdown":true}`,
		`{"messages":[{"role":"assistant","content":"Well,"}],"breakdown":true}`,
	}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}

func TestVerdict(t *testing.T) {
	const reason = "The request was flagged by a security check."
	tests := []struct {
		name, reply string
		want        guardrail.Verdict
	}{
		{"passes", pass, guardrail.Verdict{}},
		{"passes without a breakdown", `{"flagged":false}`, guardrail.Verdict{}},
		{"flagged", flag, guardrail.Verdict{Block: true, Reason: reason, Detail: "flagged by pii/email, prompt_attack"}},
		{"flagged without a breakdown", `{"flagged":true}`, guardrail.Verdict{Block: true, Reason: reason, Detail: "flagged"}},
		{"flagged by what is unfit for a record", `{"flagged":true,"breakdown":[{"detector_type":"a\nb","detected":true}]}`, guardrail.Verdict{Block: true, Reason: reason, Detail: "flagged"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := vendortest.Serve(t, vendortest.Always(tt.reply))
			got, err := mustNew(t, lakera.Config{BaseURL: s.URL}).Check(t.Context(), guardrail.Input{Texts: conversation})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPerText(t *testing.T) {
	s := vendortest.Serve(t, func(r vendortest.Request) string {
		if strings.Contains(r.Body, "read it.") {
			return flag
		}
		return pass
	})
	g := mustNew(t, lakera.Config{BaseURL: s.URL, PerText: true, Concurrency: 1})
	v, err := g.Check(t.Context(), guardrail.Input{Texts: conversation})
	want := guardrail.Verdict{
		Block: true, Reason: "The request was flagged by a security check.",
		Detail: "flagged by pii/email, prompt_attack", Matches: []int{4},
	}
	if diff := cmp.Diff(want, v); diff != "" || err != nil {
		t.Errorf("error %v, verdict (-want +got):\n%s", err, diff)
	}
	var bodies []string
	for _, r := range s.Requests() {
		bodies = append(bodies, r.Body)
	}
	wantBodies := []string{
		`{"messages":[{"role":"system","content":"Be kind."}],"breakdown":true}`,
		`{"messages":[{"role":"system","content":"read_file"}],"breakdown":true}`,
		`{"messages":[{"role":"developer","content":"Be brief."}],"breakdown":true}`,
		`{"messages":[{"role":"user","content":"Hello <all>,"}],"breakdown":true}`,
		`{"messages":[{"role":"user","content":"read it."}],"breakdown":true}`,
	}
	if diff := cmp.Diff(wantBodies, bodies); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
	if v, err := g.Check(t.Context(), guardrail.Input{Texts: conversation[5:]}); v.Block || err != nil {
		t.Errorf("verdict %+v, error %v", v, err)
	}
}

func TestFailures(t *testing.T) {
	for _, perText := range []bool{false, true} {
		t.Run(fmt.Sprintf("per text %t", perText), func(t *testing.T) {
			vendortest.Failures(t, pass, func(base string, deadline time.Duration, retries int) (bool, error) {
				v, err := mustNew(t, lakera.Config{BaseURL: base, Deadline: deadline, Retries: retries, PerText: perText}).
					Check(t.Context(), guardrail.Input{Texts: conversation[:1]})
				return err == nil && !v.Block, err
			})
		})
	}
}

func TestRepliesThatSayNothing(t *testing.T) {
	for _, reply := range []string{
		`{"flagged":null}`, `{"flagged":"false"}`, `{"flagged":0}`, `{"Flagged":false}`,
		`{"flagged":true,"flagged":false}`, `{"results":[{"flagged":false}]}`, `{"flagged":false,"breakdown":{}}`,
	} {
		s := vendortest.Serve(t, vendortest.Always(reply))
		if v, err := mustNew(t, lakera.Config{BaseURL: s.URL}).Check(t.Context(), guardrail.Input{Texts: conversation}); err == nil {
			t.Errorf("%s: verdict %+v", reply, v)
		}
	}
}

func TestDescribe(t *testing.T) {
	plain := mustNew(t, lakera.Config{}).Describe()
	if plain.Name != "lakera" || plain.Scope != guardrail.WholeConversation {
		t.Errorf("described as %+v", plain)
	}
	other := mustNew(t, lakera.Config{Name: "mine", ProjectID: "p", PerText: true}).Describe()
	if other.Name != "mine" || other.Scope != guardrail.PerText || other.Version == plain.Version {
		t.Errorf("described as %+v", other)
	}
}

func TestNewRefusesMistakes(t *testing.T) {
	_, err := lakera.New(lakera.Config{BaseURL: "http://api.lakera.ai", Concurrency: -1, Deadline: -1})
	want := []string{"lakera.Config.BaseURL", "lakera.Config.APIKey", "lakera.Config.Deadline", "lakera.Config.Concurrency"}
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

func TestUnprintable(t *testing.T) {
	cfg := lakera.Config{APIKey: guardrail.NewAPIKey(vendortest.Key)}
	text, err := json.Marshal(struct{ Key guardrail.APIKey }{cfg.APIKey})
	if err != nil {
		t.Fatal(err)
	}
	g := mustNew(t, lakera.Config{})
	holder := struct {
		cfg lakera.Config
		g   guardrail.Guard
	}{cfg, g}
	for _, shown := range []string{string(text), fmt.Sprintf("%v %+v %#v", cfg, cfg, cfg), fmt.Sprintf("%v %+v %#v", holder, holder, holder)} {
		if strings.Contains(shown, vendortest.Key) {
			t.Errorf("printed as %s", shown)
		}
	}
}
