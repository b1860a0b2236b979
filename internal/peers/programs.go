package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The versions that are built. They are not this module's requirements: its tests would have to build them.
const (
	caddyVersion   = "v2.11.9"
	traefikVersion = "v3.7.13"
)

var nginxTerms = terms{
	// The documentation on WebSockets: a 101 from the upstream opens a tunnel if the client asked for any upgrade.
	documented: []string{"M2-h2c-agreed-to", "S4-other-protocol"},
	// underscores_in_headers, ignore_invalid_headers and proxy_hide_header, with the values that they have by default.
	promised: []string{
		"R13-api_key", "R13-content_length", "R13-gateway-dot-key", "R13-gateway_key", "R13-gateway_key-holds-the-key", "R13-x-api_key",
		"R13-x-dot-api-dot-key", "R13-x_api_key", "R13-x_forwarded_for", "S5-server",
	},
}

var nginx = process{
	name: "nginx", find: packaged("nginx"), version: debian("nginx"), file: "nginx.conf", args: []string{"-c", "$DIR/nginx.conf", "-p", "$DIR", "-e", "stderr"},
	terms: nginxTerms, how: "`map` on the key, `location /v1/`, `proxy_set_header`, no buffering",
	config: `daemon off; master_process off; pid $DIR/nginx.pid; error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path $DIR/body; proxy_temp_path $DIR/proxy; fastcgi_temp_path $DIR/f; uwsgi_temp_path $DIR/u; scgi_temp_path $DIR/s;
	map $http_x_gateway_key $known { default 0; "~^$KEY$" 1; }
	map $http_upgrade $connection_upgrade { default upgrade; "" close; }
	proxy_http_version 1.1;
	proxy_buffering off;
	proxy_request_buffering off;
	server {
		listen 127.0.0.1:$PORT;
		location /v1/ {
			if ($known = 0) { return 401; }
			proxy_pass http://$UPSTREAM;
			proxy_set_header X-Gateway-Key "";
			proxy_set_header X-Forwarded-For $remote_addr;
			proxy_set_header X-Forwarded-Proto $scheme;
			proxy_set_header X-Forwarded-Host $host;
		}
		location = /v1/realtime {
			if ($known = 0) { return 401; }
			proxy_pass http://$UPSTREAM;
			proxy_set_header X-Gateway-Key "";
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection $connection_upgrade;
			proxy_set_header X-Forwarded-For $remote_addr;
			proxy_set_header X-Forwarded-Proto $scheme;
			proxy_set_header X-Forwarded-Host $host;
		}
	}
}
`,
}.peer()

var haproxyTerms = terms{
	// Configuration manual, section 1.3: a status 101 switches to tunnel mode, as a CONNECT does.
	documented: []string{"M2-h2c-agreed-to", "S4-other-protocol"},
	// The normalizers that are configured here.
	promised: []string{"U3-dot-segment-at-the-end", "U3-empty-segment", "U3-single-dot", "U5-in-the-path"},
}

var haproxy = process{
	name: "HAProxy", find: packaged("haproxy"), version: debian("haproxy"), file: "haproxy.cfg", args: []string{"-db", "-f", "$DIR/haproxy.cfg"},
	terms: haproxyTerms, how: "`http-request deny` and `del-header`, its normalizers of paths, `option abortonclose`",
	config: `global
	expose-experimental-directives
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
	timeout tunnel 60s
	option abortonclose
frontend gateway
	bind 127.0.0.1:$PORT
	http-request normalize-uri fragment-strip
	http-request normalize-uri percent-decode-unreserved strict
	http-request normalize-uri path-merge-slashes
	http-request normalize-uri path-strip-dot
	http-request normalize-uri path-strip-dotdot full
	http-request deny deny_status 401 unless { req.hdr(X-Gateway-Key) -m str $KEY }
	http-request deny deny_status 404 unless { path_beg /v1/ }
	http-request del-header X-Gateway-Key
	http-request del-header X-Forwarded- -m beg
	option forwardfor
	default_backend upstream
backend upstream
	server one $UPSTREAM
`,
}.peer()

// The documentation of reverse_proxy, under Defaults, and of the server option enable_full_duplex.
var caddyTerms = terms{documented: []string{"S6-accept-encoding-added", "S6-not-decoded-unasked", "T5-early-reply"}}

