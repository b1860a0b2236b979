package guardrail

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestRecordLogsAsAGroup(t *testing.T) {
	var out strings.Builder
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}}))
	logger.Info("x", "guardrail", &Record{
		Endpoint: "POST /v1/messages", Bytes: 75, Texts: 2, Opaque: []string{"$['image']"},
		Guards: []GuardRecord{
			{Name: "words", Outcome: Blocked, Duration: time.Millisecond, Judged: 1, Cached: 1, Reason: "a word", Matches: []string{"$['a']"}},
			{Name: "vendor", Mode: Observe, Outcome: FailedOpen, FailOpen: "a trial"},
		},
	})
	logger.Info("y", "guardrail", (*Record)(nil))
	want := `msg=x guardrail.endpoint="POST /v1/messages" guardrail.bytes=75 guardrail.texts=2 guardrail.opaque=[$['image']] ` +
		`guardrail.words.mode=block guardrail.words.outcome=block guardrail.words.duration=1ms guardrail.words.judged=1 guardrail.words.cached=1 ` +
		`guardrail.words.reason="a word" guardrail.words.matches=$['a'] guardrail.vendor.mode=observe guardrail.vendor.outcome=fail-open ` +
		`guardrail.vendor.duration=0s guardrail.vendor.judged=0 guardrail.vendor.cached=0 guardrail.vendor.fail_open="a trial"
msg=y guardrail=<nil>
`
	if got := out.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
