package guardrail

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// seam stands between two joined texts. It is a noncharacter, which no text has a use for. Each text is joined to the
// next by two of them, so that an anchor before and an anchor after have one each.
const seam = '\U0010FFFE'

const joint = string(seam) + string(seam)

// acrossSeams rewrites an expression, which compiles, for texts that are joined by seams: between any two characters
// that it consumes there may be seams; what takes a space or a line feed takes a seam in its place; and an anchor
// takes one too. reach is how many bytes a match spans, seams aside; 0 if that has no bound, or if the
// expression looks at what surrounds a match, so that it must be shown all of it.
func acrossSeams(tree *syntax.Regexp) (re *regexp.Regexp, reach int, err error) {
	re, err = regexp.Compile(seamed(tree).String())
	return re, max(reachOf(tree), 0) * utf8.UTFMax, err
}

// seamed returns a copy of the tree that allows for seams. Captures are dropped: nobody asks for them.
func seamed(tree *syntax.Regexp) *syntax.Regexp {
	switch tree.Op {
	case syntax.OpLiteral:
		var parts []*syntax.Regexp
		for _, r := range tree.Rune {
			one := &syntax.Regexp{Op: syntax.OpLiteral, Flags: tree.Flags, Rune: []rune{r}}
			if r == ' ' || r == '\n' {
				one = class(' ', ' ', seam, seam)
				if r == '\n' {
					one = class('\n', '\n', seam, seam)
				}
			}
			parts = append(parts, one, seams())
		}
		return concat(parts...)
	case syntax.OpCharClass:
		wide := slices.Clone(tree.Rune)
		if takes(wide, ' ') || takes(wide, '\n') {
			wide = append(wide, seam, seam)
		}
		return concat(class(wide...), seams())
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return concat(tree, seams())
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText:
		return &syntax.Regexp{Op: syntax.OpAlternate, Sub: []*syntax.Regexp{tree, class(seam, seam)}}
	case syntax.OpCapture:
		return seamed(tree.Sub[0])
	}
	out := *tree
	out.Sub = make([]*syntax.Regexp, len(tree.Sub))
	for i, sub := range tree.Sub {
		out.Sub[i] = seamed(sub)
	}
	return &out
}

func class(pairs ...rune) *syntax.Regexp {
	return &syntax.Regexp{Op: syntax.OpCharClass, Rune: pairs}
}

// seams matches any number of seams.
func seams() *syntax.Regexp {
	return &syntax.Regexp{Op: syntax.OpStar, Sub: []*syntax.Regexp{class(seam, seam)}}
}

func concat(parts ...*syntax.Regexp) *syntax.Regexp {
	return &syntax.Regexp{Op: syntax.OpConcat, Sub: parts}
}

// takes reports whether a class, given as pairs of bounds, holds r.
func takes(pairs []rune, r rune) bool {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] <= r && r <= pairs[i+1] {
			return true
		}
	}
	return false
}

// longestReach is the reach, in characters, from which on a whole run is searched.
const longestReach = 256

// reachOf returns how many characters a match has at most, or -1.
func reachOf(tree *syntax.Regexp) int {
	var n int
	switch tree.Op {
	case syntax.OpNoMatch, syntax.OpEmptyMatch:
		return 0
	case syntax.OpLiteral:
		n = len(tree.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		n = 1
	case syntax.OpCapture, syntax.OpQuest:
		return reachOf(tree.Sub[0])
	case syntax.OpRepeat:
		sub := reachOf(tree.Sub[0])
		if sub < 0 || tree.Max < 0 {
			return -1
		}
		n = sub * tree.Max
	case syntax.OpConcat, syntax.OpAlternate:
		for _, part := range tree.Sub {
			sub := reachOf(part)
			if sub < 0 {
				return -1
			}
			if tree.Op == syntax.OpConcat {
				n += sub
			} else {
				n = max(n, sub)
			}
		}
	default: // without bound, or an assertion
		return -1
	}
	if n > longestReach {
		return -1
	}
	return n
}
