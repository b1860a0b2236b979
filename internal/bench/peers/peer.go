// Package peers knows the proxies that are compared: how to get each, how to tell it its work, and how to start it.
//
// The work is the same for all: relay what comes to an upstream on loopback, keep connections alive on both sides, stream
// both ways. headersafe and the example gateway also ask for a key, forward named fields alone, seal and record; the
// others forward whatever they are given. Nobody logs, except for the example gateway, which always does.
package peers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/headersafe/headersafe/internal/bench/proc"
)

// Options say what may be done to get a peer.
type Options struct {
	Install bool   // nginx and HAProxy, with apt-get
	Build   bool   // Caddy, which takes minutes
	Folder  string // for what is built for this run
}

// Peer is a proxy. In its configuration, arguments and environment $LISTEN, $PORT, $DEBUG, $UPSTREAM and $DIR stand for
// what it is given when it starts.
type Peer struct {
	Name   string
	Config string // what it is told, to be shown

	find   func(context.Context, Options) (program, error)
	file   string // the name that Config has in $DIR, if it is a file
	args   []string
	env    []string
	prefix string // comes before the path
	debug  bool   // it has a debug endpoint
	logs   bool   // it writes much to standard error, which nobody wants
}

// program is an executable and its version.
type program struct{ path, version string }

// Ready is a peer whose program is there.
type Ready struct {
	Peer
	Version string
	path    string
}

// Find gets the peer's program. The error says why it cannot be had.
func (p Peer) Find(ctx context.Context, o Options) (*Ready, error) {
	found, err := p.find(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Ready{Peer: p, Version: found.version, path: found.path}, nil
}

// Running is a peer that accepts connections.
type Running struct {
	Address string
	Prefix  string
	PID     int
	Debug   string // the address of its debug endpoint, or empty

	process *proc.Process
	dir     string
}

// Start starts the peer on some processors, in front of an upstream.
func (r *Ready) Start(ctx context.Context, cpus []int, upstream string) (*Running, error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	running, err := r.start(ctx, cpus, upstream, dir)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("%s: %w", r.Name, err)
	}
	return running, nil
}

func (r *Ready) start(ctx context.Context, cpus []int, upstream, dir string) (*Running, error) {
	listen, errListen := FreeAddress()
	debug, errDebug := FreeAddress()
	said := filepath.Join(dir, "stderr")
	if r.logs {
		said = os.DevNull
	}
	stderr, errFile := os.Create(said) //nolint:gosec // in a folder of our own
	if err := errors.Join(errListen, errDebug, errFile); err != nil {
		return nil, err
	}
	defer func() { _ = stderr.Close() }()
	_, port, _ := net.SplitHostPort(listen)
	fill := strings.NewReplacer("$LISTEN", listen, "$PORT", port, "$DEBUG", debug, "$UPSTREAM", upstream, "$DIR", dir)
	if r.file != "" {
		if err := os.WriteFile(filepath.Join(dir, r.file), []byte(fill.Replace(r.Config)), 0o600); err != nil {
			return nil, err
		}
	}
	spec := proc.Spec{Path: r.path, Dir: dir, CPUs: cpus, Stderr: stderr}
	for _, arg := range r.args {
		spec.Args = append(spec.Args, fill.Replace(arg))
	}
	for _, variable := range append([]string{"HOME=$DIR", "XDG_CONFIG_HOME=$DIR", "XDG_DATA_HOME=$DIR"}, r.env...) {
		spec.Env = append(spec.Env, fill.Replace(variable))
	}
	process, err := proc.Start(ctx, spec)
	if err != nil {
		return nil, err
	}
	running := &Running{Address: listen, Prefix: r.prefix, PID: process.PID, process: process, dir: dir}
	if r.debug {
		running.Debug = debug
	}
	for _, address := range []string{listen, running.Debug} {
		if err := Reachable(ctx, address, process.Ended()); err != nil {
			process.Stop()
			text, _ := os.ReadFile(said) //nolint:gosec // it helps, if it is there
			return nil, fmt.Errorf("does not start: %w\n%s", err, text)
		}
	}
	return running, nil
}

// Stop kills the peer and removes its files.
func (r *Running) Stop() {
	r.process.Stop()
	_ = os.RemoveAll(r.dir)
}

// FreeAddress returns an address on loopback on which nobody listens. Its port is below those that the system gives to
// clients (32768 and up), of which there are thousands in a measurement.
func FreeAddress() (string, error) {
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(16_000+rand.IntN(16_000)))
		if listener, err := net.Listen("tcp", address); err == nil {
			return address, listener.Close()
		}
	}
	return "", errors.New("no free port found")
}

// Reachable waits until somebody listens at an address, unless the process that is to has ended.
func Reachable(ctx context.Context, address string, ended <-chan struct{}) error {
	if address == "" {
		return nil
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 2000 {
		if conn, err := net.Dial("tcp", address); err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-ended:
			return errors.New("it ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.New("nobody listens after twenty seconds")
}
