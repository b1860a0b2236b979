package leaktest

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Outcome is how a case ended.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Leaked  Outcome = "leaked"
	Skipped Outcome = "skipped"
)

// Report is what became of every case.
type Report struct {
	Results []Result `json:"results"`
}

// Result is what became of one case on one protocol.
type Result struct {
	Case    string  `json:"case"`     // the name of its file, without ".txt"
	Title   string  `json:"title"`    // what it is about
	Wire    string  `json:"protocol"` // between client and gateway: "HTTP/1.1" or "HTTP/2"
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason,omitempty"` // why it was skipped

	// Findings are what leaked or went wrong, and where it stood.
	Findings []Finding `json:"findings,omitempty"`

	// Published are the addresses of published cases of the same kind.
	Published []string `json:"published,omitempty"`

	// Sent, Reached and Returned are the requests, what of them reached the upstream, and the responses: with the names
	// of secrets in place of the secrets, and only where something leaked.
	Sent     string `json:"sent,omitempty"`
	Reached  string `json:"reached,omitempty"`
	Returned string `json:"returned,omitempty"`
}

// Finding is one thing that should not have been.
type Finding struct {
	What  string `json:"what"`
	Where string `json:"where"` // who got it: "the upstream", "the client", "the log", "another server"
}

// Leaked returns the results of the cases that leaked.
func (r Report) Leaked() []Result { return r.with(Leaked) }

// Count returns how many results have this outcome.
func (r Report) Count(o Outcome) int { return len(r.with(o)) }

func (r Report) with(o Outcome) []Result {
	var out []Result
	for _, result := range r.Results {
		if result.Outcome == o {
			out = append(out, result)
		}
	}
	return out
}

// String returns a line for each result, then the whole of each that leaked, and the counts.
func (r Report) String() string {
	var b strings.Builder
	for _, result := range r.Results {
		fmt.Fprintf(&b, "%-8s %s over %s", result.Outcome, result.Case, result.Wire)
		if result.Outcome == Skipped {
			fmt.Fprintf(&b, ": %s", result.Reason)
		}
		b.WriteByte('\n')
	}
	for _, result := range r.Leaked() {
		fmt.Fprintf(&b, "\n%s over %s:\n%s\n", result.Case, result.Wire, result)
	}
	if len(r.Leaked()) > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%d passed, %d leaked, %d skipped\n", r.Count(Passed), r.Count(Leaked), r.Count(Skipped))
	return b.String()
}

// WriteJSON writes the report as one indented JSON object: how many results have each outcome, and the results.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		Passed  int `json:"passed"`
		Leaked  int `json:"leaked"`
		Skipped int `json:"skipped"`
		Report
	}{r.Count(Passed), r.Count(Leaked), r.Count(Skipped), r})
}

// String says in words what leaked, where it stood, what was sent, and which published cases are of the same kind.
func (r Result) String() string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintln(&b, f.What)
	}
	fmt.Fprintf(&b, "the case: %s\n", r.Title)
	for _, address := range r.Published {
		fmt.Fprintf(&b, "published: %s\n", address)
	}
	for _, part := range []struct{ name, text string }{{"sent", r.Sent}, {"reached the upstream", r.Reached}, {"returned", r.Returned}} {
		if part.text != "" {
			fmt.Fprintf(&b, "%s:\n%s\n", part.name, indented(part.text))
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// indented is text with its lines set off, control characters visible, and no longer than can be read.
func indented(text string) string {
	const most = 2000
	if len(text) > most {
		text = text[:most] + "…"
	}
	text = strings.ReplaceAll(strings.TrimRight(text, "\r\n"), "\r\n", "\n")
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		quoted := fmt.Sprintf("%q", line)
		fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`))
	}
	return strings.TrimRight(b.String(), "\n")
}

// redact puts names in place of secrets, so that a report can be shown around.
func redact(text string, t *Target) string {
	for name, secret := range (values{}).secrets(t) {
		if secret == "" {
			continue
		}
		for _, form := range []string{secret, percent(percent(secret)), percent(secret), basic(secret)} {
			text = strings.ReplaceAll(text, form, "{{"+name+"}}")
		}
	}
	return text
}

var numbered = regexp.MustCompile(`^([A-Za-z0-9/_.-]+)#(\d+)$`)

// repositories are the issue trackers that are cited by a short name.
var repositories = map[string]string{
	"litellm": "BerriAI/litellm", "traefik": "traefik/traefik", "caddy": "caddyserver/caddy",
	"ai-gateway": "envoyproxy/ai-gateway", "bifrost": "maximhq/bifrost", "Portkey": "Portkey-AI/gateway",
}

// address is where a reference can be read, or the reference itself.
func address(ref string) string {
	switch {
	case strings.HasPrefix(ref, "CVE-"):
		return "https://www.cve.org/CVERecord?id=" + ref
	case strings.HasPrefix(ref, "GHSA-"):
		return "https://github.com/advisories/" + ref
	case strings.HasPrefix(ref, "RFC"):
		number, section, _ := strings.Cut(strings.TrimPrefix(ref, "RFC"), "#")
		return "https://www.rfc-editor.org/rfc/rfc" + number + "#section-" + section
	}
	m := numbered.FindStringSubmatch(ref)
	switch {
	case m == nil:
		return ref
	case m[1] == "go":
		return "https://go.dev/issue/" + m[2]
	case strings.Contains(m[1], "/"):
		return "https://github.com/" + m[1] + "/issues/" + m[2]
	case repositories[m[1]] != "":
		return "https://github.com/" + repositories[m[1]] + "/issues/" + m[2]
	}
	return ref
}
