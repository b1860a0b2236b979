package guardrail

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/jsonpath"
	"github.com/headersafe/headersafe/internal/jsonscan"
)

func TestParseSteps(t *testing.T) {
	name := func(n string) step { return step{kind: byName, name: n} }
	cases := map[string][]step{
		"$":                           nil,
		"a":                           {name("a")},
		"$.a":                         {name("a")},
		".a":                          {name("a")},
		"a.b":                         {name("a"), name("b")},
		"a[*].b":                      {name("a"), {kind: byWildcard}, name("b")},
		"*":                           {{kind: byWildcard}},
		"[0]['a b']":                  {{kind: byIndex}, name("a b")},
		`$["a]b"].c`:                  {name("a]b"), name("c")},
		"$..a":                        {{descend: true, kind: byName, name: "a"}},
		"..a[2]":                      {{descend: true, kind: byName, name: "a"}, {kind: byIndex, index: 2}},
		"$..[*]":                      {{descend: true, kind: byWildcard}},
		"a[?@.type=='x y'].b":         {name("a"), {kind: byTest, test: test{".type", "x y"}}, name("b")},
		`a[?@.source.type=="base64"]`: {name("a"), {kind: byTest, test: test{".source.type", "base64"}}},
	}
	for path, want := range cases {
		got, ok := parseSteps(path)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(step{}, test{})); !ok || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", path, ok, diff)
		}
	}
	for _, path := range []string{
		"a[-1]", "a[0:2]", "['a','b']", "a[0,1]", `['a\'b']`, "a [0]", "[ 'a' ]", "a[?@.b]", "a[?@.b!='x']", "a[?@.b=='x'||@.c=='y']",
		"a[?@.b=='x' && @.c=='y']", "a[?$.b=='x']", "a[?@['b']=='x']", "a[?@.b==1]", "a[?@.b == 'x']", "a[?@..b=='x']", "a[?@.*=='x']", `a[?@.b=='\u0041']`,
		"a[?@.b[0]=='x']", "a[?@.b==@.c]", "a[?length(@.b)==1]",
	} {
		if steps, ok := parseSteps(path); ok {
			// Those that slip through must not compile, or mean the same: see TestWalkAgreesWithJSONPath.
			if _, err := jsonpath.Compile(path); err == nil {
				t.Errorf("%s is taken for %+v", path, steps)
			}
		}
	}
}

// generator makes random documents and paths out of a few names, so that they meet.
type generator struct{ *rand.Rand }

var generated = []string{"a", "b", "role", "type", "x y", "ü", "Ab"}

func (g generator) name() string { return generated[g.IntN(len(generated))] }

func (g generator) value(depth int) string {
	switch n := g.IntN(8); {
	case n < 3 && depth > 0:
		members := map[string]bool{}
		var list []string
		for range g.IntN(4) {
			if name := g.name(); !members[name] {
				members[name] = true
				list = append(list, fmt.Sprintf("%q:%s", name, g.value(depth-1)))
			}
		}
		return "{" + strings.Join(list, ", ") + "}"
	case n < 5 && depth > 0:
		var list []string
		for range g.IntN(4) {
			list = append(list, g.value(depth-1))
		}
		return "[" + strings.Join(list, " ,") + "]"
	case n < 7:
		return fmt.Sprintf("%q", g.name())
	}
	return []string{"0", "true", "null", "-1.5", `""`, `"\u0061"`}[g.IntN(6)]
}

func (g generator) path() string {
	var b strings.Builder
	b.WriteString("$")
	for range g.IntN(4) {
		switch g.IntN(10) {
		case 0:
			b.WriteString("..*")
		case 1:
			fmt.Fprintf(&b, "..['%s']", g.name())
		case 2, 3:
			b.WriteString("[*]")
		case 4:
			fmt.Fprintf(&b, "[%d]", g.IntN(3))
		case 5:
			fmt.Fprintf(&b, "[?@.a=='%s']", g.name())
		case 6:
			fmt.Fprintf(&b, "[?@.type.role==\"%s\"]", g.name())
		case 7:
			b.WriteString("..[0]")
		default:
			fmt.Fprintf(&b, "['%s']", g.name())
		}
	}
	return b.String()
}

// The one walk selects what jsonpath selects, path by path.
func TestWalkAgreesWithJSONPath(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(1, 2))}
	compared := 0
	for range 20_000 {
		var selectors []Selector
		for range 1 + g.IntN(4) {
			selectors = append(selectors, Selector{Path: g.path(), Kind: Prompt})
		}
		body := g.value(5)
		r := compileRule(Endpoint{Text: selectors}, "", func(field, value, reason string) { t.Fatal(field, value, reason) })
		if len(r.slow) > 0 {
			t.Fatalf("%s is not followed", r.slow[0].path)
		}
		tape, err := jsonscan.Scan([]byte(body), jsonscan.Limits{}, nil)
		if err != nil {
			t.Fatal(body, err)
		}
		found, d := r.find(tape)
		if d != nil {
			continue // a name that could be taken for another
		}
		compared++
		want := make([]int, tape.Len()) // the first selector of each node, its own or from above
		for n := range want {
			want[n] = -1
		}
		for i, s := range slices.Backward(selectors) {
			nodes, err := jsonpath.MustCompile(s.Path).Select(tape, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range nodes {
				for below := n; below < tape.After(n); below++ {
					want[below] = i
				}
			}
			if found.hits[i] == 0 != (len(nodes) == 0) {
				t.Fatalf("%s in %s: %d hits, %d nodes", s.Path, body, found.hits[i], len(nodes))
			}
		}
		for _, it := range found.items {
			if !it.name && int(it.selector) != want[it.node] {
				t.Fatalf("%v in %s: selector %d, want %d at %s", selectors, body, it.selector, want[it.node], jsonpath.Normalized(tape, it.node))
			}
		}
		found.release()
		tape.Release()
	}
	if compared < 10_000 {
		t.Errorf("only %d compared", compared)
	}
}

