package jsonpath

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// The reference evaluator: slow, recursive, over decoded values, node list by node list as the RFC tells it. It shares the parser
// with the real one, whose work on expressions the compliance suite checks, and nothing else.

type refNode struct {
	path     string
	value    any        // string, json.Number, bool, nil; for containers see children
	kind     byte       // '[', '{' or 0
	children []*refNode // in document order
	names    []string   // of members
}

func refDecode(d *json.Decoder, path string) *refNode {
	token, err := d.Token()
	if err != nil {
		panic(err)
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return &refNode{path: path, value: token}
	}
	n := &refNode{path: path, kind: byte(delim)}
	for i := 0; d.More(); i++ {
		step := fmt.Sprintf("[%d]", i)
		if n.kind == '{' {
			name, err := d.Token()
			if err != nil {
				panic(err)
			}
			n.names = append(n.names, name.(string))
			step = fmt.Sprintf("[%q]", name)
		}
		n.children = append(n.children, refDecode(d, path+step))
	}
	if _, err := d.Token(); err != nil {
		panic(err)
	}
	return n
}

type reference struct{ root *refNode }

func (r reference) query(segments []segment, start *refNode) []*refNode {
	list := []*refNode{start}
	for _, s := range segments {
		var next []*refNode
		for _, n := range list {
			visited := []*refNode{n}
			if s.descendant {
				visited = descendants(n)
			}
			for _, v := range visited {
				for _, sel := range s.selectors {
					next = append(next, r.selector(sel, v)...)
				}
			}
		}
		list = next
	}
	return list
}

func descendants(n *refNode) []*refNode {
	list := []*refNode{n}
	for _, c := range n.children {
		list = append(list, descendants(c)...)
	}
	return list
}

func (r reference) selector(s selector, n *refNode) (list []*refNode) {
	count := int64(len(n.children))
	switch s.kind {
	case byName:
		for i, name := range n.names {
			if name == s.name {
				list = append(list, n.children[i])
			}
		}
	case byWildcard:
		list = n.children
	case byIndex:
		i := s.index
		if i < 0 {
			i += count
		}
		if n.kind == '[' && i >= 0 && i < count {
			list = append(list, n.children[i])
		}
	case bySlice:
		if n.kind == '[' && s.slice.step != 0 {
			lower, upper := s.slice.bounds(count)
			for i := lower; s.slice.step > 0 && i < upper; i += s.slice.step {
				list = append(list, n.children[i])
			}
			for i := upper; s.slice.step < 0 && lower < i; i += s.slice.step {
				list = append(list, n.children[i])
			}
		}
	case byFilter:
		for _, c := range n.children {
			if r.holds(s.filter, c) {
				list = append(list, c)
			}
		}
	}
	return list
}

func (r reference) nodes(q *query, at *refNode) []*refNode {
	if q.slot >= 0 {
		at = r.root
	}
	return r.query(q.segments, at)
}

func (r reference) holds(l logical, at *refNode) bool {
	switch l := l.(type) {
	case anyOf:
		for _, t := range l {
			if r.holds(t, at) {
				return true
			}
		}
		return false
	case allOf:
		for _, t := range l {
			if !r.holds(t, at) {
				return false
			}
		}
		return true
	case not:
		return !r.holds(l.of, at)
	case exists:
		return len(r.nodes(l.query, at)) > 0
	case comparison:
		a, b := r.value(l.left, at), r.value(l.right, at)
		switch l.op {
		case equal:
			return refEqual(a, b)
		case notEqual:
			return !refEqual(a, b)
		case less:
			return refLess(a, b)
		case lessOrEqual:
			return refLess(a, b) || refEqual(a, b)
		case greater:
			return refLess(b, a)
		default:
			return refLess(b, a) || refEqual(a, b)
		}
	case *matches:
		subject, pattern := r.value(l.subject, at), r.value(l.pattern, at)
		text, ok1 := refText(subject)
		source, ok2 := refText(pattern)
		if !ok1 || !ok2 {
			return false
		}
		re, fault := compilePattern(source, l.whole)
		return fault == 0 && re.re.MatchString(text)
	}
	panic(fmt.Sprintf("%T", l))
}

