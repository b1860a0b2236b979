package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/headersafe/headersafe/internal/bench/load"
	"github.com/headersafe/headersafe/internal/bench/peers"
	"github.com/headersafe/headersafe/internal/bench/proc"
)

// site is where the programs run.
type site struct {
	self        string // this program
	profiles    string // a folder for them, or empty
	all         []int  // processors
	peer, other []int  // of them, the peer's own, and the load generator's and the upstream's
}

func newSite() (*site, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cpus, err := proc.CPUs()
	if err != nil {
		return nil, err
	}
	return &site{self: self, all: cpus, peer: cpus[:1], other: cpus[len(cpus)-1:]}, nil
}

// visitLimit bounds a visit: a peer that hangs has failed.
const visitLimit = 3 * time.Minute

// visit starts the three programs, has the load generator do the scenario's job, and stops them. peer is nil for the
// upstream itself. A visit that fails is a sample, too.
func (s *site) visit(ctx context.Context, what scenario, peer *peers.Ready) sample {
	out := sample{Scenario: what.name, Peer: direct}
	if peer != nil {
		out.Peer = peer.Name
	}
	result, err := s.measure(ctx, what, peer)
	if err != nil {
		out.Exchanges, out.Failed, out.Failure = 1, 1, err.Error()
		return out
	}
	out.Result = *result
	return out
}

func (s *site) measure(ctx context.Context, what scenario, peer *peers.Ready) (*load.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, visitLimit)
	defer cancel()
	address, err := peers.FreeAddress()
	if err != nil {
		return nil, err
	}
	upstream, err := proc.Start(ctx, proc.Spec{Path: s.self, Args: []string{"upstream", address}, CPUs: s.other, Stderr: os.Stderr})
	if err != nil {
		return nil, err
	}
	defer upstream.Stop()
	if err := peers.Reachable(ctx, address, upstream.Ended()); err != nil {
		return nil, fmt.Errorf("the upstream: %w", err)
	}
	job := what.job
	job.Address = address
	if peer != nil {
		cpus := s.peer
		if what.spread {
			cpus = s.all
		}
		running, err := peer.Start(ctx, cpus, address)
		if err != nil {
			return nil, err
		}
		defer running.Stop()
		job.Address, job.Prefix, job.PID, job.Debug = running.Address, running.Prefix, running.PID, running.Debug
		if s.profiles != "" {
			job.Profile = filepath.Join(s.profiles, what.name+"-"+strings.NewReplacer(" ", "-", "/", "-").Replace(peer.Name))
		}
	}
	return s.load(ctx, job)
}

// load has the load generator do a job.
func (s *site) load(ctx context.Context, job load.Job) (*load.Result, error) {
	text, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	stderr, err := os.CreateTemp("", "bench-load-")
	if err != nil {
		return nil, err
	}
	defer func() { _, _ = stderr.Close(), os.Remove(stderr.Name()) }()
	var stdout bytes.Buffer
	process, err := proc.Start(ctx, proc.Spec{
		Path: s.self, Args: []string{"load"}, CPUs: s.other, Stdin: bytes.NewReader(text), Stdout: &stdout, Stderr: stderr,
	})
	if err != nil {
		return nil, err
	}
	if err := process.Wait(); err != nil {
		said, _ := os.ReadFile(stderr.Name()) // it helps, if it is there
		return nil, fmt.Errorf("the load generator: %w: %s", err, bytes.TrimSpace(said))
	}
	result := new(load.Result)
	return result, json.Unmarshal(stdout.Bytes(), result)
}

// enoughFiles raises the limit of open files for all programs, and says if it is too low for a scenario.
func enoughFiles(scenarios []scenario) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil { // what is set in this way, children inherit
		return err
	}
	for _, s := range scenarios {
		for _, n := range s.job.Counts {
			if s.job.Connections > 0 {
				continue // so many after one another
			}
			const spare = 200
			if need := uint64(2*n + spare); limit.Max < need {
				return fmt.Errorf("scenario %s needs %d open files, and ulimit -Hn allows %d", s.name, need, limit.Max)
			}
		}
	}
	return nil
}

// describe says what machine this is.
func (s *site) describe() string {
	var name unix.Utsname
	kernel := "an unknown kernel"
	if unix.Uname(&name) == nil {
		kernel = unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
	}
	where := fmt.Sprintf("the peer on processor %d, load generator and upstream on %d", s.peer[0], s.other[0])
	if len(s.all) == 1 {
		where = "all on the one processor that there is, so that the figures say little"
	}
	return fmt.Sprintf("%d × %s, %s GiB, %s, %s; %s; load average %s when it began", len(s.all), field("/proc/cpuinfo", "model name"), gibibytes(field("/proc/meminfo", "MemTotal")), kernel, runtime.Version(), where, loadAverage())
}

// field returns the first value of that name in a file of /proc.
func field(file, name string) string {
	text, err := os.ReadFile(filepath.Clean(file))
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
				return strings.TrimSpace(value)
			}
		}
	}
	return "unknown " + name
}

func gibibytes(kilobytes string) string {
	var n float64
	if _, err := fmt.Sscanf(kilobytes, "%f kB", &n); err != nil {
		return "?"
	}
	return fmt.Sprintf("%.0f", n/(1<<20))
}

// loadAverage is how many processes wanted to run in the last minute: beyond a few tenths, the figures are not this program's.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	minute, _, _ := strings.Cut(string(text), " ")
	return minute
}
