// Command gateway is headersafe's founding case as a program: a team's gateway before Anthropic's and OpenAI's APIs.
//
//	go run ./examples/gateway
//
// starts it on loopback, in front of an embedded upstream that speaks enough of both APIs to try it without a
// network or an account. It prints a key, a curl line to paste and the environment for Claude Code, and then one
// exchange record a request. Ctrl-C drains and stops it.
//
// Callers prove themselves with a key of the gateway's: in X-Gateway-Key (bare or after "Bearer "), or for OpenAI as
// Authorization: Bearer as well. /anthropic/… forwards the caller's own Authorization or X-Api-Key, exactly one of
// them; /openai/… replaces Authorization by the gateway's own key.
//
// Environment:
//
//	GATEWAY_KEYS         the callers' keys: "alice=KEY1,bob=KEY2"; without it there is a demo key, but only
//	                     while both upstreams are the embedded one
//	OPENAI_UPSTREAM_KEY  the gateway's own key at OpenAI; needed with -openai
//
// Guards read the requests of both routes if any of these is given: -block REGEXP (repeatable), -max-body BYTES, or in
// the environment:
//
//	LAKERA_API_KEY         asks Lakera Guard; LAKERA_BASE_URL says where, if not at api.lakera.ai
//	OPENAI_MODERATION_KEY  asks OpenAI's moderation; OPENAI_MODERATION_BASE_URL says where, if not at api.openai.com/v1
//
// Answers are read, too, with -block-response REGEXP (repeatable) and -response-mode: "hold" releases nothing of a stream before
// all of it has been read, "window" releases each event as soon as its text has been read with what surrounds it, "observe"
// only notes in the record what matched.
//
// A guarded route forwards the endpoints that the presets of package guardrail know, and refuses images and other parts
// that no guard can read.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}

// drainTime is how long exchanges that are under way may go on after Ctrl-C.
const drainTime = 30 * time.Second

// run serves until ctx is done, and then drains.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	opts, err := parse(args, getenv, stderr)
	if err != nil {
		return err
	}
	logger := opts.logger(stderr)

	embedded := opts.embed()
	defer embedded.close()
	gateway, err := opts.gateway(logger)
	if err != nil {
		return err
	}

	listener, err := net.Listen("tcp", opts.listen)
	if err != nil {
		return err
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // behind a TLS terminator that speaks HTTP/2 to us
	server := &http.Server{
		Handler:           gateway,
		Protocols:         protocols,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
	opts.explain(stderr, "http://"+listener.Addr().String())

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	fmt.Fprintln(stderr, "draining; interrupt again to stop at once")
	return drain(server, gateway)
}

// drain waits for what is under way: the server for its exchanges, the routes for their WebSockets.
func drain(server *http.Server, gateway *gateway) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()

	var wg sync.WaitGroup
	var tunnels error
	wg.Go(func() { tunnels = gateway.shutdown(ctx) })
	err := errors.Join(server.Shutdown(ctx), server.Close())
	wg.Wait()
	return errors.Join(err, tunnels)
}
