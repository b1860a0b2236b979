package jsonscan_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// refused lists texts with the offset and kind of their first fault. Names in selected are those of a guard that
// reads messages[*].content.
var selected = []string{"messages", "content", "über"}

var refused = []struct {
	name   string
	text   string
	offset int
	kind   jsonscan.Kind
}{
	{"empty", "", 0, jsonscan.KindEmpty},
	{"white space only", " \t\r\n", 4, jsonscan.KindEmpty},

	{"BOM", "\xef\xbb\xbf{}", 0, jsonscan.KindBOM},
	{"BOM later", "[1]\xef\xbb\xbf", 3, jsonscan.KindTrailingData},
	{"BOM after space", " \xef\xbb\xbf{}", 1, jsonscan.KindUnexpected},
	{"UTF-16 BE with BOM", "\xfe\xff\x00{\x00}", 0, jsonscan.KindEncoding},
	{"UTF-16 LE with BOM", "\xff\xfe{\x00}\x00", 0, jsonscan.KindEncoding},
	{"UTF-16 BE", "\x00{\x00}", 0, jsonscan.KindEncoding},
	{"UTF-16 LE", "{\x00}\x00", 0, jsonscan.KindEncoding},
	{"UTF-32 BE", "\x00\x00\x00{\x00\x00\x00}", 0, jsonscan.KindEncoding},
	{"UTF-32 LE", "{\x00\x00\x00}\x00\x00\x00", 0, jsonscan.KindEncoding},
	{"UTF-32 BE with BOM", "\x00\x00\xfe\xff\x00\x00\x00{", 0, jsonscan.KindEncoding},
	{"UTF-7", "+ACIAIg-", 0, jsonscan.KindNumber},
	{"NUL only", "\x00", 0, jsonscan.KindEncoding},
	{"NUL behind", "[1,2]\x00", 5, jsonscan.KindTrailingData},
	{"NUL as space", "[1,2,\x003]", 5, jsonscan.KindUnexpected},
	{"Latin-1", "[\"caf\xe9\"]", 5, jsonscan.KindUTF8},
	{"Latin-1 bare", "[\xe9]", 1, jsonscan.KindUnexpected},

	{"open array", "[", 1, jsonscan.KindTruncated},
	{"open array after value", "[1", 2, jsonscan.KindTruncated},
	{"open array after comma", "[1, ", 4, jsonscan.KindTruncated},
	{"open object", "{", 1, jsonscan.KindTruncated},
	{"open object after name", `{"a"`, 4, jsonscan.KindTruncated},
	{"open object after colon", `{"a": `, 6, jsonscan.KindTruncated},
	{"open object after value", `{"a":1`, 6, jsonscan.KindTruncated},
	{"open object after comma", `{"a":1,`, 7, jsonscan.KindTruncated},
	{"open string", `"abc`, 4, jsonscan.KindTruncated},
	{"open name", `{"abc`, 5, jsonscan.KindTruncated},
	{"open escape", `"abc\`, 4, jsonscan.KindTruncated},
	{"minus only", `-`, 1, jsonscan.KindTruncated},
	{"open fraction", `1.`, 2, jsonscan.KindTruncated},
	{"open exponent", `1e+`, 3, jsonscan.KindTruncated},

	{"second document", "{} {}", 3, jsonscan.KindTrailingData},
	{"second document, glued", "{}[]", 2, jsonscan.KindTrailingData},
	{"garbage behind", "[1]x", 3, jsonscan.KindTrailingData},
	{"bracket behind", "[1]]", 3, jsonscan.KindTrailingData},
	{"comma behind", "1,", 1, jsonscan.KindTrailingData},
	{"two numbers", "1 2", 2, jsonscan.KindTrailingData},
	{"next line of NDJSON", "{}\n{}\n", 3, jsonscan.KindTrailingData},

	{"comment before", "// x\n{}", 0, jsonscan.KindComment},
	{"comment behind", "{} // x", 3, jsonscan.KindComment},
	{"comment inside", "[1,/* 2 */3]", 3, jsonscan.KindComment},
	{"comment after value", "[1/**/]", 2, jsonscan.KindComment},
	{"comment before name", `{/**/"a":1}`, 1, jsonscan.KindComment},
	{"comment before colon", `{"a"/**/:1}`, 4, jsonscan.KindComment},
	{"hash comment", "# x\n{}", 0, jsonscan.KindComment},

	{"trailing comma, array", "[1,]", 3, jsonscan.KindTrailingComma},
	{"trailing comma, object", `{"a":1,}`, 7, jsonscan.KindTrailingComma},
	{"trailing comma, spaced", "[1, ]", 4, jsonscan.KindTrailingComma},
	{"leading comma", "[,1]", 1, jsonscan.KindUnexpected},
	{"comma only", "[,]", 1, jsonscan.KindUnexpected},
	{"double comma", "[1,,2]", 3, jsonscan.KindUnexpected},
	{"leading comma, object", `{,"a":1}`, 1, jsonscan.KindUnexpected},
	{"missing comma", "[1 2]", 3, jsonscan.KindUnexpected},
	{"missing comma, object", `{"a":1 "b":2}`, 7, jsonscan.KindUnexpected},
	{"missing comma, word", `[1 true]`, 3, jsonscan.KindUnexpected},
	{"missing colon", `{"a" 1}`, 5, jsonscan.KindUnexpected},
	{"equals sign", `{"a"=1}`, 4, jsonscan.KindUnexpected},
	{"missing value", `{"a":}`, 5, jsonscan.KindUnexpected},
	{"missing value, comma", `{"a":,"b":1}`, 5, jsonscan.KindUnexpected},
	{"double colon", `{"a"::1}`, 5, jsonscan.KindUnexpected},
	{"name only", `{"a"}`, 4, jsonscan.KindUnexpected},
	{"colon in array", `["a":1]`, 4, jsonscan.KindUnexpected},
	{"bare name", `{a:1}`, 1, jsonscan.KindUnexpected},
	{"number as name", `{1:1}`, 1, jsonscan.KindUnexpected},
	{"single-quoted name", `{'a':1}`, 1, jsonscan.KindUnexpected},
	{"single quotes", `['a']`, 1, jsonscan.KindUnexpected},
	{"backquotes", "[`a`]", 1, jsonscan.KindUnexpected},
	{"mismatch, array", `[1}`, 2, jsonscan.KindUnexpected},
	{"mismatch, object", `{"a":1]`, 6, jsonscan.KindUnexpected},
	{"closing only", `]`, 0, jsonscan.KindUnexpected},
	{"vertical tab", "[\v1]", 1, jsonscan.KindUnexpected},
	{"form feed", "[1,\f2]", 3, jsonscan.KindUnexpected},
	{"no-break space", "[\u00a01]", 1, jsonscan.KindUnexpected},
	{"line separator", "[\u20281]", 1, jsonscan.KindUnexpected},
	{"control behind", "[1]\x1e", 3, jsonscan.KindTrailingData},
	{"record separator", "\x1e[1]", 0, jsonscan.KindUnexpected},
	{"XSSI prefix", ")]}'\n{}", 0, jsonscan.KindUnexpected},

	{"NaN", "[NaN]", 1, jsonscan.KindLiteral},
	{"Infinity", "Infinity", 0, jsonscan.KindLiteral},
	{"True", "[True]", 1, jsonscan.KindLiteral},
	{"TRUE", "[1,TRUE]", 3, jsonscan.KindLiteral},
	{"None", "[None]", 1, jsonscan.KindLiteral},
	{"undefined", `{"a":undefined}`, 5, jsonscan.KindLiteral},
	{"nul", "[nul]", 1, jsonscan.KindLiteral},
	{"tru", "tru", 0, jsonscan.KindLiteral},
	{"falsy", "[falsy]", 1, jsonscan.KindLiteral},
	{"nullnull", "[nullnull]", 5, jsonscan.KindUnexpected},
	{"truex", "truex", 4, jsonscan.KindTrailingData},

	{"leading zero", "[01]", 2, jsonscan.KindNumber},
	{"leading zeros", "00", 1, jsonscan.KindNumber},
	{"negative leading zero", "-01", 2, jsonscan.KindNumber},
	{"plus", "[+1]", 1, jsonscan.KindNumber},
	{"no integer", "[.5]", 1, jsonscan.KindNumber},
	{"no fraction", "[1.]", 3, jsonscan.KindNumber},
	{"no fraction, exponent", "[1.e1]", 3, jsonscan.KindNumber},
	{"no exponent", "[1e]", 3, jsonscan.KindNumber},
	{"no exponent, sign", "[1e+]", 4, jsonscan.KindNumber},
	{"minus and space", "[- 1]", 2, jsonscan.KindNumber},
	{"double minus", "[--1]", 2, jsonscan.KindNumber},
	{"minus infinity", "[-Infinity]", 2, jsonscan.KindNumber},
	{"hexadecimal", "[0x10]", 2, jsonscan.KindUnexpected},
	{"digit separator", "[1_000]", 2, jsonscan.KindUnexpected},
	{"big integer suffix", "[1n]", 2, jsonscan.KindUnexpected},
	{"two points", "[1.2.3]", 4, jsonscan.KindUnexpected},
	{"fullwidth digit", "[１]", 1, jsonscan.KindUnexpected},

	{"raw newline", "\"a\nb\"", 2, jsonscan.KindControl},
	{"raw tab", "[\"a\tb\"]", 3, jsonscan.KindControl},
	{"raw NUL", "[\"aaaaaaaaaa\x00\"]", 12, jsonscan.KindControl},
	{"raw 0x1f at eighth", "\"1234567\x1f\"", 8, jsonscan.KindControl},
	{"raw control in name", "{\"a\x01\":1}", 3, jsonscan.KindControl},
	{"escape of x", `["\x41"]`, 2, jsonscan.KindEscape},
	{"escape of quote", `["\'"]`, 2, jsonscan.KindEscape},
	{"escape of newline", "[\"\\\n\"]", 2, jsonscan.KindEscape},
	{"escape of U", `["\U0041"]`, 2, jsonscan.KindEscape},
	{"escape of zero", `["\0"]`, 2, jsonscan.KindEscape},
	{"short \\u", `["\u12"]`, 2, jsonscan.KindEscape},
	{"shorter \\u", `["\u`, 2, jsonscan.KindEscape},
	{"bad digit in \\u", `["\u12g4"]`, 2, jsonscan.KindEscape},
	{"sign in \\u", `["\u+123"]`, 2, jsonscan.KindEscape},
	{"braces in \\u", `["\u{41}"]`, 2, jsonscan.KindEscape},
	{"bad escape in name", `{"a\q":1}`, 3, jsonscan.KindEscape},

	{"lone high surrogate", `["a\ud800"]`, 3, jsonscan.KindSurrogate},
	{"lone low surrogate", `["\udc00"]`, 2, jsonscan.KindSurrogate},
	{"two high surrogates", `["\ud800\ud800"]`, 2, jsonscan.KindSurrogate},
	{"two low surrogates", `["\udc00\udc00"]`, 2, jsonscan.KindSurrogate},
	{"swapped surrogates", `["\udc00\ud800"]`, 2, jsonscan.KindSurrogate},
	{"high surrogate and letter", `["\ud800\u0041"]`, 2, jsonscan.KindSurrogate},
	{"high surrogate and raw", `["\ud800xxxxxx"]`, 2, jsonscan.KindSurrogate},
	{"high surrogate, short low", `["\ud800\udc0"]`, 2, jsonscan.KindSurrogate},
	{"high surrogate at the end", `["\ud83d`, 2, jsonscan.KindSurrogate},
	{"pair, then lone", `["\ud83d\ude00\ude00"]`, 14, jsonscan.KindSurrogate},
	{"lone surrogate in name", `{"\uD800":1}`, 2, jsonscan.KindSurrogate},

	{"bad byte", "[\"a\xff\"]", 3, jsonscan.KindUTF8},
	{"lone continuation", "[\"\x80\"]", 2, jsonscan.KindUTF8},
	{"overlong slash", "[\"\xc0\xaf\"]", 2, jsonscan.KindUTF8},
	{"overlong three", "[\"\xe0\x80\xaf\"]", 2, jsonscan.KindUTF8},
	{"overlong four", "[\"\xf0\x80\x80\xaf\"]", 2, jsonscan.KindUTF8},
	{"raw surrogate", "[\"\xed\xa0\x80\"]", 2, jsonscan.KindUTF8},
	{"beyond Unicode", "[\"\xf4\x90\x80\x80\"]", 2, jsonscan.KindUTF8},
	{"cut short", "[\"\xe2\x82\"]", 2, jsonscan.KindUTF8},
	{"cut short by escape", "[\"\xe2\\u0082\"]", 2, jsonscan.KindUTF8},
	{"after a long run", "[\"" + strings.Repeat("é", 40) + "\xc3\"]", 82, jsonscan.KindUTF8},
	{"in a name", "{\"\xff\":1}", 2, jsonscan.KindUTF8},

	{"duplicate", `{"a":1,"a":2}`, 7, jsonscan.KindDuplicateName},
	{"duplicate, same value", `{"a":1,"a":1}`, 7, jsonscan.KindDuplicateName},
	{"duplicate by escape", `{"messages":1,"\u006dessages":2}`, 14, jsonscan.KindDuplicateName},
	{"duplicate by escape, first", `{"\u006dessages":1,"messages":2}`, 19, jsonscan.KindDuplicateName},
	{"duplicate by solidus", `{"a/b":1,"a\/b":2}`, 9, jsonscan.KindDuplicateName},
	{"duplicate by surrogate pair", `{"😀":1,"\ud83d\ude00":2}`, 10, jsonscan.KindDuplicateName},
	{"duplicate empty name", `{"":1,"":2}`, 6, jsonscan.KindDuplicateName},
	{"duplicate in depth", `[{"x":{"a":1,"b":[],"a":2}}]`, 20, jsonscan.KindDuplicateName},
	{"duplicate around a subtree", `{"a":{"b":{"c":[1,2,{}]}},"a":0}`, 26, jsonscan.KindDuplicateName},
	{"duplicate among many", manyMembers(40, `"k7":0`), 325, jsonscan.KindDuplicateName},
	{"duplicate among many, by escape", manyMembers(40, `"\u006b7":0`), 325, jsonscan.KindDuplicateName},
	{"duplicate among sixteen", manyMembers(15, `"k14":0`), 125, jsonscan.KindDuplicateName},
	{"duplicate among seventeen", manyMembers(16, `"k15":0`), 133, jsonscan.KindDuplicateName},

	{"case", `{"a":1,"A":2}`, 7, jsonscan.KindFoldedName},
	{"case, long", `{"temperature":1,"temperaturE":2}`, 17, jsonscan.KindFoldedName},
	{"case, by escape", `{"role":1,"\u0052ole":2}`, 10, jsonscan.KindFoldedName},
	{"long s", `{"roles":1,"roleſ":2}`, 11, jsonscan.KindFoldedName},
	{"long s by escape", `{"roles":1,"role\u017f":2}`, 11, jsonscan.KindFoldedName},
	{"Kelvin", `{"k":1,"K":2}`, 7, jsonscan.KindFoldedName},
	{"Greek sigmas", `{"σ":1,"ς":2}`, 8, jsonscan.KindFoldedName},
	{"Cyrillic", `{"Ж":1,"ж":2}`, 8, jsonscan.KindFoldedName},
	{"sharp s", `{"ẞ":1,"ß":2}`, 9, jsonscan.KindFoldedName},
	{"Deseret", `{"𐐀":1,"𐐨":2}`, 10, jsonscan.KindFoldedName},
	{"case among many", manyMembers(40, `"K7":0`), 325, jsonscan.KindFoldedName},
	{"Kelvin among many", manyMembers(40, `"\u212a7":0`), 325, jsonscan.KindFoldedName},

	{"selected, case", `{"Messages":1}`, 1, jsonscan.KindSelectedName},
	{"selected, long s", `{"meſsages":1}`, 1, jsonscan.KindSelectedName},
	{"selected, both long s", `{"me\u017f\u017fages":1}`, 1, jsonscan.KindSelectedName},
	{"selected, in depth", `{"x":[{"y":1,"CONTENT":2}]}`, 13, jsonscan.KindSelectedName},
	{"selected, not ASCII", `{"ÜBER":1}`, 1, jsonscan.KindSelectedName},
	{"selected, escaped", `{"\u00dcber":1}`, 1, jsonscan.KindSelectedName},
	{"selected, among many", manyMembers(40, `"mEssages":0`), 325, jsonscan.KindSelectedName},
	{"selected beside itself", `{"messages":[],"Messages":1}`, 15, jsonscan.KindSelectedName},

	{"NUL in a name", `{"a\u0000":1}`, 1, jsonscan.KindNULName},
	{"NUL ends a selected name", `{"messages\u0000":1}`, 1, jsonscan.KindNULName},

	{"too deep", strings.Repeat("[", 129) + strings.Repeat("]", 129), 128, jsonscan.KindDepth},
	{"too deep, objects", strings.Repeat(`{"a":`, 129) + "1" + strings.Repeat("}", 129), 640, jsonscan.KindDepth},
	{"too deep, unclosed", strings.Repeat("[", 1000), 128, jsonscan.KindDepth},
}

// manyMembers is an object of n members k0, k1 and so on, of 8 bytes each, and then one more: last begins at 1 + 8n + 4.
func manyMembers(n int, last string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		name := `"k` + strconv.Itoa(i) + `":`
		b.WriteString(name + "1000000"[:7-len(name)] + ",")
	}
	return b.String() + "    " + last + "}"
}

