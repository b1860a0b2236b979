package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/headersafe/headersafe/passthrough/leaktest"
)

func main() {
	var o options
	only := flag.String("only", "", "run only these peers, by `NAMES` with commas between them")
	flag.BoolVar(&o.install, "install", false, "install nginx and haproxy with apt-get where they are missing")
	flag.BoolVar(&o.build, "build", true, "build Caddy and Traefik where they are missing")
	flag.BoolVar(&o.config, "config", false, "print each proxy's configuration below the table")
	flag.BoolVar(&o.leaks, "leaks", false, "print what was said in each case that failed, to standard error")
	flag.StringVar(&o.bin, "bin", "", "keep what is built in this `FOLDER` (default: in the user's cache)")
	flag.Parse()
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

type options struct {
	only                          []string
	install, build, config, leaks bool
	bin                           string
}

// peer is a proxy to be tried.
type peer struct {
	name   string
	file   string // of this folder, where it is configured
	how    string // it is configured, in a few words
	config string // the same, in full
	// start gets the peer ready. The error says why it cannot be had.
	start func(ctx context.Context, o options) (*running, error)
}

// running is a peer that is ready.
type running struct {
	version string
	target  leaktest.Target
	stop    func()
}

// outcome is a peer and what became of the cases.
type outcome struct {
	peer    peer
	version string
	missing error
	report  leaktest.Report
}

var peers = []peer{headersafe, reverseProxyDirector, reverseProxyRewrite, oxy, caddy, traefik, nginx, haproxy}

// run tries the peers one after the other and writes the table.
func run(ctx context.Context, o options, stdout, stderr io.Writer) error {
	var outcomes []outcome
	for _, p := range peers {
		if len(o.only) > 0 && !slices.Contains(o.only, p.name) {
			continue
		}
		out := outcome{peer: p}
		began := time.Now()
		r, err := p.start(ctx, o)
		if err == nil {
			out.version = r.version
			out.report, err = leaktest.Audit(ctx, r.target)
			r.stop()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if out.missing = err; err != nil {
			fmt.Fprintf(stderr, "%s: not tried: %v\n", p.name, err)
		} else {
			fmt.Fprintf(stderr, "%s %s: %d passed, %d failed, %d n/a, counted for each protocol (%v)\n", p.name, r.version, out.report.Count(leaktest.Passed),
				out.report.Count(leaktest.Leaked), out.report.Count(leaktest.Skipped), time.Since(began).Round(time.Second))
		}
		for _, leak := range out.report.Leaked() {
			if o.leaks {
				fmt.Fprintf(stderr, "%s: %s over %s:\n%s\n\n", p.name, leak.Case, leak.Wire, leak)
			}
		}
		outcomes = append(outcomes, out)
	}
	_, err := io.WriteString(stdout, table(outcomes, time.Now(), o.config))
	return err
}
