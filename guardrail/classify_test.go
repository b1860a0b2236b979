package guardrail

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Of a string in several lists, the first list that applies decides.
func TestClassifyPrecedence(t *testing.T) {
	everything := func(lists string) Endpoint {
		e := Endpoint{Text: []Selector{{Path: "x", Kind: Prompt, Required: true}}}
		for list, paths := range map[string]*[]string{
			"refuse": &e.Refuse, "opaque": &e.Opaque, "sealed": &e.Sealed, "reference": &e.Reference, "not-text": &e.NotText,
		} {
			if strings.Contains(lists, list) {
				*paths = []string{"x"}
			}
		}
		return e
	}
	for _, c := range []struct{ lists, x, want string }{
		{"refuse opaque sealed reference not-text", `"abcd"`, "refused x"},
		{"refuse", `7`, "refused x"},
		{"refuse", `["a", "b"]`, "refused x"},
		{"refuse", `null`, ""},
		{"opaque sealed reference not-text", `"abcd"`, "opaque x"},
		{"opaque sealed not-text", `"data:image/png;base64,abcd"`, "opaque x"},
		{"opaque", `"data:text/plain,abcd"`, "x prompt"},
		{"opaque", `"abcde"`, "x prompt"}, // no base64: five digits
		{"sealed reference not-text", `"abcd"`, "sealed x"},
		{"sealed reference not-text", `"ab.cd"`, "reference x prompt"},
		{"reference not-text", `"abcd"`, "reference x prompt"},
		{"reference not-text", `"two words"`, "reference x prompt"},
		{"not-text", `"abcd"`, "not-text x"},
		{"not-text", `"two words"`, "x prompt"},
		{"not-text", `"\u0061bcd"`, "x prompt"}, // no identifier is spelt with escapes
		{"not-text", `["abcd"]`, "x[0] prompt"}, // what stands below is not meant
		{"", `""`, ""},
		{"", `"abcd"`, "x prompt"},
	} {
		want := []string{c.want}
		if c.want == "" {
			want = nil
		}
		if diff := cmp.Diff(want, readings(t, everything(c.lists), `{"x":`+c.x+`}`)); diff != "" {
			t.Errorf("%s in %q (-want +got):\n%s", c.x, c.lists, diff)
		}
	}
}

func TestClassifyErrors(t *testing.T) {
	faulty := Endpoint{Text: []Selector{{Path: "a["}}, Sealed: []string{"b["}, Refuse: []string{"c["}}
	_, err := faulty.Classify([]byte(`{}`))
	var fields []string
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%v", err)
	}
	for _, err := range joined.Unwrap() {
		if mistake, ok := errors.AsType[*ConfigError](err); ok {
			fields = append(fields, mistake.Field)
		}
	}
	if diff := cmp.Diff([]string{"Endpoint.Text[0].Path", "Endpoint.Sealed[0]", "Endpoint.Refuse[0]"}, fields); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}

	rule := Endpoint{Text: []Selector{{Path: "messages"}}}
	for _, body := range []string{`{"a":1,"a":2}`, `{`, `{"Messages":"a"}`} {
		if got, err := rule.Classify([]byte(body)); err == nil {
			t.Errorf("%s: %v, want an error", body, got)
		}
	}
}

// A class has a name, also one that there is none of.
func TestClassString(t *testing.T) {
	for class, want := range map[Class]string{ClassText: "text", ClassRefused: "refused", ClassRefused + 1: "unknown"} {
		if got := class.String(); got != want {
			t.Errorf("%d: %q, want %q", class, got, want)
		}
	}
}
