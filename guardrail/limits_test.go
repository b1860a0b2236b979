package guardrail

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

func mustRestrict(t testing.TB, restrictions ...Restriction) Guard {
	t.Helper()
	g, err := Restrict("limits", restrictions...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func judge(t testing.TB, g Guard, body string) (Verdict, error) {
	t.Helper()
	tape, err := jsonscan.Scan([]byte(body), jsonscan.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Release()
	return g.(documentGuard).checkDocument(t.Context(), tape)
}

func TestRestrict(t *testing.T) {
	models := OneOf([]string{"small", "medium"}, "model", "requests[*].params.model")
	tokens := AtMost(4096, "max_tokens")
	tests := []struct {
		name string
		rule Restriction
		body string
		want string // the detail; empty if the body passes
	}{
		{"listed", models, `{"model":"small"}`, ""},
		{"listed, escaped", models, `{"mod\u0065l":"\u0073mall"}`, ""},
		{"not listed", models, `{"model":"large"}`, "model or requests[*].params.model must be one of 2 values: broken by a string"},
		{"in another case", models, `{"model":"Small"}`, "model or requests[*].params.model must be one of 2 values: broken by a string"},
		{"missing", models, `{}`, "model or requests[*].params.model must be one of 2 values: broken by its absence"},
		{"null", models, `{"model":null}`, "model or requests[*].params.model must be one of 2 values: broken by a null"},
		{"a number", models, `{"model":1}`, "model or requests[*].params.model must be one of 2 values: broken by a number"},
		{"an array", models, `{"model":["small"]}`, "model or requests[*].params.model must be one of 2 values: broken by a array"},
		{"no object", models, `["small"]`, "model or requests[*].params.model must be one of 2 values: broken by its absence"},
		{"a batch", models, `{"requests":[{"params":{"model":"small"}},{"params":{"model":"medium"}}]}`, ""},
		{"one of a batch", models, `{"requests":[{"params":{"model":"small"}},{"params":{"model":"large"}}]}`, "model or requests[*].params.model must be one of 2 values: broken by a string"},
		{"look-alike", models, `{"model":"small","x":{"Model":"large"}}`, "the document: json refused at offset 22: name that folds to a selected name"},
		{"look-alike with a long s", AtMost(1, "users"), `{"uſers":2}`, "the document: json refused at offset 1: name that folds to a selected name"},

		{"few tokens", tokens, `{"max_tokens":4096}`, ""},
		{"zero", tokens, `{"max_tokens":0}`, ""},
		{"exponent", tokens, `{"max_tokens":4.096e3}`, ""},
		{"absent", tokens, `{}`, ""},
		{"null counts as absent", tokens, `{"max_tokens":null}`, ""},
		{"too many tokens", tokens, `{"max_tokens":4097}`, "max_tokens must be at most 4096: broken by a number"},
		{"a fraction too many", tokens, `{"max_tokens":4096.5}`, "max_tokens must be at most 4096: broken by a number"},
		{"beyond float64", tokens, `{"max_tokens":1e999}`, "max_tokens must be at most 4096: broken by a number"},
		{"below float64", tokens, `{"max_tokens":-1e999}`, "max_tokens must be at most 4096: broken by a number"},
		{"negative", tokens, `{"max_tokens":-1}`, "max_tokens must be at most 4096: broken by a number"},
		{"a string of digits", tokens, `{"max_tokens":"1"}`, "max_tokens must be at most 4096: broken by a string"},
		{"required", tokens.Required(), `{"max_tokens":1}`, ""},
		{"required, absent", tokens.Required(), `{}`, "max_tokens must be at most 4096: broken by its absence"},
		{"required, null", tokens.Required(), `{"max_tokens":null}`, "max_tokens must be at most 4096: broken by its absence"},

		{"few messages", CountAtMost(2, "messages[*]"), `{"messages":[1,2]}`, ""},
		{"many messages", CountAtMost(2, "messages[*]"), `{"messages":[1,2,3]}`, "messages[*] must be there at most 2 times: broken by 3"},
		{"counted together", CountAtMost(2, "a[*]", "b[*]"), `{"a":[1,2],"b":[null]}`, "a[*] or b[*] must be there at most 2 times: broken by 3"},
		{"not forbidden", CountAtMost(0, "tools"), `{}`, ""},
		{"forbidden", CountAtMost(0, "tools"), `{"tools":[]}`, "tools must be there at most 0 times: broken by 1"},
		{"required count", CountAtMost(2, "messages[*]").Required(), `{"messages":[]}`, "messages[*] must be there at most 2 times: broken by its absence"},
		{"deep", models, `{"model":"small","x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := judge(t, mustRestrict(t, tt.rule), tt.body)
			if err != nil {
				t.Fatal(err)
			}
			var want Verdict
			if tt.want != "" {
				want = Verdict{Block: true, Reason: "The request is outside of what is allowed here.", Detail: tt.want}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRestrictAsksForAll(t *testing.T) {
	g := mustRestrict(t, OneOf([]string{"small"}, "model"), AtMost(10, "max_tokens"))
	for body, want := range map[string]bool{
		`{"model":"small","max_tokens":1}`:  false,
		`{"model":"small","max_tokens":11}`: true,
		`{"model":"large","max_tokens":1}`:  true,
	} {
		if v, err := judge(t, g, body); v.Block != want || err != nil {
			t.Errorf("%s: %+v, %v", body, v, err)
		}
	}
}

func TestRestrictGivesNoVerdictWithoutAnAnswer(t *testing.T) {
	g := mustRestrict(t, AtMost(1, "$..[?count(@..*) > 1000000000]"))
	costly := `{"a":` + strings.Repeat(`[[`, 60) + strings.Repeat(`0,`, 60000) + `0` + strings.Repeat(`]]`, 60) + `}`
	if v, err := judge(t, g, costly); err == nil {
		t.Errorf("a verdict on what could not be selected: %+v", v)
	}
	if _, err := g.Check(t.Context(), Input{Texts: user("a")}); err == nil {
		t.Error("a verdict on texts")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tape, err := jsonscan.Scan([]byte(`{}`), jsonscan.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Release()
	if _, err := g.(documentGuard).checkDocument(ctx, tape); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestRestrictKeepsNothingOfTheCallers(t *testing.T) {
	values, paths := []string{"small"}, []string{"model"}
	g := mustRestrict(t, OneOf(values, paths...))
	values[0], paths[0] = "large", "other"
	if v, err := judge(t, g, `{"model":"small"}`); v.Block || err != nil {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestRestrictDescribe(t *testing.T) {
	a, b := mustRestrict(t, AtMost(1, "a")).Describe(), mustRestrict(t, AtMost(2, "a")).Describe()
	if a.Name != "limits" || a.Scope != WholeConversation || a.Version == b.Version {
		t.Errorf("described as %+v and %+v", a, b)
	}
	if s := (Restriction{}).String(); s != "no restriction" {
		t.Error(s)
	}
}

func TestRestrictRefusesMistakes(t *testing.T) {
	const first = "Restrict restrictions[0]"
	tests := []struct {
		name         string
		guard        string
		restrictions []Restriction
		want         []string
	}{
		{"nothing", "", nil, []string{"Restrict name", "Restrict restrictions"}},
		{"empty", "x", []Restriction{{}}, []string{first}},
		{"no paths", "x", []Restriction{AtMost(1)}, []string{first}},
		{"no values", "x", []Restriction{OneOf(nil, "a")}, []string{first}},
		{"below zero", "x", []Restriction{CountAtMost(-1, "a")}, []string{first}},
		{"all at once", "x", []Restriction{AtMost(1, "a[", "b["), AtMost(-1, "a")}, []string{first, first, "Restrict restrictions[1]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, err := Restrict(tt.guard, tt.restrictions...)
			if g != nil {
				t.Error("a guard came with the error")
			}
			if diff := cmp.Diff(tt.want, faultyFields(err)); diff != "" {
				t.Errorf("fields of %v (-want +got):\n%s", err, diff)
			}
		})
	}
}