// Paths that cannot be followed say the same when they are evaluated by themselves.
func TestSlowPaths(t *testing.T) {
	g := must(t, Config{Endpoints: []Endpoint{{
		Pattern: "POST /",
		Text:    []Selector{{Path: "m[-1:]", Kind: System, Required: true}, {Path: "m", Kind: Prompt}},
		NotText: []string{"m[?@.id && @.kind].id"},
		Refuse:  []string{"m[?!(length(@) >= 0)]"},
	}}, Guards: []Guard{&fake{}}})
	texts, err := g.Texts("POST", "/", "application/json", []byte(`{"m":["a b",{"id":"i1","kind":"k"},"c d"]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, text := range texts {
		got = append(got, text.Kind.String()+" "+text.Value)
	}
	if diff := cmp.Diff([]string{"prompt a b", "prompt k", "system c d"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for body, code := range map[string]string{
		`{"m":["a",1]}`:     "unreadable",
		`{"m":[]}`:          "nothing-to-inspect",
		`{"m":["a"],"x":1}`: "",
		`{"M":["a"]}`:       "ambiguous-json",
		`{"m":[null]}`:      "nothing-to-inspect",
	} {
		_, err := g.Texts("POST", "/", "application/json", []byte(body))
		if d, _ := err.(*Denial); (d == nil) != (code == "") || d != nil && d.Code != code {
			t.Errorf("%s: %v, want %q", body, err, code)
		}
	}
}

func TestLists(t *testing.T) {
	endpoint := Endpoint{
		Pattern:   "POST /",
		Text:      []Selector{{Path: "$", Kind: Prompt}},
		NotText:   []string{"id", "ids", "both"},
		Opaque:    []string{"data", "both"},
		Sealed:    []string{"sig", "both"},
		Reference: []string{"url"},
		Refuse:    []string{"tokens[*]"},
	}
	allowed := must(t, Config{Endpoints: []Endpoint{endpoint}, Guards: []Guard{&fake{}}, DangerouslyAllowOpaque: "a test"})
	long := strings.Repeat("a", 257)
	cases := map[string]string{ // body: what is read, or a code
		`{"id":"msg_01-x.y:z/w+v=@"}`:                 "",
		`{"id":"two words"}`:                          "two words",
		`{"id":"a\u0062"}`:                            "ab",
		`{"id":"` + long + `"}`:                       long,
		`{"id":["below"]}`:                            "below",
		`{"ids":{"id":"below"}}`:                      "below",
		`{"data":"aGVsbG8="}`:                         "",
		`{"data":"data:image/png;base64,aGVsbG8="}`:   "",
		`{"data":"DATA:;base64,aGVsbG8"}`:             "",
		`{"data":"data:text/plain,hello"}`:            "data:text/plain,hello",
		`{"data":"data:te xt;base64,aGVsbG8="}`:       "data:te xt;base64,aGVsbG8=",
		`{"data":"aGVs bG8="}`:                        "aGVs bG8=",
		`{"data":"a-b+"}`:                             "a-b+",
		`{"data":"a=b="}`:                             "a=b=",
		`{"data":"aGVsbG8=="}`:                        "aGVsbG8==",
		`{"data":"a"}`:                                "a",
		`{"data":"===="}`:                             "====",
		`{"sig":"aGVsbG8_-w"}`:                        "",
		`{"sig":"not base64"}`:                        "not base64",
		`{"both":"aGVsbG8="}`:                         "",
		`{"both":"abc.d"}`:                            "",
		`{"url":"https://example.com/?q=1"}`:          "https://example.com/?q=1",
		`{"id":""}`:                                   "",
		`{"tokens":[1]}`:                              "unreadable",
		`{"tokens":["x"]}`:                            "unreadable",
		`{"tokens":[null]}`:                           "",
		`{"tokens":[]}`:                               "",
		`{"id":1,"data":true,"sig":null,"url":[1.5]}`: "",
	}
	for body, want := range cases {
		texts, err := allowed.Texts("POST", "/", "application/json", []byte(body))
		var got string
		if d, ok := err.(*Denial); ok {
			got = d.Code
		}
		for _, text := range texts {
			got += text.Value
		}
		if got != want {
			t.Errorf("%.80s: %.80q, want %.80q", body, got, want)
		}
	}
	refusing := must(t, Config{Endpoints: []Endpoint{endpoint}, Guards: []Guard{&fake{}}})
	for body, refused := range map[string]bool{
		`{"data":"aGVsbG8="}`:       true,
		`{"both":"aGVsbG8="}`:       true,
		`{"url":"https://x.y/"}`:    true,
		`{"sig":"aGVsbG8="}`:        false,
		`{"data":"hello there"}`:    false,
		`{"data":"","url":{"a":1}}`: false,
	} {
		if _, err := refusing.Texts("POST", "/", "application/json", []byte(body)); (err != nil) != refused {
			t.Errorf("%s: %v", body, err)
		}
	}
}
