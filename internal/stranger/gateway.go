// Package gateway is a stranger's module: it wires a route of its own with what headersafe exports, and tries it with
// leaktest in a test of a few lines. It is here to show that both can be used from outside.
package gateway

import (
	"net/http"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// New returns a gateway before the upstream.
func New(upstream string) http.Handler {
	keys, err := auth.NewKeyring(auth.Key{ID: "stranger", Secret: auth.NewSecret("stranger-key-1")})
	if err != nil {
		panic(err)
	}
	route, err := passthrough.New(passthrough.Config{
		Upstream:  passthrough.Upstream{URL: upstream},
		Auth:      auth.Config{Carriers: []auth.Carrier{auth.Header("X-Key")}, Verifier: keys},
		Headers:   headerpolicy.Anthropic(),
		Unguarded: "the test asks about headers alone",
	})
	if err != nil {
		panic(err)
	}
	return route
}
