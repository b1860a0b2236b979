package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/headersafe/headersafe/internal/bench/load"
	"github.com/headersafe/headersafe/internal/bench/proxies"
	"github.com/headersafe/headersafe/internal/bench/upstream"
)

func main() {
	ctx := context.Background()
	act, ok := roles(os.Args[1:])
	if !ok { // one that is started by another ends at once when it is told to
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		act = func(ctx context.Context) error { return command(ctx, os.Args[1:], os.Stdout, os.Stderr) }
	}
	if err := act(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// roles returns what this program does as one of the programs that it starts.
func roles(args []string) (func(context.Context) error, bool) {
	switch {
	case len(args) == 2 && args[0] == "upstream":
		return func(context.Context) error {
			listener, err := net.Listen("tcp", args[1])
			if err != nil {
				return err
			}
			return upstream.Serve(listener)
		}, true
	case len(args) == 5 && args[0] == "proxy":
		return func(context.Context) error { return proxies.Serve(args[1], args[2], args[3], args[4]) }, true
	case len(args) == 1 && args[0] == "load":
		return func(ctx context.Context) error {
			job := new(load.Job)
			if err := json.NewDecoder(os.Stdin).Decode(job); err != nil {
				return err
			}
			result, err := load.Run(ctx, job)
			if err != nil {
				return err
			}
			return json.NewEncoder(os.Stdout).Encode(result)
		}, true
	}
	return nil, false
}

// command is the program as a user calls it.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var o options
	rounds := flags.Int("rounds", 0, "`NUMBER` of rounds (default 8, with -quick 1); scenarios about memory take three at most")
	quick := flags.Bool("quick", false, "small counts and short times: to try the command, not for figures")
	only := flags.String("peers", "", "only these peers, by `NAMES` with commas between them; the reference is "+reference)
	scenarios := flags.String("scenarios", "", "only these scenarios, by `NAMES` with commas between them: "+strings.Join(scenarioNames(), ", "))
	flags.BoolVar(&o.get.Install, "install", false, "install nginx and haproxy with apt-get where they are missing")
	flags.BoolVar(&o.get.Build, "build", true, "build Caddy where it is missing")
	config := flags.Bool("config", false, "print each peer's configuration below the tables")
	file := flags.String("json", "", "write every round's figures to this `FILE`, too")
	flags.StringVar(&o.profiles, "profile", "", "write profiles of the throughput scenarios' last rounds to this `FOLDER`; it costs time, so that the figures are not to be compared")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	o.size, o.rounds, o.log = full, *rounds, stderr
	if *quick {
		o.size = small
	}
	if o.rounds == 0 {
		o.rounds = o.size.rounds
	}
	var err error
	if o.peers, err = choosePeers(*only); err != nil {
		return err
	}
	if o.scenarios, err = chooseScenarios(*scenarios, o.size); err != nil {
		return err
	}
	report, err := run(ctx, o)
	if err != nil {
		return err
	}
	report.Command, report.Date = strings.Join(append([]string{"go -C internal/bench run ."}, args...), " "), time.Now().UTC()
	if *file != "" {
		text, err := json.MarshalIndent(report, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(*file, append(text, '\n'), 0o600); err != nil {
			return err
		}
	}
	_, err = io.WriteString(stdout, markdown(report, o.scenarios, *config))
	return err
}
