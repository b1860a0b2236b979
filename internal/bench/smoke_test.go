package main

import (
	"context"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

// The programs that are started are this one: here that is the test.
func TestMain(m *testing.M) {
	if act, ok := roles(os.Args[1:]); ok {
		if err := act(context.Background()); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

var tiny = size{
	rounds: 1, warmup: 10 * time.Millisecond, window: 50 * time.Millisecond, connections: 4, rate: 500, firstRate: 500,
	streams: 5, events: 5, every: time.Millisecond, idle: []int{10, 20}, bulk: 1 << 20,
	truncated: 20, aborts: 20, settle: 10 * time.Millisecond,
}

// measure runs the scenarios of the tiny size that have these names, with one round.
func measure(t *testing.T, peers, names string) (*report, []scenario) {
	chosen, err := choosePeers(peers)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := chooseScenarios(names, tiny)
	if err != nil {
		t.Fatal(err)
	}
	report, err := run(t.Context(), options{size: tiny, rounds: 1, peers: chosen, scenarios: scenarios, log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Peers {
		if p.Missing != "" {
			t.Errorf("%s is missing: %s", p.Name, p.Missing)
		}
	}
	return report, scenarios
}

// A run with every kind of scenario: each program starts, does the work and has its figures. What the figures are is
// nothing to assert, and the reference may truncate a stream now and then: that is a finding, not a fault.
func TestSmoke(t *testing.T) {
	const ours = "headersafe"
	report, scenarios := measure(t, ours+","+reference, "4k,latency,first,events,idle,bulk,truncated,aborts")
	for _, s := range scenarios {
		if failed, of, first := report.failures(s.name, ours); failed > 0 {
			t.Errorf("%s: %d of %d failed: %s", s.name, failed, of, first)
		}
		for _, c := range s.columns {
			if v := report.rounds(s.name, ours, c.key)[0]; math.IsNaN(v) {
				t.Errorf("%s: there is no %s", s.name, c.key)
			}
		}
	}
	if text := markdown(report, scenarios, true); strings.Contains(text, "NaN") {
		t.Errorf("a figure is none:\n%s", text)
	}
}

// The example gateway is built, and does the work.
func TestGateway(t *testing.T) {
	const name = "examples/gateway"
	report, _ := measure(t, name, "4k")
	if v := report.rounds("4k", name, "cpu")[0]; math.IsNaN(v) {
		t.Errorf("there is no figure: %+v", report.Samples)
	}
}

func TestChoices(t *testing.T) {
	if got, err := choosePeers(""); err != nil || len(got) < 8 {
		t.Errorf("%d peers, %v", len(got), err)
	}
	if _, err := choosePeers("headersafe,nobody"); err == nil {
		t.Error("nobody is a peer")
	}
	if got, err := chooseScenarios("idle,4k", full); err != nil || len(got) != 2 || got[0].name != "idle" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := chooseScenarios("nothing", full); err == nil {
		t.Error("nothing is a scenario")
	}
}
