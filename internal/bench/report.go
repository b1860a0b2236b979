package main

import (
	"math"
	"time"

	"github.com/headersafe/headersafe/internal/bench/load"
)

// report is all that was measured, as the JSON has it.
type report struct {
	Date    time.Time    `json:"date"`
	Command string       `json:"command"`
	Took    string       `json:"took"`
	Machine string       `json:"machine"`
	Rounds  int          `json:"rounds"`
	Peers   []peerReport `json:"peers"`
	Samples []sample     `json:"samples"`
}

type peerReport struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Config  string `json:"config"`
	Missing string `json:"missing,omitempty"` // why it was left out
}

// sample is one visit.
type sample struct {
	Scenario string `json:"scenario"`
	Peer     string `json:"peer"`
	Round    int    `json:"round"`
	load.Result
}

// spoilt says whether so much failed that the figures say nothing.
func (s sample) spoilt() bool { return s.Failed*100 > s.Exchanges }

// rounds returns a figure of each round, NaN where there is none.
func (r *report) rounds(scenario, peer, key string) []float64 {
	values := make([]float64, r.Rounds)
	for i := range values {
		values[i] = math.NaN()
	}
	for _, s := range r.Samples {
		if s.Scenario != scenario || s.Peer != peer || s.spoilt() {
			continue
		}
		if v, ok := s.Values[key]; ok {
			values[s.Round] = v
		}
	}
	return values
}

// failures returns how many exchanges a peer failed in a scenario, of how many, and the first reason.
func (r *report) failures(scenario, peer string) (failed, of int64, first string) {
	for _, s := range r.Samples {
		if s.Scenario != scenario || s.Peer != peer {
			continue
		}
		failed, of = failed+s.Failed, of+s.Exchanges
		if first == "" {
			first = s.Failure
		}
	}
	return failed, of, first
}
