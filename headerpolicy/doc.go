// Package headerpolicy decides which header fields, cookies, query parameters, trailers and informational
// responses cross between a caller and an upstream, in both directions.
//
// The rule is one: nothing crosses unless the policy names it. There is no implicit "and the usual ones". A
// [Config] lists names, [New] compiles it into an immutable [Policy], and the Policy decides: [Policy.Request] and
// [Policy.Response] are pure functions of a header, and say for each field what became of it and why.
// [Policy.Wrap] enforces both around any [http.Handler], a [net/http/httputil.ReverseProxy] for instance.
//
// [Anthropic], [OpenAI], [Gemini] and [WebSocket] are presets: plain Config values, to look at, to extend with
// [Config.With], or to replace.
//
// # Credentials
//
// A plain forward list does not take names that carry credentials: Authorization, Cookie, X-Api-Key and their like
// are config errors there, because which credential goes to which upstream must be a decision and not an
// oversight. A caller's own credential is named in [Request.Credentials], which lets exactly one of several
// fields cross; the gateway's own is given in [Request.Set], as a [Source] that no printer shows.
//
// Each name has one place. A name in Set replaces what the caller sent, always: what came is deleted first. A
// secret that is missing, empty, shorter than six bytes or an unfilled placeholder is a config error, or, where it is
// asked for on every request, a refusal: the caller's own credential never takes its place.
//
// # What is refused
//
// A request is refused, with a [Refusal] that names the field and no value, when dropping something would not make
// it safe, or would change what it means:
//
//   - an alias: a name with "_" or "." that an upstream could fold into one that the policy names, that carries
//     credentials, or that auth consumed (400). Name a field with "_" exactly, and that spelling crosses
//   - a named field outside the grammar of RFC 9110 section 5, or repeated where one line is allowed (400)
//   - a Connection field with an invalid member, or that declares a field hop-by-hop which the policy sets,
//     merges, requires or takes for a credential (400, RFC 9110 section 7.6.1)
//   - a credential that is missing, repeated, competes with another (400), or was not accepted (403); one bound to
//     its connection (NTLM, Negotiate, Kerberos); one disguised as a WebSocket subprotocol
//   - a named cookie that is repeated or that parsers read differently (400)
//   - a query with a parameter that is not named, that carries a credential, or that is repeated without leave; or one
//     that parsers read differently: bad percent-encoding, ";", control or non-ASCII characters, more than 256
//     parameters (400)
//   - a Content-Encoding that is not named, because the body means nothing without it (415)
//   - a required field that is missing (400); too many fields, or too large ones (431)
//   - a secret that its source does not give (503)
//
// A response is refused (502) for a Content-Encoding that is not named or is invalid, a repeated Content-Type,
// Content-Encoding, Location or Etag, and beyond the limits. All else that does not cross is dropped, and the
// [Decision] says why. Limits, where none are given: 100 field lines and 64 KiB of names and values, each way.
//
// # Never added
//
// The package adds what Set and Merge say and nothing else: no User-Agent, no Accept-Encoding, no
// X-Forwarded-For, no Content-Type guessed from the body. (A ReverseProxy with a Director adds X-Forwarded-For
// after the policy; use Rewrite.)
//
// # Explanations
//
// A [Decision] prints as one line a field, with the reason and no value:
//
//	Authorization     forwarded
//	Connection        dropped: hop-by-hop
//	X-Forwarded-For   dropped: not named
//	X-Gateway-Key     dropped: consumed by auth
package headerpolicy
