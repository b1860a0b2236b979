package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/guardrail"
)

// A guard is a pure function of its input: its unit test needs no HTTP.
func TestTickets(t *testing.T) {
	for text, block := range map[string]bool{
		"":                             false,
		"no ticket at all":             false,
		"OPS-TICKET-1":                 false,
		"HR-TICKET-1":                  true,
		"OPS-TICKET-1 and HR-TICKET-2": true,
	} {
		in := guardrail.Input{Texts: []guardrail.Text{{Value: "something before"}, {Value: text}}}
		got, err := tickets{team: "OPS"}.Check(t.Context(), in)
		want := guardrail.Verdict{}
		if block {
			want = guardrail.Verdict{Block: true, Reason: "It mentions another team's ticket.", Matches: []int{1}}
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v %s", text, err, diff)
		}
	}
}

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if lines[0] != "close OPS-TICKET-7: 200 forwarded" {
		t.Error(lines[0])
	}
	if !strings.HasPrefix(lines[1], "close HR-TICKET-9: 400 ") || !strings.Contains(lines[1], "It mentions another team's ticket.") {
		t.Error(lines[1])
	}
}
