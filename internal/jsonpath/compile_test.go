package jsonpath_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/headersafe/headersafe/internal/jsonpath"
)

func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct {
		expr   string
		offset int
		kind   jsonpath.Kind
	}{
		{"", 0, jsonpath.KindSyntax},
		{" $.a", 0, jsonpath.KindSyntax},
		{"$.a ", 3, jsonpath.KindSyntax},
		{"@.a", 0, jsonpath.KindSyntax},
		{"1", 0, jsonpath.KindSyntax},
		{"?@.a", 0, jsonpath.KindSyntax},
		{"'a'", 0, jsonpath.KindSyntax},
		{"messages.#.content", 9, jsonpath.KindSyntax}, // gjson's dialect
		{"messages[#].content", 9, jsonpath.KindSyntax},
		{"messages[].content", 9, jsonpath.KindSyntax}, // jq's
		{"messages|@this", 8, jsonpath.KindSyntax},
		{"/messages/0", 0, jsonpath.KindSyntax}, // a JSON Pointer
		{"messages.", 9, jsonpath.KindSyntax},
		{"messages.0", 9, jsonpath.KindSyntax},
		{"a.b-c", 3, jsonpath.KindSyntax},
		{"$..", 3, jsonpath.KindSyntax},
		{"$...a", 3, jsonpath.KindSyntax},
		{"$a", 1, jsonpath.KindSyntax},
		{"$$", 1, jsonpath.KindSyntax},
		{"$[a]", 2, jsonpath.KindSyntax},
		{"$[0", 3, jsonpath.KindSyntax},
		{"$[0,]", 4, jsonpath.KindSyntax},
		{"$[0]]", 4, jsonpath.KindSyntax},
		{"$[(@.length-1)]", 2, jsonpath.KindSyntax},
		{"$.a\xff", 3, jsonpath.KindEncoding},
		{"$['\xed\xa0\x80']", 3, jsonpath.KindEncoding},
		{"$.a\x00", 3, jsonpath.KindSyntax},
		{"$['a", 2, jsonpath.KindString},
		{"$['a\\", 4, jsonpath.KindString},
		{`$['a\x']`, 4, jsonpath.KindString},
		{`$['\u+041']`, 3, jsonpath.KindString},
		{`$['\ud800']`, 3, jsonpath.KindString},
		{`$['\ud800\u0041']`, 3, jsonpath.KindString},
		{"$['a\nb']", 4, jsonpath.KindString},
		{"$[01]", 2, jsonpath.KindNumber},
		{"$[-0]", 2, jsonpath.KindNumber},
		{"$[-]", 2, jsonpath.KindNumber},
		{"$[9007199254740992]", 2, jsonpath.KindNumber},
		{"$[:-9007199254740992]", 3, jsonpath.KindNumber},
		{"$[99999999999999999999]", 2, jsonpath.KindNumber},
		{"$[?@.a==01]", 8, jsonpath.KindNumber},
		{"$[?@.a==1.]", 8, jsonpath.KindNumber},
		{"$[?@.a==1e]", 8, jsonpath.KindNumber},
		{"$[?]", 3, jsonpath.KindSyntax},
		{"$[?(@.a]", 7, jsonpath.KindSyntax},
		{"$[?@.a=1]", 6, jsonpath.KindSyntax},
		{"$[?@.a==1==2]", 9, jsonpath.KindSyntax},
		{"$[?@.a&@.b]", 6, jsonpath.KindSyntax},
		{"$[?!@.a==1]", 7, jsonpath.KindSyntax},
		{"$[?!!@.a]", 4, jsonpath.KindSyntax},
		{"$[?(@.a)==1]", 8, jsonpath.KindSyntax},
		{"$[?@.a==True]", 8, jsonpath.KindSyntax},
		{"$[?@.a==nil]", 8, jsonpath.KindSyntax},
		{"$[?@.a==undefined]", 8, jsonpath.KindSyntax},
		{"$[?'a']", 3, jsonpath.KindType},
		{"$[?true]", 3, jsonpath.KindType},
		{"$[?@.a==@..b]", 8, jsonpath.KindType},
		{"$[?@[0,1]==1]", 3, jsonpath.KindType},
		{"$[?length(@.a)]", 3, jsonpath.KindType},
		{"$[?length(@.*)==1]", 10, jsonpath.KindType},
		{"$[?count(1)==1]", 9, jsonpath.KindType},
		{"$[?count(count(@.*))==1]", 9, jsonpath.KindType},
		{"$[?match(@.a,'a')==true]", 3, jsonpath.KindType},
		{"$[?length(match(@.a,'a'))==1]", 10, jsonpath.KindType},
		{"$[?foo(@.a)]", 3, jsonpath.KindFunction},
		{"$[?Length(@.a)==1]", 3, jsonpath.KindSyntax},
		{"$[?length (@.a)==1]", 3, jsonpath.KindSyntax},
		{"$[?length()==1]", 10, jsonpath.KindFunction},
		{"$[?length(@.a,@.b)==1]", 14, jsonpath.KindFunction},
		{"$[?length(@.a,)==1]", 14, jsonpath.KindSyntax},
		{"$[?length(@.a]", 13, jsonpath.KindSyntax},
		{"$[?match(@.a,'[')]", 13, jsonpath.KindPattern},
		{"$[?match(@.a,'a**')]", 13, jsonpath.KindPattern},
		{`$[?search(@.a,'\\d+')]`, 14, jsonpath.KindPattern},
		{"$[?search(@.a,'(?i)a')]", 14, jsonpath.KindPattern},
		{"$[?search(@.a,'a{5000}')]", 14, jsonpath.KindLimit},
		{"$[?search(@.a,'((a{50}){50}){50}')]", 14, jsonpath.KindLimit},
		{strings.Repeat("a", jsonpath.MaxExpression+1), jsonpath.MaxExpression, jsonpath.KindLimit},
		{"$[?" + strings.Repeat("(", 100) + "@" + strings.Repeat(")", 100) + "]", 66, jsonpath.KindLimit},
		{strings.Repeat("[?@", 100) + strings.Repeat("]", 100), 98, jsonpath.KindLimit},
		{"$[?" + strings.Repeat("length(", 100) + "@" + strings.Repeat(")", 100) + "==1]", 443, jsonpath.KindLimit},
	} {
		t.Run(c.expr[:min(len(c.expr), 40)], func(t *testing.T) {
			_, err := jsonpath.Compile(c.expr)
			var fault *jsonpath.Error
			if !errors.As(err, &fault) {
				t.Fatalf("compiles; want %v at %d", c.kind, c.offset)
			}
			if fault.Kind != c.kind || fault.Offset != c.offset {
				t.Errorf("got %v at %d (%s), want %v at %d", fault.Kind, fault.Offset, fault.Detail, c.kind, c.offset)
			}
			if fault.Expr != c.expr || fault.Detail == "" {
				t.Errorf("expression %q, detail %q", fault.Expr, fault.Detail)
			}
		})
	}
}

