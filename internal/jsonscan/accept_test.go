package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// accepted lists texts that must pass, next to those of refused that they resemble.
var accepted = []struct{ name, text string }{
	{"null", "null"},
	{"true", " true "},
	{"false", "\tfalse\n"},
	{"number", "0"},
	{"string", `"a"`},
	{"empty string", `""`},
	{"empty array", "[ ]"},
	{"empty object", "{\r\n}"},
	{"nested", `[[[[]]],{"a":{"b":[{}]}}]`},
	{"all white space", " [ 1 , 2 ] \r\n\t"},
	{"negative zero", "[-0,-0.0,0e0]"},
	{"huge number", "1e999"},
	{"tiny number", "1E-999"},
	{"long integer", "123456789012345678901234567890"},
	{"fractions", "[0.5,-1.25,10.01e+2,1E5]"},
	{"escapes", `"\"\\\/\b\f\n\r\t\u0041"`},
	{"NUL in text", `"a\u0000b"`},
	{"pair", `"\ud83d\uDE00"`},
	{"pairs", `"\ud83d\ude00\ud83d\ude00"`},
	{"edges of the surrogates", `"\ud7ff\ue000"`},
	{"DEL", "\"\x7f\""},
	{"noncharacters", `"\uffff\ufffe` + "\U0010ffff" + `"`},
	{"BOM inside a string", "\"\ufeff\""},
	{"line separators inside a string", "\"\u2028\u2029\""},
	{"all lengths of UTF-8", "\"aé€😀\""},
	{"edges of UTF-8", "\"\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\""},
	{"comment inside a string", `"// /* */"`},
	{"empty name", `{"":1}`},
	{"prefix names", `{"a":1,"ab":2,"abc":3}`},
	{"same ends, other middle", `{"abcdefgh1abcdefgh":1,"abcdefgh2abcdefgh":2}`},
	{"names differing in bit 5", "{\"a@\":1,\"a`\":2,\"a[\":3,\"a{\":4}"},
	{"same name in siblings", `[{"a":1},{"a":2}]`},
	{"same name in parent and child", `{"a":{"a":{"a":1}}}`},
	{"not a simple fold", `{"ss":1,"ß":2}`},
	{"dotless and dotted i", `{"i":1,"ı":2,"İ":3}`},
	{"canonical equivalents", `{"é":1,"e\u0301":2}`},
	{"selected", `{"messages":[{"content":"x"}],"über":1}`},
	{"selected, escaped", `{"\u006dessages":[{"\u0063ontent":"x"}]}`},
	{"near a selected name", `{"message":1,"messagess":2,"contents":3,"uber":4}`},
	{"a selected name as text", `["Messages","CONTENT"]`},
	{"depth 128", strings.Repeat("[", 128) + strings.Repeat("]", 128)},
	{"sixteen members", manyMembers(15, `"z":0`)},
	{"seventeen members", manyMembers(16, `"z":0`)},
	{"many members", manyMembers(100, `"messages":0`)},
}

func TestAccepted(t *testing.T) {
	names := jsonscan.NewNames(selected...)
	for _, c := range accepted {
		t.Run(c.name, func(t *testing.T) {
			tape, err := jsonscan.Scan([]byte(c.text), jsonscan.Limits{}, names)
			if err != nil {
				t.Fatal(err)
			}
			defer tape.Release()
			assertSameDocument(t, tape)
		})
	}
}

func TestLimitsAreInclusive(t *testing.T) {
	for _, c := range []struct {
		limits jsonscan.Limits
		text   string
	}{
		{jsonscan.Limits{MaxDepth: 1}, `[1]`},
		{jsonscan.Limits{MaxDepth: 1}, `1`},
		{jsonscan.Limits{MaxDepth: 2}, `[[],[],{}]`},
		{jsonscan.Limits{MaxNodes: 1}, `1`},
		{jsonscan.Limits{MaxNodes: 4}, `{"a":1,"b":2,"c":3}`},
		{jsonscan.Limits{MaxDepth: -1, MaxNodes: -1}, `[[1,2]]`},
	} {
		tape, err := jsonscan.Scan([]byte(c.text), c.limits, nil)
		if err != nil {
			t.Errorf("%+v %s: %v", c.limits, c.text, err)
		}
		tape.Release()
	}
}

// assertSameDocument compares a tape with encoding/json's reading of its source.
func assertSameDocument(t *testing.T, tape *jsonscan.Tape) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(tape.Source()))
	d.UseNumber()
	var want any
	if err := d.Decode(&want); err != nil {
		t.Fatalf("encoding/json: %v", err)
	}
	// Not go-cmp, whose time doubles with each level of nesting.
	if got := decode(tape, jsonscan.Root); !reflect.DeepEqual(got, want) {
		t.Errorf("not encoding/json's document:\n got %v\nwant %v", got, want)
	}
	if got := tape.After(jsonscan.Root); int(got) != tape.Len() {
		t.Errorf("After(Root) is %d of %d", got, tape.Len())
	}
}

