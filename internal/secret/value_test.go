package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/headersafe/headersafe/internal/secret"
)

const hidden = "s3cr3t-v4lu3"

// holders are the places in which a secret may stand when somebody prints it.
func holders() map[string]any {
	v := secret.New(hidden)
	type inner struct{ v secret.Value }
	type outer struct {
		Name   string
		V      secret.Value
		P      *secret.Value
		inner  inner
		p      *inner
		m      map[string]secret.Value
		s      []secret.Value
		a      [1]secret.Value
		any    any
		nested *struct{ m map[string][]inner }
	}
	o := outer{
		Name: "x", V: v, P: &v, inner: inner{v}, p: &inner{v}, m: map[string]secret.Value{"k": v},
		s: []secret.Value{v}, a: [1]secret.Value{v}, any: inner{v},
		nested: &struct{ m map[string][]inner }{map[string][]inner{"k": {{v}}}},
	}
	needle := secret.NewNeedle(v)
	needle.In("the first call makes the base64 forms, which are as good as the secret")
	return map[string]any{
		"value":           v,
		"needle":          needle,
		"needles":         []any{needle, struct{ n *secret.Needle }{needle}},
		"pointer":         &v,
		"slice":           []secret.Value{v},
		"array":           [2]secret.Value{v, v},
		"map":             map[string]secret.Value{"k": v},
		"map of pointers": map[string]*secret.Value{"k": &v},
		"struct":          o,
		"struct pointer":  &o,
		"structs":         []outer{o},
		"any":             []any{v, &v, o, &o},
		"inner":           inner{v},
		"error":           fmt.Errorf("wrapped: %w", errors.Join(fmt.Errorf("with %v", v), fmt.Errorf("with %+v", inner{v}))),
	}
}

// refuseLeak fails if text holds the secret in a form that a verb gives it.
func refuseLeak(t *testing.T, how, text string) {
	t.Helper()
	for _, form := range []string{hidden, base64.RawStdEncoding.EncodeToString([]byte(hidden))[:14], fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden), fmt.Sprintf("% x", hidden), fmt.Sprintf("%d", []byte(hidden))} {
		if strings.Contains(text, strings.Trim(form, "[]")) {
			t.Errorf("%s prints it: %s", how, text)
		}
	}
}

func TestUnprintableByFmt(t *testing.T) {
	for name, holder := range holders() {
		t.Run(name, func(t *testing.T) {
			for _, verb := range strings.Fields("%v %+v %#v %s %q %#q %x %X %# x %d %o %b %c %U %e %t %p %T %10.3s %-40v %[1]*d") {
				refuseLeak(t, verb, fmt.Sprintf(verb, holder))
			}
			refuseLeak(t, "Println", fmt.Sprintln(holder))
		})
	}
}

func TestUnprintableByEncoders(t *testing.T) {
	for name, holder := range holders() {
		t.Run(name, func(t *testing.T) {
			if text, err := json.Marshal(holder); err == nil {
				refuseLeak(t, "json", string(text))
			} else {
				refuseLeak(t, "json's error", err.Error())
			}
			if text, err := xml.Marshal(holder); err == nil {
				refuseLeak(t, "xml", string(text))
			} else {
				refuseLeak(t, "xml's error", err.Error())
			}
			var b bytes.Buffer
			_ = template.Must(template.New("").Parse("{{.}} {{printf `%s %x` . .}}")).Execute(&b, holder)
			refuseLeak(t, "template", b.String())
		})
	}
}

func TestUnprintableBySlog(t *testing.T) {
	for name, holder := range holders() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
				log := slog.New(h)
				log.Info("m", "k", holder)
				log.With("k", holder).WithGroup("g").Info("m", slog.Group("h", "k", holder))
			}
			refuseLeak(t, "slog", b.String())
		})
	}
}

// TestRedactedForm pins what is shown instead, so that a log says that there was a secret.
func TestRedactedForm(t *testing.T) {
	v := secret.New(hidden)
	for _, verb := range strings.Fields("%v %+v %#v %s %q %x %d") {
		if got := fmt.Sprintf(verb, v); got != secret.Redacted {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	if v.String() != secret.Redacted || v.GoString() != secret.Redacted || v.LogValue().String() != secret.Redacted {
		t.Errorf("%q %q %q", v.String(), v.GoString(), v.LogValue().String())
	}
	text, err := json.Marshal(map[string]any{"v": v, "zero": secret.Value{}})
	if err != nil || string(text) != `{"v":"[redacted]","zero":"[redacted]"}` {
		t.Errorf("%s, %v", text, err)
	}
}

func TestValue(t *testing.T) {
	for _, tt := range []struct {
		name  string
		v     secret.Value
		text  string
		empty bool
	}{
		{"zero", secret.Value{}, "", true},
		{"empty", secret.New(""), "", true},
		{"full", secret.New(hidden), hidden, false},
	} {
		if tt.v.Reveal() != tt.text || tt.v.Empty() != tt.empty {
			t.Errorf("%s: %q, empty %t", tt.name, tt.v.Reveal(), tt.v.Empty())
		}
	}
}
