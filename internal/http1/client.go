package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/headersafe/headersafe/internal/field"
)

// Config configures a [Client]. Every field must be set, unless it says what its zero value means.
type Config struct {
	// Scheme and Host are the origin: "https" and "api.example.com", or with a port. A request for another one is Next's.
	Scheme, Host string

	// Next serves what the client does not.
	Next http.RoundTripper

	// Dial makes a connection. One that is no [syscall.Conn] is used for one request only.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	TLS               *tls.Config   // nil means the defaults of crypto/tls
	HandshakeTimeout  time.Duration // of TLS; 0 means no bound
	MaxResponseHeader int           // in bytes, informational responses included
	MaxIdle           int           // how many connections are kept for further requests
	IdleTimeout       time.Duration // how long they are kept
}

// Client is an [http.RoundTripper]. It is safe for concurrent use.
type Client struct {
	cfg     Config
	address string // to dial; empty where nothing can be served
	tls     *tls.Config
	pool    pool

	// known is set while the origin is known to speak HTTP/1.1. Over TLS it is the server that chooses the protocol
	// (RFC 7301): until a response of Next's has shown which, Next serves.
	known atomic.Bool
}

// New returns a Client.
func New(cfg Config) *Client {
	c := &Client{cfg: cfg, address: dialAddress(cfg.Scheme, cfg.Host)}
	c.pool = pool{max: cfg.MaxIdle, timeout: cfg.IdleTimeout}
	if cfg.Scheme == "https" {
		c.tls = tlsConfig(cfg.TLS, cfg.Host)
	}
	c.known.Store(cfg.Scheme == "http")
	return c
}

// RoundTrip sends req and returns the response, whose Body must be closed.
func (c *Client) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	trace := httptrace.ContextClientTrace(ctx)
	if !c.known.Load() || !c.covers(req, trace) {
		return c.next(req)
	}
	body := req.Body
	if ctx.Err() != nil {
		closeBody(body)
		return nil, context.Cause(ctx)
	}
	if trace != nil && trace.GetConn != nil {
		trace.GetConn(c.address)
	}
	if used := c.pool.take(); used != nil {
		x := newExchange(c, used, req, body, trace)
		res, err := x.roundTrip()
		if err == nil || !x.mayRetry() {
			return res, err
		}
		again, ok := rewind(req)
		if !ok {
			return nil, err
		}
		body = again
	}
	// A fresh connection: what fails on it has not failed because the server had given up waiting.
	fresh, err := c.dial(ctx, trace)
	switch {
	case errors.Is(err, errSpeaksHTTP2):
		c.known.Store(false)
		again := *req
		again.Body = body
		return c.cfg.Next.RoundTrip(&again)
	case err != nil:
		closeBody(body)
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	return newExchange(c, fresh, req, body, trace).roundTrip()
}

// next has Next serve req, and learns from the response which protocol the server chooses.
func (c *Client) next(req *http.Request) (*http.Response, error) {
	res, err := c.cfg.Next.RoundTrip(req)
	if err == nil && !c.known.Load() && c.isOrigin(req.URL) && res.TLS != nil && res.ProtoMajor == 1 {
		c.known.Store(true)
	}
	return res, err
}

func (c *Client) isOrigin(u *url.URL) bool {
	return u != nil && u.Scheme == c.cfg.Scheme && u.Host == c.cfg.Host
}

// CloseIdleConnections closes the connections that wait for further requests, Next's too.
func (c *Client) CloseIdleConnections() {
	c.pool.closeAll()
	if next, ok := c.cfg.Next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}

// covers reports whether the client serves req. What is rare or odd is Next's, and so is what must be refused: the errors are
// then those that callers know.
func (c *Client) covers(req *http.Request, trace *httptrace.ClientTrace) bool {
	u := req.URL
	switch {
	case !reuses, c.address == "", !c.isOrigin(u), u.Opaque != "":
		return false
	case !field.ValidName(req.Method), req.Method == http.MethodConnect:
		return false
	case req.Close, req.Cancel != nil, len(req.TransferEncoding) > 0, len(req.Trailer) > 0: //nolint:staticcheck // whoever still uses Cancel
		return false
	case trace != nil && trace.WroteHeaderField != nil:
		return false
	case u.Path != "" && u.Path[0] != '/', !plainQuery(u.RawQuery), !plainHost(req.Host):
		return false
	}
	return coversBody(req) && coversHeader(req.Header)
}

func coversHeader(h http.Header) bool {
	if h == nil || h["Connection"] != nil || h["Upgrade"] != nil || h["Expect"] != nil {
		return false
	}
	for name, lines := range h {
		if !field.ValidName(name) || !field.IsCanonical(name) {
			return false
		}
		for _, line := range lines {
			if !field.ValidValue(line) {
				return false
			}
		}
	}
	return true
}

// coversBody leaves to Next what net/http looks into: a body that may turn out to be none, and a length without a body.
func coversBody(req *http.Request) bool {
	if req.Body == nil || req.Body == http.NoBody {
		return req.ContentLength == 0 || req.Body != nil
	}
	if req.ContentLength > 0 {
		return true
	}
	switch req.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return true
	}
	return false
}

// outgoingLength returns how many bytes of body the request has, -1 where that is unknown.
func outgoingLength(req *http.Request) int64 {
	switch {
	case req.Body == nil, req.Body == http.NoBody:
		return 0
	case req.ContentLength > 0:
		return req.ContentLength
	}
	return -1
}

// replayable reports whether req may be sent a second time where the server may have acted on the first: its method is
// idempotent, or its sender says that it is (RFC 9110 section 9.2.2).
func replayable(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return req.Header["Idempotency-Key"] != nil || req.Header["X-Idempotency-Key"] != nil
}

// rewind returns the body for another attempt, and whether it can be had.
func rewind(req *http.Request) (body io.ReadCloser, ok bool) {
	if outgoingLength(req) == 0 {
		return req.Body, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	return body, err == nil
}

func closeBody(body io.Closer) {
	if body != nil {
		_ = body.Close()
	}
}

// plainQuery reports whether query can stand in a request line as it is. A path can: it is escaped.
func plainQuery(query string) bool {
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// plainHost reports whether host can stand in a Host field as it is: net/http knows what to do with others. Empty means the
// URL's.
func plainHost(host string) bool {
	for i := range len(host) {
		c := host[i]
		if !isAlphanumeric(c) && strings.IndexByte("-._~:[]", c) < 0 {
			return false
		}
	}
	return true
}
