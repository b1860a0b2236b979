package guardrail

import (
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// Record is what a guardrail did with one request. It never holds text. The exchange record has it, as a *Record.
type Record struct {
	Endpoint string        `json:"endpoint,omitempty"` // the pattern of the rule
	Bytes    int64         `json:"bytes"`              // of the body, as it came
	Texts    int           `json:"texts"`              // found in it
	Opaque   []string      `json:"opaque,omitempty"`   // paths of parts that no guard can read, the first 32
	Guards   []GuardRecord `json:"guards,omitempty"`   // in the order of the Config

	// Response is what was done with the answer; nil where none came to be read.
	Response *ResponseRecord `json:"response,omitempty"`
}

// LogValue returns the record as a group, with a group for each guard by its name.
func (r *Record) LogValue() slog.Value {
	if r == nil {
		return slog.Value{}
	}
	attrs := []slog.Attr{slog.String("endpoint", r.Endpoint), slog.Int64("bytes", r.Bytes), slog.Int("texts", r.Texts)}
	if len(r.Opaque) > 0 {
		attrs = append(attrs, slog.Any("opaque", r.Opaque))
	}
	attrs = append(attrs, guardAttrs(r.Guards)...)
	if r.Response != nil {
		attrs = append(attrs, slog.Any("response", r.Response))
	}
	return slog.GroupValue(attrs...)
}

// guardAttrs returns a group for each guard by its name.
func guardAttrs(records []GuardRecord) []slog.Attr {
	var attrs []slog.Attr
	for _, g := range records {
		guard := []any{"mode", g.Mode.String(), "outcome", string(g.Outcome), "duration", g.Duration, "judged", g.Judged, "cached", g.Cached}
		for _, more := range []struct{ key, text string }{{"reason", g.Reason}, {"detail", g.Detail}, {"fail_open", g.FailOpen}, {"matches", strings.Join(g.Matches, " ")}} {
			if more.text != "" {
				guard = append(guard, more.key, more.text)
			}
		}
		attrs = append(attrs, slog.Group(g.Name, guard...))
	}
	return attrs
}

// GuardRecord is what one guard did.
type GuardRecord struct {
	Name     string        `json:"name"`
	Mode     Mode          `json:"mode"`
	Outcome  Outcome       `json:"outcome"`
	Duration time.Duration `json:"duration"` // nanoseconds
	Judged   int           `json:"judged"`   // texts that it was shown
	Cached   int           `json:"cached"`   // texts that passed before, and were not shown
	Reason   string        `json:"reason,omitempty"`
	Detail   string        `json:"detail,omitempty"`
	Matches  []string      `json:"matches,omitempty"` // paths of what the verdict rests on, the first 32
	FailOpen string        `json:"fail_open,omitempty"`
}

// Outcome is how a guard's work ended.
type Outcome string

// The outcomes.
const (
	Passed     Outcome = "pass"
	Blocked    Outcome = "block"
	Failed     Outcome = "error"     // it gave no verdict: the request is blocked, unless the guard only observes
	FailedOpen Outcome = "fail-open" // it gave no verdict, and the request passes nevertheless: see [FailOpen]
	Skipped    Outcome = "skipped"   // the request was refused before it gave a verdict
)

// maxPaths is how many paths a record holds of each sort.
const maxPaths = 32

// paths returns the paths of nodes as they go into records.
func (d *document) paths(nodes []jsonscan.Node) []string {
	var paths []string
	for _, n := range nodes[:min(len(nodes), maxPaths)] {
		paths = append(paths, place{doc: d, node: n}.recordPath())
	}
	return paths
}

// printable returns what of s can be shown: valid UTF-8 without control and format characters, shortened.
func printable(s string) string {
	if len(s) > maxReason {
		s = s[:maxReason] + "…"
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return -1
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, s))
}
