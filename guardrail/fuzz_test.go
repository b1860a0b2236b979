package guardrail

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A banned word put anywhere a string can stand is found, or the request is refused: in whatever document, under
// whatever rule. Oracle: encoding/json finds the word in the body as it decodes it, and then nothing reaches the
// upstream; where nothing is refused, what reaches it is the body byte for byte.
func FuzzBannedWord(f *testing.F) {
	seeds := []string{
		says("hello"), conversation(3),
		`{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGVsbG8="}}]}],"model":"m"}`,
		`{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"x"}]}]}],"system":[{"text":"s"}],
		  "tools":[{"name":"n","description":"d","input_schema":{"type":"object","properties":{"p":{"type":"string","enum":["a"]}}}}],"max_tokens":1}`,
		`{"model":"m","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"x"}]},{"type":"function_call","arguments":"{}"}]}`,
		`{"model":"m","messages":[{"role":"system","content":"s"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}]}`,
		`[[[{"a":{"b":[1,true,null,"c"]}}]],"d"]`, `"x"`, `{"":{"":""}}`,
	}
	for i, s := range seeds {
		f.Add(s, uint64(i))
	}
	guards := []Guard{&fake{}}
	handlers := map[string]http.Handler{}
	u := &upstream{}
	for name, endpoints := range map[string][]Endpoint{
		"every string": EveryString("POST /"), "rule": at(chat(), "POST /"), "anthropic": at(Anthropic(), "POST /"), "openai": at(OpenAI(), "POST /"),
		"responses": at(OpenAI()[slices.IndexFunc(OpenAI(), func(e Endpoint) bool { return e.Pattern == "POST /v1/responses" }):], "POST /"),
	} {
		g, err := New(Config{Endpoints: endpoints, Guards: guards, DangerouslyAllowOpaque: "what is opaque is base64, and the word is not"})
		if err != nil {
			f.Fatal(err)
		}
		handlers[name] = g.Wrap(u)
	}
	f.Fuzz(func(t *testing.T, body string, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		body = plant(body, random)
		var document any
		if json.Unmarshal([]byte(body), &document) != nil {
			return
		}
		holds := holdsWord(document)
		for name, h := range handlers {
			u.bodies, u.requests = nil, nil
			a, _ := send(h, "POST", "/", asJSON, strings.NewReader(body))
			switch {
			case holds && (len(u.bodies) > 0 || a.Status < 400):
				t.Errorf("%s: %d, %d hits, for %s", name, a.Status, len(u.bodies), body)
			case a.Status == 200 && (len(u.bodies) != 1 || u.bodies[0] != body):
				t.Errorf("%s: another body arrived: %q for %q", name, u.bodies, body)
			case a.Status >= 500:
				t.Errorf("%s: %d %s for %s", name, a.Status, a.Body, body)
			}
		}
	})
}

// at returns the first of the endpoints that has a body, for another pattern.
func at(endpoints []Endpoint, pattern string) []Endpoint {
	for _, e := range endpoints {
		if !e.NoBody {
			e.Pattern = pattern
			return []Endpoint{e}
		}
	}
	return nil
}

// plant puts the word into one of the strings of a body, names included, at any place in it and in any spelling.
func plant(body string, random *rand.Rand) string {
	var quotes []int // where a string begins
	inside := false
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			if inside = !inside; inside {
				quotes = append(quotes, i+1)
			}
		}
	}
	if len(quotes) == 0 || random.IntN(8) == 0 {
		return body
	}
	var spelt strings.Builder
	for _, r := range word {
		if random.IntN(4) == 0 {
			spelt.WriteString(`\u00` + strconv.FormatInt(int64(r), 16))
		} else {
			spelt.WriteRune(r)
		}
	}
	i := quotes[random.IntN(len(quotes))]
	return body[:i] + spelt.String() + body[i:]
}

func holdsWord(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, word)
	case []any:
		return slices.ContainsFunc(v, holdsWord)
	case map[string]any:
		for name, below := range v {
			if strings.Contains(name, word) || holdsWord(below) {
				return true
			}
		}
	}
	return false
}

// The same for random documents, many of them, in each run of the tests.
func TestBannedWordAnywhere(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	g := generator{random}
	u := &upstream{}
	rules := []http.Handler{
		must(t, Config{Endpoints: EveryString("POST /"), Guards: []Guard{&fake{}}}).Wrap(u),
		must(t, Config{Endpoints: []Endpoint{{
			Pattern: "POST /",
			Text:    []Selector{{Path: "a", Kind: Prompt}, {Path: "..b", Kind: System}},
			NotText: []string{"..type", "..role", "a[*].b"}, Opaque: []string{"..a"}, Sealed: []string{"..b"}, Reference: []string{"..['x y']"},
			Names: []string{"a", "b", "role"},
		}}, Guards: []Guard{&fake{}}, DangerouslyAllowOpaque: "a test"}).Wrap(u),
	}
	found := 0
	for range 5000 {
		body := plant(g.value(6), random)
		var document any
		if json.Unmarshal([]byte(body), &document) != nil || !holdsWord(document) {
			continue
		}
		found++
		for i, h := range rules {
			if a, _ := send(h, "POST", "/", asJSON, strings.NewReader(body)); a.Status != 400 || u.hits() != 0 {
				t.Fatalf("rule %d: %d %s for %s", i, a.Status, a.Body, body)
			}
		}
	}
	if found < 1000 {
		t.Errorf("only %d documents held the word", found)
	}
}
