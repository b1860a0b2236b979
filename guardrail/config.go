package guardrail

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/headersafe/headersafe/internal/endpoint"
	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/jsonscan"
)

// Config says what may be asked of the upstream, where the text of it is, and who judges it.
type Config struct {
	_ [0]func() // keyed literals only

	// Endpoints are the rules: [Anthropic], [OpenAI], [EveryString], or one's own. A request that no rule is for is
	// refused. Required.
	Endpoints []Endpoint

	// Guards judge the texts, all at the same time. [WithDeadline], [InMode] and [FailOpen] set what is particular to
	// one. Required.
	Guards []Guard

	// MaxBody is how many bytes a request's body may have, as it comes and also decoded: 32 MiB by default, which is
	// what Anthropic accepts.
	MaxBody int64

	// Budget bounds what all bodies together may hold; nil means one that all guardrails without one share, of
	// [DefaultBudget].
	Budget *Budget

	// Limits bound the layout of a body.
	Limits Limits

	// Decoders undo content codings other than gzip, by their name in lower case: "zstd". What one decodes is only
	// read; what was received is what goes on.
	Decoders map[string]Decoder

	// Cache says how verdicts are kept.
	Cache Cache

	// Responses says who judges what the upstream answers, and when it is released. By default answers pass unread.
	Responses Responses

	// DangerouslyAllowOpaque is the written reason why requests may hold what no guard can read, base64 images and
	// documents, and references to what the upstream fetches. By default they are refused. The record lists them.
	DangerouslyAllowOpaque string
}

// Limits bound the layout of a body. Zero means the default.
type Limits struct {
	_ [0]func()

	Depth  int // how many arrays and objects may be open at once: 128
	Values int // how many values there may be: 1<<20, each of which takes 32 bytes while the body is read
}

// DefaultMaxBody is the default of [Config].MaxBody: 32 MiB.
const DefaultMaxBody = 32 << 20

// IsZero reports whether nothing in c has been set.
func (c Config) IsZero() bool { return reflect.ValueOf(c).IsZero() }

// EveryString returns rules for endpoints of any JSON API: every string of their bodies is read, and every name in
// them, as kind [Other] and [Name]. The patterns are those of [Endpoint]. A body need not be there.
func EveryString(patterns ...string) []Endpoint {
	endpoints := make([]Endpoint, len(patterns))
	for i, pattern := range patterns {
		endpoints[i] = Endpoint{Pattern: pattern}
	}
	return endpoints
}

// New compiles the Config into a Guardrail that shares nothing with it but the guards, the Budget, the decoders and the
// store. The error joins one [*ConfigError] for each mistake.
func New(c Config) (*Guardrail, error) {
	var errs []error
	mistake := func(field, value, reason string) {
		errs = append(errs, &ConfigError{Field: field, Value: value, Reason: reason})
	}
	g := &Guardrail{
		maxBody: c.MaxBody,
		budget:  c.Budget,
		limits:  jsonscan.Limits{MaxDepth: c.Limits.Depth, MaxNodes: c.Limits.Values},
	}
	g.compileEndpoints(c, mistake)
	g.cache = compileCache(c.Cache, mistake)
	if len(c.Guards) == 0 {
		mistake("Guards", "", "are missing: nobody would judge what is read")
	}
	g.seats = g.compileSeats(c.Guards, "Guards", c.Cache, mistake)
	g.responses = g.compileResponses(c, mistake)
	g.compileDecoders(c.Decoders, mistake)

	switch {
	case c.MaxBody < 0:
		mistake("MaxBody", "", "is negative")
	case c.MaxBody == 0:
		g.maxBody = DefaultMaxBody
	}
	if g.budget == nil {
		g.budget = sharedBudget
	}
	if g.budget.limit < g.maxBody {
		mistake("Budget", "", "is smaller than MaxBody: a request of that size could never be read")
	}
	if g.responses != nil && g.budget.limit < g.responses.maxBody {
		mistake("Budget", "", "is smaller than Responses.MaxBody: an answer of that size could never be read")
	}
	if c.Limits.Depth < 0 || c.Limits.Values < 0 {
		mistake("Limits", "", "must not be negative")
	}
	checkReason(c.DangerouslyAllowOpaque, "DangerouslyAllowOpaque", mistake)
	g.allowOpaque = c.DangerouslyAllowOpaque != ""
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return g, nil
}

func (g *Guardrail) compileEndpoints(c Config, mistake func(field, value, reason string)) {
	endpoints := c.Endpoints
	if len(endpoints) == 0 {
		mistake("Endpoints", "", "are missing: without a rule every request is refused; take Anthropic(), OpenAI() or EveryString(…)")
	}
	patterns := make([]string, len(endpoints))
	for i, e := range endpoints {
		patterns[i] = e.Pattern
		at := fmt.Sprintf("Endpoints[%d]", i)
		r := compileRule(e, at, mistake)
		if r.response = compileResponse(e.Response, e.Pattern, at+".Response", mistake); c.Responses.IsZero() {
			r.response = nil // its mistakes are mistakes all the same
		}
		g.rules = append(g.rules, r)
	}
	set, faults := endpoint.Compile(patterns)
	for _, f := range faults {
		mistake("Endpoints", f.Pattern, f.Reason)
	}
	g.endpoints = set
}

func (g *Guardrail) compileDecoders(decoders map[string]Decoder, mistake func(field, value, reason string)) {
	g.decoders = make(map[string]Decoder, len(decoders))
	for coding, d := range decoders {
		switch {
		case coding == codingGzip || coding == codingXGzip || coding == codingNoCode:
			mistake("Decoders", coding, "is built in")
		case !field.ValidName(coding) || coding != strings.ToLower(coding):
			mistake("Decoders", coding, "is no content coding in lower case")
		case d == nil:
			mistake("Decoders", coding, "has a nil Decoder")
		}
		g.decoders[coding] = d
	}
}

// Guardrail is a compiled [Config]. It is immutable and safe for concurrent use. The zero Guardrail and a nil one
// refuse every request with 500.
type Guardrail struct {
	endpoints   *endpoint.Set
	rules       []*rule
	seats       []*seat
	maxBody     int64
	budget      *Budget
	limits      jsonscan.Limits
	decoders    map[string]Decoder
	cache       *cache
	allowOpaque bool
	responses   *responses // nil where answers are not read
}
