package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/passthrough/leaktest"
)

// The peers that are libraries can be tried anywhere: nothing leaks from ours, and something from the others.
func TestLibraries(t *testing.T) {
	t.Parallel()
	for _, p := range []peer{headersafe, reverseProxyDirector, reverseProxyRewrite, oxy} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			r, err := p.start(t.Context(), options{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.stop()
			r.target.Patience = time.Second
			report, err := leaktest.Audit(t.Context(), r.target)
			if err != nil {
				t.Fatal(err)
			}
			cases := count(report)
			if ours := p.name == headersafe.name; ours != (cases.failed == 0) {
				t.Errorf("%d cases failed: %v", cases.failed, report.Leaked())
			}
			if cases.judged < 100 {
				t.Errorf("%d cases were judged", cases.judged)
			}
		})
	}
}

func TestTable(t *testing.T) {
	result := func(name, wire string, o leaktest.Outcome) leaktest.Result {
		return leaktest.Result{Case: name, Title: "title of " + name, Published: []string{"https://example.com/" + name}, Wire: wire, Outcome: o}
	}
	got := table([]outcome{
		{peer: peer{name: "one", file: "library.go", how: "as it comes", config: "in full"}, version: "1.0", report: leaktest.Report{Results: []leaktest.Result{
			result("R1-a", "HTTP/1.1", leaktest.Leaked), result("R1-a", "HTTP/2", leaktest.Leaked), result("R1-b", "HTTP/1.1", leaktest.Passed), result("S7-c", "HTTP/1.1", leaktest.Skipped),
		}}},
		{peer: peer{name: "two", file: "programs.go", how: "by a file"}, version: "2.0", report: leaktest.Report{Results: []leaktest.Result{
			result("R1-a", "HTTP/1.1", leaktest.Passed), result("R1-a", "HTTP/2", leaktest.Leaked), result("U3-d", "HTTP/2", leaktest.Passed),
		}}},
		{peer: peer{name: "three"}, missing: errors.New("not built: no\nat all")},
	}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), true)
	want := strings.ReplaceAll(`Run on 2026-01-02 with 'go -C internal/peers run . -install':

| proxy | version | judged | failed | n/a | configured in |
|---|---|---|---|---|---|
| one | 1.0 | 2 | 1 | 1 | [library.go](internal/peers/library.go): as it comes |
| two | 2.0 | 2 | 1 | 0 | [programs.go](internal/peers/programs.go): by a file |

three was not tried: not built: no.

`, "'", "`") + legend + `
<details>
<summary>When a case is n/a</summary>

- ` + strings.Join(rules, "\n- ") + strings.ReplaceAll(`

Which cases these are stands in [internal/peers/job.go](internal/peers/job.go).
</details>

<details>
<summary>The cases that failed</summary>

| case | what it is about | failed by |
|---|---|---|
| [R1-a](passthrough/leaktest/corpus/R1-a.txt) | title of R1-a | one, two (over HTTP/2) |

'-leaks' prints what was said in each, and '-config' how each proxy is configured.
</details>

one, 1.0:

'''
in full
'''

two, 2.0:

'''

'''
`, "'", "`")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// allCases are the names of all cases that there are.
func allCases(t *testing.T) map[string]bool {
	t.Helper()
	r, err := headersafe.start(t.Context(), options{})
	if err != nil {
		t.Fatal(err)
	}
	r.target.Skip = map[string]string{"R*": "its name is enough", "U*": "its name is enough", "M*": "its name is enough", "S*": "its name is enough", "T*": "its name is enough"}
	report, err := leaktest.Audit(t.Context(), r.target)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, result := range report.Results {
		all[result.Case] = true
	}
	return all
}

// Each rule stands below the table, and is about cases that there are. No case is under two rules.
func TestRules(t *testing.T) {
	t.Parallel()
	all := allCases(t)
	if diff := cmp.Diff(slices.Sorted(slices.Values(rules)), slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(notJudged)), documented)))); diff != "" {
		t.Errorf("(-below the table +in use):\n%s", diff)
	}
	by := map[string]string{}
	for rule, patterns := range notJudged {
		for _, pattern := range patterns {
			found := false
			for name := range all {
				if covers(pattern, name) {
					found = true
					if by[name] != "" {
						t.Errorf("%s is under %q and under %q", name, by[name], rule)
					}
					by[name] = rule
				}
			}
			if !found {
				t.Errorf("no case is called %s", pattern)
			}
		}
	}
}

// A peer's terms are about cases that there are: what is promised is a single name under a rule, and what is
// documented under none.
func TestTerms(t *testing.T) {
	t.Parallel()
	all := allCases(t)
	common := terms{}.job().Skip
	for name, own := range map[string]terms{
		"httputil": {goDocuments, reverseProxyPromises}, "Rewrite": {goDocuments, rewritePromises},
		"Caddy": caddyTerms, "nginx": nginxTerms, "HAProxy": haproxyTerms,
	} {
		for _, c := range own.promised {
			if _, ok := common[c]; !ok || !all[c] {
				t.Errorf("%s promises %s, which is under no rule or no case", name, c)
			}
		}
		for _, c := range own.documented {
			if _, ok := common[c]; ok || !all[c] {
				t.Errorf("%s documents %s, which is under a rule or no case", name, c)
			}
		}
	}
}