func TestCompileWithoutRoot(t *testing.T) {
	const document = `{"messages":[{"content":"x"},{"content":["y"]}],"ключ":{"*":1}}`
	for _, c := range []struct{ short, full string }{
		{"messages[*].content", "$.messages[*].content"},
		{"messages", "$.messages"},
		{"messages [0]", "$.messages[0]"},
		{"['messages'][1]", "$['messages'][1]"},
		{".messages", "$.messages"},
		{"..content", "$..content"},
		{"*", "$.*"},
		{"*[0]", "$.*[0]"},
		{"[?@[0]]", "$[?@[0]]"},
		{"ключ", "$.ключ"},
	} {
		want := selectPaths(t, c.full, document)
		if len(want) == 0 {
			t.Errorf("%s selects nothing", c.full)
		}
		if diff := cmp.Diff(want, selectPaths(t, c.short, document)); diff != "" {
			t.Errorf("%s is not %s (-want +got):\n%s", c.short, c.full, diff)
		}
		if got := jsonpath.MustCompile(c.short).String(); got != c.short {
			t.Errorf("%s calls itself %s", c.short, got)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		expr     string
		names    []string
		singular bool
	}{
		{"$", nil, true},
		{"$.a.b[0]", []string{"a", "b"}, true},
		{"$.a.a['a']", []string{"a"}, true},
		{"$..a", []string{"a"}, false},
		{"messages[*].content", []string{"messages", "content"}, false},
		{"$['a','b']", []string{"a", "b"}, false},
		{`$['\u0061"']`, []string{`a"`}, true},
		{"$[?@.type=='text' && $.x.y]..z", []string{"type", "x", "y", "z"}, false},
		{"$[?count(@..c[?@.d])>length(@.e) || match(@.f,$.g)]", []string{"c", "d", "e", "f", "g"}, false},
	} {
		p := jsonpath.MustCompile(c.expr)
		if diff := cmp.Diff(c.names, p.Names()); diff != "" {
			t.Errorf("%s: names (-want +got):\n%s", c.expr, diff)
		}
		if p.Singular() != c.singular {
			t.Errorf("%s: singular %v", c.expr, p.Singular())
		}
	}
	p := jsonpath.MustCompile("$.a")
	p.Names()[0] = "changed"
	if got := p.Names()[0]; got != "a" {
		t.Errorf("the path is not immutable: %q", got)
	}
}

func TestMustCompilePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	jsonpath.MustCompile("$[")
}

func TestErrorSaysAll(t *testing.T) {
	_, err := jsonpath.Compile("messages.#.content")
	want := `jsonpath "messages.#.content": offset 9: syntax: a name or * must follow the dot, not '#'`
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	for k := jsonpath.KindSyntax; k <= jsonpath.KindLimit; k++ {
		if strings.HasPrefix(k.String(), "Kind(") {
			t.Errorf("kind %d has no name", k)
		}
	}
	if jsonpath.Kind(0).String() != "Kind(0)" {
		t.Error("the zero kind has a name")
	}
}
