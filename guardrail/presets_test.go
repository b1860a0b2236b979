package guardrail

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headersafe/headersafe/internal/endpoint"
	"github.com/headersafe/headersafe/internal/jsonscan"
)

// presetCase is a body as a client sends it, and what is to become of each of its strings: the class, where that is not
// text, the path, and the kind and role of what guards are shown.
type presetCase struct {
	name    string
	pattern string
	body    string
	want    []string
}

func testPreset(t *testing.T, preset []Endpoint, cases []presetCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := readings(t, ruleFor(t, preset, c.pattern), c.body)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
		t.Run(c.name+"/words anywhere", func(t *testing.T) {
			testWordsAnywhere(t, ruleFor(t, preset, c.pattern), c.body)
		})
	}
}

func ruleFor(t *testing.T, preset []Endpoint, pattern string) Endpoint {
	t.Helper()
	i := slices.IndexFunc(preset, func(e Endpoint) bool { return e.Pattern == pattern })
	if i < 0 {
		t.Fatalf("no rule for %q", pattern)
	}
	return preset[i]
}

func readings(t *testing.T, e Endpoint, body string) []string {
	t.Helper()
	classified, err := e.Classify([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range classified {
		line := shorthand(c.Path)
		if c.Class.shown() {
			line += " " + c.Kind.String() + " " + c.Role
		}
		if c.Class != ClassText {
			line = c.Class.String() + " " + line
		}
		all = append(all, strings.TrimSpace(line))
	}
	return all
}

func (c Class) shown() bool { return c == ClassText || c == ClassUnlisted || c == ClassReference }

var nameStep = regexp.MustCompile(`\['(\w+)'\]`)

func shorthand(normalized string) string {
	return strings.TrimPrefix(nameStep.ReplaceAllString(normalized, ".$1"), "$.")
}

// testWordsAnywhere puts words in place of each string and each name of the body. They are shown to the guards, or the
// body is refused.
func testWordsAnywhere(t *testing.T, e Endpoint, body string) {
	t.Helper()
	const words = "now hear this"
	var document any
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		t.Fatal(err)
	}
	everyString("$", &document, func(path string, set func(string)) {
		set(words)
		changed, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		classified, err := e.Classify(changed)
		if err != nil {
			return // refused
		}
		path = strings.ReplaceAll(path, "?", words)
		if !slices.ContainsFunc(classified, func(c Classified) bool {
			return c.Path == path && c.Class.shown() || c.Class == ClassRefused && strings.HasPrefix(path, c.Path)
		}) {
			t.Errorf("not shown to the guards: %s", path)
		}
	})
}

// everyString calls visit for every string at and below v, with a function that puts another in its place. Of a name,
// the path has a "?" instead of the name. Afterwards all is as before.
func everyString(path string, v *any, visit func(path string, set func(string))) {
	switch old := (*v).(type) {
	case string:
		visit(path, func(s string) { *v = s })
		*v = old
	case []any:
		for i := range old {
			everyString(fmt.Sprintf("%s[%d]", path, i), &old[i], visit)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(old)) {
			member := old[name]
			everyString(fmt.Sprintf("%s['%s']", path, name), &member, func(path string, set func(string)) {
				visit(path, func(s string) { set(s); old[name] = member })
			})
			old[name] = member
			delete(old, name)
			renamed := ""
			visit(path+"['?']", func(s string) { old[s], renamed = member, s })
			delete(old, renamed)
			old[name] = member
		}
	}
}

// The paths and patterns of the presets are such that New takes them.
func TestPresetsCompile(t *testing.T) {
	for name, preset := range map[string][]Endpoint{"Anthropic": Anthropic(), "OpenAI": OpenAI()} {
		t.Run(name, func(t *testing.T) {
			var patterns []string
			for i, e := range preset {
				patterns = append(patterns, e.Pattern)
				compileRule(e, fmt.Sprintf("%s[%d]", name, i), func(field, value, reason string) {
					t.Errorf("%s %q %s", field, value, reason)
				})
			}
			if _, err := endpoint.Compile(patterns); err != nil {
				t.Error(err)
			}
		})
	}
}

// Nothing that a filter of a preset looks at is refused elsewhere for its spelling: of what a tool's schema calls
// its properties, vendors of tools decide.
func TestPresetsTakeAnySpellingInSchemas(t *testing.T) {
	const schema = `{"type":"object","properties":{"Type":{},"ID":{},"Content":{},"Role":{},"Source":{},"Data":{},"Messages":{},` +
		`"Model":{},"Input":{},"Text":{},"Name":{},"System":{},"Tools":{}}}`
	for _, c := range []struct {
		preset        []Endpoint
		pattern, body string
	}{
		{Anthropic(), "POST /v1/messages", `{"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"t","input_schema":` + schema + `}]}`},
		{OpenAI(), "POST /v1/chat/completions", `{"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"t","parameters":` + schema + `}}]}`},
		{OpenAI(), "POST /v1/responses", `{"input":"hi","tools":[{"type":"function","name":"t","parameters":` + schema + `}]}`},
	} {
		if _, err := ruleFor(t, c.preset, c.pattern).Classify([]byte(c.body)); err != nil {
			t.Errorf("%s: %v", c.pattern, err)
		}
	}
}

// Whoever gets a preset can change it without changing it for others.
func TestPresetsAreFresh(t *testing.T) {
	for name, preset := range map[string]func() []Endpoint{"Anthropic": Anthropic, "OpenAI": OpenAI} {
		before := preset()
		for _, e := range preset() {
			for _, list := range [][]string{e.NotText, e.Opaque, e.Sealed, e.Reference, e.Refuse, e.Names} {
				for i := range list {
					list[i] = "changed"
				}
			}
			clear(e.Text)
		}
		if diff := cmp.Diff(before, preset(), cmpopts.IgnoreUnexported(Endpoint{})); diff != "" {
			t.Errorf("%s: a change to one copy shows in the next:\n%s", name, diff)
		}
	}
}

// Which requests have a rule, and which have none.
func TestPresetEndpoints(t *testing.T) {
	for _, c := range []struct {
		preset  []Endpoint
		request string
		want    string // the pattern, or nothing
	}{
		{Anthropic(), "POST /v1/messages?beta=true", "POST /v1/messages"},
		{Anthropic(), "POST /v1/messages/count_tokens", "POST /v1/messages/count_tokens"},
		{Anthropic(), "POST /v1/messages/batches", "POST /v1/messages/batches"},
		{Anthropic(), "POST /v1/messages/batches/b1/cancel", "POST /v1/messages/batches/{message_batch_id}/cancel"},
		{Anthropic(), "GET /v1/messages/batches/b1/results", "GET /v1/messages/batches/{message_batch_id}/results"},
		{Anthropic(), "GET /v1/models", "GET /v1/models"},
		{Anthropic(), "POST /v1/complete", "POST /v1/complete"},
		{Anthropic(), "POST /v1/files", ""},
		{Anthropic(), "POST /v1/sessions", ""},
		{Anthropic(), "POST /v1/models", ""},
		{OpenAI(), "POST /v1/chat/completions", "POST /v1/chat/completions"},
		{OpenAI(), "POST /v1/responses", "POST /v1/responses"},
		{OpenAI(), "POST /v1/responses/compact", "POST /v1/responses/compact"},
		{OpenAI(), "POST /v1/responses/r1/cancel", "POST /v1/responses/{response_id}/cancel"},
		{OpenAI(), "GET /v1/models/gpt-5", "GET /v1/models/{model}"},
		{OpenAI(), "GET /v1/responses", ""}, // the WebSocket
		{OpenAI(), "POST /v1/audio/transcriptions", ""},
		{OpenAI(), "POST /v1/images/edits", ""},
		{OpenAI(), "POST /v1/files", ""},
		{OpenAI(), "DELETE /v1/models/m", ""},
	} {
		var patterns []string
		for _, e := range c.preset {
			patterns = append(patterns, e.Pattern)
		}
		set, faults := endpoint.Compile(patterns)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		method, target, _ := strings.Cut(c.request, " ")
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if i, _, ok := set.Match(&http.Request{Method: method, URL: u}); ok {
			got = patterns[i]
		}
		if got != c.want {
			t.Errorf("%s: rule %q, want %q", c.request, got, c.want)
		}
	}
}

// What the presets refuse by themselves, whatever the guards say.
func TestPresetsRefuse(t *testing.T) {
	for _, c := range []struct {
		preset        []Endpoint
		pattern, body string
		want          string // the denial's code
	}{
		{Anthropic(), "POST /v1/messages", `{"messages":[{"role":"user","content":"a"}]}`, ""},
		{Anthropic(), "POST /v1/messages", `{"system":"a"}`, "nothing-to-inspect"},
		{Anthropic(), "POST /v1/messages", `{"messages":"a"}`, "nothing-to-inspect"},
		{Anthropic(), "POST /v1/messages", `{"messages":{"content":"a"}}`, "nothing-to-inspect"},
		{Anthropic(), "POST /v1/messages", `{"messages":[{"role":"user","content":7}]}`, "nothing-to-inspect"},
		{Anthropic(), "POST /v1/messages", `[{"messages":[{"role":"user","content":"a"}]}]`, "nothing-to-inspect"},
		{Anthropic(), "POST /v1/messages", `{"Messages":[{"role":"user","content":"a"}]}`, "ambiguous-json"},
		{Anthropic(), "POST /v1/messages", `{"messages":[{"role":"user","Content":"a"}]}`, "ambiguous-json"},
		{Anthropic(), "POST /v1/messages", `{"messages":[{"role":"user","content":"a"}],"mcp_servers":[{"authorization_token":"t"}]}`, "unreadable"},
		{Anthropic(), "POST /v1/messages", `{"messages":[{"role":"user","content":"a"}],"mcp_servers":[{"authorization_token":null}]}`, ""},
		{Anthropic(), "POST /v1/messages/batches", `{"requests":[{"custom_id":"a","params":{}}]}`, "nothing-to-inspect"},
		{Anthropic(), "POST /v1/complete", `{"prompt":["a"]}`, ""},
		{Anthropic(), "POST /v1/complete", `{"prompt":7}`, "nothing-to-inspect"},
		{OpenAI(), "POST /v1/chat/completions", `{"messages":[{"role":"assistant","content":null,"tool_calls":[]}]}`, ""},
		{OpenAI(), "POST /v1/chat/completions", `{"messages":[]}`, "nothing-to-inspect"},
		{OpenAI(), "POST /v1/chat/completions", `{"metadata":{"a":"b"}}`, "nothing-to-inspect"},
		{OpenAI(), "POST /v1/responses", `{"instructions":"a"}`, "nothing-to-inspect"},
		{OpenAI(), "POST /v1/responses", `{"input":"a","tools":[{"type":"mcp","authorization":"t"}]}`, "unreadable"},
		{OpenAI(), "POST /v1/responses", `{"input":"a","tools":[{"type":"mcp","headers":{"X-Key":"k"}}]}`, "unreadable"},
		{OpenAI(), "POST /v1/responses", `{"input":"a","tools":[{"type":"mcp","authorization":null,"headers":{}}]}`, ""},
		{OpenAI(), "POST /v1/completions", `{"prompt":["a"]}`, ""},
		{OpenAI(), "POST /v1/completions", `{"prompt":7}`, "nothing-to-inspect"},
		{OpenAI(), "POST /v1/completions", `{"prompt":[15339]}`, "unreadable"},
		{OpenAI(), "POST /v1/completions", `{"prompt":["a",15339]}`, "unreadable"},
		{OpenAI(), "POST /v1/completions", `{"prompt":["a",[15339]]}`, "unreadable"},
		{OpenAI(), "POST /v1/embeddings", `{"input":[[15339],[1917]]}`, "unreadable"},
		{OpenAI(), "POST /v1/embeddings", `{"input":["a",{"b":"c"}]}`, "unreadable"},
		{OpenAI(), "POST /v1/audio/speech", `{"instructions":"a"}`, "nothing-to-inspect"},
	} {
		r := compileRule(ruleFor(t, c.preset, c.pattern), "", func(field, value, reason string) { t.Error(field, value, reason) })
		got := ""
		tape, err := jsonscan.Scan([]byte(c.body), jsonscan.Limits{}, r.scanned)
		if err != nil {
			got = ambiguous(err).Code
		} else if found, d := r.find(tape); d != nil {
			got = d.Code
		} else {
			found.release()
		}
		tape.Release()
		if got != c.want {
			t.Errorf("%s %s: %q, want %q", c.pattern, c.body, got, c.want)
		}
	}
}
