package guardrail

import (
	"errors"
	"fmt"

	"github.com/headersafe/headersafe/internal/jsonpath"
	"github.com/headersafe/headersafe/internal/jsonscan"
)

// Class says what a rule makes of a string.
type Class uint8

// The classes. Guards are shown the first three.
const (
	ClassText      Class = iota // selected by Text
	ClassUnlisted               // not selected by Text, and read all the same: as Other, or as the Name of a member
	ClassReference              // selected by Reference: read, and counted as an opaque part besides
	ClassNotText                // selected by NotText, and looks like an identifier
	ClassSealed                 // selected by Sealed, and looks like base64
	ClassOpaque                 // selected by Opaque, and looks like base64 or a base64 data: URL
	ClassRefused                // selected by Refuse
)

var classNames = [...]string{"text", "unlisted", "reference", "not-text", "sealed", "opaque", "refused"}

// String returns the class in lower case, with hyphens.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown"
}

// Classified says what a rule makes of one string of a body.
type Classified struct {
	Path  string // a normalized path (RFC 9535 section 2.7); of a [Name], that of the member
	Class Class
	Kind  Kind   // where guards are shown it
	Role  string // likewise
}

// Classify says what the rule makes of each string of the body, in document order: of every value that is not empty, and
// of those names that it doesn't know. It is for checking a rule against the requests of the client at hand: nothing
// in them should be [ClassUnlisted], and what is [ClassNotText] is worth a look.
//
// The error is that of a rule with mistakes, or of a body that a Guardrail would refuse whatever it says. A body that lacks
// required texts is classified all the same; so is one with parts to refuse.
func (e Endpoint) Classify(body []byte) ([]Classified, error) {
	c, err := e.classifier()
	if err != nil {
		return nil, err
	}
	tape, err := jsonscan.Scan(body, jsonscan.Limits{}, c.rule.scanned)
	if err != nil {
		return nil, fmt.Errorf("guardrail: %w", err)
	}
	found, denial := c.rule.find(tape)
	if denial != nil {
		tape.Release()
		return nil, fmt.Errorf("guardrail: %s", denial.Message)
	}
	d := newDocument(c.rule, tape, found, nil)
	defer d.letGo()
	return c.classify(d)
}

// classifier is a rule that refuses nothing, and the paths of what it would pass over or refuse.
type classifier struct {
	rule           *rule
	sealed, refuse []*jsonpath.Path
}

func (e Endpoint) classifier() (c classifier, err error) {
	var errs []error
	c.sealed, c.refuse = compileAll(e.Sealed), compileAll(e.Refuse)
	lenient := e
	lenient.Refuse = nil
	lenient.Text = make([]Selector, len(e.Text))
	for i, s := range e.Text {
		s.Required = false
		lenient.Text[i] = s
	}
	mistake := func(field, value, reason string) {
		errs = append(errs, &ConfigError{Field: field, Value: value, Reason: reason})
	}
	compileRule(e, "Endpoint", mistake) // for the mistakes in what lenient leaves out
	c.rule = compileRule(lenient, "Endpoint", func(string, string, string) {})
	return c, errors.Join(errs...)
}

// compileAll compiles those of the paths that can be: compileRule reports the others.
func compileAll(paths []string) []*jsonpath.Path {
	var all []*jsonpath.Path
	for _, path := range paths {
		if p, err := jsonpath.Compile(path); err == nil {
			all = append(all, p)
		}
	}
	return all
}

func (c classifier) classify(d *document) ([]Classified, error) {
	sealed, err := selectAll(c.sealed, d.tape)
	if err != nil {
		return nil, err
	}
	refused, err := selectAll(c.refuse, d.tape)
	if err != nil {
		return nil, err
	}
	opaque := make(map[jsonscan.Node]bool)
	for _, n := range d.found.opaque {
		opaque[n] = true
	}
	names, values := make(map[jsonscan.Node]item), make(map[jsonscan.Node]item)
	for _, it := range d.found.items {
		if it.name {
			names[it.node] = it
		} else {
			values[it.node] = it
		}
	}

	var all []Classified
	for n := jsonscan.Root; int(n) < d.tape.Len(); n++ {
		path := normalizedPath(d.tape, n, nil)
		if it, ok := names[n]; ok {
			all = append(all, Classified{path, ClassUnlisted, Name, d.role(it)})
		}
		if refused[n] && d.tape.Type(n) != jsonscan.Null {
			all = append(all, Classified{Path: path, Class: ClassRefused})
			n = d.tape.After(n) - 1
			continue
		}
		raw, _ := d.tape.Text(n)
		if len(raw) == 0 {
			continue
		}
		it, read := values[n]
		switch {
		case read && opaque[n]:
			all = append(all, Classified{path, ClassReference, d.kind(it), d.role(it)})
		case read && it.selector >= 0:
			all = append(all, Classified{path, ClassText, d.kind(it), d.role(it)})
		case read:
			all = append(all, Classified{path, ClassUnlisted, Other, d.role(it)})
		case opaque[n]:
			all = append(all, Classified{Path: path, Class: ClassOpaque})
		case sealed[n] && looksBase64(raw):
			all = append(all, Classified{Path: path, Class: ClassSealed})
		default:
			all = append(all, Classified{Path: path, Class: ClassNotText})
		}
	}
	return all, nil
}

// selectAll returns all that the paths select.
func selectAll(paths []*jsonpath.Path, t *jsonscan.Tape) (map[jsonscan.Node]bool, error) {
	all := make(map[jsonscan.Node]bool)
	budget := jsonpath.Budget{Steps: jsonpath.DefaultSteps(t)}
	for _, p := range paths {
		nodes, err := p.Select(t, nil, &budget)
		if err != nil {
			return nil, fmt.Errorf("guardrail: %v: %w", p, err)
		}
		for _, n := range nodes {
			all[n] = true
		}
	}
	return all, nil
}
