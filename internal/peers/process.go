package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// process is a peer that is a program: it is given files with $PORT, $UPSTREAM, $KEY and $DIR filled in.
type process struct {
	name    string
	find    func(ctx context.Context, o options) (path string, err error)
	version func(ctx context.Context, path string) (string, error)
	file    string // its configuration's name
	how     string
	config  string
	args    []string
	terms   terms
}

func (p process) peer() peer {
	return peer{name: p.name, file: "programs.go", how: p.how, config: p.config, start: p.start}
}

func (p process) start(ctx context.Context, o options) (*running, error) {
	path, err := p.find(ctx, o)
	if err != nil {
		return nil, err
	}
	version, err := p.version(ctx, path)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "peers-")
	if err != nil {
		return nil, err
	}
	gateway, upstream, err := twoPorts()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(gateway)
	fill := strings.NewReplacer("$PORT", port, "$UPSTREAM", upstream, "$KEY", key, "$DIR", dir)
	if err := os.WriteFile(filepath.Join(dir, p.file), []byte(fill.Replace(p.config)), 0o600); err != nil {
		return nil, err
	}
	args := make([]string, len(p.args))
	for i, arg := range p.args {
		args[i] = fill.Replace(arg)
	}
	output, err := os.Create(filepath.Join(dir, "output")) //nolint:gosec // in a folder of our own
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // to run programs is what this is for
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, output, output
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop := func() {
		_ = cmd.Process.Kill()
		<-ended //nolint:errcheck // it was killed
		_ = output.Close()
		_ = os.RemoveAll(dir)
	}
	if err := reachable(ctx, gateway, ended); err != nil {
		said, _ := os.ReadFile(output.Name()) // it helps, if it is there
		_ = cmd.Process.Kill()
		return nil, fmt.Errorf("%s does not start: %w\n%s", p.name, err, said)
	}
	target := p.terms.job()
	target.URL, target.Listen = "http://"+gateway, upstream
	return &running{version: version, target: target, stop: stop}, nil
}

// twoPorts returns two addresses that are free now.
func twoPorts() (one, other string, err error) {
	a, errA := net.Listen("tcp", "127.0.0.1:0")
	b, errB := net.Listen("tcp", "127.0.0.1:0")
	if err := errors.Join(errA, errB); err != nil {
		return "", "", err
	}
	defer func() { _, _ = a.Close(), b.Close() }()
	return a.Addr().String(), b.Addr().String(), nil
}

// reachable waits until something listens at addr.
func reachable(ctx context.Context, addr string, ended chan error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		if conn, err := net.Dial("tcp", addr); err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case err := <-ended:
			ended <- err
			return fmt.Errorf("it ended: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.New("nothing listens after ten seconds")
}

// packaged finds a program that a Debian package of the same name brings.
func packaged(name string) func(context.Context, options) (string, error) {
	return func(ctx context.Context, o options) (string, error) {
		path, err := exec.LookPath(name)
		if err != nil && o.install {
			cmd := exec.CommandContext(ctx, "apt-get", "install", "-y", "--no-install-recommends", name) //nolint:gosec // a constant below
			if out, err := cmd.CombinedOutput(); err != nil {
				return "", fmt.Errorf("apt-get install %s: %w\n%s", name, err, out)
			}
			path, err = exec.LookPath(name)
		}
		if err != nil {
			return "", fmt.Errorf("%s is not installed; -install has apt-get do it", name)
		}
		return path, nil
	}
}

// debian returns the version of a Debian package, whose revision says which later corrections it has; and where the
// program is from elsewhere, what it says of itself.
func debian(name string) func(context.Context, string) (string, error) {
	return func(ctx context.Context, path string) (string, error) {
		if out, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${Version}", name).Output(); err == nil { //nolint:gosec // a constant below
			return strings.TrimSpace(string(out)), nil
		}
		return says(ctx, path)
	}
}

var versionNumber = regexp.MustCompile(`[0-9]+(\.[0-9]+)+`)

// says returns what a program says about its version.
func says(ctx context.Context, path string) (string, error) {
	out, err := exec.CommandContext(ctx, path, "-v").CombinedOutput()
	if err != nil {
		return "", err
	}
	if version := versionNumber.Find(out); version != nil {
		return string(version), nil
	}
	return "", fmt.Errorf("%s does not say its version", path)
}
