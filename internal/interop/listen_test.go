package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/headersafe/headersafe/guardrail"
)

// A listener is a guard that keeps what it is shown.
type listener struct {
	mu    sync.Mutex
	heard []heard
}

// heard is a text, as it can be kept.
type heard struct {
	kind              guardrail.Kind
	role, path, value string
}

func (*listener) Describe() guardrail.Description {
	return guardrail.Description{Name: "listener", Scope: guardrail.WholeConversation}
}

func (l *listener) Check(_ context.Context, in guardrail.Input) (guardrail.Verdict, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, text := range in.Texts {
		l.heard = append(l.heard, heard{text.Kind, text.Role, text.Path(), text.Value})
	}
	return guardrail.Verdict{}, nil
}

// answered is what became of an answer, and what the guard was shown of it.
type answered struct {
	heard  []heard
	status int
	body   string
}

// listenTo has a rule read an answer, in mode Hold. What the rule says of requests counts for nothing.
func listenTo(t *testing.T, rule guardrail.Endpoint, contentType, body string) answered {
	t.Helper()
	l := &listener{}
	idle, err := guardrail.Patterns("idle", "never there")
	if err != nil {
		t.Fatal(err)
	}
	guard, err := guardrail.New(guardrail.Config{
		Endpoints: []guardrail.Endpoint{{Pattern: rule.Pattern, NoBody: true, Response: rule.Response}},
		Guards:    []guardrail.Guard{idle},
		Responses: guardrail.Responses{
			Guards: []guardrail.Guard{l}, Mode: guardrail.Hold, KeepAlive: -1, DangerouslyAllowOpaque: "every part is to be looked at",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	upstream := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write([]byte(body))
	})
	method, path, _ := strings.Cut(rule.Pattern, " ")
	request := httptest.NewRequestWithContext(t.Context(), method, wildcard.ReplaceAllString(path, "id"), nil)
	response := httptest.NewRecorder()
	guard.Wrap(upstream).ServeHTTP(response, request)
	return answered{l.heard, response.Code, response.Body.String()}
}

var wildcard = regexp.MustCompile(`\{\w+\}`)

const plantFormat = "plant %06d here"

var plantText = regexp.MustCompile(`plant \d{6} here`)

// planter puts texts that no rule may pass over into JSON values.
type planter struct {
	at map[string]string // where each text was put
}

func (p *planter) text(at string) string {
	text := fmt.Sprintf(plantFormat, len(p.at))
	p.at[text] = at
	return text
}

// unheard returns where those texts are that no guard has been shown.
func (p *planter) unheard(all []heard) []string {
	missing := maps.Clone(p.at)
	for _, h := range all {
		for _, text := range plantText.FindAllString(h.value, -1) {
			delete(missing, text)
		}
	}
	return slices.Sorted(maps.Values(missing))
}

// strings returns v with texts in the place of those strings that are to be replaced.
func (p *planter) strings(v any, path string, replace func(path, value string) bool) any {
	switch v := v.(type) {
	case string:
		if replace(path, v) {
			return p.text(path)
		}
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = p.strings(e, fmt.Sprintf("%s[%d]", path, i), replace)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, e := range v {
			out[name] = p.strings(e, fmt.Sprintf("%s['%s']", path, name), replace)
		}
		return out
	}
	return v
}

// members returns v with one more member in each of its objects, whose name and value are texts.
func (p *planter) members(v any, path string) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = p.members(e, fmt.Sprintf("%s[%d]", path, i))
		}
		return out
	case map[string]any:
		out := map[string]any{p.text("a name in " + path): p.text("a member of " + path)}
		for name, e := range v {
			out[name] = p.members(e, fmt.Sprintf("%s['%s']", path, name))
		}
		return out
	}
	return v
}

// planted returns v with texts planted: in all its strings that are open in form, in all that are not needed to
// know what v is, and beside them.
func planted(v any, needed func(path string) bool) map[string]plantedValue {
	all := map[string]plantedValue{}
	plant := func(name string, change func(*planter) any) {
		p := &planter{at: map[string]string{}}
		if changed := change(p); len(p.at) > 0 {
			all[name] = plantedValue{changed, p}
		}
	}
	plant("in what is open", func(p *planter) any {
		return p.strings(v, "$", func(path, value string) bool { return isMarker(value) && !needed(path) })
	})
	plant("in everything", func(p *planter) any {
		return p.strings(v, "$", func(path, value string) bool { return value != "" && !needed(path) })
	})
	plant("beside everything", func(p *planter) any { return p.members(v, "$") })
	return all
}

type plantedValue struct {
	value   any
	planter *planter
}

func encode(t *testing.T, v any) string {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}
