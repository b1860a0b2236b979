package gateway

import (
	"testing"

	"github.com/headersafe/headersafe/passthrough/leaktest"
)

func TestNothingLeaks(t *testing.T) {
	leaktest.Run(t, leaktest.Target{
		Handler: New,
		Gateway: leaktest.Header("X-Key", "stranger-key-1"),
		Caller:  leaktest.Bearer(""),
	})
}
