package jsonpath

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
)

func TestIRegexp(t *testing.T) {
	for _, c := range []struct {
		pattern string
		match   []string // match whole, and are found in longer texts
		not     []string // do not match whole
	}{
		{"", []string{""}, []string{"a"}},
		{"abc", []string{"abc"}, []string{"ABC", "ab", "abcd", "xabc", "abc\n"}},
		{"a|bc|", []string{"a", "bc", ""}, []string{"abc", "b"}},
		{".", []string{"a", "\u2028", "😀", "\x00"}, []string{"\n", "\r", "", "ab"}},
		{"a.*z", []string{"az", "a z"}, []string{"a\nz", "a\rz"}},
		{"(ab)+", []string{"ab", "abab"}, []string{"", "aba"}},
		{"a{2}", []string{"aa"}, []string{"a", "aaa", "a{2}"}},
		{"a{2,}", []string{"aa", "aaaa"}, []string{"a"}},
		{"a{0,2}", []string{"", "a", "aa"}, []string{"aaa"}},
		{"[abc]", []string{"a", "b"}, []string{"d", ""}},
		{"[^abc]", []string{"d", "\n", "^"}, []string{"a", ""}},
		{"[a-c1-3]", []string{"b", "2"}, []string{"d", "-"}},
		{"[-a]", []string{"-", "a"}, []string{"b"}},
		{"[a-]", []string{"-", "a"}, []string{"b"}},
		{"[-]", []string{"-"}, []string{"a"}},
		{"[^-]", []string{"a"}, []string{"-"}},
		{"[a^]", []string{"a", "^"}, []string{"b"}},
		{"[.$|(){}*+?]", []string{".", "$", "|", "(", "*"}, []string{"a"}},
		{`[\[\]\\\-\^]`, []string{"[", "]", `\`, "-", "^"}, []string{"a"}},
		{`[\n\r\t]`, []string{"\n", "\r", "\t"}, []string{"n"}},
		{`[\p{Lu}_]`, []string{"A", "É", "_"}, []string{"a"}},
		{`[^\p{L}]`, []string{"1"}, []string{"a"}},
		{"[:alpha:]", []string{":", "a", "l", "p", "h"}, []string{"z", "1"}},
		{"[&&~~]", []string{"&", "~"}, []string{"a"}},
		{`\p{L}\P{L}`, []string{"a1", "é "}, []string{"11", "aa"}},
		{`\p{Cn}`, []string{"\U000e0fff"}, []string{"a"}},
		{`\.\*\+\?\(\)\[\]\{\}\|\\\-\^`, []string{`.*+?()[]{}|\-^`}, nil},
		{`\n\r\t`, []string{"\n\r\t"}, nil},
		{"^ab$", []string{"ab"}, []string{"xab", "ab\n", "^ab$"}},
		{"a,b-c/d=e@f_g~h", []string{"a,b-c/d=e@f_g~h"}, nil},
		{"東京+", []string{"東京", "東京京"}, []string{"東"}},
		{"Straße", []string{"Straße"}, []string{"STRASSE"}},
	} {
		whole, fault := compilePattern(c.pattern, true)
		part, fault2 := compilePattern(c.pattern, false)
		if fault != 0 || fault2 != 0 {
			t.Errorf("%q: fault %d, %d", c.pattern, fault, fault2)
			continue
		}
		for _, text := range c.match {
			if !whole.re.MatchString(text) {
				t.Errorf("%q does not match %q", c.pattern, text)
			}
			if !strings.ContainsAny(c.pattern, "^$") && !part.re.MatchString("<"+text+">") {
				t.Errorf("%q is not found in %q", c.pattern, "<"+text+">")
			}
		}
		for _, text := range c.not {
			if whole.re.MatchString(text) {
				t.Errorf("%q matches %q", c.pattern, text)
			}
		}
	}
}

// TestIRegexpRefuses has what package regexp, or other dialects, would take.
func TestIRegexpRefuses(t *testing.T) {
	for _, pattern := range []string{
		"(", ")", "(a", "a)", "[", "[]", "[^]", "[a", "]", "{", "}", "a{", "a{1", "a{1,", "a{,2}", "a{2,1}", "a{x}", "{2}",
		"*", "+a", "?", "a**", "a+?", "a*+", "a{2}{3}", "|*", "(*)",
		`\`, `a\`, `\d`, `\w`, `\s`, `\b`, `\A`, `\z`, `\Q`, `\x41`, `\u0041`, `\1`, `\/`, `\"`, `\$`, `\i`, `\c`,
		`[\d]`, `[\$]`, `[b-a]`, `[a-b-c]`, `[--a]`, `[a-\p{L}]`, `[[:alpha:]]`, `[a[b]]`, `[a-[b]]`, `[a--b]`,
		`\p`, `\p{`, `\p{}`, `\pL`, `\p{Latin}`, `\p{Cs}`, `\p{Lx}`, `\p{l}`, `\p{^L}`, `\p{IsL}`, `\p{LC}`,
		"(?i)a", "(?:a)", "(?P<n>a)", "(?=a)", "a\xff",
	} {
		if re, fault := compilePattern(pattern, true); fault != notIRegexp {
			t.Errorf("%q: %v, fault %d", pattern, re, fault)
		}
	}
}

func TestIRegexpSize(t *testing.T) {
	for _, c := range []struct {
		pattern string
		fault   patternFault
	}{
		{strings.Repeat("a", MaxPattern), 0},
		{"(a|b){100}", 0},
		{"a{1000}", 0},
		{"a{1001}", patternTooLarge},
		{"a{99999999999999999999999}", patternTooLarge},
		{"(a{30}){30}", 0},
		{"(a{40}){60}", patternTooLarge},
		{strings.Repeat("a{1000}", 3), patternTooLarge},
		{strings.Repeat("(", 64) + "a" + strings.Repeat(")", 64), 0},
		{strings.Repeat("(", 65) + "a" + strings.Repeat(")", 65), patternTooLarge},
	} {
		if _, fault := compilePattern(c.pattern, true); fault != c.fault {
			t.Errorf("%.30q: fault %d, want %d", c.pattern, fault, c.fault)
		}
	}
}

func TestCompareNumbers(t *testing.T) {
	numbers := []string{
		"0", "-0", "0.0", "0e10", "1", "1.0", "-1", "10", "1e1", "0.1e2", "100e-1", "0.1", "0.10", "0.01", "1e-2", "9", "99", "9.99",
		"123456789012345678901234567890", "123456789012345678901234567891", "1.5", "-1.5", "15e-1", "0.00000000000015e13",
		"1e20", "100000000000000000000", "1e-20", "-1e-20", "0.000", "12.340", "12.34", "12.3400001",
	}
	for _, x := range numbers {
		for _, y := range numbers {
			a, _ := new(big.Rat).SetString(x)
			b, _ := new(big.Rat).SetString(y)
			if got, want := compareNumbers([]byte(x), []byte(y)), a.Cmp(b); (got > 0) != (want > 0) || (got < 0) != (want < 0) {
				t.Errorf("%s and %s: got %d, want %d", x, y, got, want)
			}
		}
	}
	for i, x := range []string{"-1e99999999999999999999", "-1e400", "-1e-400", "-1e-99999999999999999999", "0", "1e-99999999999999999999", "1e-400", "1e400", "1e99999999999999999999"} {
		for j, y := range []string{"-1e99999999999999999999", "-1e400", "-1e-400", "-1e-99999999999999999999", "0", "1e-99999999999999999999", "1e-400", "1e400", "1e99999999999999999999"} {
			got := compareNumbers([]byte(x), []byte(y))
			if (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%s and %s: got %d", x, y, got)
			}
		}
	}
}

// TestSliceBounds compares with the pseudo-code of section 2.3.4.2.2, over all small cases.
func TestSliceBounds(t *testing.T) {
	for count := int64(0); count < 5; count++ {
		for start := int64(-7); start < 8; start++ {
			for end := int64(-7); end < 8; end++ {
				for _, step := range []int64{-3, -2, -1, 0, 1, 2, 3} {
					if got, want := indexesOf(start, end, step, count), rfcSlice(start, end, step, count); got != want {
						t.Fatalf("[%d:%d:%d] of %d: got %s, want %s", start, end, step, count, got, want)
					}
				}
			}
		}
	}
}

func indexesOf(start, end, step, count int64) string {
	document := "[" + strings.TrimSuffix(strings.Repeat("0,", int(count)), ",") + "]"
	e := mustEvaluate(fmt.Sprintf("$[%d:%d:%d]", start, end, step), document)
	return fmt.Sprint(e)
}

func rfcSlice(start, end, step, length int64) string {
	normalize := func(i int64) int64 {
		if i >= 0 {
			return i
		}
		return length + i
	}
	indexes := []int64{}
	nStart, nEnd := normalize(start), normalize(end)
	switch {
	case step > 0:
		lower, upper := min(max(nStart, 0), length), min(max(nEnd, 0), length)
		for i := lower; i < upper; i += step {
			indexes = append(indexes, i)
		}
	case step < 0:
		upper, lower := min(max(nStart, -1), length-1), min(max(nEnd, -1), length-1)
		for i := upper; lower < i; i += step {
			indexes = append(indexes, i)
		}
	}
	return fmt.Sprint(indexes)
}
