package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/stage"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// keepingStage is the next handler, a stage, and keeps the request that it gets.
type keepingStage struct{ got *http.Request }

func (*keepingStage) ServeHTTP(http.ResponseWriter, *http.Request) {}

func (k *keepingStage) ServeStage(_ context.Context, _ *stage.Ledger, _ http.ResponseWriter, r *http.Request) {
	k.got = r
}

// A stage is told of the fields that are consumed. What else holds the credential is removed before it.
func TestBeforeAStage(t *testing.T) {
	for request, carrier := range map[string]auth.Carrier{
		"/v1 | Cookie: gw=alice-secret; theme=dark": auth.Cookie("gw"),
		"/v1?key=alice-secret&beta=1":               auth.Query("key"),
	} {
		next := new(keepingStage)
		gate(t, carrier).Wrap(next).ServeHTTP(nowhere{http.Header{}}, read(t, request))
		if next.got == nil {
			t.Fatalf("%s: refused", request)
		}
		if seen := fmt.Sprint(next.got.Header, next.got.URL); strings.Contains(seen, aliceKey) {
			t.Errorf("%s: the next stage sees %s", request, seen)
		}
	}
}
