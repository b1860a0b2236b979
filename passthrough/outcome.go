package passthrough

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/headersafe/headersafe/internal/denial"
	"github.com/headersafe/headersafe/internal/http1"
)

// Outcome says how an exchange ended.
type Outcome uint8

// The outcomes. Those that are told to a client that can still be told have a status.
const (
	NotForwarded      Outcome = iota // something before the forwarder answered, and left no denial
	Denied                           // a stage refused the request
	Forwarded                        // the response was relayed to its end, whatever its status
	Upgraded                         // a WebSocket was opened, and has closed
	ClientClosed                     // the client left first (499)
	UpstreamRefused                  // no connection to the upstream (502)
	UpstreamMalformed                // what the upstream sent is not an HTTP response, or not one that may be relayed (502)
	UpstreamClosed                   // the upstream closed before it sent a response header (502)
	UpstreamTimeout                  // no response header in time (504)
	Truncated                        // the upstream broke off in the middle of its response; so was ours
	IdleTimeout                      // no byte moved for too long (408 where the client's next byte was waited for, else 504)
	ExchangeTimeout                  // the whole took too long (504)
	ClientFault                      // the request's own body was malformed (400)
	BodyTooLarge                     // the request's body went over a bound set around the route (413)
	SealedBody                       // the gateway's credential stood in the request's body or trailers (400)
)

var outcomeNames = [...]string{"not-forwarded", "denied", "forwarded", "upgraded", "client-closed", "upstream-refused",
	"upstream-malformed", "upstream-closed", "upstream-timeout", "truncated", "idle-timeout", "exchange-timeout", "client-fault",
	"body-too-large", "sealed"}

// String returns the outcome in lower case, with hyphens.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// MarshalText returns [Outcome.String].
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// StatusClientClosed is the status in the record of an exchange that the client left before it was answered.
// It is never sent: there is nobody to send it to.
const StatusClientClosed = 499

// failure is an exchange that ended without a complete response. Detail is from a fixed vocabulary: the text of
// an error can hold what an upstream sent, and with it a credential.
type failure struct {
	Outcome Outcome
	Detail  string
}

// denial returns what the client is told, where it can still be told anything.
func (f *failure) denial() denial.Denial {
	d := denial.Denial{Status: http.StatusBadGateway, Code: f.Outcome.String(), Detail: f.Detail}
	switch f.Outcome {
	case ClientClosed:
		d.Status, d.Message = StatusClientClosed, "The client closed the request."
	case UpstreamTimeout, ExchangeTimeout, IdleTimeout:
		d.Status, d.Message = http.StatusGatewayTimeout, "The upstream did not answer in time."
	case ClientFault:
		d.Status, d.Message = http.StatusBadRequest, "The request's body is malformed."
	case BodyTooLarge:
		d.Status, d.Message = http.StatusRequestEntityTooLarge, "The request's body is too large."
	case SealedBody:
		d.Status, d.Message = http.StatusBadRequest, sealedMessage
	case UpstreamMalformed:
		d.Message = "The upstream's response could not be relayed."
	default:
		d.Message = "The upstream could not be reached."
	}
	return d
}

// classify gives a failed exchange its outcome. cause is why our own context for the upstream ended, nil if it did
// not; client is the error of the client's context.
func classify(err, cause, client error) *failure {
	switch {
	case errors.Is(cause, errExchangeTimeout):
		return &failure{ExchangeTimeout, "the bound on the whole exchange"}
	case errors.Is(cause, errIdleTimeout):
		return &failure{IdleTimeout, "the bound on idle time"}
	case errors.Is(cause, errResponseHeaderTimeout):
		return &failure{UpstreamTimeout, "the bound on the response header"}
	case errors.Is(cause, errShutdown):
		return &failure{ClientClosed, "the gateway is shutting down"}
	case errors.Is(client, context.DeadlineExceeded):
		return &failure{ExchangeTimeout, "a deadline set around the route"}
	case client != nil:
		return &failure{ClientClosed, "the client's context ended"}
	}
	return &failure{outcomeOf(err), describe(err)}
}

func outcomeOf(err error) Outcome {
	if _, ok := errors.AsType[*http1.MalformedError](err); ok {
		return UpstreamMalformed
	}
	var timeout net.Error
	switch op, isOp := errors.AsType[*net.OpError](err); {
	case errors.As(err, &timeout) && timeout.Timeout():
		return UpstreamTimeout
	case isOp && op.Op == "dial", isTLS(err):
		return UpstreamRefused
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isNetwork(err):
		return UpstreamClosed
	}
	for _, word := range []string{"malformed", "Content-Length", "invalid", "unsupported"} { // net/http has no types for these
		if strings.Contains(err.Error(), word) {
			return UpstreamMalformed
		}
	}
	return UpstreamClosed
}

func isNetwork(err error) bool {
	_, ok := errors.AsType[*net.OpError](err)
	return ok || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed)
}

func isTLS(err error) bool {
	var record tls.RecordHeaderError
	var verification *tls.CertificateVerificationError
	var alert tls.AlertError
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "local error" || op.Op == "remote error") {
		return true // an alert over TCP, which has no exported type
	}
	return errors.As(err, &record) || errors.As(err, &verification) || errors.As(err, &alert)
}

// describe says what err is in words of our own.
func describe(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error() // the operating system's text: "connection refused"
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "the upstream's name was not resolved"
	}
	if refused, ok := errors.AsType[*http1.MalformedError](err); ok {
		return string(refused.Reason)
	}
	switch {
	case isTLS(err):
		return "the TLS handshake failed"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "a deadline passed"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection closed early"
	}
	return outcomeOf(err).String()
}
