package jsonpath_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/headersafe/headersafe/internal/jsonpath"
	"github.com/headersafe/headersafe/internal/jsonscan"
	"github.com/headersafe/headersafe/internal/jsonscan/bodies"
	"github.com/headersafe/headersafe/internal/race"
)

func scan(t testing.TB, document string) *jsonscan.Tape {
	t.Helper()
	tape, err := jsonscan.Scan([]byte(document), jsonscan.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tape.Release)
	return tape
}

// selectPaths returns the normalized paths of what expr selects in the document.
func selectPaths(t testing.TB, expr, document string) []string {
	t.Helper()
	tape := scan(t, document)
	nodes, err := jsonpath.MustCompile(expr).Select(tape, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, n := range nodes {
		paths = append(paths, jsonpath.Normalized(tape, n))
	}
	return paths
}

// TestSelect has what the compliance suite has not: details that the package promises.
func TestSelect(t *testing.T) {
	for _, c := range []struct {
		name, expr, document string
		want                 []string
	}{
		{"LiteLLM's path, strings", "messages[*].content", `{"messages":[{"content":"a"},{"content":[{"text":"b"}]}]}`,
			[]string{"$['messages'][0]['content']", "$['messages'][1]['content']"}},
		{"escaped name in the document", "$.messages", `{"\u006dessages":1}`, []string{"$['messages']"}},
		{"escaped name in both", `$["\u006d"]`, `{"\u006D":1}`, []string{"$['m']"}},
		{"name that is quoted in the path", "$.*", `{"'":1,"\\":2,"\n":3,"\u000b":4,"\u007f":5}`,
			[]string{`$['\'']`, `$['\\']`, `$['\n']`, `$['\u000b']`, "$['\x7f']"}},
		{"scalar root", "$", `1`, []string{"$"}},
		{"nothing below a scalar", "$..*", `"a"`, nil},
		{"descendants, parents first", "$..a", `{"x":{"a":1},"a":{"a":2}}`, []string{"$['a']", "$['x']['a']", "$['a']['a']"}},
		{"descendant slice backwards", "$..[::-1]", `[[1,2],3]`, []string{"$[1]", "$[0]", "$[0][1]", "$[0][0]"}},
		{"slices backwards, nested", "$[::-1][::-1]", `[[1,2],[3,4]]`, []string{"$[1][1]", "$[1][0]", "$[0][1]", "$[0][0]"}},
		{"slice backwards in a filter in one", "$[::-1][?@[-1:0:-1][::-1]]", `[[[1,[2]],[3]],[[4,[5,6]]]]`, []string{"$[1][0]", "$[0][0]"}},
		{"integers beyond 2^53", "$[?@==9007199254740993]", `[9007199254740992,9007199254740993]`, []string{"$[1]"}},
		{"numbers beyond float64", "$[?@<1e401]", `[1e400,1e401,-1e999,1e999]`, []string{"$[0]", "$[2]"}},
		{"numbers by value", "$[?@==100]", `[1e2,100.0,1000e-1,0.1E+3,99.99999999999999999999]`, []string{"$[0]", "$[1]", "$[2]", "$[3]"}},
		{"zeros", "$[?@==0]", `[0,-0,0.0,0e5,-0.0e-5,1e-999]`, []string{"$[0]", "$[1]", "$[2]", "$[3]", "$[4]"}},
		{"negative numbers", "$[?@<-1]", `[-2,-1.5,-1,-0.5,0,1]`, []string{"$[0]", "$[1]"}},
		{"texts by characters", "$[?@<'b']", `["a","B","\u0061a","b","é",1,null]`, []string{"$[0]", "$[1]", "$[2]"}},
		{"texts beyond the BMP", `$[?@>"\uffff"]`, `["\ud83d\ude00","\uffff","a"]`, []string{"$[0]"}},
		{"length in characters", "$[?length(@)==2]", `["éé","\u0041\u0042","😀😀","\ud83d\ude00x","e\u0301","abc",[1,2],{"a":1,"b":2},2]`,
			[]string{"$[0]", "$[1]", "$[2]", "$[3]", "$[4]", "$[6]", "$[7]"}},
		{"objects in any order", "$[?@==$[0]]", `[{"a":1,"b":[2]},{"b":[2],"a":1.0},{"a":1,"b":[2],"c":3},{"a":1,"c":[2]}]`, []string{"$[0]", "$[1]"}},
		{"objects with escaped names", "$[?@==$[0]]", `[{"é":1,"b":2},{"b":2,"\u00e9":1}]`, []string{"$[0]", "$[1]"}},
		{"arrays in depth", "$[?@.a==@.b]", `[{"a":[[1,[2]]],"b":[[1,[2.0]]]},{"a":[[1,[2]]],"b":[[1,[3]]]}]`, []string{"$[0]"}},
		{"pattern of the document that is none", "$.v[?match(@,$.re)]", `{"re":"\\d+","v":["1","d"]}`, nil},
		{"absolute query in a nested filter", "$.a[?@[?@==$.x]]", `{"a":[[1,2],[3]],"x":2}`, []string{"$['a'][0]"}},
		{"the same in two filters", "$.a[?@==$.x,?@!=$.x]", `{"a":[1,2],"x":2}`, []string{"$['a'][1]", "$['a'][0]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, selectPaths(t, c.expr, c.document)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.expr, diff)
			}
		})
	}
}

