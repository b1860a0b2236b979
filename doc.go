// Package headersafe is the root of a library for Go services that forward requests to an upstream API without ever
// forwarding what must not leave. It holds no code; import the packages below it:
//
//   - passthrough forwards: a [net/http.Handler] per route, assembled by New or composed by hand
//   - passthrough/auth finds out who calls, and takes the credential away
//   - headerpolicy decides which fields cross, in either direction; also useful around any other handler
//   - guardrail reads what requests say before anything is forwarded; also useful around any other handler
//
// # The case it was made for
//
// A team runs a gateway before Anthropic's API. A caller proves itself to the gateway with a key of the gateway's,
// and brings an OAuth token of its own for Anthropic, in the same request. The token must reach Anthropic and
// nobody else; the gateway's key must reach nobody at all; of everything else in the request only what a policy
// names may leave; and guards must have read the conversation first.
//
// # Threat model
//
// What is protected: the credentials of callers, of the gateway, and of its operator at the upstream; the fields and
// cookies of a request that were meant for the gateway alone; and the operator's rules on what may be said.
//
// Callers are not trusted. They choose every byte of their requests, may hold a valid key, and may try to smuggle a
// second request, to remove what the gateway sets, to reach another host, path or protocol than the route's, to be
// taken for somebody else, or to say something that guards read differently from the upstream. They also make
// mistakes: a key in the wrong field, in two fields, in the query, in the body.
//
// The upstream is trusted with what the policy names and with nothing else. It may be faulty or compromised: it may
// echo credentials, send fields, informational responses, trailers and upgrades that nobody asked for, break off, or
// never end.
//
// The process is trusted: code in the same program, the configuration, the Go runtime and its TLS. So are guards with
// the texts that they are shown. Out of scope: a caller who encodes a secret that it knows in ways that no seal
// looks for (it can tell it to anyone), the content of WebSocket messages, and traffic analysis.
//
// # Life of a request
//
//	auth          finds the credential in the carriers it was told of, refuses an ambiguous one, verifies it,
//	              removes it from all of them, and puts the Caller in the context
//	headerpolicy  drops hop-by-hop and Connection-nominated fields, refuses aliases and repeated singletons,
//	              keeps what is named, then sets, merges and requires
//	guardrail     reads the body up to a bound, scans it strictly, selects texts by path, asks the guards
//	forwarder     checks that the stages above ran, once each and in order; joins the target; builds a fresh
//	              outbound request; seals it; sends it; relays the response under the response policy, flushing
//	              as it comes
//	observer      gets the exchange's record
//
// Whatever is ambiguous, malformed or missing on this way is refused with a clear error in the shape that the client's
// SDK parses; nothing has been forwarded then.
package headersafe