var caddy = process{
	name: "Caddy", find: built("caddy-"+caddyVersion, buildCaddy), version: fixed(caddyVersion), file: "Caddyfile", args: []string{"run", "--config", "$DIR/Caddyfile"},
	terms: caddyTerms, how: "matchers on the key and `/v1/*`, `reverse_proxy` with `header_up -X-Gateway-Key`",
	config: `{
	admin off
	auto_https off
	servers {
		protocols h1 h2c
	}
}
http://127.0.0.1:$PORT, http://:$PORT {
	@known {
		header X-Gateway-Key $KEY
		path /v1/*
	}
	handle @known {
		reverse_proxy $UPSTREAM {
			header_up -X-Gateway-Key
		}
	}
	respond 401
}
`,
}.peer()

var traefik = process{
	name: "Traefik", find: built("traefik-"+traefikVersion, buildTraefik), version: fixed(traefikVersion), file: "dynamic.yml",
	how:  "a router's rule on the key and `/v1/`, the headers middleware",
	args: []string{"--entrypoints.web.address=127.0.0.1:$PORT", "--providers.file.filename=$DIR/dynamic.yml", "--log.level=ERROR"},
	config: `http:
  routers:
    gateway:
      rule: "PathPrefix(` + "`/v1/`" + `) && Header(` + "`X-Gateway-Key`, `$KEY`" + `)"
      middlewares: [strip]
      service: upstream
  middlewares:
    strip:
      headers:
        customRequestHeaders:
          X-Gateway-Key: ""
  services:
    upstream:
      loadBalancer:
        servers: [{url: "http://$UPSTREAM"}]
`,
}.peer()

// fixed is the version that was built.
func fixed(version string) func(context.Context, string) (string, error) {
	return func(context.Context, string) (string, error) { return version, nil }
}

// built finds a program that was built before, or builds it.
func built(name string, build func(ctx context.Context, folder string) error) func(context.Context, options) (string, error) {
	return func(ctx context.Context, o options) (string, error) {
		folder := o.bin
		if folder == "" {
			cache, err := os.UserCacheDir()
			if err != nil {
				return "", err
			}
			folder = filepath.Join(cache, "headersafe-peers")
		}
		folder, err := filepath.Abs(folder)
		if err != nil {
			return "", err
		}
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		if !o.build {
			return "", errors.New("it is not built, and -build=false says to leave it")
		}
		if err := errors.Join(os.MkdirAll(folder, 0o700), build(ctx, folder)); err != nil {
			return "", fmt.Errorf("it cannot be built: %w", err)
		}
		return path, nil
	}
}

func buildCaddy(ctx context.Context, folder string) error {
	if err := goCommand(ctx, folder, []string{"GOBIN=" + folder}, "install", "github.com/caddyserver/caddy/v2/cmd/caddy@"+caddyVersion); err != nil {
		return err
	}
	return os.Rename(filepath.Join(folder, "caddy"), filepath.Join(folder, "caddy-"+caddyVersion))
}

// buildTraefik builds a copy of the module's source: its go.mod replaces modules, which "go install" does not take
// from a module that is not the main one.
func buildTraefik(ctx context.Context, folder string) error {
	source := filepath.Join(folder, "traefik-source")
	const module = "github.com/traefik/traefik/v3@" + traefikVersion
	if err := goCommand(ctx, folder, nil, "mod", "download", module); err != nil {
		return err
	}
	cache, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE").Output()
	if err != nil {
		return err
	}
	if err := os.CopyFS(source, os.DirFS(filepath.Join(strings.TrimSpace(string(cache)), filepath.FromSlash(module)))); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(source) }()
	static := filepath.Join(source, "webui", "static") // embedded, and made by the web interface's own build
	if err := errors.Join(os.MkdirAll(static, 0o700), os.WriteFile(filepath.Join(static, "index.html"), nil, 0o600)); err != nil {
		return err
	}
	return goCommand(ctx, source, []string{"CGO_ENABLED=0"}, "build", "-o", filepath.Join(folder, "traefik-"+traefikVersion), "./cmd/traefik")
}

// refused is how the go command tells that a module proxy does not have a module's source.
var refused = regexp.MustCompile(`(\S+@v\S+): reading \S+: (\d{3} [^\n]+)`)

func goCommand(ctx context.Context, dir string, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // constants above
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), "GOWORK=off", "GOFLAGS="), env...)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if m := refused.FindAllSubmatch(out, -1); m != nil {
		modules := map[string]bool{}
		for _, each := range m {
			modules[string(each[1])] = true
		}
		return fmt.Errorf("the module proxy does not give %d of the modules that it needs (%s)\n%s", len(modules), m[0][2], strings.Join(slices.Sorted(maps.Keys(modules)), "\n"))
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return fmt.Errorf("go %s: %w: %s\n%s", args[0], err, strings.TrimSpace(lines[len(lines)-1]), out) // the last line says it best
}
