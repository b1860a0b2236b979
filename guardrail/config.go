package guardrail

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

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
	g.compileEndpoints(c.Endpoints, mistake)
	g.cache = compileCache(c.Cache, mistake)
	g.compileGuards(c, mistake)
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
	if c.Limits.Depth < 0 || c.Limits.Values < 0 {
		mistake("Limits", "", "must not be negative")
	}
	if c.DangerouslyAllowOpaque != "" && strings.TrimSpace(c.DangerouslyAllowOpaque) == "" {
		mistake("DangerouslyAllowOpaque", "", "is blank: write down why requests may hold what no guard can read")
	}
	g.allowOpaque = c.DangerouslyAllowOpaque != ""
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return g, nil
}

func (g *Guardrail) compileEndpoints(endpoints []Endpoint, mistake func(field, value, reason string)) {
	if len(endpoints) == 0 {
		mistake("Endpoints", "", "are missing: without a rule every request is refused; take Anthropic(), OpenAI() or EveryString(…)")
	}
	patterns := make([]string, len(endpoints))
	for i, e := range endpoints {
		patterns[i] = e.Pattern
		g.rules = append(g.rules, compileRule(e, fmt.Sprintf("Endpoints[%d]", i), mistake))
	}
	set, faults := endpoint.Compile(patterns)
	for _, f := range faults {
		mistake("Endpoints", f.Pattern, f.Reason)
	}
	g.endpoints = set
}

func (g *Guardrail) compileGuards(c Config, mistake func(field, value, reason string)) {
	if len(c.Guards) == 0 {
		mistake("Guards", "", "are missing: nobody would judge what is read")
	}
	names := make(map[string]bool)
	for i, guard := range c.Guards {
		at := fmt.Sprintf("Guards[%d]", i)
		o := optionsOf(guard)
		if isNil(o.Guard) {
			mistake(at, "", "is nil")
			continue
		}
		s := &seat{guard: o.Guard, mode: o.mode, deadline: o.deadline, failsOpen: o.failsOpen, failOpen: o.failOpen}
		s.Description = o.Describe()
		switch {
		case strings.TrimSpace(s.Name) == "":
			mistake(at, "", "has no name in its description; it goes into the record")
		case names[s.Name]:
			mistake(at, s.Name, "has the name of another guard")
		}
		names[s.Name] = true
		if !o.hasDeadline {
			s.deadline = DefaultDeadline
		}
		if s.deadline <= 0 {
			mistake(at, s.Name, "has a deadline that has passed; it must be positive")
		}
		if o.failsOpen && o.failOpen == "" {
			mistake(at, s.Name, "fails open without a reason: write down why")
		}
		if o.mode >= modes {
			mistake(at, s.Name, "is in an unknown mode")
		}
		if s.Scope > WholeConversation {
			mistake(at, s.Name, "has an unknown scope")
		}
		if s.Scope == PerText && g.cache != nil {
			s.cache, s.key = g.cache, g.cache.guardKey(s.Description)
			if c.Cache.Store != nil && s.Version == "" {
				mistake(at, s.Name, "has no version in its description: in a Store that outlives the process, verdicts of older rules would count")
			}
		}
		g.seats = append(g.seats, s)
	}
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

// isNil reports whether g is nil, or a nil pointer of a guard's type.
func isNil(g Guard) bool {
	if g == nil {
		return true
	}
	v := reflect.ValueOf(g)
	switch v.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan, reflect.Interface:
		return v.IsNil()
	}
	return false
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
}

// seat is a guard with its options.
type seat struct {
	Description
	guard     Guard
	mode      Mode
	deadline  time.Duration
	failsOpen bool
	failOpen  string
	cache     *cache // nil where its verdicts are not kept
	key       Key
}
