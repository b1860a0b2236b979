package jsonpath

import (
	"errors"
	"regexp"
	"testing"
	"unicode/utf8"
)

// FuzzSelect fuzzes expression and document together. Oracle: Compile never panics, and fails with an *Error whose
// offset lies in the expression or at its end; what compiles selects what the reference evaluator selects, in the
// same order; and the normalized path of each node selected compiles and selects exactly that node.
func FuzzSelect(f *testing.F) {
	for _, s := range [][2]string{
		{"$.messages[*].content", `{"messages":[{"content":"x"},{"content":[{"text":"y"}]}]}`},
		{"messages[?@.role=='user'].content", `{"messages":[{"role":"user","content":1},{"role":"\u0075ser","content":2}]}`},
		{"$..[?@.a>1 && !(@.b || @['c'])]", `[{"a":2},{"a":2,"b":null},{"a":1e1,"d":0}]`},
		{"$[?count(@.*)>=2 , ?length(@)<3, ::-1, -1]", `[[1,2],"é\ud83d\ude00",{"a":{},"b":[]}]`},
		{"$[?match(@, $[0]) || search(@, 'b[^a-c]\\\\p{L}.?')]", `["a.*","abc","bdé"]`},
		{`$["\u00e9\"", '\'', '\ud83d\ude00'][?value(@..x)==@.y]`, `{"é\"":[{"x":1,"y":1}],"'":0,"😀":[{"y":2}]}`},
		{"$[?@==$[0]]", `[{"a":[1,{"b":null}],"c":"\u0064"},{"c":"d","a":[1.0,{"b":null}]}]`},
	} {
		f.Add(s[0], []byte(s[1]))
	}
	f.Fuzz(func(t *testing.T, expr string, document []byte) {
		path, err := Compile(expr)
		if err != nil {
			var fault *Error
			if !errors.As(err, &fault) || fault.Offset < 0 || fault.Offset > len(expr) || fault.Kind == 0 {
				t.Fatalf("%q: %#v", expr, err)
			}
			return
		}
		if !utf8.ValidString(expr) {
			t.Fatalf("%q compiles", expr)
		}
		agree(t, path, document)
	})
}

var leadingZero = regexp.MustCompile(`[{,]0[0-9]`)

// FuzzIRegexp fuzzes patterns. Oracle: what translates compiles, or is too large; a translated pattern agrees with package
// regexp's own reading of the source where both dialects mean the same, which they do without dots, anchors,
// backslashes, and counts with leading zeros, which Go takes for literal text.
func FuzzIRegexp(f *testing.F) {
	for _, s := range []string{"a(b|c)*d+", "[^a-z]{2,3}", `\p{Lu}\n\.`, "[-a]", "a{1000}", "((((a))))", "^a$", "[a-b-c]"} {
		f.Add(s, "abcd")
	}
	f.Fuzz(func(t *testing.T, source, text string) {
		re, fault := compilePattern(source, true)
		if fault != 0 {
			return
		}
		if re.size < 0 || re.size > MaxPattern {
			t.Fatalf("%q: size %d", source, re.size)
		}
		for _, c := range source {
			if c == '.' || c == '^' || c == '$' || c == '\\' || c == '[' {
				return
			}
		}
		if leadingZero.MatchString(source) {
			return
		}
		plain, err := regexp.Compile(`\A(?:` + source + `)\z`)
		if err != nil || plain.MatchString(text) != re.re.MatchString(text) {
			t.Fatalf("%q on %q: %v", source, text, err)
		}
	})
}
