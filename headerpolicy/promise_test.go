package headerpolicy

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/allocs"
	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/race"
)

// TestNewSharesNothing changes every list of a Config after New: the policy must not notice.
func TestNewSharesNothing(t *testing.T) {
	c := exchangeConfig()
	c.Request.Require = nil
	p := mustNew(t, c)
	in := RequestInput{Header: header("Accept: */*", "X-Api-Key: sk-12345678", "Cookie: a=1", "X-List: m", "X-Evil: 1"), RawQuery: "beta=1"}
	answer := header("Content-Type: a/b", "Set-Cookie: a=1", "X-Evil: 1")
	before := outcome(p.Request(t.Context(), in)) + outcome(p.Response(answer)) + outcome(p.ResponseTrailer(header("X-Digest: 1", "X-Evil: 1")), nil)

	for _, list := range [][]string{
		c.Request.Forward, c.Request.Cookies, c.Request.Query.Forward, c.Request.Query.Repeat, c.Request.Trailers,
		c.Response.Forward, c.Response.SetCookies, c.Response.Informational, c.Response.Trailers,
	} {
		for i := range list {
			list[i] = "X-Evil"
		}
	}
	c.Request.Credentials[0].OneOf[0] = CredentialField{Name: "X-Evil"}
	c.Request.Credentials[0].OneOf[1].Accept = func(string) bool { return false }
	c.Request.Set[0] = Set{Name: "X-Evil", Value: Static("evil")}
	c.Request.Merge[0] = Merge{Name: "Accept", Member: "evil"}

	after := outcome(p.Request(t.Context(), in)) + outcome(p.Response(answer)) + outcome(p.ResponseTrailer(header("X-Digest: 1", "X-Evil: 1")), nil)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

// TestDecisionSharesNothing writes into every corner of a decision: neither the input nor another line may change.
func TestDecisionSharesNothing(t *testing.T) {
	p := mustNew(t, exchangeConfig().With(Config{Request: Request{Set: []Set{{"X-Second", Static("b")}, {"X-Third", Static("c")}}}}))
	in := header("Accept: a", "Accept: b", "X-Api-Key: sk-12345678", "X-List: c", "X-Stainless-A: d")
	original := in.Clone()
	d, err := p.Request(t.Context(), RequestInput{Header: in})
	if err != nil {
		t.Fatal(err)
	}
	want := d.Header.Clone()
	for name := range d.Header {
		_ = append(d.Header[name], "appended")
	}
	if diff := cmp.Diff(want, d.Header); diff != "" {
		t.Errorf("appending to one field wrote into another: %s", diff)
	}
	for name, lines := range d.Header {
		for i := range lines {
			lines[i] = "overwritten"
		}
		delete(d.Header, name)
	}
	d.Header.Set("X-New", "1")
	if diff := cmp.Diff(original, in); diff != "" {
		t.Errorf("the input changed: %s", diff)
	}
}

func TestResponseDecisionSharesNothing(t *testing.T) {
	p := mustNew(t, exchangeConfig())
	in := header("Content-Type: a/b", "Set-Cookie: a=1", "Link: </a>", "Link: </b>")
	original := in.Clone()
	for name, decide := range map[string]func() (http.Header, error){
		"Response":       func() (http.Header, error) { d, err := p.Response(in); return d.Header, err },
		"ResponseHeader": func() (http.Header, error) { return p.ResponseHeader(in) },
	} {
		kept, err := decide()
		if err != nil || len(kept) == 0 {
			t.Fatal(name, kept, err)
		}
		for _, lines := range kept {
			lines[0] = "overwritten"
		}
		if diff := cmp.Diff(original, in); diff != "" {
			t.Errorf("%s: the input changed: %s", name, diff)
		}
	}
}

// Of a response that is refused nothing crosses, even if the error is overlooked.
func TestRefusedResponseIsEmpty(t *testing.T) {
	p := mustNew(t, exchangeConfig())
	in := header("Content-Type: a/b", "Content-Type: c/d", "Link: </a>", "Set-Cookie: a=1")
	d, err := p.Response(in)
	kept, errKept := p.ResponseHeader(in)
	if err == nil || errKept == nil || len(d.Header) != 0 || len(kept) != 0 {
		t.Errorf("got %v, %v, and %v, %v", d.Header, err, kept, errKept)
	}
}

func TestWithdraw(t *testing.T) {
	p := mustNew(t, exchangeConfig())
	d, err := p.Request(t.Context(), RequestInput{Header: header("Accept: */*", "X-Api-Key: sk-12345678")})
	if err != nil {
		t.Fatal(err)
	}
	d.Withdraw("x-api-key", Sealed)
	if got, want := outcome(d, nil), "Accept forwarded; X-Api-Key dropped: sealed; X-Route set"; got != want || d.Header["X-Api-Key"] != nil {
		t.Errorf("got %s, want %s; header %v", got, want, d.Header)
	}
}

func TestDecisionStrings(t *testing.T) {
	p := mustNew(t, exchangeConfig())
	in := RequestInput{Header: header("Accept: */*", "X-Api-Key: sk-12345678"), Trailer: http.Header{"X-Digest": nil}}
	d, _, _ := p.decide(t.Context(), in, false)
	if got, want := d.String(), "Accept     forwarded\nX-Api-Key  forwarded\nX-Route    forwarded\nX-Digest   may follow as a trailer\n"; got != want {
		t.Errorf("without reasons: got\n%swant\n%s", got, want)
	}
	if got := (*Decision)(nil).String(); got != "no decision" {
		t.Errorf("nil: got %s", got)
	}
	if got := fmt.Sprintf("%d", Reason(200)); got != "200" {
		t.Errorf("got %s", got)
	}
	if got := Reason(200).String() + Reason(0).String(); got != "reason(200)reason(0)" {
		t.Errorf("got %s", got)
	}
	for r := Forwarded; r <= SetByGateway; r++ {
		text, err := r.MarshalText()
		if crossed := r == Forwarded || r == SetByPolicy || r == Merged; err != nil || string(text) == "" || r.Crossed() != crossed {
			t.Errorf("%d: %q, %v, crossed %v", r, text, err, r.Crossed())
		}
	}
}

// TestLearningIsBounded sends more names than are remembered, from many goroutines: the decisions stay right.
func TestLearningIsBounded(t *testing.T) {
	p := mustNew(t, Config{Request: Request{Forward: []string{"X-*"}}})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 2 * maxLearned {
				crosses, stays := fmt.Sprintf("X-%d-%d", g, i), fmt.Sprintf("Y-%d-%d", g, i)
				d, err := p.Request(t.Context(), RequestInput{Header: http.Header{crosses: {"1"}, stays: {"1"}}})
				if err != nil || d.Header[crosses] == nil || len(d.Header) != 1 {
					t.Errorf("%s: got %v, %v", crosses, d, err)
				}
			}
		})
	}
	wg.Wait()
	if got := len(p.request.names.seen.Load().all); got != maxLearned {
		t.Errorf("%d names are remembered, want %d", got, maxLearned)
	}
}

