package headerpolicy

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/secret"
)

const topSecret = "sk-top-secret-0123456789"

func TestSources(t *testing.T) {
	t.Setenv("HEADERSAFE_KEY", topSecret)
	rotated := func(context.Context) (string, error) { return topSecret, nil }
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + topSecret))
	tests := []struct {
		name   string
		set    Set
		want   string
		sealed bool
	}{
		{"secret", Set{"X-Key", Secret(topSecret)}, topSecret, true},
		{"secret with a scheme", Set{"Authorization", Secret(topSecret).WithScheme("Bearer")}, "Bearer " + topSecret, true},
		{"scheme in the value", Set{"Authorization", Secret("Bearer " + topSecret)}, "Bearer " + topSecret, true},
		{"basic", Set{"Authorization", Secret(basic).WithScheme("Basic")}, "Basic " + basic, true},
		{"environment", Set{"X-Key", Env("HEADERSAFE_KEY")}, topSecret, true},
		{"function", Set{"Authorization", Func(rotated).WithScheme("Bearer")}, "Bearer " + topSecret, true},
		{"static credential", Set{"Authorization", Static("Bearer " + topSecret)}, "Bearer " + topSecret, true},
		{"static", Set{"X-Route", Static(topSecret)}, topSecret, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := mustNew(t, Config{Request: Request{Set: []Set{test.set}}})
			d, needles, refusal := p.decide(t.Context(), RequestInput{Header: http.Header{test.set.Name: {"the caller's"}}}, true)
			if refusal != nil {
				t.Fatal(refusal)
			}
			if got := d.Header[test.set.Name]; len(got) != 1 || got[0] != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			sealed := false
			for _, needle := range needles {
				sealed = sealed || needle.In("it was "+topSecret+".")
			}
			if sealed != test.sealed {
				t.Errorf("sealed: got %v, want %v", sealed, test.sealed)
			}
		})
	}
}

func TestFuncRefuses(t *testing.T) {
	tests := []struct {
		name  string
		value string
		err   error
	}{
		{"error", "", errors.New("vault said " + topSecret)},
		{"empty", "", nil},
		{"short", "abc", nil},
		{"placeholder", "undefined", nil},
		{"line feed", topSecret + "\n", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := mustNew(t, Config{Request: Request{Set: []Set{{Name: "Authorization",
				Value: Func(func(context.Context) (string, error) { return test.value, test.err }).WithScheme("Bearer")}}}})
			d, err := p.Request(t.Context(), RequestInput{Header: header("Authorization: Bearer the-callers-own")})
			if got, want := outcome(d, err), "Service Unavailable: secret-unavailable Authorization"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if len(d.Header) != 0 {
				t.Errorf("R5: %v crossed instead", d.Header)
			}
			if all := fmt.Sprint(d, err); strings.Contains(all, "vault") || strings.Contains(all, topSecret) {
				t.Errorf("the source's error got out: %s", all)
			}
		})
	}
}

func TestFuncIsAskedOnEveryRequestThatMayCross(t *testing.T) {
	calls := 0
	p := mustNew(t, Config{Request: Request{
		Forward: []string{"Accept"},
		Set: []Set{{Name: "Authorization", Value: Func(func(context.Context) (string, error) {
			calls++
			return fmt.Sprintf("%s-%d", topSecret, calls), nil
		})}},
	}})
	for i := 1; i <= 2; i++ {
		d, err := p.Request(t.Context(), RequestInput{})
		if want := fmt.Sprintf("%s-%d", topSecret, i); err != nil || d.Header.Get("Authorization") != want {
			t.Errorf("request %d: got %q, %v, want %q", i, d.Header.Get("Authorization"), err, want)
		}
	}
	if _, err := p.Request(t.Context(), RequestInput{Header: header("Accept: \x00")}); err == nil || calls != 2 {
		t.Errorf("a refused request: error %v, %d calls, want 2", err, calls)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Setenv("HEADERSAFE_KEY", topSecret)
	c := Config{Request: Request{Set: []Set{
		{"X-A", Secret(topSecret)},
		{"X-Api-Key", Static(topSecret)},
		{"X-C", Env("HEADERSAFE_KEY")},
		{"X-D", Secret(topSecret).WithScheme("Bearer")},
	}}}
	p := mustNew(t, c)
	d, err := p.Request(t.Context(), RequestInput{})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Header) != 4 {
		t.Fatalf("got %d fields", len(d.Header))
	}
	for name, v := range map[string]any{
		"config": c, "config pointer": &c, "sets": c.Request.Set, "source": c.Request.Set[0].Value,
		"policy": p, "policy value": *p, "request policy": p.request, "decision": d,
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if got := fmt.Sprintf(verb, v); leaks(got) {
				t.Errorf("%s, %s: %s", name, verb, got)
			}
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("it", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("it", "v", v)
		if leaks(log.String()) {
			t.Errorf("%s, slog: %s", name, log.String())
		}
		if b, err := json.Marshal(v); err == nil && leaks(string(b)) {
			t.Errorf("%s, JSON: %s", name, b)
		}
	}
}

// leaks reports whether text holds the secret in the forms that fmt's verbs give a string.
func leaks(text string) bool {
	return secret.NewNeedle(secret.New(topSecret)).In(text) || strings.Contains(text, fmt.Sprintf("%x", topSecret))
}

func TestSourceStrings(t *testing.T) {
	for want, s := range map[string]Source{
		"headerpolicy.Static([redacted])": Static("x"),
		"headerpolicy.Secret([redacted])": Secret("x"),
		`headerpolicy.Env("OPENAI_KEY")`:  Env("OPENAI_KEY"),
		"headerpolicy.Func(…)":            Func(nil),
		"headerpolicy.Source{}":           {},
	} {
		if got := s.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := s.LogValue().String(); got != want {
			t.Errorf("log: got %s, want %s", got, want)
		}
		if got, err := s.MarshalText(); err != nil || string(got) != want {
			t.Errorf("text: got %s, %v, want %s", got, err, want)
		}
	}
}
