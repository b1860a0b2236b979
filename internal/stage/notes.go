package stage

import (
	"context"
	"io"
	"net/http"

	"github.com/headersafe/headersafe/internal/denial"
	"github.com/headersafe/headersafe/internal/secret"
)

// AuthNote is what the auth stage leaves behind.
type AuthNote struct {
	Caller     string       // the caller's ID
	Anonymous  bool         // nobody was asked
	Credential secret.Value // what the caller proved itself with; empty if anonymous
	Consumed   []string     // canonical names of the fields that go no further, there or not
	Present    []string     // those of them that were there; nil if nobody asked
}

// PolicyNote is what the headerpolicy stage leaves behind. Policy and Decision are of that package's types.
type PolicyNote struct {
	Policy   any
	Decision any
	Inbound  http.Header         // the header as it was before the policy: the forwarder reads Upgrade, TE and Expect there
	RawQuery string              // the query that was decided on
	Secrets  []*secret.Needle    // what the policy set for the upstream, to be kept from the client
	Writer   http.ResponseWriter // the writer beneath the stage's own response filter
	Filter   http.ResponseWriter // the stage's own response filter
	Relayed  *bool               // set by the forwarder, which filters the response itself
}

// GuardNote is what the guardrail stage leaves behind.
type GuardNote struct {
	Target string        // the method and escaped path that were judged
	Body   io.ReadCloser // what was inspected and must be sent
	// Await blocks until the verdict of a guard that runs alongside the upstream, and returns its denial, or nil.
	// It is nil where every verdict was in before the request passed.
	Await  func(context.Context) *denial.Denial
	Record any // what each guard said
}