// Who looks rules up while another one is learned, does so in what was there before.
func TestRulesDoNotChange(t *testing.T) {
	one, two := &rule{name: "X-One"}, &rule{name: "X-Two"}
	before := newRules(map[string]*rule{one.name: one})
	after := before.with(two)
	if before.of(two.name) != nil || before.of(one.name) != one || after.of(two.name) != two || after.of(one.name) != one {
		t.Errorf("before: %v; after: %v", before.all, after.all)
	}
}

// A name can be as long as the server lets a header be: 256 of a megabyte would be kept for as long as the policy lives.
func TestLongNamesAreNotRemembered(t *testing.T) {
	for n, want := range map[int]int{maxLearnedLength: 1, maxLearnedLength + 1: 0} {
		p := mustNew(t, Config{Request: Request{Forward: []string{"X-*"}}, Response: Response{Forward: []string{"X-*"}}})
		name := "X-A" + strings.Repeat("a", n-3)
		in := http.Header{name: {"1"}}
		d, err := p.Request(t.Context(), RequestInput{Header: in})
		if err != nil || d.Header[name] == nil {
			t.Errorf("%d bytes: got %v, %v", n, d, err)
		}
		if d, err = p.Response(in); err != nil || d.Header[name] == nil {
			t.Errorf("%d bytes, in a response: got %v, %v", n, d, err)
		}
		for _, names := range []*names{p.request.names, p.response.names} {
			if got := len(names.seen.Load().all); got != want {
				t.Errorf("%d bytes: %d names are remembered, want %d", n, got, want)
			}
		}
	}
}

