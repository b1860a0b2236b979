package leaktest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// vector is one case of the corpus, as its file has it. See the package's documentation for the format.
type vector struct {
	name  string
	title string
	refs  []string
	wires []string // the protocols between client and gateway that it makes sense on
	needs []string // what a target must have
	build string   // "" or "without-secret": which of the target's handlers is tried
	outer []string // fields that middleware around the gateway sets on the response
	// bare runs the gateway without the values that net/http's server puts into a request's context.
	bare    bool
	repeat  int
	request []string // one a request, in order, on one connection
	replies []string // the nth request gets the nth reply; the last one serves all further requests
	expect  []expectation
}

// The protocols between client and gateway.
const (
	h1 = "HTTP/1.1"
	h2 = "HTTP/2"
)

// plainReply is what the upstream says where a case does not care.
const plainReply = "HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 2\n\nok\n"

// readCorpus reads every case at the top of a tree, in the order of their names.
func readCorpus(tree fs.FS) ([]*vector, error) {
	names, err := fs.Glob(tree, "*.txt")
	if err != nil {
		return nil, err
	}
	slices.SortFunc(names, natural)
	var vectors []*vector
	var errs []error
	for _, name := range names {
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		v, err := parseVector(strings.TrimSuffix(path.Base(name), ".txt"), string(text))
		if err != nil {
			errs = append(errs, fmt.Errorf("leaktest: %s: %w", name, err))
			continue
		}
		vectors = append(vectors, v)
	}
	return vectors, errors.Join(errs...)
}

// natural orders R2 before R10.
func natural(a, b string) int {
	numbers := func(s string) (letter string, n int, rest string) {
		letter, rest = s[:1], s[1:]
		for rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			n, rest = 10*n+int(rest[0]-'0'), rest[1:]
		}
		return letter, n, rest
	}
	la, na, ra := numbers(a)
	lb, nb, rb := numbers(b)
	switch {
	case la != lb:
		return strings.Compare(la, lb)
	case na != nb:
		return na - nb
	}
	return strings.Compare(ra, rb)
}

// parseVector reads the text of a case.
func parseVector(name, text string) (*vector, error) {
	v := &vector{name: name, wires: []string{h1, h2}, repeat: 1}
	section := ""
	var body strings.Builder
	var errs []error
	end := func() {
		if err := v.section(section, body.String()); err != nil {
			errs = append(errs, err)
		}
		body.Reset()
	}
	for line := range strings.Lines(text) {
		if marked, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "-- "); ok && strings.HasSuffix(marked, " --") {
			end()
			section = strings.TrimSuffix(marked, " --")
			continue
		}
		body.WriteString(line)
	}
	end()
	switch {
	case section == "":
		errs = append(errs, errors.New(`it has no sections: lines such as "-- meta --", which begin at the left margin`))
	case v.title == "":
		errs = append(errs, errors.New("meta has no title"))
	case len(v.request) == 0:
		errs = append(errs, errors.New("there is no request"))
	case len(v.expect) == 0:
		errs = append(errs, errors.New("nothing is expected"))
	}
	if v.replies == nil {
		v.replies = []string{plainReply}
	}
	return v, errors.Join(errs...)
}

func (v *vector) section(name, text string) error {
	switch name {
	case "": // the comment before the first section
		return nil
	case "meta":
		return v.meta(text)
	case "request":
		v.request = append(v.request, text)
	case "upstream":
		v.replies = append(v.replies, text)
	case "expect":
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			e, err := parseExpectation(line)
			if err != nil {
				return err
			}
			v.expect = append(v.expect, e)
		}
	default:
		return fmt.Errorf("there is no section %q", name)
	}
	return nil
}

