// Package auth asks who calls, and takes away what the caller proved it with: the gateway's own credential
// never reaches an upstream.
//
// A [Config] names the carriers in which a credential may arrive and the [Verifier] who judges it. [New]
// compiles it into a [Gate], and [Gate.Wrap] puts the gate before a handler. [Gate.Check] is the decision
// alone, for tests and for chains of another kind.
//
// # What happens to a request
//
// The gate looks into every configured carrier, not into the first that is there. It finds one credential, or it
// refuses; it asks the verifier; and it hands a copy of the request to the next handler, in which none of the
// configured carriers is left, whether the caller used it or not:
//
//   - the field of a [Header] carrier is removed wholly, from the header and from the trailer;
//   - Authorization is removed where its scheme is a carrier, [Bearer] or [Basic]; of another scheme it
//     stays, for it is then the caller's own and the header policy's business;
//   - Proxy-Authorization is always removed: it speaks to this hop (RFC 9110 section 11.7.2);
//   - a [Query] or [Cookie] carrier is removed from its list, and the other parameters and cookies stay as they
//     are, byte for byte. A parameter is removed from r.Form too, where a middleware has parsed it.
//
// The inbound request, its header and its URL do not change, and what need not change in the copy is shared with it.
// r.RequestURI stays as it came, so it can still hold the credential of a Query carrier: do not log it.
//
// The context of the copy holds the [Caller], for [CallerFrom].
//
// # What is refused
//
// Nothing refused goes any further. The client sees the status, the code and a message; a private detail for the
// exchange record says more, in names and never in values.
//
//	401 unauthenticated       no credential, or one that is malformed, unknown or expired: one answer for all
//	400 ambiguous-credential  a carrier that is repeated, or two that hold different credentials
//	400 alias                 a name that is not a carrier's, but that an upstream may take for it: X_Gateway_Key
//	                          or X.Gateway.Key beside X-Gateway-Key; also of parameters and cookies, and there
//	                          in another case as well
//	400 unparsable-query      with a Query carrier, a query with a semicolon or an invalid percent-encoding
//	503 auth-unavailable      the verifier could not judge: an error that wraps [ErrUnavailable], a cancelled
//	                          context, a deadline
//	500 misassembled          a nil or zero Gate, a nil handler, a gate after a gate or out of its place, a verifier
//	                          that accepts and names nobody or repeats the secret as a name
//
// A field that stands twice is repeated also where the two lines hold the same, where a middleware wrote one of
// them in another case, and where a proxy joined two Authorization lines with a comma. The same secret in two
// different carriers is accepted, as some clients send it so, and removed from both.
//
// A malformed credential has fewer than 6 or more than 4096 bytes, or a control character, or white space in a
// place where a token stands, or does not follow its scheme (RFC 6750, RFC 7617). No verifier sees it.
//
// Every 401 carries the challenges of all the carriers in WWW-Authenticate (RFC 9110 section 11.6.1): those of Bearer
// and Basic, and for a place of its own
//
//	WWW-Authenticate: GatewayKey realm="gateway", header="X-Gateway-Key"
//
// GatewayKey is no registered scheme. No client acts upon it; a person who reads it knows where the key goes.
//
// # Keys
//
// A [Keyring] is the verifier for keys that the service itself gives out. It holds SHA-256 digests, finds a key in
// a time that depends on neither the number of keys nor their likeness to what was presented, and takes a new set
// of keys while it is in use. The digests are not salted and not slow: they keep random keys, and do not
// protect passwords. [ParseKeys] reads keys from lines of text.
//
// fmt, encoding/json and slog print "[redacted]" for the secret of a [Key] or a [Credential].
//
// # Anonymous gates
//
// A chain without a gate is refused by the forwarder. Where indeed anybody may call, Config.DangerouslyAnonymous
// holds the reason why; only Proxy-Authorization is then removed.
package auth
