package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/headersafe/headersafe/internal/bench/load"
	"github.com/headersafe/headersafe/internal/bench/peers"
)

const (
	reference = peers.Reference
	direct    = "direct" // the name under which the upstream itself is measured
)

type options struct {
	get       peers.Options
	size      size
	rounds    int
	peers     []peers.Peer
	scenarios []scenario
	profiles  string // a folder for them, or empty
	log       io.Writer
}

// choosePeers returns those whose names are given, all if none is.
func choosePeers(names string) ([]peers.Peer, error) {
	if names == "" {
		return peers.All, nil
	}
	var chosen []peers.Peer
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(peers.All, func(p peers.Peer) bool { return p.Name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("no peer %q", name)
		}
		chosen = append(chosen, peers.All[i])
	}
	return chosen, nil
}

// run gets the peers, checks them, and measures.
func run(ctx context.Context, o options) (*report, error) {
	if err := enoughFiles(o.scenarios); err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	o.get.Folder = folder
	site, err := newSite()
	if err != nil {
		return nil, err
	}
	report := &report{Machine: site.describe(), Rounds: o.rounds}
	began := time.Now()

	var ready []*peers.Ready
	for _, p := range o.peers {
		r, err := p.Find(ctx, o.get)
		if err == nil {
			err = site.check(ctx, r)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		entry := peerReport{Name: p.Name, Config: p.Config}
		if err != nil {
			entry.Missing = err.Error()
			fmt.Fprintf(o.log, "%s: left out: %v\n", p.Name, err)
		} else {
			entry.Version = r.Version
			ready = append(ready, r)
		}
		report.Peers = append(report.Peers, entry)
	}
	if o.profiles != "" {
		if err := os.MkdirAll(o.profiles, 0o750); err != nil {
			return nil, err
		}
		if site.profiles, err = filepath.Abs(o.profiles); err != nil {
			return nil, err
		}
	}
	for _, s := range o.scenarios {
		candidates := ready
		if s.direct {
			candidates = append([]*peers.Ready{nil}, ready...)
		}
		rounds := s.roundsOf(o.rounds)
		for round := range rounds {
			for i := range candidates {
				sample := site.visit(ctx, s, candidates[(round+i)%len(candidates)])
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				sample.Round = round
				report.Samples = append(report.Samples, sample)
			}
			fmt.Fprintf(o.log, "%v: %s, round %d of %d\n", time.Since(began).Round(time.Second), s.name, round+1, rounds)
		}
	}
	report.Took = time.Since(began).Round(time.Second).String()
	return report, nil
}

// check tries whether a peer does the work.
func (s *site) check(ctx context.Context, peer *peers.Ready) error {
	sample := s.visit(ctx, scenario{job: load.Job{Kind: "check", Body: 4 << 10}}, peer)
	if sample.Failed > 0 {
		return fmt.Errorf("it does not do the work: %s", sample.Failure)
	}
	return nil
}