// Slices are handed over, and whoever gets them may append to them: that does not write behind the ends of those they come
// from.
func TestHandedOverSlicesEndWhereTheyEnd(t *testing.T) {
	p := mustNew(t, Config{Request: Request{Forward: []string{"Accept"}}, Response: Response{Forward: []string{"Accept"}}})
	lines := append(make([]string, 0, 2), "*/*")
	in := http.Header{"Accept": lines}
	d, _, refusal := p.decide(t.Context(), RequestInput{Header: in}, false)
	kept, err := (&handler{policy: p}).Respond(nil, in)
	if refusal != nil || err != nil || len(kept) != 1 {
		t.Fatal(refusal, err, kept)
	}
	d.Header.Add("Accept", "text/html")
	_ = append(kept[0].Lines, "text/plain")
	if behind := lines[:2][1]; behind != "" {
		t.Errorf("%q stands behind the end", behind)
	}
}

// A member is added to what crosses, not to the request that came.
func TestMergeLeavesTheInputAlone(t *testing.T) {
	p := mustNew(t, Config{Request: Request{Forward: []string{"X-List"}, Merge: []Merge{{Name: "X-List", Member: "ours"}}}})
	in := header("X-List: theirs")
	d, _, refusal := p.decide(t.Context(), RequestInput{Header: in}, false)
	if refusal != nil {
		t.Fatal(refusal)
	}
	if diff := cmp.Diff([]http.Header{header("X-List: theirs,ours"), header("X-List: theirs")}, []http.Header{d.Header, in}); diff != "" {
		t.Errorf("what crosses, and what came (-want +got):\n%s", diff)
	}
}

func TestManyFieldsAreExplainedInTime(t *testing.T) {
	// Reasons are looked up by name for the config's names alone; a request with very many others must not make that
	// quadratic. The test would run for minutes if it did.
	in := http.Header{}
	for i := range 200_000 {
		in[fmt.Sprintf("X-%d", i)] = []string{""}
	}
	d, err := mustNew(t, Config{}).Request(t.Context(), RequestInput{Header: in})
	if err != nil || len(d.Fields) != len(in) {
		t.Errorf("got %d fields, %v", len(d.Fields), err)
	}
}

// TestAllocations: of a decision without reasons there is the header, which is four allocations for more than eight fields,
// and the decision. What does not cross costs nothing, however much of it there is; and each way of deciding on a response
// costs what its caller asked for.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("allocations cannot be counted under the race detector")
	}
	p := mustNew(t, Anthropic())
	many := claudeCode()
	for i := range 60 {
		many[fmt.Sprintf("X-Not-Named-%d", i)] = []string{"1"}
	}
	response := anthropicResponse()
	var place [32]field.Field
	for _, c := range []struct {
		name  string
		limit float64
		do    func(context.Context) error
	}{
		{"a request", 5, decided(p, claudeCode())},
		{"a request with many fields that do not cross", 5, decided(p, many)},
		{"a response, handed over", 0, func(context.Context) error { _, err := (&handler{policy: p}).Respond(place[:0], response); return err }},
		{"a response, copied", 6, func(context.Context) error { _, err := p.ResponseHeader(response); return err }},
	} {
		ctx := t.Context()
		if err := c.do(ctx); err != nil {
			t.Fatal(err)
		}
		if got := testing.AllocsPerRun(100, func() { _ = c.do(ctx) }); got > c.limit {
			t.Errorf("%s: %v allocations, the limit is %v", c.name, got, c.limit)
		}
	}
	bytes := func(do func(context.Context) error) uint64 {
		return allocs.BytesPerRun(100, func() { _ = do(t.Context()) })
	}
	// A header of up to 28 fields takes about 1.5 KB, and no more for fields that are left out of it.
	if few, lots := bytes(decided(p, claudeCode())), bytes(decided(p, many)); few > 1600 || lots > few+few/10 {
		t.Errorf("a request: %d bytes, and %d with many fields that do not cross", few, lots)
	}
}

func decided(p *Policy, h http.Header) func(context.Context) error {
	in := RequestInput{Header: h, RawQuery: "beta=true", Consumed: []string{"X-Gateway-Key"}}
	return func(ctx context.Context) error {
		if _, _, refusal := p.decide(ctx, in, false); refusal != nil {
			return refusal
		}
		return nil
	}
}
