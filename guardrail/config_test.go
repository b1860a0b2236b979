package guardrail

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/stage"
)

func TestConfigMistakes(t *testing.T) {
	var none *fake
	_, err := New(Config{
		Endpoints: []Endpoint{
			{Pattern: "no path"},
			{Pattern: "POST /a", Text: []Selector{{Path: "a[", Kind: Prompt}, {Path: "a", Kind: Name}, {Path: "a", Kind: 99}}, NotText: []string{""}},
			{Pattern: "POST /a"},
			{Pattern: "GET /b", NoBody: true, Names: []string{"x"}},
		},
		Guards: []Guard{
			nil, none, WithDeadline(nil, time.Second), &fake{name: " "}, &fake{name: "a"}, &fake{name: "a"},
			WithDeadline(&fake{name: "b"}, -1), WithDeadline(&fake{name: "c"}, 0), FailOpen(&fake{name: "d"}, " "),
			InMode(&fake{name: "e"}, 7), &fake{name: "f", scope: 9}, &unversioned{},
		},
		MaxBody:                -1,
		Budget:                 NewBudget(-2),
		Limits:                 Limits{Depth: -1},
		Decoders:               map[string]Decoder{"gzip": nil, "Zstd": nil, "a b": nil, "ok": nil},
		Cache:                  Cache{Store: newMemory(1), Entries: -1},
		DangerouslyAllowOpaque: " ",
	})
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%T %v", err, err)
	}
	var got []string
	for _, e := range joined.Unwrap() {
		c, ok := errors.AsType[*ConfigError](e)
		if !ok || c.Reason == "" || !strings.Contains(c.Error(), c.Field) {
			t.Errorf("%T %v", e, e)
			continue
		}
		got = append(got, c.Field)
	}
	slices.Sort(got)
	want := []string{
		"Budget", "Cache.Entries", "DangerouslyAllowOpaque",
		"Decoders", "Decoders", "Decoders", "Decoders",
		"Endpoints", "Endpoints", "Endpoints[1].NotText[0]", "Endpoints[1].Text[0].Path", "Endpoints[1].Text[1].Kind", "Endpoints[1].Text[2].Kind",
		"Endpoints[3].NoBody",
		"Guards[0]", "Guards[10]", "Guards[1]", "Guards[2]", "Guards[3]", "Guards[5]", "Guards[6]", "Guards[7]", "Guards[8]", "Guards[9]",
		"Limits", "MaxBody",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

type unversioned struct{ fake }

func (*unversioned) Describe() Description { return Description{Name: "unversioned"} }

func TestConfigMistakesApart(t *testing.T) {
	ok := Config{Endpoints: EveryString("POST /"), Guards: []Guard{&fake{}}}
	with := func(change func(*Config)) Config {
		c := ok
		change(&c)
		return c
	}
	cases := map[string]struct {
		config Config
		field  string
	}{
		"no endpoints":          {with(func(c *Config) { c.Endpoints = nil }), "Endpoints"},
		"no guards":             {with(func(c *Config) { c.Guards = nil }), "Guards"},
		"a store without a key": {with(func(c *Config) { c.Cache = Cache{Store: newMemory(1)} }), "Cache.Key"},
		"a short key":           {with(func(c *Config) { c.Cache = Cache{Key: []byte("short")} }), "Cache.Key"},
		"a guard of no version": {with(func(c *Config) {
			c.Guards = []Guard{&unversioned{}}
			c.Cache = Cache{Store: newMemory(1), Key: make([]byte, 32)}
		}), "Guards[0]"},
		"a budget that is small": {with(func(c *Config) { c.Budget = NewBudget(100) }), "Budget"},
	}
	for name, c := range cases {
		_, err := New(c.config)
		if e, is := errors.AsType[*ConfigError](err); !is || e.Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(ok); err != nil {
		t.Error(err)
	}
}

func TestIsZero(t *testing.T) {
	if !(Config{}).IsZero() || (Config{MaxBody: 1}).IsZero() || (Config{Endpoints: []Endpoint{}}).IsZero() {
		t.Error("IsZero")
	}
}

// The Guardrail shares nothing with the Config that could change under it.
func TestConfigIsCopied(t *testing.T) {
	key := make([]byte, 32)
	c := Config{Endpoints: chat(), Guards: []Guard{&fake{}}, Decoders: map[string]Decoder{}, Cache: Cache{Key: key}}
	g := must(t, c)
	c.Endpoints[0].Text[1].Path, c.Endpoints[0].Text[1].Required = "nothing", false
	c.Endpoints[0].Pattern = "POST /other"
	c.Guards[0] = &fake{check: passes}
	c.Decoders["br"] = func(r io.Reader) (io.Reader, error) { return r, nil }
	key[0] = 1
	u := &upstream{}
	a, _ := post(g.Wrap(u), says(word))
	refused(t, u, a, 400, "blocked")
	a, _ = post(g.Wrap(u), `{}`)
	refused(t, u, a, 400, "nothing-to-inspect")
	a, _ = send(g.Wrap(u), "POST", "/v1/messages", http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"br"}}, strings.NewReader("x"))
	refused(t, u, a, 415, "unsupported-encoding")
	if g.cache.key[0] != 0 {
		t.Error("the key is shared")
	}
}

func TestZeroGuardrailRefuses(t *testing.T) {
	var none *Guardrail
	for _, g := range []*Guardrail{none, {}} {
		u := &upstream{}
		a, _ := post(g.Wrap(u), says("hello"))
		refused(t, u, a, 500, "misassembled")
		if _, err := g.Texts("POST", "/", "application/json", []byte("{}")); err == nil {
			t.Error("Texts")
		}
	}
	g := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}})
	u := &upstream{}
	a, _ := post(g.Wrap(nil), says("hello"))
	refused(t, u, a, 500, "misassembled")
	a, _ = post(g.Wrap(g.Wrap(u)), says("hello"))
	refused(t, u, a, 500, "misassembled")
}

