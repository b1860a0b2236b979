package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/headersafe/headersafe/passthrough/leaktest"
)

// The job.
const (
	keyField = "X-Gateway-Key"
	key      = "gw-alice-of-the-peers-77d1"
	below    = "/v1/"
	endpoint = "/v1/messages"
	realtime = "/v1/realtime"
)

// job is the target that all peers share.
func job() leaktest.Target {
	return leaktest.Target{
		Gateway: leaktest.Header(keyField, key), Caller: leaktest.Bearer(""), Path: endpoint, WebSocket: realtime,
	}
}

// The rules by which a case is "n/a", as the table has them. What the last one is about, the kit notices for
// the most part by itself.
const (
	relays     = "The case is about something that the proxy relays because nobody told it not to: a field, a trailer, a method, Host, a path below `/v1/`, a query, what the handshake of an upgrade holds."
	byValue    = "The key stands in another place than its field, and the proxy was told to remove the field, not to look for the key."
	allowed    = "No RFC forbids what the proxy does: a SHOULD, or good advice, is not held against anybody."
	documented = "The proxy's documentation says that it does this."
	absent     = "The case needs what this job does not have: a secret that the gateway adds, a prefix, a log, middleware around it, HTTP/2 where the proxy serves none without TLS."
)

// rules are the sentences below the table, in its order.
var rules = []string{relays, byValue, allowed, documented, absent}

// notJudged are the cases that say nothing about a proxy that relays what it is not told to remove.
var notJudged = map[string][]string{
	byValue: {
		"R1-*", "R3-key-everywhere", "R3-key-in-a*", "R3-key-in-b*", "R3-key-in-cookie", "R3-key-in-proxy-authorization",
		"R3-key-in-proxy-authorization-basic", "R3-key-in-referer", "R3-key-in-t*", "R3-key-in-u*", "R3-key-in-x-*", "R3-key-percent*", "R9-*",
		"R13-gateway_key-holds-the-key", "R13-gateway-dot-key", "R16-key-announced", "R16-key-unannounced", "S4-key-in-a-subprotocol",
	},
	relays: {
		"R4-*", "R6-forwarded", "R6-lying-host", "R6-original-url", "R6-parameter", "R6-sniffed-websocket-origin", "R6-target-url", "R7-*", "R8-retry-*", "R8-second-*",
		"R12-callers-address", "R12-forwarded", "R12-tls-client-certificate", "R12-via", "R12-x-forwarded-port", "R12-x-forwarded-prefix", "R12-x-real-ip",
		"R13-api_key", "R13-content_length", "R13-gateway_key", "R13-x-api_key", "R13-x-dot-api-dot-key", "R13-x_api_key", "R13-x_forwarded_for",
		"R15-*", "R17-*", "R18-*",
		// A trailer is no header field (RFC 9110 section 6.5), and header fields are what the peers can be told to remove.
		"R16-authorization-*", "R16-cookie-*", "R16-gateway-field", "R16-unknown-*", "R16-x-api-key-*",
		"M1-connect-in-lower-case", "M3-*", "M2-other-protocol", "S4-credential-in-a-subprotocol", "S4-fields-of-a-101",
		"U1-a*", "U1-bad-escape*", "U1-control-character", "U1-lonely-percent", "U1-nul-in-a-name", "U1-repeated*", "U1-semicolon",
		"U1-semicolon-after-a-named-one", "U1-unnamed", "U2-ten-thousand-parameters", "U5-in-the-path", "U5-in-the-query",
		"U3-bad-escape", "U3-dot-segment-at-the-end", "U3-empty-segment", "U3-encoded-slash-only", "U3-line-end*", "U3-nul", "U3-single-dot",
		"U4-absolute-form", "U4-absolute-form-https", "U4-authority-over-http2",
		"S2-continue-unasked", "S2-early-hints", "S2-processing", "S3-*", "S8-cors", "S9-*",
		"S5-accel-redirect", "S5-access-control", "S5-alt-svc", "S5-clear-site-data", "S5-powered-by", "S5-proxy-authenticate", "S5-refresh",
		"S5-report-to", "S5-server", "S5-set-cookie", "S5-sourcemap", "S5-strict-transport-security", "S5-unknown",
	},
	allowed: {
		"R11-keep-alive-unnamed", "R11-te-unnamed", "R11-proxy-connection-unnamed", "S5-keep-alive", "S4-keep-alive-of-a-101", // RFC 9110 section 7.6.1: SHOULD
		"U4-absolute-form-with-user",                                           // RFC 9110 section 4.2.4: SHOULD
		"M2-upgrade-to-h2c", "M2-websocket-and-h2c", "M2-h2c-in-a-second-line", // the offer alone: whether a tunnel opens is another case
		"M2-upgrade-with-a-body",                                                    // RFC 9110 section 7.8 foresees it
		"S4-early-bytes-of-the-client",                                              // the client must not (RFC 6455 section 4.1)
		"T2-not-asked-for",                                                          // a proxy may ask for the body by itself
		"T4-half-close",                                                             // RFC 9110 section 9.3.6 has a tunnel end with either side
		"S10-surplus-after-the-response", "S10-body-of-a-204", "S10-body-of-a-head", // what matters is that nobody gets it
	},
	absent: {"S1-*", "S2-outer-*", "S8-content-type-once", "T1-without-a-server-context"},
}

// terms are where a peer's own documentation departs from notJudged.
type terms struct {
	// documented are cases in which the peer does what its documentation says that it does.
	documented []string
	// promised are cases of notJudged whose good end the documentation promises.
	promised []string
}

// job is the job of a proxy that relays what it is not told to remove, on its terms.
func (t terms) job() leaktest.Target {
	target := job()
	target.Skip = map[string]string{}
	for rule, cases := range notJudged {
		for _, name := range cases {
			target.Skip[name] = rule
		}
	}
	for _, name := range t.documented {
		target.Skip[name] = documented
	}
	maps.DeleteFunc(target.Skip, func(name, _ string) bool { return slices.Contains(t.promised, name) })
	return target
}

// asks is the check of the key that a Go service writes around a proxy, and the mux that it stands in.
func asks(proxy http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(below, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(keyField) != key {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.Header.Del(keyField)
		proxy.ServeHTTP(w, r)
	}))
	return mux
}

// covers reports whether a pattern of notJudged or terms is about a case.
func covers(pattern, name string) bool {
	prefix, many := strings.CutSuffix(pattern, "*")
	return pattern == name || many && strings.HasPrefix(name, prefix)
}