func TestRefused(t *testing.T) {
	names := jsonscan.NewNames(selected...)
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			assertRefused(t, c.text, jsonscan.Limits{}, names, c.offset, c.kind)
		})
	}
}

func TestRefusedByLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits jsonscan.Limits
		text   string
		offset int
		kind   jsonscan.Kind
	}{
		{"depth 1", jsonscan.Limits{MaxDepth: 1}, `[[]]`, 1, jsonscan.KindDepth},
		{"depth 2", jsonscan.Limits{MaxDepth: 2}, `{"a":[],"b":[{}]}`, 13, jsonscan.KindDepth},
		{"nodes 1", jsonscan.Limits{MaxNodes: 1}, `[1]`, 1, jsonscan.KindNodes},
		{"nodes 3", jsonscan.Limits{MaxNodes: 3}, `{"a":1,"b":2,"c":3}`, 17, jsonscan.KindNodes},
		{"nodes by default", jsonscan.Limits{}, "[" + strings.Repeat("1,", 1<<20) + "1]", 1 + 2*(1<<20-1), jsonscan.KindNodes},
	} {
		t.Run(c.name, func(t *testing.T) { assertRefused(t, c.text, c.limits, nil, c.offset, c.kind) })
	}
}

func assertRefused(t *testing.T, text string, limits jsonscan.Limits, names *jsonscan.Names, offset int, kind jsonscan.Kind) {
	t.Helper()
	tape, err := jsonscan.Scan([]byte(text), limits, names)
	if err == nil {
		tape.Release()
		t.Fatalf("accepted; want %v at %d", kind, offset)
	}
	var refusal *jsonscan.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("got %T, want *jsonscan.Error", err)
	}
	if tape != nil {
		t.Error("a refusal came with a tape")
	}
	if refusal.Kind != kind || refusal.Offset != offset {
		t.Errorf("got %v at %d, want %v at %d", refusal.Kind, refusal.Offset, kind, offset)
	}
}

func TestErrorQuotesNothing(t *testing.T) {
	_, err := jsonscan.Scan([]byte(`{"sk-ant-secret":1,"sk-ant-secret":2}`), jsonscan.Limits{}, nil)
	if got, want := err.Error(), "json refused at offset 19: duplicate name"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestKindString(t *testing.T) {
	seen := map[string]jsonscan.Kind{}
	for k := jsonscan.KindEmpty; k <= jsonscan.KindSize; k++ {
		if other, dup := seen[k.String()]; dup || strings.HasPrefix(k.String(), "Kind(") {
			t.Errorf("kind %d is called %q, as is %d", k, k.String(), other)
		}
		seen[k.String()] = k
	}
	if got := jsonscan.Kind(0).String(); got != "Kind(0)" {
		t.Errorf("the zero kind is called %q", got)
	}
}
