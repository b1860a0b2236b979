package peers

import (
	"net"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/bench/load"
	"github.com/headersafe/headersafe/internal/bench/proc"
	"github.com/headersafe/headersafe/internal/bench/upstream"
)

// The programs that are here start with the configuration that they are given, and do the work. (Package proxies tries
// the libraries.)
func TestPrograms(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() { _ = upstream.Serve(listener) }()
	cpus, err := proc.CPUs()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []Peer{caddy, nginx, haproxy} {
		t.Run(p.Name, func(t *testing.T) {
			ready, err := p.Find(t.Context(), Options{})
			if err != nil {
				t.Skip(err)
			}
			running, err := ready.Start(t.Context(), cpus, listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer running.Stop()
			result, err := load.Run(t.Context(), &load.Job{Kind: "check", Address: running.Address, Body: 4 << 10})
			if err != nil || result.Failed > 0 {
				t.Errorf("%v, %+v", err, result)
			}
			if debug := proc.NewDebug(running.Debug); debug != nil {
				if n, err := debug.Goroutines(); err != nil || n == 0 {
					t.Errorf("%d goroutines, %v", n, err)
				}
			}
		})
	}
}

func TestDoesNotStart(t *testing.T) {
	cpus, err := proc.CPUs()
	if err != nil {
		t.Fatal(err)
	}
	p := Ready{Peer: Peer{Name: "faulty", args: []string{"-c", "echo a mistake in line 1 >&2; exit 1"}}, path: "/bin/sh"}
	if _, err := p.Start(t.Context(), cpus, "127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "a mistake in line 1") {
		t.Errorf("%v", err)
	}
}
