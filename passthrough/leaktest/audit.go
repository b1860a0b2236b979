package leaktest

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

//go:embed corpus/*.txt
var embedded embed.FS

// corpus reads the kit's own cases, once.
var corpus = sync.OnceValues(func() ([]*vector, error) {
	tree, err := fs.Sub(embedded, "corpus")
	if err != nil {
		return nil, err
	}
	return readCorpus(tree)
})

// ErrNotWorking says that a good request does not get through the gateway, so that nothing can be said about leaks.
var ErrNotWorking = errors.New("leaktest: a good request does not get through the gateway")

// Audit runs every case against the target and reports what became of each. The error is that of a target which
// cannot be tried: it joins a [*ConfigError] for each mistake, or wraps [ErrNotWorking] and says what happened; or
// it is the context's, with the results so far.
func Audit(ctx context.Context, t Target) (Report, error) {
	a, err := newAuditor(t)
	if err != nil {
		return Report{}, err
	}
	defer a.bench.tidy()
	var report Report
	for _, v := range a.vectors {
		for _, wire := range v.wires {
			if err := ctx.Err(); err != nil {
				return report, err
			}
			report.Results = append(report.Results, a.run(v, wire))
		}
	}
	return report, nil
}

// auditor tries one target.
type auditor struct {
	target  Target
	vectors []*vector
	bench   *bench
	shared  *upstream         // of a gateway that runs already
	broken  map[string]string // why a protocol is not served
}

// newAuditor checks the target, and that good requests get through. The auditor's bench must be tidied up.
func newAuditor(t Target) (*auditor, error) {
	t, err := t.withDefaults()
	if err != nil {
		return nil, err
	}
	vectors, err := corpus()
	if err != nil {
		return nil, err
	}
	if t.Cases != nil {
		more, err := readCorpus(t.Cases)
		if err != nil {
			return nil, err
		}
		vectors = append(vectors[:len(vectors):len(vectors)], more...)
	}
	a := &auditor{target: t, vectors: vectors, bench: &bench{patience: t.Patience}, broken: map[string]string{}}
	if err := a.begin(); err != nil {
		a.bench.tidy()
		return nil, err
	}
	return a, nil
}

// goodRequest must get through, on a protocol that is served.
const goodRequest = `-- meta --
title: a good request gets through
-- request --
{{method}} {{target}} HTTP/1.1
Host: {{host}}
{{credentials}}
Content-Length: {{length}}

{{body}}
-- expect --
client status 200
client complete
upstream requests 1
`

func (a *auditor) begin() (err error) {
	defer func() {
		if b, ok := recover().(broken); ok { // the listener's address is taken, say
			err = b.error
		}
	}()
	if a.target.Handler == nil {
		a.shared = startUpstream(a.bench, a.target.Listen)
	}
	good, err := parseVector("good-request", goodRequest)
	if err != nil {
		return err
	}
	for _, wire := range good.wires {
		result := a.try(good, wire, (*conversation).expected) // whether it leaks is for the cases to say
		switch {
		case result.Outcome == Passed:
		case wire == h1:
			return fmt.Errorf("%w:\n%s", ErrNotWorking, result)
		default:
			a.broken[wire] = "the gateway does not serve " + wire + " with prior knowledge"
		}
	}
	return nil
}

// run runs a case on one protocol.
func (a *auditor) run(v *vector, wire string) Result {
	result := Result{Case: v.name, Title: v.title, Wire: wire, Outcome: Skipped}
	for _, ref := range v.refs {
		result.Published = append(result.Published, address(ref))
	}
	if result.Reason = a.broken[wire]; result.Reason == "" {
		result.Reason = v.inapplicable(&a.target)
	}
	if result.Reason != "" {
		return result
	}
	tried := a.try(v, wire, (*conversation).judge)
	if tried.Outcome == Leaked && a.shared != nil { // a request of the case before may have come late
		tried = a.try(v, wire, (*conversation).judge)
	}
	tried.Published = result.Published
	return tried
}

// try has the conversation and judges it.
func (a *auditor) try(v *vector, wire string, judge func(*conversation, *vector) []Finding) Result {
	result := Result{Case: v.name, Title: v.title, Wire: wire, Outcome: Passed}
	b := &bench{patience: a.target.Patience}
	defer b.tidy()
	c, err := a.converse(b, v, wire)
	switch {
	case errors.Is(err, errRefusedToBuild):
		return result
	case err != nil:
		result.Outcome = Leaked
		result.Findings = []Finding{{What: "the case could not be run: " + err.Error(), Where: "the kit"}}
		return result
	}
	result.Findings = judge(c, v)
	if len(result.Findings) > 0 {
		result.Outcome = Leaked
		c.tell(&result)
	}
	return result
}

// errRefusedToBuild says that the target would not be built without its secret, as should be.
var errRefusedToBuild = errors.New("the gateway refuses to be built")

func (a *auditor) converse(b *bench, v *vector, wire string) (c *conversation, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case broken:
			err = p.error
		default:
			panic(p)
		}
	}()
	addr, u := strings.TrimPrefix(a.target.URL, "http://"), a.shared
	if a.target.Handler != nil {
		u = startUpstream(b, "")
		build := a.target.Handler
		if v.build != "" {
			build = a.target.WithoutSecret
		}
		gateway := build(u.server.URL())
		if gateway == nil {
			return nil, errRefusedToBuild
		}
		errorLog := io.Discard
		if w, ok := a.target.Log.(io.Writer); ok {
			errorLog = w
		}
		addr = serve(b, v.around(gateway), errorLog)
	}
	return play(b, &a.target, v, wire, addr, u, newValues(&a.target, wire, u.elsewhere.Addr()))
}

// judge returns all that is wrong with a conversation, once.
func (c *conversation) judge(v *vector) []Finding {
	var findings []Finding
	for _, f := range append(c.invariants(), c.expected(v)...) {
		if f.What = redact(f.What, c.target); !slices.Contains(findings, f) {
			findings = append(findings, f)
		}
	}
	return findings
}

// expected returns what is not as the case expects it.
func (c *conversation) expected(v *vector) (findings []Finding) {
	for _, e := range v.expect {
		argument, err := c.values.expand(e.argument)
		if err != nil {
			findings = append(findings, Finding{What: "the case is wrong: " + err.Error(), Where: "the kit"})
			continue
		}
		findings = append(findings, e.check(c, argument)...)
	}
	return findings
}

// tell puts what was said into the result.
func (c *conversation) tell(r *Result) {
	told := func(text string) string { return redact(strings.ReplaceAll(text, padding, "{{padding}}"), c.target) }
	var reached, returned []string
	for _, request := range c.arrived {
		reached = append(reached, requestText(request))
	}
	for _, reply := range c.replies {
		returned = append(returned, reply.text)
	}
	r.Sent = told(last(c.sent, "\r\n"))
	r.Reached = told(last(append(reached, c.surplus...), ""))
	r.Returned = told(last(returned, "\r\n"))
}

// last joins the last few texts, each with what is the same in a row only once: in a case that repeats itself these are the
// ones that ended it.
func last(texts []string, separator string) string {
	const most = 8
	texts = slices.Compact(slices.Clone(texts))
	return strings.Join(texts[max(0, len(texts)-most):], separator)
}
