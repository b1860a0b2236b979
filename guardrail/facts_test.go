package guardrail

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// refused asserts that a request was answered with a status and a code, and that the upstream saw nothing of it.
func refused(t *testing.T, u *upstream, a answered, status int, code string) {
	t.Helper()
	if a.Status != status || a.Code != code {
		t.Errorf("answered %d %q, want %d %q: %s", a.Status, a.Code, status, code, a.Body)
	}
	if n := u.hits(); n != 0 {
		t.Errorf("the upstream was reached %d times", n)
	}
}

// Guardrails that never ran on some routes, while the log said success.
func TestG1_GuardsRunOnEveryForwardedRequest(t *testing.T) {
	streamed := fmt.Sprintf(`{"stream":true,"messages":[{"role":"user","content":%q}]}`, "x "+word)
	cases := map[string]struct {
		method, path, body string
		status             int
		code               string
	}{
		"a message":                  {"POST", "/v1/messages", says(word), 400, "blocked"},
		"streamed":                   {"POST", "/v1/messages", streamed, 400, "blocked"},
		"with a query":               {"POST", "/v1/messages?beta=true", says(word), 400, "blocked"},
		"no rule for the path":       {"POST", "/v1/other", says(word), 404, "unknown-endpoint"},
		"no rule for the method":     {"PUT", "/v1/messages", says(word), 405, "method-not-allowed"},
		"a path in disguise":         {"POST", "/v1/x/../messages", says(word), 400, "bad-target"},
		"an encoded path":            {"POST", "/v1%2Fmessages", says(word), 400, "bad-target"},
		"a doubled slash":            {"POST", "/v1//messages", says(word), 400, "bad-target"},
		"a trailing slash":           {"POST", "/v1/messages/", says(word), 404, "unknown-endpoint"},
		"another case":               {"POST", "/V1/Messages", says(word), 404, "unknown-endpoint"},
		"a body where none belongs":  {"GET", "/v1/models/m", says(word), 400, "unexpected-body"},
		"a backslash":                {"POST", "/v1/x%5c..%5cmessages", says(word), 400, "bad-target"},
		"a climbing encoded segment": {"POST", "/v1/models/..%2fmessages", says(word), 400, "bad-target"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u := &upstream{}
			h := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}}).Wrap(u)
			a, rec := send(h, c.method, c.path, asJSON, strings.NewReader(c.body))
			refused(t, u, a, c.status, c.code)
			for _, g := range rec.Guards {
				if g.Outcome == Passed {
					t.Errorf("the record says that %s passed", g.Name)
				}
			}
		})
	}
}

// Places in which text was not looked for.
func TestG2_ToolResultsAreRead(t *testing.T) {
	everywhere(t, map[string]string{
		"string":      `{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":%q}]}]}`,
		"blocks":      `{"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":%q}]}]}]}`,
		"nested":      `{"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"document","source":{"type":"content","content":[{"type":"text","text":%q}]}}]}]}]}`,
		"a tool call": `{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"q":%q}}]}]}`,
		"a name":      `{"messages":[{"role":"assistant","content":[{"type":"tool_use","input":{%q:1}}]}]}`,
	})
}

func TestG3_UnknownFieldsAreRead(t *testing.T) {
	everywhere(t, map[string]string{
		"content_blocks":   `{"messages":[{"role":"user","content":"hello","content_blocks":[{"type":"text","text":%q}]}]}`,
		"beside messages":  `{"messages":[{"role":"user","content":"hello"}],"prompt":%q}`,
		"a new block type": `{"messages":[{"role":"user","content":[{"type":"text","text":"hello"},{"type":"new","says":%q}]}]}`,
		"a model's name":   `{"model":%q,"messages":[{"role":"user","content":"hello"}]}`,
		"a block's type":   `{"messages":[{"role":"user","content":[{"type":%q,"text":"hello"}]}]}`,
		"not base64":       `{"messages":[{"role":"user","content":[{"type":"image","source":{"data":%q}},{"type":"text","text":"x"}]}]}`,
		"a role":           `{"messages":[{"role":%q,"content":"hello"}]}`,
	})
}

func TestG4_EveryElementIsRead(t *testing.T) {
	everywhere(t, map[string]string{
		"the last message": `{"messages":[{"role":"user","content":"1"},{"role":"assistant","content":"2"},{"role":"user","content":%q}]}`,
		"the last block":   `{"messages":[{"role":"user","content":[{"type":"text","text":"1"},{"type":"text","text":"2"},{"type":"text","text":%q}]}]}`,
		"the first":        `{"messages":[{"role":"user","content":%q},{"role":"user","content":"2"}]}`,
		"the system block": `{"system":[{"type":"text","text":"1"},{"type":"text","text":%q}],"messages":[{"role":"user","content":"2"}]}`,
		"the last tool":    `{"tools":[{"name":"a"},{"name":"b","description":%q}],"messages":[{"role":"user","content":"2"}]}`,
	})
}

