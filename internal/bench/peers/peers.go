package peers

import (
	"context"
	"os"
	"runtime"

	"github.com/headersafe/headersafe/internal/bench/wire"
)

// Reference is the name of the peer to which ratios are given.
const Reference = "ReverseProxy"

// All are the peers in the order of the tables.
var All = []Peer{
	library("headersafe", "passthrough.New: a keyring, headerpolicy.Anthropic(), the seal; no observer", thisVersion),
	library("headersafe with a record", "as above, with an observer that is given each exchange's record and keeps none", thisVersion),
	gateway,
	library("floor", "a handler on http.Transport that copies five fields and the bodies, and checks nothing", runtime.Version),
	library("ReverseProxy", "httputil.ReverseProxy with Rewrite and SetURL", runtime.Version),
	library("ReverseProxy with a pool", "the same with a BufferPool", runtime.Version),
	library("oxy", "forward.New(false)", module("github.com/vulcand/oxy/v2")),
	library("fasthttp", "fasthttp.Server and HostClient, bodies streamed both ways", module("github.com/valyala/fasthttp")),
	caddy,
	nginx,
	haproxy,
}

// library is a peer of package proxies, which this program itself becomes when it is told "proxy NAME".
func library(name, config string, version func() string) Peer {
	return Peer{
		Name: name, Config: config, debug: true,
		args: []string{"proxy", name, "$LISTEN", "$DEBUG", "http://$UPSTREAM"},
		find: func(context.Context, Options) (program, error) {
			self, err := os.Executable()
			return program{self, version()}, err
		},
	}
}

// gateway is examples/gateway as it stands. It logs a record of each exchange to standard error, and has no debug endpoint.
var gateway = Peer{
	Name:   "examples/gateway",
	Config: "as it stands: both routes, each exchange logged as text (to a file that is /dev/null here)",
	find:   buildGateway,
	prefix: "/anthropic",
	args:   []string{"-listen", "$LISTEN", "-anthropic", "http://$UPSTREAM", "-openai", "http://$UPSTREAM"},
	env:    []string{"GATEWAY_KEYS=alice=" + wire.GatewayKey, "OPENAI_UPSTREAM_KEY=sk-the-gateway-s-own-key"},
	logs:   true,
}

var nginx = Peer{
	Name: "nginx", find: packaged("nginx", "-v"), file: "nginx.conf", args: []string{"-c", "$DIR/nginx.conf", "-p", "$DIR", "-e", "stderr"},
	Config: `daemon off; master_process off; pid $DIR/nginx.pid; error_log stderr crit;
worker_rlimit_nofile 20000;
events { worker_connections 19000; }
http {
	access_log off;
	client_body_temp_path $DIR/body; proxy_temp_path $DIR/proxy; fastcgi_temp_path $DIR/f; uwsgi_temp_path $DIR/u; scgi_temp_path $DIR/s;
	keepalive_requests 1000000000;
	client_max_body_size 0;
	upstream up { server $UPSTREAM; keepalive 256; keepalive_requests 1000000000; }
	server {
		listen 127.0.0.1:$PORT backlog=4096;
		location / {
			proxy_pass http://up;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_buffering off;
			proxy_request_buffering off;
			proxy_read_timeout 5m;
		}
	}
}
`,
}

var haproxy = Peer{
	Name: "HAProxy", find: packaged("haproxy", "-v"), file: "haproxy.cfg", args: []string{"-db", "-f", "$DIR/haproxy.cfg"},
	Config: `global
	maxconn 9000
	nbthread 1
defaults
	mode http
	timeout connect 5s
	timeout client 5m
	timeout server 5m
	option abortonclose
	option http-no-delay
	http-reuse always
frontend gateway
	bind $LISTEN backlog 4096
	default_backend upstream
backend upstream
	server one $UPSTREAM
`,
}

var caddy = Peer{
	Name: "Caddy", find: buildCaddy, file: "Caddyfile", args: []string{"run", "--config", "$DIR/Caddyfile"}, debug: true,
	Config: `{
	admin $DEBUG
	persist_config off
	auto_https off
	servers {
		protocols h1
	}
}
http://127.0.0.1:$PORT, http://:$PORT {
	reverse_proxy $UPSTREAM {
		transport http {
			keepalive_idle_conns_per_host 256
		}
	}
}
`,
}
