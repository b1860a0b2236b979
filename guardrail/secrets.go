package guardrail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// SecretShape is a kind of credential to look for besides those that [Secrets] knows.
type SecretShape struct {
	_ [0]func()

	// Kind says what it is: "intranet token". It is public.
	Kind string
	// Expression is what the credential looks like, in RE2. "\b" at its start keeps it from matching inside a word.
	Expression string
	// Literal, if given, is a string that every match holds. Texts without it are passed over at little cost.
	Literal string
}

// Secrets returns a guard that blocks texts in which something has the well-known shape of a credential, so that what
// was pasted by mistake does not leave: keys of Anthropic, OpenAI and other model vendors, AWS, Google Cloud, Azure and
// DigitalOcean; tokens of GitHub, GitLab, Slack, Stripe, npm, PyPI, Hugging Face, SendGrid, Twilio and more; private
// keys in PEM; JSON Web Tokens. Texts of every kind and role are looked at, also with the characters removed
// that are not seen. What has no known shape (a password, a key with other text put into it, a key that was
// encoded) is not found.
//
// What stands in for a key in documentation is let pass: fewer than six different characters ("sk-xxxx…"), or "EXAMPLE"
// at its end, as in AWS's documentation.
//
// A verdict rests on one text at a time and can be cached. The public reason names the kinds of credentials
// that were found and nothing of them.
//
// The error joins one [*ConfigError] for every shape of the caller's that has no Kind, or whose Expression does not
// compile or matches the empty text.
func Secrets(more ...SecretShape) (Guard, error) {
	g := &secrets{known: knownShapes}
	version := sha256.New()
	var errs []error
	for i, s := range more {
		fault := func(field, value, reason string) {
			errs = append(errs, &ConfigError{Field: fmt.Sprintf("Secrets[%d].%s", i, field), Value: value, Reason: reason})
		}
		if s.Kind == "" {
			fault("Kind", "", "is empty; the public reason names it")
		}
		e, err := compileExpression(s.Expression)
		if err != nil {
			fault("Expression", shortened(s.Expression), err.Error())
			continue
		}
		g.more = append(g.more, customShape{kind: s.Kind, literal: s.Literal, expression: e.within})
		_, _ = fmt.Fprintf(version, "%q %q %q ", s.Kind, s.Expression, s.Literal)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	g.version = secretsVersion + "-" + hex.EncodeToString(version.Sum(nil)[:8])
	return g, nil
}

// secretsVersion is to be counted up with every change of what is found.
const secretsVersion = "1"

type customShape struct {
	kind, literal string
	expression    *regexp.Regexp
}

// secrets is the guard that [Secrets] returns.
type secrets struct {
	known   *shapeIndex
	more    []customShape
	version string
}

func (g *secrets) Describe() Description {
	return Description{Name: "secrets", Scope: PerText, Version: g.version}
}

func (g *secrets) Check(ctx context.Context, in Input) (Verdict, error) {
	var kinds []string
	var matches []int
	scratch := newBuffer()
	defer scratch.release()
	for i, text := range in.Texts {
		if err := ctx.Err(); err != nil {
			return Verdict{}, err
		}
		found := g.find(nil, text.Value)
		if viewsOf(text.Value)&(1<<strippedView) != 0 {
			found = g.find(found, string(scratch.view(text.Value, strippedView)))
		}
		if len(found) > 0 {
			matches = append(matches, i)
			kinds = append(kinds, found...)
		}
	}
	if len(matches) == 0 {
		return Verdict{}, nil
	}
	slices.Sort(kinds)
	kinds = slices.Compact(kinds)
	return Verdict{
		Block:   true,
		Reason:  "The " + in.Direction.String() + " holds what looks like a credential (" + strings.Join(kinds, ", ") + ").",
		Detail:  fmt.Sprintf("%d of %d texts hold one", len(matches), len(in.Texts)),
		Matches: matches,
	}, nil
}

// find appends the kinds of what s holds, with repeats.
func (g *secrets) find(kinds []string, s string) []string {
	kinds = g.known.find(kinds, s)
	for _, c := range g.more {
		if strings.Contains(s, c.literal) && c.expression.MatchString(s) {
			kinds = append(kinds, c.kind)
		}
	}
	return kinds
}
