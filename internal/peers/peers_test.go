package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/passthrough/leaktest"
)

// The peers that are libraries can be tried anywhere: nothing leaks from ours, and something from the others.
func TestLibraries(t *testing.T) {
	t.Parallel()
	for _, p := range []peer{headersafe, reverseProxyRewrite, oxy} {
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
			if ours := p.name == headersafe.name; ours != (report.Count(leaktest.Leaked) == 0) {
				t.Errorf("%d cases leaked: %v", report.Count(leaktest.Leaked), names(report))
			}
			if report.Count(leaktest.Passed) < 100 {
				t.Errorf("%d cases passed", report.Count(leaktest.Passed))
			}
		})
	}
}

func TestTable(t *testing.T) {
	result := func(name, wire string, o leaktest.Outcome) leaktest.Result {
		return leaktest.Result{Case: name, Wire: wire, Outcome: o}
	}
	got := table([]outcome{
		{peer: peer{name: "one", config: "as it comes"}, version: "1.0", report: leaktest.Report{Results: []leaktest.Result{
			result("R1-a", "HTTP/1.1", leaktest.Leaked), result("R1-a", "HTTP/2", leaktest.Leaked), result("R1-b", "HTTP/1.1", leaktest.Passed), result("S7-c", "HTTP/1.1", leaktest.Skipped),
		}}},
		{peer: peer{name: "two"}, missing: errors.New("not to be had\nat all")},
	}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), true)
	want := strings.ReplaceAll(`Run on 2 January 2026 with 'go -C internal/peers run .'. A cell has how many cases leaked of how many were judged.

| | one 1.0 |
|---|---|
| R1 key in Authorization | **1** of 2 |
| S7 redirects | n/a |
| **all** | **1** of 2 |

one: R1-a.

two was left out: not to be had.

one 1.0:

'''
as it comes
'''
`, "'", "`")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each reason for "n/a" is about cases that there are.
func TestOutsideTheJob(t *testing.T) {
	r, err := headersafe.start(t.Context(), options{})
	if err != nil {
		t.Fatal(err)
	}
	r.target.Skip = outsideTheJob
	report, err := leaktest.Audit(t.Context(), r.target)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, result := range report.Results {
		all[result.Case] = true
	}
	for pattern := range outsideTheJob {
		prefix, many := strings.CutSuffix(pattern, "*")
		found := all[pattern]
		for name := range all {
			found = found || many && strings.HasPrefix(name, prefix)
		}
		if !found {
			t.Errorf("no case is called %s", pattern)
		}
	}
}
