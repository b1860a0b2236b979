// Package passthrough forwards requests to an upstream API without forwarding what must not leave.
//
// [New] compiles a [Config] into a [Route], an ordinary [http.Handler]. It is the assembly, in the one right order,
// of pieces that can also be composed by hand in a service that has a chain of its own:
//
//	recorder := passthrough.NewRecorder(passthrough.RecorderConfig{Observer: observer})
//	gate, err := auth.New(...)
//	policy, err := headerpolicy.New(...)
//	guard, err := guardrail.New(...)
//	forwarder, err := passthrough.NewForwarder(...)
//
//	h := recorder.Wrap(gate.Wrap(policy.Wrap(guard.Wrap(forwarder))))
//
// The recorder may be left out, and with it the records. Everything else must be there: the forwarder reads, in a
// ledger that nothing outside the module can write, which stages the request has passed, and answers 500 unless they
// are auth, headerpolicy and guardrail, once each and in that order. A route without a guardrail says why in
// its Unguarded field.
//
// # What the forwarder sends
//
// The outbound request is built afresh. Its URL is the upstream's base with the inbound path, escaped as it came, and
// query. Its header is what the policy decided: what a middleware adds after the policy does not cross, what one
// removes does not either, and what one changes is answered with 500. net/http adds nothing: no User-Agent, no
// Accept-Encoding, no X-Forwarded-For. Its body is the inbound body, byte for byte, with its Content-Length or
// chunked as it came.
//
// Refused, with the reason in the client's SDK's shape and nothing forwarded: CONNECT and TRACE (405), an
// endpoint that is not listed (404 or 405), and a target in absolute or asterisk form, with dot segments, empty
// segments, backslashes or control characters at any depth of percent-encoding, or with a fragment (400).
//
// # The seal
//
// The last check before the wire is by value. What the caller proved itself with is looked for in every outbound
// field name and value, in the path, in the query and in trailers, also percent-encoded or inside base64; and, as
// it stands, in the body while it streams. A request that holds it is refused (400); if the upload had begun it is
// broken off before the credential's last byte has left. A WebSocket's messages, once it is open, are not read.
//
// What the gateway itself adds for the upstream is looked for in every response field, trailer and informational
// response; a field that holds it is withheld.
//
// # What the forwarder relays
//
// Status, body and framing as they come, of the fields those that the policy names. Redirects are relayed, never
// followed. A body of unknown length is flushed with each read, so that events arrive when they are sent; one of
// known length when the upstream pauses. Informational responses (1xx) and trailers cross if the policy names their
// fields. A WebSocket (RFC 6455) is opened if the policy names its fields, see headerpolicy.WebSocket; any other
// upgrade is ignored, as RFC 9110 section 7.8 allows.
//
// A body that the client holds back until it is asked for it (Expect: 100-continue) is asked for when the upstream asks,
// and not at all if the upstream answers without. Over HTTP/2 net/http's server asks by itself: no handler sees the
// field there.
//
// A response that breaks off is broken off for the client too, by panicking with [http.ErrAbortHandler]: no client
// takes it for complete, whatever server the handler runs in. When the client leaves, the upstream request is
// cancelled. Nothing of an exchange is left running when the handler returns.
//
// # Connections
//
// Connections to the upstream are used again, by whichever caller comes next. What an HTTP/1.1 upstream sends beyond the end
// of a response answers nobody, and the connection it stands on is closed (RFC 9112 sections 6.3 and 9.2): it is looked at when
// the response has ended, and again before the next request. No client can tell what arrives later than that from a
// response.
//
// HTTP/1.1 is spoken by a client of this module's, which works in the handler's own goroutine and is stricter than net/http's
// about where a response ends. net/http's Transport is behind it, for HTTP/2, forward proxies, WebSockets, requests with
// trailers or "Expect: 100-continue", and systems that are not Unix. The Transport looks at a connection a moment after
// it has put it back into the pool, and a request that comes in between is given the surplus for its response, in which
// another caller's may stand. Here such a request waits, for microseconds, until the Transport is past that moment; if the
// connection is closed then, the request goes over another one. An [Upstream.RoundTripper] of one's own does as it does.
//
// # Bounds
//
// See [Timeouts]. Memory per stream is one buffer of 2 KiB while it idles, of 32 KiB while it is busy.
//
// # The record
//
// An [Observer] gets one [Exchange] for each exchange, refused ones included: who called, what became of each field
// and why, which credentials played a part, by fingerprint, how it ended, and where the time went. It holds no
// value of any field, and its texts are the library's own.
package passthrough
