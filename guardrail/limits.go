package guardrail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/headersafe/headersafe/internal/jsonpath"
	"github.com/headersafe/headersafe/internal/jsonscan"
)

// Restriction is a rule of [Restrict] on what stands in certain places of a body. [OneOf], [AtMost] and [CountAtMost]
// make one. The zero Restriction is a config error.
type Restriction struct {
	kind     restrictionKind
	values   []string
	most     int64
	paths    []string
	required bool
}

type restrictionKind uint8

const (
	noRestriction restrictionKind = iota
	oneOf
	atMost
	countAtMost
)

// OneOf lets a body pass in which the paths select one value at least, and every value that they select is a string
// from the list, letter for letter. A body without such a value is blocked, and so is null, or a value of another type.
//
// The paths are RFC 9535; a leading "$." may be left out. Give those of all endpoints that the guardrail has rules for:
//
//	guardrail.OneOf([]string{"claude-haiku-4-5"}, "model", "requests[*].params.model")
func OneOf(values []string, paths ...string) Restriction {
	return Restriction{kind: oneOf, values: slices.Clone(values), paths: slices.Clone(paths), required: true}
}

// AtMost lets a body pass in which every value that the paths select is a number from 0 to most, or null, which
// counts as absent. A negative number is blocked: to some servers it means that there is no limit.
func AtMost(most int64, paths ...string) Restriction {
	return Restriction{kind: atMost, most: most, paths: slices.Clone(paths)}
}

// CountAtMost lets a body pass in which the paths select at most that many values; 0 forbids them altogether. Each
// message counts with "messages[*]", the member itself, whatever is in it, with "tools".
func CountAtMost(most int, paths ...string) Restriction {
	return Restriction{kind: countAtMost, most: int64(most), paths: slices.Clone(paths)}
}

// Required returns the restriction so that it also blocks a body in which the paths select nothing but null.
func (r Restriction) Required() Restriction {
	r.required = true
	return r
}

// String returns the rule in one line, as it goes into the private detail of a verdict.
func (r Restriction) String() string {
	where := strings.Join(r.paths, " or ")
	switch r.kind {
	case oneOf:
		return where + " must be one of " + strconv.Itoa(len(r.values)) + " values"
	case atMost:
		return where + " must be at most " + strconv.FormatInt(r.most, 10)
	case countAtMost:
		return where + " must be there at most " + strconv.FormatInt(r.most, 10) + " times"
	}
	return "no restriction"
}