// A guardrail after the forwarder's place, or twice, refuses; so does one whose place was taken while it read.
func TestMisplaced(t *testing.T) {
	g := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}})
	u := &upstream{}
	before := func(pass ...stage.Stage) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, s := range pass {
				var l *stage.Ledger
				l, r, _ = stage.Enter(r, s)
				_ = l.Pass(s, nil)
			}
			g.Wrap(u).ServeHTTP(w, r)
		})
	}
	a, _ := post(before(stage.Forward), says("hello"))
	refused(t, u, a, 500, "misassembled")
	a, _ = post(before(stage.Guardrail), says("hello"))
	refused(t, u, a, 500, "misassembled")
	if a, _ = post(before(stage.Auth, stage.HeaderPolicy), says("hello")); a.Status != 200 {
		t.Errorf("%+v", a)
	}
}

// Of two copies of one request, one passes.
func TestPassedMeanwhile(t *testing.T) {
	u := &upstream{}
	guard := &fake{check: func(ctx context.Context, _ Input) (Verdict, error) {
		return Verdict{}, stage.From(ctx).Pass(stage.Guardrail, nil)
	}}
	g := must(t, Config{Endpoints: chat(), Guards: []Guard{guard}})
	a, _ := post(g.Wrap(u), says("hello"))
	refused(t, u, a, 500, "misassembled")
}

// What the header policy has taken out of the header is still seen.
func TestUpgradeBeforeTheHeaderPolicy(t *testing.T) {
	g := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}})
	u := &upstream{}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l, r, _ := stage.Enter(r, stage.HeaderPolicy)
		inbound := r.Header.Clone()
		r.Header.Del("Upgrade")
		_ = l.Pass(stage.HeaderPolicy, stage.PolicyNote{Inbound: inbound})
		g.Wrap(u).ServeHTTP(w, r)
	})
	r := httptest.NewRequest("GET", "/v1/models/m", nil)
	r.Header.Set("Upgrade", "WebSocket")
	a, _ := serve(h, r)
	refused(t, u, a, 403, "upgrade-refused")
}

func TestAmbiguousPaths(t *testing.T) {
	g := must(t, Config{Endpoints: EveryString("POST /a/{id}", "POST /a/{id}/b", "POST /c/{id}"), Guards: []Guard{&fake{}}})
	for path, want := range map[string]int{
		"/a/1":         200,
		"/a/1%20":      200,
		"/a/1%2Fb":     400, // /a/{id} as it stands, /a/{id}/b decoded
		"/a/1%252fb":   400,
		"/c/1%2Fb":     200, // nothing else when decoded
		"/c%2F1":       400, // nothing as it stands
		"/a/1%2F..%2F": 400,
		"/a/1%5Cb":     400,
		"/a/1/":        404,
	} {
		a, _ := send(g.Wrap(&upstream{}), "POST", path, asJSON, strings.NewReader("{}"))
		if a.Status != want {
			t.Errorf("%s: %d, want %d: %s", path, a.Status, want, a.Body)
		}
	}
}

func TestTexts(t *testing.T) {
	g := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}})
	body := `{
		"model": "m", "max_tokens": 5, "extra": "e",
		"system": [{"type": "text", "text": "be \u0062rief"}],
		"messages": [
			{"role": "user", "content": "hello"},
			{"role": "assistant", "content": [{"type": "text", "text": "hi", "my key": ""}]},
			{"role": "user", "content": [{"type": "tool_result", "content": [{"text": "42"}]}]},
			{"content": "nobody's"}
		]}`
	texts, err := g.Texts("POST", "/v1/messages?beta=true", "application/json", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, text := range texts {
		got = append(got, strings.Join([]string{text.Path(), text.Role, text.Kind.String(), text.Value}, " | "))
	}
	want := []string{
		"$['extra'] |  | name | extra",
		"$['extra'] |  | other | e",
		"$['system'][0]['type'] | system | system | text",
		"$['system'][0]['text'] | system | system | be brief",
		"$['messages'][0]['content'] | user | prompt | hello",
		"$['messages'][1]['content'][0]['text'] | assistant | prompt | hi",
		"$['messages'][1]['content'][0]['my key'] | assistant | name | my key",
		"$['messages'][2]['content'][0]['content'][0]['text'] | user | tool-result | 42",
		"$['messages'][3]['content'] |  | prompt | nobody's",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, c := range []struct{ method, path, contentType, body, code string }{
		{"POST", "/v1/other", "application/json", "{}", "unknown-endpoint"},
		{"POST", "no path", "application/json", "{}", "bad-target"},
		{"POST", "/v1/messages", "", "{}", "unsupported-media-type"},
		{"POST", "/v1/messages", "application/json", "", "nothing-to-inspect"},
		{"POST", "/v1/messages", "application/json", "{", "ambiguous-json"},
		{"POST", "/v1/messages", "application/json", `{"messages":[{"content":[{"text":"x","source":{"data":"aGVsbG8="}}]}]}`, "opaque-content"},
	} {
		_, err := g.Texts(c.method, c.path, c.contentType, []byte(c.body))
		if d, ok := errors.AsType[*Denial](err); !ok || d.Code != c.code {
			t.Errorf("%v: %v", c, err)
		}
	}
	if texts, err := g.Texts("GET", "/v1/models/m", "", nil); err != nil || len(texts) > 0 {
		t.Errorf("%v %v", texts, err)
	}
	if (Text{}).Path() != "" {
		t.Error("a path out of nothing")
	}
}
