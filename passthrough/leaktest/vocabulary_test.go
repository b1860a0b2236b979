package leaktest

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The package's documentation lists the words that a case can use: each that the code knows, and no other.
func TestVocabulary(t *testing.T) {
	names, forms := placeholders()
	documentedNames, documentedForms := placeholdersIn(documented(t, "Placeholders:") + documented(t, "Some have further forms"))
	for _, c := range []struct {
		what      string
		want, got []string
	}{
		{"placeholders", names, documentedNames},
		{"forms of placeholders", forms, documentedForms},
		{"actions", slices.Sorted(maps.Keys(actions)), actionsIn(documented(t, "On a line of its own, these act:"))},
		{"expectations", slices.Sorted(maps.Keys(checks)), verbsIn(t, documented(t, "Expectations, all of which must hold."))},
		{"needs", slices.Sorted(maps.Keys(needs)), needsIn(documented(t, "Meta, one a line:"))},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-in the code +in doc.go):\n%s", c.what, diff)
		}
	}
}

// Each key of meta that the documentation lists is taken, and there is none that it does not list.
func TestVocabularyOfMeta(t *testing.T) {
	rest := map[string]string{
		"title": "t", "refs": "go#1", "wire": "h1", "needs": "prefix", "outer": "A: 1", "context": "bare", "build": "without-secret", "repeat": "2",
	}
	for _, m := range regexp.MustCompile(`(?m)^(\w+)  `).FindAllStringSubmatch(documented(t, "Meta, one a line:"), -1) {
		if err := new(vector).meta(m[1] + ": " + rest[m[1]]); err != nil {
			t.Errorf("doc.go lists %s: %v", m[1], err)
		}
		delete(rest, m[1])
	}
	for key := range rest {
		t.Errorf("doc.go does not list %s", key)
	}
}

// documented is the preformatted text in doc.go that comes after intro.
func documented(t *testing.T, intro string) string {
	t.Helper()
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(source), intro)
	if !ok {
		t.Fatalf("doc.go does not say %q", intro)
	}
	var b strings.Builder
	for line := range strings.Lines(after) {
		text, ok := strings.CutPrefix(line, "//\t")
		if ok {
			b.WriteString(text)
		} else if b.Len() > 0 {
			break
		}
	}
	return b.String()
}

// placeholders are those that the code knows, and the forms that some of them have after a dot.
func placeholders() (names, forms []string) {
	known := slices.Collect(maps.Keys(newValues(new(Target), h1, "")))
	return split(append(known, "length", "chunk")) // the two that are known to script alone
}

func placeholdersIn(text string) (names, forms []string) {
	var all []string
	for _, m := range regexp.MustCompile(`\{\{([a-z0-9.+-]+)(?:: TEXT)?\}\}|(\.[a-z][a-z0-9-]*)`).FindAllStringSubmatch(text, -1) {
		all = append(all, m[1]+m[2])
	}
	return split(all)
}

// split parts names from the forms after their dots, and sorts both.
func split(all []string) (names, forms []string) {
	for _, name := range all {
		name, form, dotted := strings.Cut(name, ".")
		if name != "" {
			names = append(names, name)
		}
		if dotted {
			forms = append(forms, form)
		}
	}
	slices.Sort(names)
	slices.Sort(forms)
	return slices.Compact(names), slices.Compact(forms)
}

func actionsIn(text string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`\{\{([a-z -]+)(?:: TEXT)?\}\}`).FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return out
}

// verbsIn reads columns, each of which is an expectation or a remark.
func verbsIn(t *testing.T, text string) []string {
	t.Helper()
	var out []string
	for _, column := range regexp.MustCompile(`\n| {2,}`).Split(text, -1) {
		if !regexp.MustCompile(`^(upstream|client|log) `).MatchString(column) {
			continue
		}
		e, err := parseExpectation(column)
		if err != nil {
			t.Errorf("doc.go: %v", err)
			continue
		}
		out = append(out, strings.TrimSpace(strings.TrimSuffix(e.line, e.argument)))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func needsIn(text string) []string {
	_, text, _ = strings.Cut(text, "\nneeds ")
	text, _, _ = strings.Cut(text, "\nouter ")
	_, text, _ = strings.Cut(text, ":")
	text = regexp.MustCompile(`\([^)]*\)`).ReplaceAllString(text, "")
	var out []string
	for need := range strings.SplitSeq(text, ",") {
		out = append(out, strings.TrimSpace(need))
	}
	slices.Sort(out)
	return out
}