func (v *vector) meta(text string) error {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch {
		case key == "":
		case !ok:
			return fmt.Errorf("meta: %q is not of the form \"key: value\"", key)
		case key == "title":
			v.title = value
		case key == "refs":
			v.refs = strings.Fields(value)
		case key == "needs":
			v.needs = strings.Fields(value)
			for _, need := range v.needs {
				if _, ok := needs[need]; !ok {
					return fmt.Errorf("meta: there is no need %q", need)
				}
			}
		case key == "wire" && value == "h1":
			v.wires = []string{h1}
		case key == "wire" && value == "h2":
			v.wires = []string{h2}
		case key == "build" && value == "without-secret":
			v.build = value
		case key == "outer":
			v.outer = append(v.outer, value)
		case key == "context" && value == "bare":
			v.bare = true
		case key == "repeat":
			if _, err := fmt.Sscan(value, &v.repeat); err != nil {
				return fmt.Errorf("meta: repeat: %w", err)
			}
		default:
			return fmt.Errorf("meta: %s: %q is unknown", key, value)
		}
	}
	return nil
}

// needs are what a case can ask of a target, and how its absence reads.
var needs = map[string]struct {
	met    func(*Target) bool
	reason string
}{
	"gateway-key":             {func(t *Target) bool { return !t.Gateway.none() }, "the gateway asks for no key"},
	"gateway-field":           {func(t *Target) bool { return t.Gateway.kind == inField }, "the gateway's key stands in no field of its own"},
	"free-authorization":      {func(t *Target) bool { return t.Gateway.field() != "Authorization" }, "the gateway's key stands in Authorization"},
	"free-x-api-key":          {func(t *Target) bool { return !strings.EqualFold(t.Caller.field(), "X-Api-Key") }, "X-Api-Key is where the caller's credential belongs"},
	"free-goog-key":           {func(t *Target) bool { return !strings.EqualFold(t.Caller.field(), "X-Goog-Api-Key") }, "X-Goog-Api-Key is where the caller's credential belongs"},
	"upstream-secret":         {func(t *Target) bool { return !t.Upstream.none() && t.Upstream.line() != "" }, "the gateway adds no field with a secret"},
	"caller-elsewhere":        {func(t *Target) bool { return t.Caller.line() != "" && t.Caller.field() != "Authorization" }, "the caller's credential stands in Authorization, or nowhere"},
	"caller-in-authorization": {func(t *Target) bool { return t.Caller.field() == "Authorization" }, "no credential of the caller's own crosses in Authorization"},
	"authorization-used": {func(t *Target) bool {
		return t.Caller.field() == "Authorization" || t.Gateway.field() == "Authorization"
	}, "no credential stands in Authorization"},
	"free-upstream-field":  {func(t *Target) bool { return !strings.EqualFold(t.Gateway.field(), t.Upstream.field()) }, "the gateway's key stands in the field that the gateway sets"},
	"caller-credential":    {func(t *Target) bool { return t.Caller.line() != "" }, "no credential of the caller's own crosses in a field"},
	"no-caller-credential": {func(t *Target) bool { return t.Caller.none() }, "a credential of the caller's own is meant to cross"},
	"parameter":            {func(t *Target) bool { return t.Parameter != "" }, "no query parameter is known to cross"},
	"prefix":               {func(t *Target) bool { return t.Prefix != "" }, "the gateway removes no prefix"},
	"websocket":            {func(t *Target) bool { return t.WebSocket != "" }, "the gateway opens no WebSocket"},
	"log":                  {func(t *Target) bool { return t.Log != nil }, "the gateway's log is not known"},
	"handler":              {func(t *Target) bool { return t.Handler != nil }, "middleware is put only around a handler"},
	"without-secret":       {func(t *Target) bool { return t.WithoutSecret != nil }, "it is not known how to build the gateway without its secret"},
}

// inapplicable returns why the case says nothing about the target, or "".
func (v *vector) inapplicable(t *Target) string {
	if reason := t.skipped(v.name); reason != "" {
		return reason
	}
	for _, need := range v.needs {
		if !needs[need].met(t) {
			return needs[need].reason
		}
	}
	return ""
}

// hears reports whether the case expects something of the response. Where it does not, a gateway that never ends
// one has not leaked.
func (v *vector) hears() bool {
	return slices.ContainsFunc(v.expect, func(e expectation) bool { return strings.HasPrefix(e.line, "client ") })
}
