package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/bench/load"
)

func TestMarkdown(t *testing.T) {
	visit := func(peer string, round int, failed int64, values map[string]float64) sample {
		return sample{Scenario: "s", Peer: peer, Round: round, Result: load.Result{Values: values, Exchanges: 1000, Failed: failed, Failure: map[bool]string{true: "broken"}[failed > 0]}}
	}
	r := &report{
		Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Command: "go run .", Took: "1m", Machine: "A machine", Rounds: 2,
		Peers: []peerReport{
			{Name: "one", Version: "1.0", Config: "as it comes"}, {Name: reference, Version: "go1"}, {Name: "bad", Version: "0"}, {Name: "gone", Missing: "not to be had\nat all"},
		},
		Samples: []sample{
			visit("one", 0, 0, map[string]float64{"rps": 15_432, "busy": 1, "p99": 300, "left": 1234}),
			visit("one", 1, 1, map[string]float64{"rps": 15_468, "busy": 0.5, "p99": 500}),
			visit(reference, 0, 0, map[string]float64{"rps": 10_000, "busy": 1, "p99": 500}),
			visit(reference, 1, 0, map[string]float64{"rps": 20_000, "busy": 1, "p99": 600}),
			visit("bad", 0, 11, map[string]float64{"rps": 99_999, "busy": 1}),
			visit("bad", 1, 1000, nil),
			visit(direct, 0, 0, map[string]float64{"rps": 50_000, "p99": 100}),
			visit(direct, 1, 0, map[string]float64{"rps": 50_000, "p99": 200}),
		},
	}
	s := scenario{name: "s", title: "A scenario", direct: true, columns: []column{
		{title: "req/s", key: "rps", ratio: true, busy: true}, {title: "busy", key: "busy", percent: true},
		{title: "added", key: "p99", added: true, ratio: true}, {title: "left", key: "left", whole: true},
	}}
	want := strings.ReplaceAll(`Run on 2 January 2026 with 'go run .' in 1m: medians of the rounds, in parentheses the ratio to ReverseProxy.

A machine.

A scenario; 2 rounds.

| | req/s | busy | added | left |
|---|--:|--:|--:|--:|
| one | ≥ 15,500 (1.16) | 75% | 250 (0.62) | 1,234 |
| ReverseProxy | 15,000 | 100% | 400 | – |
| bad | failed | failed | failed | failed |
| direct | 50,000 | – | – | – |

one: 1 of 2,000 exchanges failed, the first with "broken".

bad: 1,011 of 2,000 exchanges failed, the first with "broken".

Versions: one 1.0, ReverseProxy go1, bad 0.

gone was left out: not to be had.

one:

'''
as it comes
'''

ReverseProxy:

'''

'''

bad:

'''

'''

gone:

'''

'''
`, "'", "`")
	if diff := cmp.Diff(want, markdown(r, []scenario{s}, true)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSignificant(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.123: "0.12", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 1234.5: "1,230", 123_456: "123,000", -4567: "-4,570", 0.001: "0.00",
	} {
		if got := significant(v); got != want {
			t.Errorf("%v is %q, not %q", v, got, want)
		}
	}
	if got := significant(math.NaN()); got != "0" {
		t.Errorf("%q", got)
	}
}
