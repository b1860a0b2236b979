package http1

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
)

// dialAddress returns the address of an origin, empty where it is not one that the client serves: a host that is not in ASCII
// is Next's to translate.
func dialAddress(scheme, host string) string {
	port, ok := map[string]string{"http": "80", "https": "443"}[scheme]
	u := url.URL{Host: host}
	if !ok || u.Hostname() == "" || !plainHost(host) {
		return ""
	}
	if u.Port() != "" {
		port = u.Port()
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// tlsConfig returns the configuration for connections to host. It offers HTTP/2, as net/http does, so that a server that
// prefers it is noticed.
func tlsConfig(from *tls.Config, host string) *tls.Config {
	cfg := from.Clone()
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if cfg.ServerName == "" {
		cfg.ServerName = (&url.URL{Host: host}).Hostname()
	}
	for _, protocol := range []string{"h2", "http/1.1"} {
		if !slices.Contains(cfg.NextProtos, protocol) {
			cfg.NextProtos = append(slices.Clip(cfg.NextProtos), protocol)
		}
	}
	return cfg
}

// dial makes a connection on which HTTP/1.1 is spoken. To look up a name, connect, and shake hands takes more of a stack than
// all the rest; a stream would keep it while it is open. So another goroutine does it.
func (c *Client) dial(ctx context.Context, trace *httptrace.ClientTrace) (made *conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		made, err = c.connect(ctx, trace)
	}()
	<-done
	return made, err
}

func (c *Client) connect(ctx context.Context, trace *httptrace.ClientTrace) (*conn, error) {
	under, err := c.cfg.Dial(ctx, "tcp", c.address)
	if err != nil {
		return nil, err
	}
	made := newConn(under)
	if c.tls == nil {
		return made, nil
	}
	made.gate = &gate{Conn: under}
	secured := tls.Client(made.gate, c.tls)
	if err := c.handshake(ctx, secured, trace); err != nil {
		_ = under.Close()
		return nil, err
	}
	state := secured.ConnectionState()
	if p := state.NegotiatedProtocol; p != "" && !strings.EqualFold(p, "http/1.1") {
		_ = secured.Close()
		return nil, errSpeaksHTTP2
	}
	made.Conn, made.state = secured, &state
	return made, nil
}

func (c *Client) handshake(ctx context.Context, secured *tls.Conn, trace *httptrace.ClientTrace) error {
	if c.cfg.HandshakeTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.cfg.HandshakeTimeout)
		defer cancel()
	}
	if trace != nil && trace.TLSHandshakeStart != nil {
		trace.TLSHandshakeStart()
	}
	err := secured.HandshakeContext(ctx)
	if trace != nil && trace.TLSHandshakeDone != nil {
		trace.TLSHandshakeDone(secured.ConnectionState(), err)
	}
	return err
}
