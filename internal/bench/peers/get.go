package peers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
)

// caddyVersion is not a requirement of this module: its tests would have to build Caddy.
const caddyVersion = "v2.11.9"

func thisVersion() string { return "this version" }

// module returns the version of a module that this program was built with.
func module(path string) func() string {
	return func() string {
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, m := range info.Deps {
				if m.Path == path {
					return m.Version
				}
			}
		}
		return "unknown version"
	}
}

func buildGateway(ctx context.Context, o Options) (program, error) {
	path := filepath.Join(o.Folder, "gateway")
	return program{path, thisVersion()}, goCommand(ctx, nil, "build", "-o", path, "github.com/headersafe/headersafe/examples/gateway")
}

// buildCaddy builds Caddy into the user's cache, where internal/peers looks for it, too.
func buildCaddy(ctx context.Context, o Options) (program, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return program{}, err
	}
	folder := filepath.Join(cache, "headersafe-peers")
	path := filepath.Join(folder, "caddy-"+caddyVersion)
	if _, err := os.Stat(path); err == nil {
		return program{path, caddyVersion}, nil
	}
	if !o.Build {
		return program{}, errors.New("it is not built, and -build=false says to leave it")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return program{}, err
	}
	err = goCommand(ctx, []string{"GOBIN=" + folder, "GOFLAGS="}, "install", "github.com/caddyserver/caddy/v2/cmd/caddy@"+caddyVersion)
	if err == nil {
		err = os.Rename(filepath.Join(folder, "caddy"), path)
	}
	return program{path, caddyVersion}, err
}

func goCommand(ctx context.Context, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are those above
	cmd.Env = append(append(os.Environ(), "GOWORK=off"), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
	}
	return nil
}

var versionNumber = regexp.MustCompile(`[0-9]+(\.[0-9]+)+`)

// packaged finds a program that a Debian package of the same name brings, and asks it for its version.
func packaged(name, argument string) func(context.Context, Options) (program, error) {
	return func(ctx context.Context, o Options) (program, error) {
		path, err := exec.LookPath(name)
		if err != nil {
			if !o.Install {
				return program{}, fmt.Errorf("%s is not installed; -install has apt-get do it", name)
			}
			out, err := exec.CommandContext(ctx, "apt-get", "install", "-y", "--no-install-recommends", name).CombinedOutput() //nolint:gosec // the names are those above
			if err != nil {
				return program{}, fmt.Errorf("apt-get install %s: %w\n%s", name, err, out)
			}
			if path, err = exec.LookPath(name); err != nil {
				return program{}, err
			}
		}
		out, err := exec.CommandContext(ctx, path, argument).CombinedOutput() //nolint:gosec // found by one of the names above
		if err != nil {
			return program{}, fmt.Errorf("%s %s: %w\n%s", name, argument, err, out)
		}
		version := versionNumber.FindString(string(out))
		if version == "" {
			return program{}, fmt.Errorf("%s does not say its version: %s", name, strings.TrimSpace(string(out)))
		}
		return program{path, version}, nil
	}
}
