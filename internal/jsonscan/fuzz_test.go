package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/headersafe/headersafe/internal/jsonscan"
	"github.com/tidwall/gjson"
)

func addTexts(f *testing.F) {
	for _, c := range refused {
		f.Add([]byte(c.text))
	}
	for _, c := range accepted {
		f.Add([]byte(c.text))
	}
}

// FuzzScan holds Scan against encoding/json, gjson and a slow checker of the stricter rules.
//
// Oracle: what Scan accepts, encoding/json and gjson accept, encoding/json decodes to the document on the tape, and
// the slow checker has no objection. What Scan refuses and encoding/json accepts is refused for a stricter rule, which
// the slow checker finds broken too. A refusal's offset lies in the text or at its end.
func FuzzScan(f *testing.F) {
	addTexts(f)
	limits := jsonscan.Limits{MaxDepth: 12, MaxNodes: 60}
	names := jsonscan.NewNames(selected...)
	f.Fuzz(func(t *testing.T, src []byte) {
		tape, err := jsonscan.Scan(src, limits, names)
		valid := json.Valid(src)
		if err == nil {
			defer tape.Release()
			if !valid || !gjson.ValidBytes(src) {
				t.Fatalf("accepted %q; encoding/json %v, gjson %v", src, valid, gjson.ValidBytes(src))
			}
			if broken := strictRules(src, limits, selected); len(broken) > 0 {
				t.Fatalf("accepted %q, which breaks %v", src, broken)
			}
			assertSameDocument(t, tape)
			return
		}
		var refusal *jsonscan.Error
		if !errors.As(err, &refusal) || refusal.Offset < 0 || refusal.Offset > len(src) {
			t.Fatalf("refused %q with %#v", src, err)
		}
		if valid && !strictRules(src, limits, selected)[refusal.Kind] {
			t.Fatalf("refused %q: %v; encoding/json accepts it, and that rule is not broken", src, err)
		}
	})
}

// strictRules returns the rules beyond RFC 8259's grammar that the valid JSON text src breaks. It is as
// plain as can be: names are compared each with each, by the standard library.
func strictRules(src []byte, limits jsonscan.Limits, selected []string) map[jsonscan.Kind]bool {
	broken := map[jsonscan.Kind]bool{}
	if !utf8.Valid(src) {
		broken[jsonscan.KindUTF8] = true
	}
	if hasLoneSurrogate(src) {
		broken[jsonscan.KindSurrogate] = true
	}
	type object struct {
		names  []string
		isName bool
		array  bool
	}
	var open []*object
	nodes := 0
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err == io.EOF {
			return broken
		}
		if err != nil {
			panic(err)
		}
		var top *object
		if len(open) > 0 {
			top = open[len(open)-1]
		}
		if token == json.Delim(']') || token == json.Delim('}') {
			open = open[:len(open)-1]
			continue
		}
		if top != nil && !top.array {
			top.isName = !top.isName
			if top.isName {
				name := token.(string)
				checkName(broken, name, top.names, selected)
				top.names = append(top.names, name)
				continue
			}
		}
		if nodes++; nodes > limits.MaxNodes {
			broken[jsonscan.KindNodes] = true
		}
		if token == json.Delim('[') || token == json.Delim('{') {
			open = append(open, &object{array: token == json.Delim('[')})
			if len(open) > limits.MaxDepth {
				broken[jsonscan.KindDepth] = true
			}
		}
	}
}

func checkName(broken map[jsonscan.Kind]bool, name string, earlier, selected []string) {
	if strings.ContainsRune(name, 0) {
		broken[jsonscan.KindNULName] = true
	}
	for _, other := range earlier {
		switch {
		case other == name:
			broken[jsonscan.KindDuplicateName] = true
		case strings.EqualFold(other, name):
			broken[jsonscan.KindFoldedName] = true
		}
	}
	for _, other := range selected {
		if other != name && strings.EqualFold(other, name) {
			broken[jsonscan.KindSelectedName] = true
		}
	}
}

