package guardhttp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
)

// Error says why there is no answer. It holds nothing that the service sent but the status.
type Error struct {
	Service  string
	Reason   string // "replied 401: the key is not accepted"
	Status   int    // of the reply; 0 if there was none
	Attempts int
	cause    error // a context's error, or nil
}

// Error returns all of it in one line.
func (e *Error) Error() string {
	if e.Attempts > 1 {
		return fmt.Sprintf("%s: %s (%d attempts)", e.Service, e.Reason, e.Attempts)
	}
	return e.Service + ": " + e.Reason
}

// Unwrap returns [context.DeadlineExceeded] or [context.Canceled] where that was the cause. Other causes are kept back:
// net/http's errors can quote what a server sent.
func (e *Error) Unwrap() error { return e.cause }

// unanswered returns the error for an attempt that brought no whole reply, and whether another attempt could do better.
func unanswered(ctx context.Context, err error) (failure *Error, again bool) {
	if ctxErr := ctx.Err(); ctxErr != nil {
		return outOfTime(ctxErr), false
	}
	var (
		network     net.Error
		dns         *net.DNSError
		op          *net.OpError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &certificate):
		return &Error{Reason: "its certificate was not accepted"}, false
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return &Error{Reason: "an attempt timed out"}, true
	case errors.As(err, &dns):
		return &Error{Reason: "its host name could not be resolved"}, true
	case errors.As(err, &op) && op.Op == "dial":
		return &Error{Reason: "no connection could be made"}, true
	}
	return &Error{Reason: "the connection broke, or spoke no HTTP"}, true
}

func outOfTime(cause error) *Error {
	if errors.Is(cause, context.DeadlineExceeded) {
		return &Error{Reason: "no answer within the deadline", cause: context.DeadlineExceeded}
	}
	return &Error{Reason: "the question was withdrawn", cause: context.Canceled}
}

// refused returns the error for a reply that is not 200.
func refused(status int) *Error {
	why := "not an answer"
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		why = "the key is not accepted"
	case status == http.StatusTooManyRequests:
		why = "asked too often"
	case status == http.StatusRequestEntityTooLarge:
		why = "the texts are too large for it"
	case status >= 300 && status < 400:
		why = "a redirect, which is not followed"
	case status >= 400 && status < 500:
		why = "the question is not accepted"
	case status >= 500:
		why = "in trouble"
	}
	return &Error{Reason: fmt.Sprintf("replied %d: %s", status, why), Status: status}
}
