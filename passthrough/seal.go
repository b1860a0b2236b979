package passthrough

import (
	"net/http"
	"slices"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/secret"
)

// seal is the last check before the wire, by value: the gateway's credential is in nothing that goes to the
// upstream, and the upstream's credential in nothing that comes back. It knows nothing of policies, so that no
// policy can talk it out of a finding.
type seal struct {
	gateway  secret.Value     // what the caller proved itself with; empty for an anonymous one
	upstream []*secret.Needle // what the gateway added for the upstream
}

// sealedMessage is what the client is told of a finding: not where, which would help whoever probes.
const sealedMessage = "The request was not forwarded: the gateway's credential stands in a place that would leave."

// request returns where in out the gateway's credential stands, in words that do not repeat it, or "".
// Fields that it is found in are marked in the decision.
func (s *seal) request(out *http.Request, d *headerpolicy.Decision) string {
	var gateway secret.Search
	gateway.For(s.gateway)
	switch {
	case gateway.In(out.URL.EscapedPath()) || gateway.In(out.URL.Path):
		return "the path"
	case gateway.In(out.URL.RawQuery):
		return "the query"
	case gateway.In(out.Host) || gateway.In(out.Method):
		return "the request line"
	}
	if name, ok := find(out.Header, &gateway); ok {
		return where(name, &gateway, d)
	}
	if name, ok := find(out.Trailer, &gateway); ok {
		return where(name, &gateway, d)
	}
	return ""
}

// where marks a field that holds the credential, and says which one it is.
func where(name string, gateway *secret.Search, d *headerpolicy.Decision) string {
	if gateway.InName(name) {
		return "a field name"
	}
	d.Withdraw(name, headerpolicy.Sealed)
	return "the field " + name
}

// trailer reports whether the values of a request's trailers hold the gateway's credential. The values arrive
// after the body, when the rest of the request has left.
func (s *seal) trailer(trailer http.Header) bool {
	var gateway secret.Search
	gateway.For(s.gateway)
	_, found := find(trailer, &gateway)
	return found
}

// response withdraws from what the policy lets back every field that holds a credential of the upstream's.
func (s *seal) response(d *headerpolicy.Decision) {
	for name, lines := range d.Header {
		if s.holdsUpstream(name, lines) {
			d.Withdraw(name, headerpolicy.Sealed)
		}
	}
}

// holdsUpstream reports whether a field holds a credential of the upstream's.
func (s *seal) holdsUpstream(name string, lines []string) bool {
	return slices.ContainsFunc(s.upstream, func(n *secret.Needle) bool { return n.InField(name, lines) })
}

// find returns the first field of h whose name or value holds the secret.
func find(h http.Header, s *secret.Search) (string, bool) {
	for name, values := range h {
		if s.InField(name, values) {
			return name, true
		}
	}
	return "", false
}
