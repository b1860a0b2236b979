package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headersafe/headersafe/passthrough/leaktest"
)

// table renders the outcomes as Markdown: a row for each kind of fault, a column for each peer.
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
	fmt.Fprintf(&b, "Run on %s with `go -C internal/peers run .`. A cell has how many cases leaked of how many were judged.\n\n", now.UTC().Format("2 January 2006"))
	b.WriteString("| |")
	for _, o := range tried {
		fmt.Fprintf(&b, " %s %s |", o.peer.name, o.version)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(tried)) + "\n")
	totals := make([]tally, len(tried))
	for _, kind := range kinds(tried) {
		fmt.Fprintf(&b, "| %s %s |", kind, about[kind])
		for i, o := range tried {
			t := count(o.report, kind)
			totals[i].add(t)
			fmt.Fprintf(&b, " %s |", t)
		}
		b.WriteByte('\n')
	}
	b.WriteString("| **all** |")
	for _, t := range totals {
		fmt.Fprintf(&b, " %s |", t)
	}
	b.WriteString("\n")
	for _, o := range tried {
		if leaked := names(o.report); len(leaked) > 0 {
			fmt.Fprintf(&b, "\n%s: %s.\n", o.peer.name, strings.Join(leaked, ", "))
		}
	}
	for _, o := range missing {
		reason, _, _ := strings.Cut(o.missing.Error(), "\n")
		fmt.Fprintf(&b, "\n%s was left out: %s.\n", o.peer.name, reason)
	}
	if config {
		for _, o := range tried {
			fmt.Fprintf(&b, "\n%s %s:\n\n```\n%s\n```\n", o.peer.name, o.version, strings.TrimSpace(o.peer.config))
		}
	}
	return b.String()
}

// about says what a kind of fault is.
var about = map[string]string{
	"R1": "key in Authorization", "R2": "key in its field", "R3": "key in another place", "R4": "unrelated secrets", "R5": "secret missing",
	"R6": "to another server", "R7": "competing credentials", "R8": "retries", "R9": "key in query, path, body", "R10": "Connection names what is set",
	"R11": "Connection's lists", "R12": "X-Forwarded-*", "R13": "aliases and malformed names", "R14": "added, not replaced", "R15": "repeats", "R16": "request trailers",
	"R17": "Proxy", "R18": "control fields", "U1": "queries", "U2": "many parameters", "U3": "traversal", "U4": "target forms", "U5": "fragments",
	"M1": "CONNECT, smuggling", "M2": "upgrades", "M3": "TRACE", "S1": "secret comes back", "S2": "1xx", "S3": "response trailers", "S4": "WebSocket handshake",
	"S5": "the upstream's own fields", "S6": "encodings", "S7": "redirects", "S8": "CORS", "S9": "connection-bound credentials", "T1": "truncation",
	"T2": "100-continue", "T3": "the client leaves", "T4": "half-close", "T5": "early reply", "T6": "buffering", "T7": "logs", "T8": "cut streams",
}

// kindOf is the part of a case's name before the first hyphen.
func kindOf(name string) string {
	kind, _, _ := strings.Cut(name, "-")
	return kind
}

// kinds are all that occur, in the order of the corpus.
func kinds(outcomes []outcome) []string {
	var out []string
	for _, o := range outcomes {
		for _, r := range o.report.Results {
			if kind := kindOf(r.Case); !slices.Contains(out, kind) {
				out = append(out, kind)
			}
		}
	}
	return out
}

// tally counts cases, each once for both protocols.
type tally struct{ judged, leaked int }

func (t *tally) add(other tally) {
	t.judged += other.judged
	t.leaked += other.leaked
}

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

func count(r leaktest.Report, kind string) tally {
	judged, leaked := map[string]bool{}, map[string]bool{}
	for _, result := range r.Results {
		if kindOf(result.Case) != kind || result.Outcome == leaktest.Skipped {
			continue
		}
		judged[result.Case] = true
		if result.Outcome == leaktest.Leaked {
			leaked[result.Case] = true
		}
	}
	return tally{len(judged), len(leaked)}
}

// names are the cases that leaked, once each.
func names(r leaktest.Report) []string {
	var out []string
	for _, result := range r.Leaked() {
		if !slices.Contains(out, result.Case) {
			out = append(out, result.Case)
		}
	}
	return out
}