func TestSelectAppends(t *testing.T) {
	tape := scan(t, `[1,2]`)
	got, err := jsonpath.MustCompile("$[1]").Select(tape, []jsonscan.Node{7}, nil)
	if diff := cmp.Diff([]jsonscan.Node{7, 2}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// hostile are selectors and documents that take quadratic time, or worse, without a budget.
var hostile = []struct{ name, expr, document string }{
	{"product of wildcards", "$..*..*..*", strings.Repeat("[", 120) + strings.Repeat("]", 120)},
	{"descendants in a filter", "$..[?@..x]", strings.Repeat(`[[1,2,3,4,5,6,7,8,9],`, 120) + "1" + strings.Repeat("]", 120)},
	{"filters in filters", "$..[?@..[?@..[?@.x]]]", strings.Repeat("[1,", 100) + "1" + strings.Repeat("]", 100)},
	{"repeated selectors", "$" + strings.Repeat("[*,*,*,*]", 60), strings.Repeat("[", 70) + strings.Repeat("]", 70)},
	{"objects in reverse order", "$[?@==$[0]]", "[" + members(3000, false) + "," + members(3000, true) + "]"},
	{"index from the far end", "$[?$.a[-1]==@.b[-1]]", `{"a":[1],"c":` + manyLongArrays() + "}"},
	{"patterns out of the document", "$.p[?search($.t, @)]", `{"t":"` + strings.Repeat("a", 5000) + `","p":[` + manyPatterns() + `1]}`},
	{"a pattern on long texts", "$[?search(@, '(x+x+)+y')]", `["` + strings.Repeat("x", 100) + `"]`},
}

func members(n int, reverse bool) string {
	var b strings.Builder
	for i := range n {
		if reverse {
			i = n - 1 - i
		}
		fmt.Fprintf(&b, `,"%d":0`, i)
	}
	return "{" + b.String()[1:] + "}"
}

func manyLongArrays() string {
	return "[" + strings.Repeat(`{"b":[`+strings.Repeat("1,", 50)+`1]},`, 20) + "1]"
}

func manyPatterns() string {
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, `"(a*){40}b%d",`, i)
	}
	return b.String()
}

// TestBudget: evaluation stops for good when the steps are used up, with no partial result, and an evaluation with enough of them
// takes as many as the count says.
func TestBudget(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			tape := scan(t, c.document)
			path := jsonpath.MustCompile(c.expr)
			dst := make([]jsonscan.Node, 1, 10)
			budget := &jsonpath.Budget{Steps: 1000}
			got, err := path.Select(tape, dst, budget)
			if err == nil && 1000-budget.Steps > 1000 {
				t.Error("more steps than there were")
			}
			if err != nil && (!errors.Is(err, jsonpath.ErrBudget) || len(got) != 1 || budget.Steps != 0) {
				t.Errorf("%v, %d nodes, %d steps left", err, len(got), budget.Steps)
			}
		})
	}
	for _, i := range []int{0, 2, 3, 4, 6} {
		c := hostile[i]
		if _, err := jsonpath.MustCompile(c.expr).Select(scan(t, c.document), nil, nil); !errors.Is(err, jsonpath.ErrBudget) {
			t.Errorf("%s: %v with the default budget", c.name, err)
		}
	}
}

// TestBudgetIsExact: n steps suffice, n-1 do not.
func TestBudgetIsExact(t *testing.T) {
	tape := scan(t, string(bodies.Make(bodies.Blocks, 10<<10)))
	for _, expr := range []string{
		"$", "$..*", "messages[*].content", "$..[?@.type=='text'].text", "$.messages[::-1]", "$.messages[-1]",
		"$..[?search(@.text,'gateway')]", "$.messages[?count(@..*)>3]", "$.messages[?@.role==$.messages[1].role]",
	} {
		path := jsonpath.MustCompile(expr)
		budget := &jsonpath.Budget{Steps: 1 << 40}
		want, err := path.Select(tape, nil, budget)
		if err != nil || len(want) == 0 {
			t.Fatalf("%s: %d nodes, %v", expr, len(want), err)
		}
		used := 1<<40 - budget.Steps
		if got, err := path.Select(tape, nil, &jsonpath.Budget{Steps: used}); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v with %d steps", expr, err, used)
		}
		if got, err := path.Select(tape, nil, &jsonpath.Budget{Steps: used - 1}); !errors.Is(err, jsonpath.ErrBudget) || got != nil {
			t.Errorf("%s: %v, %d nodes with %d steps", expr, err, len(got), used-1)
		}
	}
}

