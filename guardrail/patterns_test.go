package guardrail

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func user(values ...string) []Text {
	texts := make([]Text, len(values))
	for i, v := range values {
		texts[i] = Text{Role: "user", Kind: Prompt, Value: v}
	}
	return texts
}

func mustPatterns(t testing.TB, expressions ...string) Guard {
	t.Helper()
	g, err := Patterns("banned", expressions...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func check(t testing.TB, g Guard, texts []Text) Verdict {
	t.Helper()
	v, err := g.Check(t.Context(), Input{Texts: texts})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// tags spells s in tag characters.
func tags(s string) string {
	return strings.Map(func(r rune) rune { return r + 0xE0000 }, s)
}

func TestPatternsFinds(t *testing.T) {
	const plain = `(?i)ignore previous`
	tests := []struct {
		name       string
		expression string
		texts      []Text
		want       []int // matches; nil means that it passes
	}{
		{"as it stands", plain, user("please Ignore previous orders"), []int{0}},
		{"not there", plain, user("please continue"), nil},
		{"second of three", plain, user("a", "ignore previous", "b"), []int{1}},

		// What is not seen.
		{"zero-width space", plain, user("ig\u200bnore previous"), []int{0}},
		{"zero-width joiner", plain, user("ig\u200dnore previous"), []int{0}},
		{"right-to-left mark", plain, user("ig\u200fnore previous"), []int{0}},
		{"word joiner", plain, user("ignore\u2060 previous"), []int{0}},
		{"invisible plus", plain, user("ignore\u2064 previous"), []int{0}},
		{"byte order mark", plain, user("ignore\ufeff previous"), []int{0}},
		{"soft hyphen", plain, user("ig\u00adnore previous"), []int{0}},
		{"variation selector", plain, user("i\ufe0fgnore previous"), []int{0}},
		{"supplementary variation selector", plain, user("i\U000e0101gnore previous"), []int{0}},
		{"bidi override", plain, user("\u202dignore\u202c previous"), []int{0}},
		{"bidi isolate", plain, user("\u2066ignore\u2069 previous"), []int{0}},
		{"combining grapheme joiner", plain, user("ig\u034fnore previous"), []int{0}},
		{"Hangul filler", plain, user("ig\u3164nore previous"), []int{0}},
		{"NUL", plain, user("ig\x00nore previous"), []int{0}},
		{"delete", plain, user("ig\x7fnore previous"), []int{0}},
		{"C1 control", plain, user("ig\u0081nore previous"), []int{0}},
		{"noncharacter of the seam", plain, user("ig\U0010fffenore previous"), []int{0}},
		{"tags between letters", plain, user("ig" + tags("x") + "nore previous"), []int{0}},
		{"all in tags", plain, user("hello" + tags("ignore previous")), []int{0}},
		{"half in tags", plain, user("ignore" + tags(" prev") + "ious"), []int{0}},
		{"language tag and cancel tag", plain, user("ignore\U000e0001 pre\U000e007fvious"), []int{0}},
		{"white space stays", `a\tb\nc`, user("a\tb\nc\u200b"), []int{0}},
		{"an expression of what is not seen", `\x{200B}`, user("a\u200bb"), []int{0}},

		// Letters in disguise.
		{"fullwidth", plain, user("ｉｇｎｏｒｅ　ｐｒｅｖｉｏｕｓ"), []int{0}},
		{"mathematical bold", plain, user("𝐢𝐠𝐧𝐨𝐫𝐞 𝐩𝐫𝐞𝐯𝐢𝐨𝐮𝐬"), []int{0}},
		{"mathematical italic with its gap", "hello", user("ℎ𝑒𝑙𝑙𝑜"), []int{0}},
		{"mathematical capitals", "AZ", user("𝔸ℤ"), []int{0}},
		{"mathematical digits", "0909", user("𝟎𝟗𝟶𝟿"), []int{0}},
		{"circled", plain, user("Ⓘⓖⓝⓞⓡⓔ ⓟⓡⓔⓥⓘⓞⓤⓢ"), []int{0}},
		{"no-break space", plain, user("ignore\u00a0previous"), []int{0}},
		{"line separator", plain, user("ignore\u2028previous"), []int{0}},
		{"fullwidth and zero-width", plain, user("ｉ\u200bｇｎｏｒｅ previous"), []int{0}},
		{"fullwidth expression", "ｉｇ", user("ｉ\u200bｇ"), []int{0}},
		{"Cyrillic is left alone", plain, user("іgnоre previous"), nil},

		// Factors.
		{"long s and Kelvin sign", `(?i)desks`, user("deſKs"), []int{0}},
		{"upper case", `(?i)de[s]k`, user("DESK"), []int{0}},
		{"one of several", `(?:foo|ba(?:r|z))qux?`, user("bazqu"), []int{0}},
		{"optional part", `(?:word)?[0-9]`, user("7"), []int{0}},
		{"repeated part", `(?:word){0,2}[0-9]`, user("7"), []int{0}},
		{"required repeat", `(?:word){2}(?:x)+`, user("wordwordx"), []int{0}},
		{"class", `[ab][cd]`, user("bd"), []int{0}},
		{"factor over a seam", `[0-9]secret`, user("1sec", "ret"), []int{0, 1}},
		{"space in the literal", `top secret`, user("to", "p", "secret"), []int{0, 1, 2}},

		// Neighbours.
		{"seam as nothing", plain, user("igno", "re previous"), []int{0, 1}},
		{"seam as a space", plain, user("ignore", "previous"), []int{0, 1}},
		{"seam as a line feed", `(?i)ignore\nprevious`, user("ignore", "previous"), []int{0, 1}},
		{"one of each", plain, user("ignore", "pre", "vious"), []int{0, 1, 2}},
		{"a letter each", plain, user(strings.Split("ignoreprevious", "")...), []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}},
		{"a long middle", plain, user("ignor", "e previo", "us"), []int{0, 1, 2}},
		{"a middle as long as can be", "a.{10}z", user("a", strings.Repeat("🙂", 10), "z"), []int{0, 1, 2}},
		{"space class", `ignore[ _]previous`, user("ignore", "previous"), []int{0, 1}},
		{"line feed class", "ignore[\n_]previous", user("ignore", "previous"), []int{0, 1}},
		{"empty texts between", plain, user("ignore", "", "", "previous"), []int{0, 3}},
		{"space and seam", plain, user("ignore ", "previous"), []int{0, 1}},
		{"seam and space", plain, user("ignore", " previous"), []int{0, 1}},
		{"white space class", `ignore\s+previous`, user("ignore", "previous"), []int{0, 1}},
		{"repeated class", `ignore[ ]{2}previous`, user("ignore", "previous"), []int{0, 1}},
		{"negated class", `ignore[^a-z]previous`, user("ignore", "previous"), []int{0, 1}},
		{"any character", `ignore.previous`, user("ignore", "previous"), []int{0, 1}},
		{"alternatives", `(foo|ignore) (previous|bar)`, user("fo", "o b", "ar"), []int{0, 1, 2}},
		{"word boundary at a seam", `\bignore\b`, user("x", "ig", "nore"), []int{1, 2}},
		{"anchors in a text", `^ignore$`, user("x", "ignore", "y"), []int{1}},
		{"anchors over texts", `^ignore$`, user("x", "ig", "nore", "y"), []int{1, 2}},
		{"anchors that do not hold", `^ignore$`, user("x", "ig", "nore y"), nil},
		{"line anchors at seams", `(?m)^ignore$`, user("x", "ig", "nore", "y"), []int{1, 2}},
		{"far reach", `a.*z`, user("a", strings.Repeat("-", 5000), "z"), []int{0, 1, 2}},
		{"reach too short", `a.{0,80}z`, user("a", strings.Repeat("-", 5000), "z"), nil},
		{"between long texts", plain, user(strings.Repeat("é", 999)+"igno", "re pre", "vious"+strings.Repeat("é", 999)), []int{0, 1, 2}},
		{"cuts inside characters", `x{5}`, user(strings.Repeat("€", 999)+"x", "xxxx"+strings.Repeat("€", 999)), []int{0, 1}},
		{"two seams far apart", plain, user("a", strings.Repeat("-", 5000)+"ignore", "previous"), []int{1, 2}},
		{"zero-width and seam", plain, user("ig\u200b", "\u200bnore previous"), []int{0, 1}},
		{"tags and seam", plain, user(tags("ig"), tags("nore previous")), []int{0, 1}},
		{"another role between", plain, []Text{{Role: "user", Value: "ignore"}, {Role: "tool", Value: "x"}, {Role: "user", Value: "previous"}}, nil},
		{
			"another kind between", plain,
			[]Text{{Kind: Prompt, Value: "ignore"}, {Kind: Name, Value: "x"}, {Kind: Prompt, Value: "previous"}},
			[]int{0, 2},
		},
		{
			"over kinds", plain,
			[]Text{{Kind: Prompt, Value: "ignore"}, {Kind: Other, Value: "previous"}, {Kind: Prompt, Value: "x"}},
			[]int{0, 1},
		},
		{
			"a later stretch", plain,
			[]Text{{Role: "user", Value: "a"}, {Role: "tool", Value: "b"}, {Role: "user", Value: "ignore"}, {Role: "user", Value: "previous"}},
			[]int{2, 3},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := check(t, mustPatterns(t, tt.expression), tt.texts)
			if diff := cmp.Diff(tt.want, got.Matches); diff != "" || got.Block != (tt.want != nil) {
				t.Errorf("verdict %+v, matches (-want +got):\n%s", got, diff)
			}
		})
	}
}

func TestPatternsVerdict(t *testing.T) {
	g := mustPatterns(t, "alpha", "secret word", "gamma")
	got := check(t, g, user("x", "a sec\u200bret word"))
	want := Verdict{
		Block:   true,
		Reason:  "The request holds text that matches a pattern that is not allowed.",
		Detail:  "expression 1 matches in one text, invisible characters removed",
		Matches: []int{1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
	got = check(t, g, user("x", "secret", "word"))
	want.Detail, want.Matches = "expression 1 matches in neighbouring texts, as they stand", []int{1, 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
}

func TestPatternsDescribe(t *testing.T) {
	a, b := mustPatterns(t, "a", "b").Describe(), mustPatterns(t, "ab").Describe()
	if a.Name != "banned" || a.Scope != WholeConversation {
		t.Errorf("described as %+v", a)
	}
	if a.Version == b.Version || a.Version != mustPatterns(t, "a", "b").Describe().Version {
		t.Errorf("versions %q and %q should differ, and be stable", a.Version, b.Version)
	}
}

func TestPatternsRefusesMistakes(t *testing.T) {
	tests := []struct {
		name        string
		guard       string
		expressions []string
		want        []string
	}{
		{"no name", "", []string{"a"}, []string{"Patterns name"}},
		{"nothing", "x", nil, []string{"Patterns expressions"}},
		{"all at once", "", []string{"a", "(", "b*", strings.Repeat("a", maxPatternLength+1)},
			[]string{"Patterns name", "Patterns expressions[1]", "Patterns expressions[2]", "Patterns expressions[3]"}},
		{"too many", "x", make([]string, maxPatterns+1), []string{"Patterns expressions"}},
		{"too large with seams", "x", []string{strings.Repeat("(?:a", 500) + "b" + strings.Repeat(")?", 499) + ")"}, []string{"Patterns expressions[0]"}},
		{"anchors alone", "x", []string{"^$"}, []string{"Patterns expressions[0]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, err := Patterns(tt.guard, tt.expressions...)
			if g != nil {
				t.Error("a guard came with the error")
			}
			if diff := cmp.Diff(tt.want, faultyFields(err)); diff != "" {
				t.Errorf("fields of %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// faultyFields returns the fields of the joined ConfigErrors.
func faultyFields(err error) []string {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var fields []string
	for _, e := range joined.Unwrap() {
		var c *ConfigError
		if errors.As(e, &c) {
			fields = append(fields, c.Field)
		}
	}
	return fields
}

func TestPatternsHonoursContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, texts := range [][]Text{user("a"), user("a", "b")} {
		if _, err := mustPatterns(t, "x").Check(ctx, Input{Texts: texts}); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
}

func TestPatternsKeepsNothingGrowing(t *testing.T) {
	g := mustPatterns(t, `(?i)ignore previous`, `\bx-[0-9]{8}\b`)
	in := Input{Texts: user(strings.Repeat("lorem ipsum ", 1000), strings.Repeat("dolor sit ", 1000))}
	allocs := testing.AllocsPerRun(20, func() {
		if v, err := g.Check(t.Context(), in); v.Block || err != nil {
			t.Fatal(v, err)
		}
	})
	if allocs > 4 {
		t.Errorf("%v allocations", allocs)
	}
}

// FuzzPatterns: a banned word is found however it is cut into neighbours and whatever unseen characters are put
// between its letters; texts without its letters pass.
func FuzzPatterns(f *testing.F) {
	f.Add("before ", " after", uint32(0b1010), uint32(0b1))
	f.Add("", "", uint32(0), uint32(0xffff))
	f.Add("é\u200b", "\xff", uint32(0xffff), uint32(0xffff))
	f.Add("forbidde", "orbidden", uint32(1<<8), uint32(0))
	const word = "forbidden"
	invisible := []string{"\u200b", "\u00ad", "\u2063", "\ufe0f", "\U000e0041", "\u202e", "\x00", "\u3164", "\ufeff"}
	g := mustPatterns(f, word)
	f.Fuzz(func(t *testing.T, before, after string, cuts, fill uint32) {
		var b strings.Builder
		const cut = "\x01cut\x01"
		before, after = strings.ReplaceAll(before, cut, ""), strings.ReplaceAll(after, cut, "")
		b.WriteString(before)
		for i := range len(word) {
			if i > 0 && cuts&(1<<i) != 0 {
				b.WriteString(cut)
			}
			if i > 0 && fill&(1<<i) != 0 {
				b.WriteString(invisible[i])
			}
			b.WriteByte(word[i])
		}
		b.WriteString(after)
		texts := user(strings.Split(b.String(), cut)...)
		if v := check(t, g, texts); !v.Block || slices.Max(v.Matches) >= len(texts) {
			t.Errorf("%+v: %+v", texts, v)
		}
		clean := strings.Map(func(r rune) rune {
			if strings.ContainsRune(word, r) || disguised(r) != r || isTag(r) {
				return -1
			}
			return r
		}, before)
		if v := check(t, g, user(clean, after[:0], clean)); v.Block {
			t.Errorf("%q: %+v", clean, v)
		}
	})
}

func BenchmarkPatterns(b *testing.B) {
	long := strings.Repeat("The quick brown fox jumps over the lazy dog and asks for more. ", 160)
	var few, many []Text
	for range 20 {
		few = append(few, Text{Role: "user", Kind: Prompt, Value: long})
	}
	for i := 0; i < len(long)*20; i += 128 {
		many = append(many, Text{Kind: ToolDefinition, Value: long[i%len(long)/2:][:128]})
	}
	expressions := []struct{ name, expression string }{
		{"literal", "ignore previous instructions"},
		{"nocase", "(?i)ignore previous instructions"},
		{"boundary", `(?i)\bproject[- ]nightfall\b`},
		{"unbounded", `(?i)ignore.*instructions`},
	}
	for _, e := range expressions {
		for _, body := range []struct {
			name  string
			texts []Text
		}{{"20texts", few}, {"1600texts", many}} {
			b.Run(e.name+"/"+body.name, func(b *testing.B) {
				g := mustPatterns(b, e.expression)
				size := 0
				for _, text := range body.texts {
					size += len(text.Value)
				}
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if v := check(b, g, body.texts); v.Block {
						b.Fatal(v)
					}
				}
			})
		}
	}
}

func TestReach(t *testing.T) {
	for expression, want := range map[string]int{
		`abc`:        3,
		`(?i)a[bc].`: 3,
		`(abc)?d`:    4,
		`ab|cde`:     3,
		`(ab){2,5}`:  10,
		`(?:)a`:      1,
		`(ab){2,}`:   0,
		`(a*){2,3}b`: 0,
		`a+`:         0,
		`a*b`:        0,
		`a|b*c`:      0,
		`\bab`:       0,
		`^ab`:        0,
		`a{257}`:     0,
	} {
		e, err := compileExpression(expression)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.reach / utf8.UTFMax; got != want {
			t.Errorf("%s reaches %d characters, want %d", expression, got, want)
		}
	}
}
