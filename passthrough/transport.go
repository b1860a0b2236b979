package passthrough

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/headersafe/headersafe/internal/http1"
)

// fault is a mistake in the part of the configuration that becomes the transport.
type fault struct{ field, reason string }

// expectContinueTimeout is how long an upstream that was sent "Expect: 100-continue" may take to answer before
// the body is sent regardless (RFC 9110 section 10.1.1).
const expectContinueTimeout = time.Second

// maxResponseHeader bounds the upstream's header in bytes, informational responses and trailers included. What may
// cross of it is bounded by the policy's own limits.
const maxResponseHeader = 256 << 10

// connectionBuffer is the size in bytes of each of a connection's two buffers in the HTTP client: it holds a header as they
// usually are. A stream keeps both for as long as it is open; bodies that are larger go past them.
const connectionBuffer = 2 << 10

// Connections wait for further requests, all of them to one host.
const (
	maxIdle     = 256
	idleTimeout = 90 * time.Second
)

// settles reports whether requests wait for used connections to settle. In an HTTP client that is not ours nothing tells when
// they have.
func (u Upstream) settles() bool { return u.RoundTripper == nil && !u.H2C }

// transport returns the HTTP client for the upstream. It never follows redirects (a RoundTripper does not), adds
// no Accept-Encoding, and decodes nothing.
func (u Upstream) transport() (http.RoundTripper, []fault) {
	var faults []fault
	if u.TLS != nil && u.TLS.InsecureSkipVerify {
		faults = append(faults, fault{"Upstream.TLS", "must not set InsecureSkipVerify: put the upstream's certificate authority into RootCAs"})
	}
	if u.H2C && !strings.HasPrefix(strings.ToLower(u.URL), "http://") {
		faults = append(faults, fault{"Upstream.H2C", "needs an http URL; over https, HTTP/2 is negotiated by itself"})
	}
	if u.RoundTripper != nil {
		if u.TLS != nil || u.Proxy != nil || u.H2C {
			faults = append(faults, fault{"Upstream.RoundTripper", "replaces the HTTP client: TLS, Proxy and H2C belong to it then"})
		}
		if t, ok := u.RoundTripper.(*http.Transport); ok {
			switch {
			case t == nil:
				return nil, append(faults, fault{"Upstream.RoundTripper", "is a nil *http.Transport"})
			case t.TLSClientConfig != nil && t.TLSClientConfig.InsecureSkipVerify:
				faults = append(faults, fault{"Upstream.RoundTripper", "must not set InsecureSkipVerify: put the upstream's certificate authority into RootCAs"})
			}
			t = t.Clone()
			t.DisableCompression = true
			return t, faults
		}
		return u.RoundTripper, faults
	}

	return u.client(u.netHTTP()), faults
}

// netHTTP returns net/http's client.
func (u Upstream) netHTTP() *http.Transport {
	timeouts := u.Timeouts.withDefaults()
	dial := u.dialer().DialContext
	t := &http.Transport{
		Proxy:                  u.Proxy,
		DialContext:            dial,
		TLSHandshakeTimeout:    timeouts.TLSHandshake,
		ExpectContinueTimeout:  expectContinueTimeout,
		DisableCompression:     true, // it would add Accept-Encoding and decode what comes back
		MaxResponseHeaderBytes: maxResponseHeader,
		ReadBufferSize:         connectionBuffer,
		WriteBufferSize:        connectionBuffer,
		MaxIdleConnsPerHost:    maxIdle,
		IdleConnTimeout:        idleTimeout,
		Protocols:              new(http.Protocols),
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
	if u.TLS != nil {
		t.TLSClientConfig = u.TLS.Clone()
	}
	if u.H2C {
		t.Protocols.SetUnencryptedHTTP2(true)
	} else {
		t.DialContext = dialing(dial)
		t.Protocols.SetHTTP1(true)
		t.Protocols.SetHTTP2(true)
	}
	return t
}

func (u Upstream) dialer() *net.Dialer { return &net.Dialer{Timeout: u.Timeouts.withDefaults().Dial} }

// client decides which client serves the route: where it may be HTTP/1.1, one that works in the handler's own goroutine,
// with net/http's behind it for what it does not cover.
func (u Upstream) client(netHTTP *http.Transport) http.RoundTripper {
	base, err := url.Parse(u.URL)
	if err != nil || u.Proxy != nil || u.H2C {
		return netHTTP
	}
	return http1.New(http1.Config{
		Scheme:            base.Scheme,
		Host:              base.Host,
		Next:              netHTTP,
		Dial:              u.dialer().DialContext,
		TLS:               u.TLS,
		HandshakeTimeout:  u.Timeouts.withDefaults().TLSHandshake,
		MaxResponseHeader: maxResponseHeader,
		MaxIdle:           maxIdle,
		IdleTimeout:       idleTimeout,
	})
}
