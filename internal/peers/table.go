package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/headersafe/headersafe/passthrough/leaktest"
)

// table renders the outcomes as Markdown that can be pasted into the README: a row for each peer, what the columns
// mean, and which cases failed.
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
	fmt.Fprintf(&b, "Run on %s with `go -C internal/peers run . -install`:\n\n", now.UTC().Format(time.DateOnly))
	b.WriteString("| proxy | version | judged | failed | n/a | configured in |\n|---|---|---|---|---|---|\n")
	for _, o := range tried {
		t := count(o.report)
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | [%s](internal/peers/%s): %s |\n", o.peer.name, o.version, t.judged, t.failed, t.all-t.judged, o.peer.file, o.peer.file, o.peer.how)
	}
	for _, o := range missing {
		reason, _, _ := strings.Cut(o.missing.Error(), "\n")
		fmt.Fprintf(&b, "\n%s was not tried: %s.\n", o.peer.name, reason)
	}
	b.WriteString("\n" + legend)
	b.WriteString("\n<details>\n<summary>When a case is n/a</summary>\n\n")
	for _, rule := range rules {
		fmt.Fprintf(&b, "- %s\n", rule)
	}
	b.WriteString("\nWhich cases these are stands in [internal/peers/job.go](internal/peers/job.go).\n</details>\n")
	failures(&b, tried)
	if config {
		for _, o := range tried {
			fmt.Fprintf(&b, "\n%s, %s:\n\n```\n%s\n```\n", o.peer.name, o.version, strings.TrimSpace(o.peer.config))
		}
	}
	return b.String()
}

// legend says what the numbers mean.
const legend = "These are general proxies, and none but headersafe was made for this job. Each is configured for it as its own documentation advises: a\n" +
	"caller proves itself with a key in `X-Gateway-Key`, whose field goes no further, and nor do `X-Forwarded-For`, `-Host` and `-Proto` as the\n" +
	"client wrote them; only what is below `/v1/` crosses; events stream, and WebSockets open. A proxy is *judged* on that, on what RFCs say\n" +
	"that it MUST or MUST NOT do, and on whether an exchange that fails looks like one that succeeds or keeps its connection, or one that is\n" +
	"good is cut short. A case *failed* if it did so over HTTP/1.1 or over HTTP/2; several can have one cause. What nobody told a proxy to do,\n" +
	"and what its documentation says that it does, is *n/a*. nginx and HAProxy are Debian's packages, older than their projects' newest\n" +
	"versions. headersafe is judged on every case that fits the job; the cases are its own, and it is tested with them, so its 0 is what it\n" +
	"promises and no discovery.\n"

// failures lists the cases that failed anywhere, with what they are about and who failed. Where a case is published stands
// in its file.
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
			if name := o.peer.name + o.wires(r.Case); !slices.Contains(all[at].peers, name) {
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
		fmt.Fprintf(b, "| [%s](passthrough/leaktest/corpus/%s.txt) | %s | %s |\n", f.Case, f.Case, f.Title, strings.Join(f.peers, ", "))
	}
	b.WriteString("\n`-leaks` prints what was said in each, and `-config` how each proxy is configured.\n</details>\n")
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
type tally struct{ all, judged, failed int }

func count(r leaktest.Report) tally {
	all, judged, failed := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, result := range r.Results {
		all[result.Case] = true
		if result.Outcome != leaktest.Skipped {
			judged[result.Case] = true
		}
		if result.Outcome == leaktest.Leaked {
			failed[result.Case] = true
		}
	}
	return tally{len(all), len(judged), len(failed)}
}
