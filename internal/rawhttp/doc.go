// Package rawhttp is a test kit that speaks HTTP without an HTTP implementation of its own opinion: what
// a test writes goes on the wire as it stands, and what arrives is kept line by line. net/http would
// canonicalise names, join or refuse repeats, hide 1xx responses and repair framing; the faults that the
// tests of this module are about live exactly there.
//
// It has four ends, all on TCP without TLS, all bound to the life of a test or of what stands in for one (see [T]):
//
//   - [Dial] and [Do]: an HTTP/1.1 client.
//   - [Upstream]: an HTTP/1.1 server that follows a script and records what reached it.
//   - [DialH2]: an HTTP/2 client with prior knowledge (RFC 9113 section 3.3).
//   - [UpstreamH2]: an HTTP/2 server that follows a script and records what reached it.
//
// Text is written with "\n" for a line's end and sent with CRLF; each sender has an exact variant for
// the bytes that this would change. Fields, in HTTP/2 too, are lines of text: "name: value".
//
// No call blocks for longer than [Patience]: it is a safety net, and reaching it fails the test. Nothing
// here measures time. A truncated or malformed message is a result, not a failure: it stands in the Err
// of what was read.
//
// What it does not do: compression, HTTP/2 flow control when sending (stay below 64 KB a stream, or
// what the peer grants), priorities and server push.
package rawhttp

import "time"

// Patience is how long any single read, write or wait may take, unless the [T] has another.
const Patience = 10 * time.Second

// T is what the kit needs of a [testing.TB]. Something else may stand in for it where there is no test: its Fatalf
// must not return, and its Errorf and Logf may be called from any goroutine. Where it has a method
// "Patience() time.Duration", that is asked instead of the constant.
type T interface {
	Helper()
	Cleanup(func())
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

func patience(t T) time.Duration {
	if t, ok := t.(interface{ Patience() time.Duration }); ok {
		return t.Patience()
	}
	return Patience
}
