package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(&out); err != nil {
		t.Fatal(err)
	}
	want := `record: caller="alice" outcome=forwarded X-Internal-Trace: dropped: not named
answer: 200
record: caller="alice" outcome=denied denied by guardrail: blocked X-Internal-Trace: dropped: not named
answer: 400
record: caller="" outcome=denied denied by auth: unauthenticated
answer: 401
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