// decode builds the value of n as encoding/json would with UseNumber, and checks on the way that the
// ways of moving about agree.
func decode(t *jsonscan.Tape, n jsonscan.Node) any {
	start, end := t.Span(n)
	if string(t.Source()[start:end]) != string(t.Raw(n)) {
		panic("Raw is not the Span")
	}
	switch t.Type(n) {
	case jsonscan.Null:
		return nil
	case jsonscan.False, jsonscan.True:
		return t.Type(n) == jsonscan.True
	case jsonscan.Number:
		return json.Number(t.Raw(n))
	case jsonscan.String:
		if s := t.String(n); string(t.AppendText(nil, n)) != s || !t.TextIs(n, s) || t.TextIs(n, s+"x") {
			panic("String, AppendText and TextIs disagree")
		}
		return t.String(n)
	case jsonscan.Array:
		a := []any{}
		for c := range children(t, n) {
			if i, ok := t.Index(c); !ok || i != len(a) {
				panic(fmt.Sprintf("element %d says that it is %d, %v", len(a), i, ok))
			}
			if name, _ := t.Name(c); name != nil {
				panic("an element has a name")
			}
			a = append(a, decode(t, c))
		}
		return a
	case jsonscan.Object:
		m := map[string]any{}
		for c := range children(t, n) {
			name := string(t.AppendName(nil, c))
			if !t.NameIs(c, name) || t.NameIs(c, name+"x") {
				panic("AppendName and NameIs disagree")
			}
			if _, ok := t.Index(c); ok {
				panic("a member has an index")
			}
			m[name] = decode(t, c)
		}
		return m
	}
	panic("a node without a type")
}

// children walks by FirstChild and NextSibling, and checks Children, Parent and Count against them.
func children(t *jsonscan.Tape, n jsonscan.Node) func(func(jsonscan.Node) bool) {
	var list []jsonscan.Node
	for c := range t.Children(n) {
		list = append(list, c)
	}
	if len(list) != t.Count(n) {
		panic("Count is not the number of Children")
	}
	return func(yield func(jsonscan.Node) bool) {
		i := 0
		for c, ok := t.FirstChild(n); ok; c, ok = t.NextSibling(c) {
			if parent, has := t.Parent(c); !has || parent != n || list[i] != c {
				panic("FirstChild, NextSibling, Children and Parent disagree")
			}
			i++
			if !yield(c) {
				return
			}
		}
		if i != len(list) {
			panic("NextSibling stops early")
		}
	}
}

func TestTapeOfOtherTypes(t *testing.T) {
	tape, err := jsonscan.Scan([]byte(`[1,"a"]`), jsonscan.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Release()
	if raw, _ := tape.Text(1); raw != nil || tape.TextIs(1, "") || tape.String(1) != "" {
		t.Error("a number has a text")
	}
	if name, _ := tape.Name(jsonscan.Root); name != nil || tape.NameIs(1, "") || tape.NameIs(jsonscan.Root, "") {
		t.Error("the root or an element has a name")
	}
	if _, ok := tape.Parent(jsonscan.Root); ok {
		t.Error("the root has a parent")
	}
	if _, ok := tape.NextSibling(jsonscan.Root); ok {
		t.Error("the root has a sibling")
	}
	if _, ok := tape.FirstChild(1); ok {
		t.Error("a number has a child")
	}
}

func TestReleaseTwicePanics(t *testing.T) {
	tape, err := jsonscan.Scan([]byte(`{}`), jsonscan.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	tape.Release()
	defer func() {
		if recover() == nil {
			t.Error("a second Release went through")
		}
	}()
	tape.Release()
}

// TestUnescapeAtEveryPlace puts escapes at every place of texts of every length, around the words in which texts are read.
func TestUnescapeAtEveryPlace(t *testing.T) {
	for _, escape := range []string{`\n`, `\"`, `\u00e9`, `\ud83d\ude00`, `\\\\`, `é`, `😀`} {
		for n := range 40 {
			for at := range n + 1 {
				text := strings.Repeat("x", at) + escape + strings.Repeat("y", n-at)
				tape, err := jsonscan.Scan([]byte(`{"a`+text+`":["`+text+`","`+text+escape+`"]}`), jsonscan.Limits{}, nil)
				if err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				assertSameDocument(t, tape)
				tape.Release()
			}
		}
	}
}