// everywhere sends bodies that hold the banned word in one place, to the rule and to the mode without rules.
func everywhere(t *testing.T, bodies map[string]string) {
	t.Helper()
	for name, body := range bodies {
		for rule, endpoints := range map[string][]Endpoint{"rule": chat(), "every string": EveryString("POST /v1/messages")} {
			t.Run(name+"/"+rule, func(t *testing.T) {
				u := &upstream{}
				h := must(t, Config{Endpoints: endpoints, Guards: []Guard{&fake{}}}).Wrap(u)
				a, _ := post(h, fmt.Sprintf(body, "say "+word))
				refused(t, u, a, 400, "blocked")
				if a, _ := post(h, fmt.Sprintf(body, "something else")); a.Status != 200 {
					t.Errorf("without the word: %d %s", a.Status, a.Body)
				}
			})
		}
	}
}

func TestG5_BodyIsForwardedByteForByte(t *testing.T) {
	for _, body := range []string{
		" {\r\n \"messages\" :\t[ { \"content\":\"\\u0061\\/b\\ud83d\\ude00 é\", \"n\": 1.0e+00 ,\"z\":1,\"a\":-0} ] }\n\n",
		`{"metadata":{"k":null},"messages":[{"content":"x"}],"x-anthropic-billing-header":"1"}`,
		says(strings.Repeat("long ", 100_000)),
	} {
		u := &upstream{}
		h := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}}).Wrap(u)
		if a, _ := post(h, body); a.Status != 200 || u.bodies[0] != body {
			t.Errorf("%d: sent %.60q, arrived %.60q", a.Status, body, u.bodies)
		}
	}
}

// Failing open by accident.
func TestG6_AGuardWithoutVerdictBlocks(t *testing.T) {
	checks := map[string]func(context.Context, Input) (Verdict, error){
		"an error":                  func(context.Context, Input) (Verdict, error) { return Verdict{}, errors.New("429 from the vendor") },
		"an error beside a verdict": func(context.Context, Input) (Verdict, error) { return Verdict{Block: false}, context.Canceled },
		"a panic":                   func(context.Context, Input) (Verdict, error) { panic("vendor's details") },
		"a nil dereference": func(context.Context, Input) (Verdict, error) {
			var p *fake
			return Verdict{Reason: p.name}, nil //nolint:govet // the panic that is wanted
		},
		"the end of its goroutine": func(context.Context, Input) (Verdict, error) { runtime.Goexit(); return Verdict{}, nil },
		"its deadline":             func(ctx context.Context, _ Input) (Verdict, error) { <-ctx.Done(); return Verdict{}, ctx.Err() },
		"its deadline, ignored":    func(context.Context, Input) (Verdict, error) { time.Sleep(time.Hour); return Verdict{}, nil },
	}
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := &upstream{}
				budget := NewBudget(64 << 20)
				h := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{check: check}}, Budget: budget}).Wrap(u)
				began := time.Now()
				a, rec := post(h, says("hello"))
				refused(t, u, a, http.StatusServiceUnavailable, "guard-unavailable")
				if strings.Contains(a.Body, "vendor") || strings.Contains(a.Body, "fake") {
					t.Errorf("the client was told %s", a.Body)
				}
				if rec.Guards[0].Outcome != Failed || rec.Guards[0].Detail == "" {
					t.Errorf("recorded %+v", rec.Guards[0])
				}
				if d := time.Since(began); d > DefaultDeadline {
					t.Errorf("it took %v", d)
				}
				time.Sleep(2 * time.Hour) // whoever ignored the deadline ends
				synctest.Wait()
				drained(t, budget)
			})
		})
	}
}

// Scans that were reset by a decoding error, and full buffers that were passed on unscanned.
func TestG7_NothingUnscannedPasses(t *testing.T) {
	large := says(strings.Repeat("x", 2000))
	cases := map[string]struct {
		body   string
		status int
		code   string
	}{
		"an error in the middle":    {`{"messages":[{"content":"hello"},{]}`, 400, "ambiguous-json"},
		"an error at the end":       {says("hello") + "\x00", 400, "ambiguous-json"},
		"truncated":                 {strings.TrimSuffix(says("hello"), "}"), 400, "ambiguous-json"},
		"larger than the bound":     {large, 413, "body-too-large"},
		"no text":                   {`{"messages":[]}`, 400, "nothing-to-inspect"},
		"no text, but structure":    {`{"messages":[{"content":[{},[]]},{}]}`, 400, "nothing-to-inspect"},
		"no body":                   {``, 400, "nothing-to-inspect"},
		"nothing where it must be":  {`{"model":"m"}`, 400, "nothing-to-inspect"},
		"an object instead":         {`{"messages":{}}`, 400, "nothing-to-inspect"},
		"a number instead":          {`{"messages":3}`, 400, "nothing-to-inspect"},
		"null instead":              {`{"messages":null}`, 400, "nothing-to-inspect"},
		"an opaque part":            {`{"messages":[{"content":[{"text":"x"},{"source":{"data":"aGVsbG8="}}]}]}`, 400, "opaque-content"},
		"an opaque part as an URL":  {`{"messages":[{"content":[{"text":"x"},{"source":{"data":"data:image/png;base64,aGVsbG8="}}]}]}`, 400, "opaque-content"},
		"the word behind an opaque": {`{"messages":[{"content":[{"text":"` + word + `"},{"source":{"data":"aGVsbG8="}}]}]}`, 400, "opaque-content"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u := &upstream{}
			budget := NewBudget(1 << 20)
			h := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}, MaxBody: 1000, Budget: budget}).Wrap(u)
			a, _ := post(h, c.body)
			refused(t, u, a, c.status, c.code)
			drained(t, budget)
		})
	}
}