// TestBudgetIsShared: what one selector used up is not there for the next.
func TestBudgetIsShared(t *testing.T) {
	tape := scan(t, "["+strings.Repeat("1,", 99)+"1]")
	budget := &jsonpath.Budget{Steps: 250}
	path := jsonpath.MustCompile("$[*]")
	if _, err := path.Select(tape, nil, budget); err != nil {
		t.Fatal(err)
	}
	if _, err := path.Select(tape, nil, budget); err != nil {
		t.Fatal(err)
	}
	if _, err := path.Select(tape, nil, budget); !errors.Is(err, jsonpath.ErrBudget) {
		t.Errorf("a third time: %v", err)
	}
}

// TestStepsAreLinear counts the steps of honest selectors on documents of doubling size.
func TestStepsAreLinear(t *testing.T) {
	for _, expr := range []string{
		"messages[*].content", "$..text", "$..*", "$..[?@.type=='text'].text", "$.messages[?@.role==$.messages[0].role]",
		"$.messages[?match(@.role, value($..model))]", "$.messages[::-1]", "$.messages[-1]",
	} {
		path := jsonpath.MustCompile(expr)
		var perNode []float64
		for size := 20 << 10; size <= 320<<10; size *= 2 {
			tape := scan(t, string(bodies.Make(bodies.Blocks, size)))
			budget := &jsonpath.Budget{Steps: 1 << 40}
			if _, err := path.Select(tape, nil, budget); err != nil {
				t.Fatal(err)
			}
			perNode = append(perNode, float64(1<<40-budget.Steps)/float64(tape.Len()))
		}
		if last := perNode[len(perNode)-1]; last > 1.2*perNode[0] || last > 10 {
			t.Errorf("%s: %.2f steps a node", expr, perNode)
		}
	}
}

// TestTextsCost: what is not looking at nodes takes steps too, in proportion to its time.
func TestTextsCost(t *testing.T) {
	long, escaped := strings.Repeat("a", 16_000), strings.Repeat(`\n`, 8_000)
	for _, c := range []struct {
		name, expr, document string
		least                int64
	}{
		{"match, by the byte", "$[?match(@,'b')]", `["` + long + `"]`, 16_000},
		{"match with a large pattern", "$[?match(@,'[ab]{640}')]", `["` + long + `"]`, 160_000},
		{"length", "$[?length(@)==1]", `["` + long + `"]`, 1000},
		{"equality", "$[?@==$[1]]", `["` + long + `b","` + long + `c"]`, 2000},
		{"order", "$[?@<$[1]]", `["` + long + `","` + long + `"]`, 2000},
		{"numbers", "$[?@==$[1]]", `[1` + strings.Repeat("0", 16_000) + `,1]`, 1000},
		{"unescaping", "$[?@=='a']", `["` + escaped + `"]`, 1000},
		{"deep equality", "$[?@==$[1]]", `[{"x":["` + long + `"]},{"x":["` + long + `"]}]`, 1000},
		{"names", "$[?@==$[1]]", `[{"` + long + `":1},{"` + long + `":2}]`, 1000},
		{"a pattern of the document", "$.v[?match(@,$.p)]", `{"p":"a","v":["a"]}`, 1024},
		{"patterns of the document", "$[?match('a',@)]", `["a","b","c","d","e","f"]`, 6 * 1024},
	} {
		budget := &jsonpath.Budget{Steps: 1 << 40}
		if _, err := jsonpath.MustCompile(c.expr).Select(scan(t, c.document), nil, budget); err != nil {
			t.Fatal(err)
		}
		if used := 1<<40 - budget.Steps; used < c.least || used > 3*c.least {
			t.Errorf("%s: %d steps, want %d or somewhat more", c.name, used, c.least)
		}
	}
}

// TestPatternTooLarge: a pattern in the document may be beyond the bound.
func TestPatternTooLarge(t *testing.T) {
	for _, pattern := range []string{strings.Repeat("a", jsonpath.MaxPattern+1), "a{1001}", "((a{50}){50}){50}", strings.Repeat("(", 200) + strings.Repeat(")", 200)} {
		tape := scan(t, `{"p":"`+pattern+`","v":["a"]}`)
		got, err := jsonpath.MustCompile("$.v[?match(@,$.p)]").Select(tape, nil, nil)
		if !errors.Is(err, jsonpath.ErrPattern) || got != nil {
			t.Errorf("%.20s: %v", pattern, err)
		}
	}
}

func TestWarmSelectAllocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("allocations cannot be counted under the race detector")
	}
	tape := scan(t, string(bodies.Make(bodies.Blocks, 200<<10)))
	for _, expr := range []string{
		"$", "messages[*].content", "$.messages[-1].content", "$..text", "$.messages[1:10:2]", "$.messages[::-1]",
		"$..[?@.type=='text'].text", "$.messages[?@.role==$.messages[1].role]",
	} {
		path := jsonpath.MustCompile(expr)
		dst := make([]jsonscan.Node, 0, 4096)
		budget := &jsonpath.Budget{}
		allocs := testing.AllocsPerRun(20, func() {
			budget.Steps = 1 << 30
			got, err := path.Select(tape, dst, budget)
			if err != nil || len(got) == 0 {
				t.Fatal(len(got), err)
			}
		})
		if allocs >= 1 {
			t.Errorf("%s: %v allocations", expr, allocs)
		}
	}
}
