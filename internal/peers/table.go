package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headersafe/headersafe/passthrough/leaktest"
)

// table renders the outcomes as Markdown: a row for each group of faults, a column for each peer, and below it what
// the numbers mean and which cases failed.
func table(outcomes []outcome, now time.Time, config bool) string {
	var tried, missing []outcome
	for _, o := range outcomes {
		if o.missing != nil {
			missing = append(missing, o)
		} else {
			tried = append(tried, o)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Run on %s with `go -C internal/peers run .`: how many cases failed, of how many were judged.\n\n|", now.UTC().Format("2 January 2006"))
	for _, o := range tried {
		fmt.Fprintf(&b, " | %s, %s, %s", o.peer.name, o.version, o.peer.kind)
	}
	b.WriteString(" |\n|---" + strings.Repeat("|---", len(tried)) + "|\n")
	for _, g := range groups {
		row(&b, g.name, tried, g.has)
	}
	row(&b, "all", tried, func(string) bool { return true })
	b.WriteString("\n")
	b.WriteString(legend)
	for _, rule := range rules {
		fmt.Fprintf(&b, "- %s\n", rule)
	}
	for _, o := range missing {
		reason, _, _ := strings.Cut(o.missing.Error(), "\n")
		fmt.Fprintf(&b, "\n%s was not tried: %s.\n", o.peer.name, reason)
	}
	failures(&b, tried)
	if config {
		for _, o := range tried {
			fmt.Fprintf(&b, "\n%s, %s:\n\n```\n%s\n```\n", o.peer.name, o.version, strings.TrimSpace(o.peer.config))
		}
	}
	return b.String()
}

// legend says what the numbers mean.
const legend = "These proxies are general ones, and none of the others was made for this job. Each was configured for it as its own documentation " +
	"advises (`-config` prints how), and is held to three things: what it was told, that requests below `/v1/` alone cross, without the key's " +
	"field and without the client's `X-Forwarded-For`, `-Host` and `-Proto`; what an RFC says that it MUST or MUST NOT do; and that a failed " +
	"exchange neither looks like a good one nor keeps its connection. Several cases can have one cause. nginx and HAProxy are Debian's " +
	"packages, which are older than these projects' newest versions. headersafe's own column has every case that applies to its route. " +
	"A case is left out, and \"n/a\" stands where all of a kind are, by one of these rules:\n\n"

// group is a row of the table: kinds of cases, by the parts of their names before the first hyphen.
type group struct {
	name  string
	kinds []string
}

func (g group) has(kind string) bool { return slices.Contains(g.kinds, kind) }

var groups = []group{
	{"the key, and other credentials", []string{"R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R14", "R15", "R17"}},
	{"fields of one connection", []string{"R10", "R11"}},
	{"forwarded, malformed and control fields, trailers", []string{"R12", "R13", "R16", "R18"}},
	{"targets: traversal, forms, queries", []string{"U1", "U2", "U3", "U4", "U5"}},
	{"methods and framing", []string{"M1", "M3", "S10"}},
	{"upgrades and WebSockets", []string{"M2", "S4", "T4"}},
	{"responses: secrets, fields, redirects, encodings", []string{"S1", "S2", "S3", "S5", "S6", "S7", "S8", "S9"}},
	{"truncation, 100-continue, cancellation, buffering, logs", []string{"T1", "T2", "T3", "T5", "T6", "T7", "T8"}},
}

func row(b *strings.Builder, name string, tried []outcome, has func(kind string) bool) {
	if !slices.ContainsFunc(tried, func(o outcome) bool { return count(o.report, has).judged > 0 }) {
		return
	}
	fmt.Fprintf(b, "| %s", name)
	for _, o := range tried {
		fmt.Fprintf(b, " | %s", count(o.report, has))
	}
	b.WriteString(" |\n")
}

// failures lists the cases that failed anywhere, with what they are about, where that is published, and who failed.
func failures(b *strings.Builder, tried []outcome) {
	type failure struct {
		leaktest.Result
		peers []string
	}
	var all []*failure
	for _, o := range tried {
		for _, r := range o.report.Leaked() {
			at := slices.IndexFunc(all, func(f *failure) bool { return f.Case == r.Case })
			if at < 0 {
				at = len(all)
				all = append(all, &failure{Result: r})
			}
			wires, last := o.wires(r.Case), len(all[at].peers)-1
			if name := o.peer.name + wires; last < 0 || all[at].peers[last] != name {
				all[at].peers = append(all[at].peers, name)
			}
		}
	}
	if len(all) == 0 {
		return
	}
	slices.SortFunc(all, func(a, b *failure) int { return strings.Compare(a.Case, b.Case) })
	b.WriteString("\n<details>\n<summary>The cases that failed</summary>\n\n| case | what it is about | failed by |\n|---|---|---|\n")
	for _, f := range all {
		fmt.Fprintf(b, "| `%s` | %s", f.Case, f.Title)
		for i, address := range f.Published {
			fmt.Fprintf(b, " [[%d]](%s)", i+1, address)
		}
		fmt.Fprintf(b, " | %s |\n", strings.Join(f.peers, ", "))
	}
	b.WriteString("\n`-leaks` prints each conversation.\n</details>\n")
}

// wires says over which protocol alone a case failed, where it was tried over two.
func (o outcome) wires(name string) string {
	var leaked, passed []string
	for _, r := range o.report.Results {
		switch {
		case r.Case != name:
		case r.Outcome == leaktest.Leaked:
			leaked = append(leaked, r.Wire)
		case r.Outcome == leaktest.Passed:
			passed = append(passed, r.Wire)
		}
	}
	if len(passed) == 0 {
		return ""
	}
	return " (over " + strings.Join(leaked, ", ") + ")"
}

// tally counts cases, each once for both protocols.
type tally struct{ judged, leaked int }

// String is "n/a" where nothing was judged.
func (t tally) String() string {
	switch {
	case t.judged == 0:
		return "n/a"
	case t.leaked == 0:
		return fmt.Sprintf("0 of %d", t.judged)
	}
	return fmt.Sprintf("**%d** of %d", t.leaked, t.judged)
}

func count(r leaktest.Report, has func(kind string) bool) tally {
	judged, leaked := map[string]bool{}, map[string]bool{}
	for _, result := range r.Results {
		kind, _, _ := strings.Cut(result.Case, "-")
		if !has(kind) || result.Outcome == leaktest.Skipped {
			continue
		}
		judged[result.Case] = true
		if result.Outcome == leaktest.Leaked {
			leaked[result.Case] = true
		}
	}
	return tally{len(judged), len(leaked)}
}
