package proxies

import (
	"context"
	"net/http"
	"net/url"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/bench/wire"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// headersafe is a whole route: a keyring, the preset for Anthropic, the seal, and, if there is an observer, the record of
// each exchange.
func headersafe(observer passthrough.Observer) handler {
	return func(upstream *url.URL) (http.Handler, error) {
		keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(wire.GatewayKey)})
		if err != nil {
			return nil, err
		}
		return passthrough.New(passthrough.Config{
			Upstream:  passthrough.Upstream{URL: upstream.String()},
			Auth:      auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys},
			Headers:   headerpolicy.Anthropic(),
			Unguarded: "the others have no guards either",
			Errors:    passthrough.AnthropicErrors,
			Observer:  observer,
		})
	}
}

// recorded makes the route write each exchange's record, and keeps none.
var recorded = passthrough.ObserverFunc(func(context.Context, *passthrough.Exchange) {})