// hasLoneSurrogate relies on encoding/json, which puts U+FFFD for each lone surrogate and nothing else that is
// valid UTF-8: it looks for one that is not there when every escape of U+FFFD and every raw one is made a letter.
func hasLoneSurrogate(src []byte) bool {
	text := strings.ToValidUTF8(string(src), "x")
	text = strings.ReplaceAll(text, "\ufffd", "x")
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' {
			if i+6 <= len(text) && strings.EqualFold(text[i:i+6], `\ufffd`) {
				b.WriteByte('x')
				i += 5
				continue
			}
			b.WriteByte(text[i])
			i++
		}
		b.WriteByte(text[i])
	}
	d := json.NewDecoder(strings.NewReader(b.String()))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		if s, ok := token.(string); ok && strings.ContainsRune(s, utf8.RuneError) {
			return true
		}
	}
}

// FuzzUnescape checks strings alone. Oracle: a JSON string that is accepted has the value that encoding/json gives it, by
// every accessor, as a text and as a name.
func FuzzUnescape(f *testing.F) {
	for _, s := range []string{``, `a`, `\n\t\"\\\/\b\f\r`, `\u00e9é`, `\ud83d\ude00😀`, `\u0000`, `aaaaaaa\u0041aaaaaaaa\\`, `\ud800`, "é\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		src := []byte(`{"` + raw + `":"` + raw + `"}`)
		tape, err := jsonscan.Scan(src, jsonscan.Limits{}, nil)
		if err != nil {
			return
		}
		defer tape.Release()
		var want map[string]any
		if err := json.Unmarshal(src, &want); err != nil {
			t.Fatal(err)
		}
		// raw may hold quotes and so more than one string.
		if len(want) == 1 && !(tape.Type(1) == jsonscan.String && tape.NameIs(1, tape.String(1))) {
			t.Fatalf("%q: the name is not the text", src)
		}
		assertSameDocument(t, tape)
	})
}

// FuzzFold checks the comparison of names. Oracle: an object of two members is refused as folded if and only if
// strings.EqualFold holds of their names and they differ, and as duplicate if and only if they are equal; a selected
// name clashes with another one under the same condition.
func FuzzFold(f *testing.F) {
	for _, c := range [][2]string{{"a", "A"}, {"messages", "meſsages"}, {"k", "\u212a"}, {"ß", "ẞ"}, {"i", "İ"}, {"abcdefgh", "ABCDEFGI"}, {"Ω", "Ω"}} {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) || strings.ContainsRune(a+b, 0) {
			t.Skip()
		}
		want := jsonscan.Kind(0)
		switch {
		case a == b:
			want = jsonscan.KindDuplicateName
		case strings.EqualFold(a, b):
			want = jsonscan.KindFoldedName
		}
		qa, _ := json.Marshal(a)
		qb, _ := json.Marshal(b)
		pair := string(qa) + ":1," + string(qb) + ":2}"
		var many strings.Builder
		for i := range 20 { // enough for the table, under names that fuzzing does not hit upon
			many.WriteString(`"\u0001filler` + strconv.Itoa(i) + `":0,`)
		}
		for _, src := range []string{"{" + pair, "{" + many.String() + pair} {
			if got := kindOf(src, nil); got != want {
				t.Fatalf("%s: got %v, want %v", src, got, want)
			}
		}
		if want == jsonscan.KindFoldedName {
			want = jsonscan.KindSelectedName
		} else {
			want = 0
		}
		if got := kindOf("{"+string(qb)+":1}", jsonscan.NewNames("x", a, "y")); got != want && !strings.EqualFold(b, "x") && !strings.EqualFold(b, "y") {
			t.Fatalf("%q selected, %q there: got %v, want %v", a, b, got, want)
		}
	})
}

func kindOf(src string, names *jsonscan.Names) jsonscan.Kind {
	tape, err := jsonscan.Scan([]byte(src), jsonscan.Limits{}, names)
	var refusal *jsonscan.Error
	if errors.As(err, &refusal) {
		return refusal.Kind
	}
	tape.Release()
	return 0
}