// value returns nil for Nothing.
func (r reference) value(o operand, at *refNode) *refNode {
	only := func(list []*refNode) *refNode {
		if len(list) != 1 {
			return nil
		}
		return list[0]
	}
	switch o := o.(type) {
	case literal:
		switch o.kind {
		case isText:
			return &refNode{value: string(o.bytes)}
		case isNumber:
			return &refNode{value: json.Number(o.bytes)}
		case isNull:
			return &refNode{}
		default:
			return &refNode{value: o.kind == isTrue}
		}
	case single:
		return only(r.nodes(o.query, at))
	case valueOf:
		return only(r.nodes(o.of, at))
	case countOf:
		return refInteger(len(r.nodes(o.of, at)))
	case lengthOf:
		n := r.value(o.of, at)
		if n != nil && n.kind != 0 {
			return refInteger(len(n.children))
		}
		if text, ok := refText(n); ok {
			return refInteger(utf8.RuneCountInString(text))
		}
		return nil
	}
	panic(fmt.Sprintf("%T", o))
}

func refInteger(n int) *refNode { return &refNode{value: json.Number(fmt.Sprint(n))} }

func refText(n *refNode) (string, bool) {
	if n == nil {
		return "", false
	}
	s, ok := n.value.(string)
	return s, ok
}

func refRat(n *refNode) *big.Rat {
	number, ok := n.value.(json.Number)
	if !ok {
		return nil
	}
	r, ok := new(big.Rat).SetString(string(number))
	if !ok {
		panic(number)
	}
	return r
}

func refEqual(a, b *refNode) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.kind != b.kind || len(a.children) != len(b.children) {
		return false
	}
	switch a.kind {
	case '[':
		for i := range a.children {
			if !refEqual(a.children[i], b.children[i]) {
				return false
			}
		}
		return true
	case '{':
		members := map[string]*refNode{}
		for i, name := range b.names {
			members[name] = b.children[i]
		}
		for i, name := range a.names {
			if members[name] == nil || !refEqual(a.children[i], members[name]) {
				return false
			}
		}
		return true
	}
	if x, y := refRat(a), refRat(b); x != nil && y != nil {
		return x.Cmp(y) == 0
	}
	return a.value == b.value
}

func refLess(a, b *refNode) bool {
	if a == nil || b == nil || a.kind != 0 || b.kind != 0 {
		return false
	}
	if x, y := refRat(a), refRat(b); x != nil && y != nil {
		return x.Cmp(y) < 0
	}
	x, ok1 := a.value.(string)
	y, ok2 := b.value.(string)
	return ok1 && ok2 && x < y
}

// agree compares what path selects with the reference's answer.
func agree(t *testing.T, path *Path, document []byte) {
	t.Helper()
	tape, err := jsonscan.Scan(document, jsonscan.Limits{MaxDepth: 12, MaxNodes: 80}, nil)
	if err != nil {
		return
	}
	defer tape.Release()
	if bytes.ContainsAny(document, "eE") && hugeExponent(tape) || strings.Count(path.expr, "..")+strings.Count(path.expr, "*") > 5 {
		return // too slow for the reference
	}
	selected, err := path.Select(tape, nil, &Budget{Steps: 200_000})
	if err != nil {
		return
	}
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	root := refDecode(d, "$")
	want := reference{root}.query(path.segments, root)
	got := []string{}
	for _, n := range selected {
		got = append(got, refPath(tape, n))
		roundTrip(t, tape, n)
	}
	wanted := []string{}
	for _, n := range want {
		wanted = append(wanted, n.path)
	}
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		t.Fatalf("%s of %s:\n got %v\nwant %v", path, document, got, wanted)
	}
}

// refPath is a path in the reference's own notation.
func refPath(t *jsonscan.Tape, n node) string {
	parent, ok := t.Parent(n)
	if !ok {
		return "$"
	}
	if i, ok := t.Index(n); ok {
		return fmt.Sprintf("%s[%d]", refPath(t, parent), i)
	}
	return fmt.Sprintf("%s[%q]", refPath(t, parent), t.AppendName(nil, n))
}

// roundTrip compiles the normalized path of n: it must select n, and be the path of what it selects.
func roundTrip(t *testing.T, tape *jsonscan.Tape, n node) {
	t.Helper()
	path := Normalized(tape, n)
	compiled, err := Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	back, err := compiled.Select(tape, nil, nil)
	if err != nil || len(back) != 1 || back[0] != n || !compiled.Singular() {
		t.Fatalf("%s selects %v, want %d: %v", path, back, n, err)
	}
}

func hugeExponent(t *jsonscan.Tape) bool {
	for n := range node(t.Len()) {
		if t.Type(n) == jsonscan.Number && len(t.Raw(n)) > 4 && bytes.ContainsAny(t.Raw(n), "eE") {
			return true
		}
	}
	return false
}

