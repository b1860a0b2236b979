package guardrail

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// step is a segment of a simple path: one that selects by a name, by an index from the front, by a test of one member, or
// everything.
type step struct {
	descend bool // ".." before it
	kind    stepKind
	name    string
	index   int
	test    test
}

// test is a filter that compares one string with a literal: [?@.source.type=='base64'].
type test struct {
	member string // the names on the way to the string, each with a dot before it
	value  string
}

type stepKind uint8

const (
	byName stepKind = iota
	byIndex
	byWildcard
	byTest
)

// parseSteps returns the steps of a path that compiles, and false where it is not simple: other filters, slices, several
// selectors in one segment, indexes from the end, names with escapes. What it takes for a filter is narrow on purpose.
func parseSteps(path string) ([]step, bool) {
	p := path
	if rest, ok := strings.CutPrefix(p, "$"); ok {
		p = rest
	} else if !strings.HasPrefix(p, "[") && !strings.HasPrefix(p, ".") {
		p = "." + p
	}
	var steps []step
	for p != "" {
		var s step
		switch {
		case strings.HasPrefix(p, ".."):
			s.descend = true
			if p = p[2:]; !strings.HasPrefix(p, "[") {
				p = "." + p
			}
		case p[0] != '.' && p[0] != '[':
			return nil, false
		}
		var ok bool
		if p[0] == '.' {
			p, ok = s.shorthand(p[1:])
		} else if filter, found := strings.CutPrefix(p, "[?@."); found {
			p, ok = s.filter(filter)
		} else {
			p, ok = s.bracketed(p[1:])
		}
		if !ok {
			return nil, false
		}
		steps = append(steps, s)
	}
	return steps, true
}

func (s *step) shorthand(p string) (rest string, ok bool) {
	end := strings.IndexAny(p, ".[")
	if end < 0 {
		end = len(p)
	}
	if s.name, rest = p[:end], p[end:]; s.name == "*" {
		s.kind, s.name = byWildcard, ""
		return rest, true
	}
	return rest, s.name != "" && !strings.ContainsAny(s.name, " \t\r\n")
}

func (s *step) bracketed(p string) (rest string, ok bool) {
	if p == "" {
		return "", false
	}
	if quote := p[0]; quote == '\'' || quote == '"' {
		name, rest, found := strings.Cut(p[1:], string(quote)+"]")
		s.name = name
		return rest, found && !strings.ContainsAny(name, `'"\`)
	}
	inside, rest, found := strings.Cut(p, "]")
	if !found {
		return "", false
	}
	if inside == "*" {
		s.kind = byWildcard
		return rest, true
	}
	index, err := strconv.Atoi(inside)
	s.kind, s.index = byIndex, index
	return rest, err == nil && index >= 0 && inside[0] != '+'
}

func (s *step) filter(p string) (rest string, ok bool) {
	member, p, found := strings.Cut(p, "==")
	if !found || p == "" || p[0] != '\'' && p[0] != '"' {
		return "", false
	}
	value, rest, found := strings.Cut(p[1:], p[:1]+"]")
	s.kind, s.test = byTest, test{"." + member, value}
	plain := !strings.ContainsFunc(member, func(r rune) bool {
		return r >= utf8.RuneSelf || !isAlphanumeric(byte(r)) && r != '_' && r != '.'
	})
	return rest, found && plain && !strings.ContainsAny(value, `'"\`)
}
