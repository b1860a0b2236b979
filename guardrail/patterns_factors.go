package guardrail

import (
	"bytes"
	"regexp/syntax"
	"unicode/utf8"
)

// factors returns strings of ASCII letters, digits and signs, in lower case, one of which every match of the tree holds
// once case and seams are left aside; nil if there are none to be had. Looking for them first costs a hundredth of
// what the expression does, and nearly always settles it.
func factors(tree *syntax.Regexp) []string {
	switch tree.Op {
	case syntax.OpLiteral:
		return literalFactor(tree.Rune)
	case syntax.OpCapture, syntax.OpPlus:
		return factors(tree.Sub[0])
	case syntax.OpRepeat:
		if tree.Min > 0 {
			return factors(tree.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, sub := range tree.Sub {
			if f := factors(sub); shortest(f) > shortest(best) {
				best = f
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range tree.Sub {
			f := factors(sub)
			if f == nil {
				return nil
			}
			all = append(all, f...)
		}
		return all
	}
	return nil
}

// literalFactor returns the longest stretch of a literal that no seam can stand in for, and that has one spelling
// but for case.
func literalFactor(runes []rune) []string {
	var best, current []byte
	for _, r := range runes {
		if r <= ' ' || r >= utf8.RuneSelf {
			current = nil
			continue
		}
		current = append(current, lower[r])
		if len(current) > len(best) {
			best = current
		}
	}
	if len(best) < 2 {
		return nil
	}
	return []string{string(best)}
}

func shortest(factors []string) int {
	n := 0
	for i, f := range factors {
		if i == 0 || len(f) < n {
			n = len(f)
		}
	}
	return n
}

// lower maps ASCII letters to lower case.
var lower = func() (table [256]byte) {
	for i := range table {
		table[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			table[i] += 'a' - 'A'
		}
	}
	return table
}()

// appendBare appends b in the form that factors are looked for in: in lower case, with the two other characters that
// equal ASCII letters when case is folded.
func appendBare(dst, b []byte) []byte {
	n := len(dst)
	dst = append(dst, b...)
	bare := dst[n:]
	special := false
	for i, c := range bare {
		bare[i] = lower[c]
		special = special || c == 0xE2 || c == 0xC5 // K and ſ begin with these
	}
	if special {
		bare = bytes.ReplaceAll(bytes.ReplaceAll(bare, []byte("\u212a"), []byte("k")), []byte("ſ"), []byte("s"))
		dst = append(dst[:n], bare...)
	}
	return dst
}

// possible reports whether the expression could match in a text of which bare is the bare form.
func (e *expression) possible(bare []byte) bool {
	for _, f := range e.factors {
		if bytes.Contains(bare, f) {
			return true
		}
	}
	return len(e.factors) == 0
}
