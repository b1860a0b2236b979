package guardrail

import (
	"fmt"

	"github.com/headersafe/headersafe/internal/jsonpath"
	"github.com/headersafe/headersafe/internal/jsonscan"
)

// rule is a compiled [Endpoint].
type rule struct {
	pattern  string
	text     []Selector
	required []int // indexes into text
	paths    paths
	slow     []slowPath
	scanned  *jsonscan.Names // the names in slow, which paths doesn't see
	noBody   bool
	response *responseRule // nil where answers are not read
}

// slowPath is a path that is evaluated by itself, before the walk.
type slowPath struct {
	path *jsonpath.Path
	mark mark
}

// noMark is a mark that says nothing.
var noMark = mark{text: -1}

// mark is what a path says of the values that it selects.
type mark struct {
	text  int // index into rule.text; -1 for none
	lists lists
}

// lists are the Endpoint's lists in which a path stands.
type lists uint8

const (
	inRefuse lists = 1 << iota
	inOpaque
	inSealed
	inNotText
	inReference
)

// compileRule compiles e, reporting mistakes under the given name of a field.
func compileRule(e Endpoint, field string, mistake func(field, value, reason string)) *rule {
	r := &rule{pattern: e.Pattern, text: append([]Selector(nil), e.Text...), noBody: e.NoBody}
	var slowNames []string
	add := func(field, path string, m mark) {
		names, err := r.add(path, m)
		if err != nil {
			mistake(field, path, "is no RFC 9535 path: "+err.Error())
		}
		slowNames = append(slowNames, names...)
	}
	for i, s := range e.Text {
		at := fmt.Sprintf("%s.Text[%d]", field, i)
		if int(s.Kind) >= len(kindNames) || s.Kind == Name {
			mistake(at+".Kind", s.Kind.String(), "is no kind that a selector can give")
		}
		add(at+".Path", s.Path, mark{text: i})
		if s.Required {
			r.required = append(r.required, i)
		}
	}
	for _, list := range []struct {
		field string
		paths []string
		lists lists
	}{
		{"NotText", e.NotText, inNotText},
		{"Opaque", e.Opaque, inOpaque},
		{"Sealed", e.Sealed, inSealed},
		{"Reference", e.Reference, inReference},
		{"Refuse", e.Refuse, inRefuse},
	} {
		for i, path := range list.paths {
			add(fmt.Sprintf("%s.%s[%d]", field, list.field, i), path, mark{text: -1, lists: list.lists})
		}
	}
	for _, name := range e.Names {
		r.paths.know(name)
	}
	for _, name := range slowNames {
		r.paths.know(name)
	}
	if len(slowNames) > 0 {
		r.scanned = jsonscan.NewNames(slowNames...)
	}
	r.paths.seal()
	if e.NoBody && (len(e.Text)+len(e.NotText)+len(e.Opaque)+len(e.Sealed)+len(e.Reference)+len(e.Refuse)+len(e.Names) > 0) {
		mistake(field+".NoBody", "", "stands beside paths or names: where there is no body, there is nothing to select")
	}
	return r
}

// add compiles one path: into the paths that are followed during the walk where it can be, else by itself. It
// returns the names in the latter.
func (r *rule) add(path string, m mark) (slowNames []string, err error) {
	compiled, err := jsonpath.Compile(path)
	if err != nil {
		return nil, err
	}
	if steps, ok := parseSteps(path); ok {
		r.paths.add(steps, m)
		return nil, nil
	}
	r.slow = append(r.slow, slowPath{compiled, m})
	return compiled.Names(), nil
}
