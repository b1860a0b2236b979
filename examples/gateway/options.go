package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/headersafe/headersafe/examples/internal/fakeupstream"
	"github.com/headersafe/headersafe/guardrail"
)

// The keys of a gateway that was told none. They open nothing but the embedded upstream.
const (
	demoCaller      = "demo"
	demoKey         = "demo-gateway-key"
	demoUpstreamKey = "sk-demo-upstream-key"
)

// options is what the flags and the environment say.
type options struct {
	listen      string
	anthropic   string // URL; empty until the embedded upstream is there
	openai      string
	log         string
	keys        string // as GATEWAY_KEYS has them
	upstreamKey string // the gateway's own, at OpenAI
	demo        bool   // no keys were given
	guardOptions
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (*options, error) {
	var o options
	flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "the `address` to listen on; port 0 for any")
	flags.StringVar(&o.anthropic, "anthropic", "", "the `URL` of the Anthropic upstream (default: an embedded one)")
	flags.StringVar(&o.openai, "openai", "", "the `URL` of the OpenAI upstream (default: an embedded one)")
	flags.Func("block", "refuse requests in which this `REGEXP` matches; may be repeated", func(expr string) error {
		o.block = append(o.block, expr)
		return nil
	})
	flags.Func("block-response", "refuse answers in which this `REGEXP` matches; may be repeated, and needs -response-mode", func(expr string) error {
		o.blockResponse = append(o.blockResponse, expr)
		return nil
	})
	flags.Func("response-mode", "when streamed answers are released: `hold`, window or observe", o.setResponseMode)
	flags.Int64Var(&o.maxBody, "max-body", 0, "refuse requests with more than so many `BYTES` of body")
	flags.StringVar(&o.log, "log", "text", "the form of the exchange records: text or json")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	if o.log != "text" && o.log != "json" {
		return nil, fmt.Errorf("-log %q: must be text or json", o.log)
	}
	if o.maxBody < 0 {
		return nil, fmt.Errorf("-max-body %d: must not be negative", o.maxBody)
	}
	if (len(o.blockResponse) > 0) != (o.responseMode != guardrail.Block) {
		return nil, errors.New("-block-response and -response-mode go together: what to look for, and whether to hold what is streamed meanwhile")
	}
	o.keys, o.upstreamKey = getenv("GATEWAY_KEYS"), getenv("OPENAI_UPSTREAM_KEY")
	o.lakeraKey, o.lakeraURL = getenv("LAKERA_API_KEY"), getenv("LAKERA_BASE_URL")
	o.moderationKey, o.moderationURL = getenv("OPENAI_MODERATION_KEY"), getenv("OPENAI_MODERATION_BASE_URL")
	if o.keys == "" {
		if o.anthropic != "" || o.openai != "" {
			return nil, errors.New(`GATEWAY_KEYS is empty: a real upstream needs keys, such as GATEWAY_KEYS="alice=KEY1,bob=KEY2"`)
		}
		o.demo, o.keys = true, demoCaller+"="+demoKey
	}
	if o.upstreamKey == "" {
		if o.openai != "" {
			return nil, errors.New("OPENAI_UPSTREAM_KEY is empty: it is the key that the gateway sends to the OpenAI upstream")
		}
		o.upstreamKey = demoUpstreamKey
	}
	return &o, nil
}

func (o *options) logger(w io.Writer) *slog.Logger {
	if o.log == "json" {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

// embedded holds the upstreams that run inside this process.
type embedded []*httptest.Server

// embed starts an embedded upstream for each URL that was not given.
func (o *options) embed() embedded {
	var servers embedded
	start := func(url *string, handler http.Handler) {
		if *url == "" {
			server := httptest.NewServer(handler) // loopback, a free port
			*url, servers = server.URL, append(servers, server)
		}
	}
	start(&o.anthropic, fakeupstream.Anthropic())
	start(&o.openai, fakeupstream.OpenAI())
	return servers
}

func (e embedded) close() {
	for _, server := range e {
		server.CloseClientConnections()
		server.Close()
	}
}

// explain says how to try the gateway.
func (o *options) explain(w io.Writer, base string) {
	key := "YOUR-KEY"
	if o.demo {
		key = demoKey
		fmt.Fprintf(w, "the demo key is %s (set GATEWAY_KEYS for real ones)\n", demoKey)
	}
	fmt.Fprintf(w, `/anthropic/ forwards to %s
/openai/    forwards to %s

try it:

  curl -N %s/anthropic/v1/messages \
    -H 'X-Gateway-Key: %s' -H 'Authorization: Bearer sk-ant-oat01-my-own-token' \
    -H 'Anthropic-Version: 2023-06-01' -H 'Content-Type: application/json' \
    -d '{"model":"claude","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"hello"}]}'

Claude Code:

  ANTHROPIC_BASE_URL=%s/anthropic \
  ANTHROPIC_CUSTOM_HEADERS='X-Gateway-Key: %s' \
  ANTHROPIC_AUTH_TOKEN=sk-ant-oat01-my-own-token claude

`, o.anthropic, o.openai, base, key, base, key)
}

// keyLines turns GATEWAY_KEYS into the lines that auth.ParseKeys reads.
func keyLines(keys string) io.Reader {
	return strings.NewReader(strings.ReplaceAll(keys, ",", "\n"))
}
