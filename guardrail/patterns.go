package guardrail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
)

// Bounds of [Patterns].
const (
	maxPatterns      = 1024
	maxPatternLength = 4096
)

// Patterns returns a guard that blocks texts in which one of the RE2 expressions matches anywhere. The syntax is
// that of package regexp, so time is linear in the texts; "(?i)" at the start ignores case.
//
// An expression is looked for
//
//   - in each text as it stands;
//   - in each text without the characters that are not seen: zero-width and format characters, soft hyphens,
//     variation selectors, bidirectional controls, tags, and controls other than white space;
//   - as before, with fullwidth, circled and mathematical letters and digits read as ASCII and every space as " "
//     (of Unicode's compatibility mappings these alone; letters of other scripts that look like Latin are not mapped);
//   - as before, with tag characters (U+E0020 to U+E007E) read as the ASCII that they stand for;
//   - over neighbours: texts of one role that follow each other, all of them and those of each kind for itself, in
//     each of the forms above. A seam between two of them counts as nothing, as a space or as a line feed, each time
//     as the expression needs it, so that "ignore", " pre" and "vious" holds "ignore previous". An anchor ("^", "$")
//     also matches at a seam. An expression with ".*" reaches over as many neighbours as there are; ".{0,80}" does not.
//
// The verdict rests on more than one text, so nothing of it is cached. The public reason says that a pattern
// matched; the private detail says which, counted from 0.
//
// The error joins one [*ConfigError] for every expression that does not compile, that matches the empty text and
// so would block everything, or that is longer than 4096 bytes, and for an empty name, no expressions at all, or
// more than 1024.
func Patterns(name string, expressions ...string) (Guard, error) {
	var errs []error
	fault := func(field, value, reason string) {
		errs = append(errs, &ConfigError{Field: field, Value: value, Reason: reason})
	}
	if name == "" {
		fault("Patterns name", "", "is empty; it goes into the record")
	}
	if len(expressions) == 0 {
		fault("Patterns expressions", "", "there are none, so nothing would be blocked; leave the guard out instead")
	}
	if len(expressions) > maxPatterns {
		fault("Patterns expressions", "", fmt.Sprintf("there are %d, more than %d", len(expressions), maxPatterns))
		return nil, errors.Join(errs...)
	}
	g := &patterns{description: Description{Name: name, Scope: WholeConversation, Version: patternsVersion(expressions)}}
	for i, source := range expressions {
		e, err := compileExpression(source)
		if err != nil {
			fault("Patterns expressions["+strconv.Itoa(i)+"]", shortened(source), err.Error())
			continue
		}
		g.expressions = append(g.expressions, e)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return g, nil
}

// patternsVersion changes with the expressions, and with the number in it, which changes with how they are matched.
func patternsVersion(expressions []string) string {
	h := sha256.New()
	for _, e := range expressions {
		_, _ = fmt.Fprintf(h, "%d:%s", len(e), e)
	}
	return "1-" + hex.EncodeToString(h.Sum(nil)[:8])
}

func shortened(s string) string {
	const longest = 80
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "…"
}

// expression is one pattern in its two forms.
type expression struct {
	within *regexp.Regexp // as written
	across *regexp.Regexp // with seams allowed for
	reach  int            // how many bytes a match of across spans, seams aside; 0 if that has no bound
	// factors are such that every match holds one of them.
	factors [][]byte
}

func compileExpression(source string) (expression, error) {
	if len(source) > maxPatternLength {
		return expression{}, fmt.Errorf("is longer than %d bytes; split it", maxPatternLength)
	}
	within, err := regexp.Compile(source)
	if err != nil {
		return expression{}, fmt.Errorf("does not compile as an RE2 expression: %w", err)
	}
	if within.MatchString("") {
		return expression{}, errors.New("matches the empty text, so it would block everything; ask for one character at least")
	}
	tree, err := syntax.Parse(source, syntax.Perl) // the flags of package regexp
	if err != nil {
		return expression{}, err
	}
	across, reach, err := acrossSeams(tree)
	if err != nil {
		return expression{}, errors.New("is too large once it allows for seams between texts; split it")
	}
	e := expression{within: within, across: across, reach: reach}
	for _, f := range factors(tree) {
		e.factors = append(e.factors, []byte(f))
	}
	return e, nil
}

// patterns is the guard that [Patterns] returns.
type patterns struct {
	description Description
	expressions []expression
}

func (p *patterns) Describe() Description { return p.description }

// Check looks into every text, and over the seams to its neighbours.
func (p *patterns) Check(ctx context.Context, in Input) (Verdict, error) {
	scratch := newBuffer()
	defer scratch.release()
	for r := range runs(in.Texts) {
		var worth views
		for _, i := range r.texts {
			worth |= viewsOf(in.Texts[i].Value)
		}
		for v := range worth.all() {
			if err := ctx.Err(); err != nil {
				return Verdict{}, err
			}
			scratch.join(in.Texts, r.texts, v)
			for i := range p.expressions {
				e := &p.expressions[i]
				if !e.possible(scratch.bare) {
					continue
				}
				if !r.again {
					if n, found := scratch.within(e); found {
						return p.blocked(in.Direction, i, v, "one text", r.texts[n:n+1]), nil
					}
				}
				if from, to, found := scratch.across(e); found {
					return p.blocked(in.Direction, i, v, "neighbouring texts", scratch.between(r.texts, from, to)), nil
				}
			}
		}
	}
	return Verdict{}, nil
}

func (p *patterns) blocked(d Direction, expression int, v view, where string, matches []int) Verdict {
	return Verdict{
		Block:   true,
		Reason:  "The " + d.String() + " holds text that matches a pattern that is not allowed.",
		Detail:  fmt.Sprintf("expression %d matches in %s, %s", expression, where, v),
		Matches: slices.Clone(matches),
	}
}