// Restrict returns a guard that judges numbers, names and counts rather than texts: which models may be asked for, how
// many tokens, how many messages. A body is blocked unless it is within every restriction; the public reason says
// that it is not, the private detail which it is that is broken and where.
//
// A body with a member whose name equals one in the paths only when case is folded ("Model") is blocked, since
// an upstream could take it for that one.
//
// The guard is asked for every body, with texts or without; nothing of it is cached. The error joins one [*ConfigError]
// for each path that does not compile, and for an empty name, no restrictions, a restriction without paths, without
// values or below zero.
func Restrict(name string, restrictions ...Restriction) (Guard, error) {
	var errs []error
	fault := func(field, value, reason string) {
		errs = append(errs, &ConfigError{Field: field, Value: value, Reason: reason})
	}
	if name == "" {
		fault("Restrict name", "", "is empty; it goes into the record")
	}
	if len(restrictions) == 0 {
		fault("Restrict restrictions", "", "there are none, so nothing would be blocked; leave the guard out instead")
	}
	version := sha256.New()
	g := &restrict{}
	var names []string
	for i, r := range restrictions {
		at := "Restrict restrictions[" + strconv.Itoa(i) + "]"
		switch {
		case r.kind == noRestriction:
			fault(at, "", "is empty; use OneOf, AtMost or CountAtMost")
		case len(r.paths) == 0:
			fault(at, "", "has no paths, so it would hold for nothing")
		case r.kind == oneOf && len(r.values) == 0:
			fault(at, "", "has no values, so it would block everything")
		case r.most < 0:
			fault(at, strconv.FormatInt(r.most, 10), "is below zero; 0 is the least there can be")
		}
		c := compiledRestriction{Restriction: r}
		for _, source := range r.paths {
			path, err := jsonpath.Compile(source)
			if err != nil {
				fault(at, source, "is no RFC 9535 path: "+err.Error())
				continue
			}
			names = append(names, path.Names()...)
			c.compiled = append(c.compiled, path)
		}
		g.restrictions = append(g.restrictions, c)
		_, _ = fmt.Fprintf(version, "%d %q %d %q %t ", r.kind, r.values, r.most, r.paths, r.required)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	g.names = jsonscan.NewNames(names...)
	g.description = Description{Name: name, Scope: WholeConversation, Version: "1-" + hex.EncodeToString(version.Sum(nil)[:8])}
	return g, nil
}

type compiledRestriction struct {
	Restriction
	compiled []*jsonpath.Path
}

// restrict is the guard that [Restrict] returns.
type restrict struct {
	description  Description
	restrictions []compiledRestriction
	names        *jsonscan.Names
}

func (g *restrict) Describe() Description { return g.description }

// Check fails: there is nothing in texts to judge. A guardrail shows this guard the document; whoever has wrapped it
// so that it is shown texts gets no verdict, and so no forwarding.
func (g *restrict) Check(context.Context, Input) (Verdict, error) {
	return Verdict{}, errors.New("guardrail: Restrict judges documents, not texts, and cannot be wrapped in another guard")
}

// checkDocument judges a body.
func (g *restrict) checkDocument(ctx context.Context, t *jsonscan.Tape) (Verdict, error) {
	if fault := g.lookAlike(t); fault != "" {
		return outside("the document: " + fault), nil
	}
	for _, r := range g.restrictions {
		if err := ctx.Err(); err != nil {
			return Verdict{}, err
		}
		where, err := r.broken(t)
		if err != nil {
			return Verdict{}, fmt.Errorf("%s: %w", r, err)
		}
		if where != "" {
			return outside(r.String() + ": " + where), nil
		}
	}
	return Verdict{}, nil
}

// lookAlike returns what is wrong with the names of a body; empty if nothing is. The text has been scanned before, within the guardrail's own
// limits, but not for these names.
func (g *restrict) lookAlike(t *jsonscan.Tape) string {
	again, err := jsonscan.Scan(t.Source(), jsonscan.Limits{MaxDepth: math.MaxInt32, MaxNodes: math.MaxInt32}, g.names)
	if err != nil {
		return err.Error()
	}
	again.Release()
	return ""
}

func outside(detail string) Verdict {
	return Verdict{Block: true, Reason: "The request is outside of what is allowed here.", Detail: detail}
}

// broken says what breaks the restriction, by type or count alone; it is empty if nothing does.
func (r *compiledRestriction) broken(t *jsonscan.Tape) (where string, err error) {
	var count int64
	for _, path := range r.compiled {
		nodes, err := path.Select(t, nil, nil)
		if err != nil {
			return "", err
		}
		for _, n := range nodes {
			if t.Type(n) != jsonscan.Null || r.kind != atMost {
				count++
			}
			if !r.allows(t, n) {
				return "broken by a " + t.Type(n).String(), nil
			}
		}
	}
	switch {
	case r.required && count == 0:
		return "broken by its absence", nil
	case r.kind == countAtMost && count > r.most:
		return "broken by " + strconv.FormatInt(count, 10), nil
	}
	return "", nil
}

// allows reports whether the restriction allows the value by itself.
func (r *compiledRestriction) allows(t *jsonscan.Tape, n jsonscan.Node) bool {
	switch r.kind {
	case oneOf:
		return slices.ContainsFunc(r.values, func(value string) bool { return t.TextIs(n, value) })
	case atMost:
		if t.Type(n) == jsonscan.Null {
			return true
		}
		if t.Type(n) != jsonscan.Number {
			return false
		}
		// Beyond float64 is beyond any bound: the error comes with an infinity of the right sign.
		number, _ := strconv.ParseFloat(string(t.Raw(n)), 64)
		return number >= 0 && number <= float64(r.most)
	}
	return true
}