// mustEvaluate returns the indexes of what expr selects below the root.
func mustEvaluate(expr, document string) []int {
	tape, err := jsonscan.Scan([]byte(document), jsonscan.Limits{}, nil)
	if err != nil {
		panic(err)
	}
	defer tape.Release()
	nodes, err := MustCompile(expr).Select(tape, nil, nil)
	if err != nil {
		panic(err)
	}
	indexes := []int{}
	for _, n := range nodes {
		i, _ := tape.Index(n)
		indexes = append(indexes, i)
	}
	return indexes
}

// TestAgainstReference: expressions and documents made at random out of few names and values, so that they meet.
func TestAgainstReference(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(9535, 9485))}
	selected := 0
	for range 20_000 {
		expr := "$" + g.segments(3, 2)
		path, err := Compile(expr)
		if err != nil {
			t.Fatalf("the generator made %s: %v", expr, err)
		}
		agree(t, path, []byte(g.value(4)))
		selected++
	}
}

type generator struct{ *rand.Rand }

func (g generator) pick(choices ...string) string { return choices[g.IntN(len(choices))] }

func (g generator) name() string { return g.pick("a", "b", "c", "é") }

func (g generator) value(depth int) string {
	kind := g.IntN(10)
	if depth == 4 {
		kind = 8 + g.IntN(2)
	}
	if depth == 0 || kind < 5 {
		return g.pick("0", "1", "-1", "1.0", "1e1", "10", "2.5", "null", "true", "false", `""`, `"a"`, `"b"`, `"ab"`, `"\u0061"`, `"é\n"`, `"a.*"`, `"[ab]"`)
	}
	var parts []string
	n := g.IntN(4)
	if kind%2 == 0 {
		for range n {
			parts = append(parts, g.value(depth-1))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	for _, i := range g.Perm(4)[:n] {
		parts = append(parts, []string{`"a":`, `"b":`, `"\u0063":`, `"é":`}[i]+g.value(depth-1))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (g generator) segments(n, depth int) string {
	var b strings.Builder
	for range g.IntN(n + 1) {
		dots := ""
		if g.IntN(4) == 0 {
			dots = ".."
		}
		switch g.IntN(4) {
		case 0:
			b.WriteString(g.pick(".", ".", "..") + g.name())
		case 1:
			b.WriteString(dots + "[" + g.selector(depth) + "]")
		case 2:
			b.WriteString(dots + "[" + g.selector(depth) + ", " + g.selector(depth) + "]")
		default:
			b.WriteString(dots + "[*]")
		}
	}
	return b.String()
}

func (g generator) selector(depth int) string {
	bound := func() string { return g.pick("", "0", "1", "2", "-1", "-2", "5") }
	switch g.IntN(6) {
	case 0:
		return "'" + g.name() + "'"
	case 1:
		return g.pick("0", "1", "-1", "-2", "7")
	case 2:
		return bound() + ":" + bound() + ":" + g.pick("", "1", "2", "-1", "-2", "0")
	case 3:
		return "*"
	default:
		if depth == 0 {
			return "'a'"
		}
		return "?" + g.condition(depth-1)
	}
}

func (g generator) condition(depth int) string {
	query := func() string { return g.pick("@", "@", "$") + g.segments(2, depth) }
	switch g.IntN(9) {
	case 0:
		return query()
	case 1:
		return "!" + query()
	case 2:
		return g.pick("", "!") + "(" + g.condition(depth) + " && " + g.condition(depth) + ")"
	case 3:
		return "(" + g.condition(depth) + "||" + g.condition(depth) + ")"
	case 4:
		return g.pick("match", "search") + "(" + g.operand(depth) + "," + g.pick("'a'", "'a.*'", "'[^a]'", "@.b", "$.a") + ")"
	default:
		return g.operand(depth) + g.pick("==", "!=", "<", "<=", ">", ">=") + g.operand(depth)
	}
}

func (g generator) operand(depth int) string {
	singular := func() string {
		return g.pick("@", "$") + g.pick("", ".a", ".b", "[0]", "[-1]", ".a.b", "['é']", "[0].c")
	}
	switch g.IntN(8) {
	case 0:
		return g.pick("0", "1", "-1", "10", "2.5", "1e1", "null", "true", "false", "''", "'a'", `"ab"`, `"é\n"`)
	case 1:
		return "length(" + singular() + ")"
	case 2:
		return "count(@" + g.segments(2, depth) + ")"
	case 3:
		return "value(@" + g.segments(2, depth) + ")"
	default:
		return singular()
	}
}
