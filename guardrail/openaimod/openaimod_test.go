package openaimod_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/guardrail/openaimod"
	"github.com/headersafe/headersafe/internal/guardhttp/vendortest"
)

func mustNew(t testing.TB, cfg openaimod.Config) guardrail.Guard {
	t.Helper()
	cfg.APIKey = guardrail.NewAPIKey(vendortest.Key)
	g, err := openaimod.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func texts(values ...string) guardrail.Input {
	in := guardrail.Input{Texts: make([]guardrail.Text, len(values))}
	for i, v := range values {
		in.Texts[i].Value = v
	}
	return in
}

// inputs returns what a request asks about.
func inputs(t testing.TB, r vendortest.Request) []string {
	t.Helper()
	var q struct{ Input []string }
	if err := json.Unmarshal([]byte(r.Body), &q); err != nil {
		t.Error(err)
	}
	return q.Input
}

// moderate replies as OpenAI does: it flags the strings that hold "bad".
func moderate(t testing.TB) func(vendortest.Request) string {
	return func(r vendortest.Request) string {
		var results []string
		for _, input := range inputs(t, r) {
			bad := strings.Contains(input, "bad")
			results = append(results, fmt.Sprintf(`{"flagged":%t,"categories":{"harassment":%t,"violence":%t,"violence/graphic":false,"illicit":null},`+
				`"category_scores":{"harassment":0.1,"violence":0.2},"category_applied_input_types":{"violence":["text"]}}`, bad, bad, bad && strings.Contains(input, "very")))
		}
		return `{"id":"modr-1","model":"omni-moderation-latest","results":[` + strings.Join(results, ",") + `]}`
	}
}

func TestAsksAsDocumented(t *testing.T) {
	s := vendortest.Serve(t, moderate(t))
	v, err := mustNew(t, openaimod.Config{BaseURL: s.URL + "/v1"}).Check(t.Context(), texts("Hello <all>", "", "and\nothers"))
	if err != nil || v.Block {
		t.Fatalf("verdict %+v, error %v", v, err)
	}
	requests := s.Requests()
	if len(requests) != 1 || requests[0].Line != "POST /v1/moderations" || requests[0].Header.Get("Authorization") != "Bearer "+vendortest.Key {
		t.Fatalf("requests %+v", requests)
	}
	want := `{"model":"omni-moderation-latest","input":["Hello <all>","and\nothers"]}`
	if diff := cmp.Diff(want, requests[0].Body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestVerdict(t *testing.T) {
	blocked := func(detail string, matches ...int) guardrail.Verdict {
		return guardrail.Verdict{
			Block: true, Reason: "The request holds text that a moderation check flagged.",
			Detail: detail, Matches: matches,
		}
	}
	tests := []struct {
		name string
		cfg  openaimod.Config
		in   guardrail.Input
		want guardrail.Verdict
	}{
		{"passes", openaimod.Config{}, texts("a", "b"), guardrail.Verdict{}},
		{"nothing to ask", openaimod.Config{}, texts("", ""), guardrail.Verdict{}},
		{"the first", openaimod.Config{}, texts("bad", "b"), blocked("flagged for harassment", 0)},
		{"the last", openaimod.Config{}, texts("a", "", "very bad"), blocked("flagged for harassment, violence", 2)},
		{"several", openaimod.Config{}, texts("bad", "a", "very bad"), blocked("flagged for harassment, violence", 0, 2)},
		{"the last batch", openaimod.Config{Batch: 1}, texts("a", "b", "c", "d", "e", "bad"), blocked("flagged for harassment", 5)},
		{"a category of interest", openaimod.Config{Categories: []string{"violence"}}, texts("very bad"), blocked("flagged for harassment, violence", 0)},
		{"no category of interest", openaimod.Config{Categories: []string{"violence", "violence/graphic"}}, texts("bad"), guardrail.Verdict{}},
		{"end of a long text", openaimod.Config{BatchBytes: 1024}, texts("a", strings.Repeat("é", 2000)+"bad"), blocked("flagged for harassment", 1)},
		{"at a cut", openaimod.Config{BatchBytes: 1024}, texts(strings.Repeat("x", 1022) + "bad" + strings.Repeat("x", 2000)), blocked("flagged for harassment", 0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := vendortest.Serve(t, moderate(t))
			tt.cfg.BaseURL = s.URL
			got, err := mustNew(t, tt.cfg).Check(t.Context(), tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBatches(t *testing.T) {
	many := make([]string, 70)
	for i := range many {
		many[i] = fmt.Sprint("text ", i)
	}
	tests := []struct {
		name string
		cfg  openaimod.Config
		in   guardrail.Input
		want []int // strings per request
	}{
		{"32 at a time", openaimod.Config{}, texts(many...), []int{32, 32, 6}},
		{"as many as told", openaimod.Config{Batch: 50}, texts(many...), []int{50, 20}},
		{"by size", openaimod.Config{BatchBytes: 1024}, texts(strings.Repeat("a", 1000), "b", strings.Repeat("c", 1000), "d"), []int{2, 2}},
		{"a long one", openaimod.Config{BatchBytes: 1024}, texts(strings.Repeat("a", 1024), strings.Repeat("b", 1025)), []int{1, 1, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := vendortest.Serve(t, moderate(t))
			tt.cfg.BaseURL, tt.cfg.Concurrency = s.URL, 1
			if _, err := mustNew(t, tt.cfg).Check(t.Context(), tt.in); err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, r := range s.Requests() {
				got = append(got, len(inputs(t, r)))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("strings per request (-want +got):\n%s", diff)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzPieces: a text is flagged exactly when it holds the word that is, wherever the cuts fall; no cut breaks a character,
// and no question is larger than it may be.
func FuzzPieces(f *testing.F) {
	f.Add(strings.Repeat("é", 3000), "b", uint16(5))
	f.Add(strings.Repeat("x", 1022)+"bad"+strings.Repeat("y", 1024), "", uint16(0))
	f.Add(strings.Repeat("🙂", 700)+"x", strings.Repeat("y", 1024)+"bad", uint16(1))
	f.Fuzz(func(t *testing.T, a, b string, extra uint16) {
		a, b = strings.ToValidUTF8(a, "?"), strings.ToValidUTF8(b, "?")
		size := 1024 + int(extra)%100
		client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			request := vendortest.Request{Body: string(body)}
			total := 0
			for _, piece := range inputs(t, request) {
				total += len(piece)
				if !utf8.ValidString(piece) || strings.ContainsRune(piece, utf8.RuneError) && !strings.ContainsRune(a+b, utf8.RuneError) {
					t.Errorf("a character was broken: %q", piece)
				}
			}
			if total > size {
				t.Errorf("a question of %d bytes, more than %d", total, size)
			}
			reply := moderate(t)(request)
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(reply))}, nil
		})}
		v, err := mustNew(t, openaimod.Config{Client: client, BatchBytes: size}).Check(t.Context(), texts(a, b))
		if err != nil || v.Block != (strings.Contains(a, "bad") || strings.Contains(b, "bad")) {
			t.Errorf("verdict %+v, error %v", v, err)
		}
	})
}

func TestRepliesThatDoNotFit(t *testing.T) {
	const one = `{"flagged":false,"categories":{"violence":false}}`
	tests := []struct{ name, reply, want string }{
		{"too few", `{"results":[` + one + `]}`, "openaimod: the reply has 1 results for 2 strings"},
		{"too many", `{"results":[` + one + `,` + one + `,` + one + `]}`, "openaimod: the reply has 3 results for 2 strings"},
		{"none", `{"results":[]}`, "openaimod: the reply has 0 results for 2 strings"},
		{"null", `{"results":null}`, "openaimod: the reply has 0 results for 2 strings"},
		{"not flagged or unflagged", `{"results":[` + one + `,{"categories":{"violence":false}}]}`, `openaimod: a result does not say whether it is "flagged"`},
		{"a category missing", `{"results":[` + one + `,{"flagged":false,"categories":{}}]}`, `openaimod: a result does not know the category "violence"`},
		{"a category null", `{"results":[` + one + `,{"flagged":false,"categories":{"violence":null}}]}`, `openaimod: a result does not know the category "violence"`},
		{"another type", `{"results":{"0":` + one + `}}`, "openaimod: the reply is not of the documented form"},
		{"look-alike", `{"results":[` + one + `,{"flagged":false,"categories":{"Violence":true,"violence":false}}]}`, "openaimod: the reply is not strict JSON: json refused at offset 93: name that folds to a selected name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := vendortest.Serve(t, vendortest.Always(tt.reply))
			v, err := mustNew(t, openaimod.Config{BaseURL: s.URL, Categories: []string{"violence"}}).Check(t.Context(), texts("a", "b"))
			if err == nil || err.Error() != tt.want {
				t.Errorf("verdict %+v, error %v, want %s", v, err, tt.want)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	vendortest.Failures(t, `{"results":[{"flagged":false}]}`, func(base string, deadline time.Duration, retries int) (bool, error) {
		v, err := mustNew(t, openaimod.Config{BaseURL: base, Deadline: deadline, Retries: retries}).Check(t.Context(), texts("a"))
		return err == nil && !v.Block, err
	})
}

func TestDescribe(t *testing.T) {
	plain := mustNew(t, openaimod.Config{}).Describe()
	if plain.Name != "openaimod" || plain.Scope != guardrail.PerText {
		t.Errorf("described as %+v", plain)
	}
	for _, cfg := range []openaimod.Config{{Model: "m"}, {Categories: []string{"a"}}, {BaseURL: "https://example.com"}} {
		if other := mustNew(t, cfg).Describe(); other.Version == plain.Version {
			t.Errorf("%+v has the version of another", cfg)
		}
	}
}

func TestNewRefusesMistakes(t *testing.T) {
	_, err := openaimod.New(openaimod.Config{
		BaseURL: "ftp://x", Batch: -1, BatchBytes: 10, Concurrency: -1, MaxReply: -1, Categories: []string{"a", ""},
	})
	want := []string{
		"openaimod.Config.BaseURL", "openaimod.Config.APIKey", "openaimod.Config.MaxReply", "openaimod.Config.Batch",
		"openaimod.Config.BatchBytes", "openaimod.Config.Concurrency", "openaimod.Config.Categories[1]",
	}
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
	s := vendortest.Serve(t, moderate(t))
	categories := []string{"violence"}
	g := mustNew(t, openaimod.Config{BaseURL: s.URL, Categories: categories})
	categories[0] = "unknown"
	if _, err := g.Check(t.Context(), texts("a")); err != nil {
		t.Error(err)
	}
}
