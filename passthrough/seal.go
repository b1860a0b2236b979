package passthrough

import (
	"net/http"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/secret"
)

// seal is the last check before the wire, by value: the gateway's credential is in nothing that goes to the
// upstream, and the upstream's credential in nothing that comes back. It knows nothing of policies, so that no
// policy can talk it out of a finding.
type seal struct {
	gateway  *secret.Needle   // what the caller proved itself with; nil for an anonymous one
	upstream []*secret.Needle // what the gateway added for the upstream
}

// sealedMessage is what the client is told of a finding: not where, which would help whoever probes.
const sealedMessage = "The request was not forwarded: the gateway's credential stands in a place that would leave."

func newSeal(credential secret.Value, upstream []*secret.Needle) *seal {
	s := &seal{upstream: upstream}
	if !credential.Empty() {
		s.gateway = secret.NewNeedle(credential)
	}
	return s
}

// request returns where in out the gateway's credential stands, in words that do not repeat it, or "".
// Fields that it is found in are marked in the decision.
func (s *seal) request(out *http.Request, d *headerpolicy.Decision) string {
	if s.gateway == nil {
		return ""
	}
	switch {
	case s.gateway.In(out.URL.EscapedPath()) || s.gateway.In(out.URL.Path):
		return "the path"
	case s.gateway.In(out.URL.RawQuery):
		return "the query"
	case s.gateway.In(out.Host) || s.gateway.In(out.Method):
		return "the request line"
	}
	if name, ok := find(out.Header, s.gateway); ok {
		return s.field(name, d)
	}
	if name, ok := find(out.Trailer, s.gateway); ok {
		return s.field(name, d)
	}
	return ""
}

func (s *seal) field(name string, d *headerpolicy.Decision) string {
	if s.gateway.InName(name) {
		return "a field name"
	}
	d.Withdraw(name, headerpolicy.Sealed)
	return "the field " + name
}

// trailer reports whether the values of a request's trailers hold the gateway's credential. The values arrive
// after the body, when the rest of the request has left.
func (s *seal) trailer(trailer http.Header) bool {
	if s.gateway == nil {
		return false
	}
	_, found := find(trailer, s.gateway)
	return found
}

// response withdraws from what the policy lets back every field that holds a credential of the upstream's.
func (s *seal) response(d *headerpolicy.Decision) {
	for _, needle := range s.upstream {
		for {
			name, ok := find(d.Header, needle)
			if !ok {
				break
			}
			d.Withdraw(name, headerpolicy.Sealed)
		}
	}
}

// find returns the first field of h whose name or value holds the secret.
func find(h http.Header, needle *secret.Needle) (string, bool) {
	for name, values := range h {
		if needle.InField(name, values) {
			return name, true
		}
	}
	return "", false
}
