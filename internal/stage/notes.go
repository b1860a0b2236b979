package stage

import (
	"context"
	"io"
	"net/http"

	"github.com/headersafe/headersafe/internal/denial"
	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/secret"
)

// AuthNote is what the auth stage leaves behind.
type AuthNote struct {
	Caller     string            // the caller's ID
	Attributes map[string]string // the verifier's further findings
	Anonymous  bool              // nobody was asked
	Credential secret.Value      // what the caller proved itself with; empty if anonymous
	Consumed   []string          // canonical names of the fields that go no further, there or not
	Present    []string          // those of them that were there; nil if nobody asked
}

// PolicyNote is what the headerpolicy stage leaves behind. Policy and Decision are of that package's types.
type PolicyNote struct {
	Policy   any
	Decision any
	Response ResponsePolicy
	Inbound  http.Header      // the header as it came to the policy, for what concerns this hop: Upgrade, TE, Expect; what auth consumed may be in it still
	RawQuery string           // the query that was decided on
	Secrets  []*secret.Needle // what the policy set for the upstream, to be kept from the client
	Filter   Filter           // the stage's own response filter; nil where the next stage was called without one
}

// ResponsePolicy decides what comes back.
type ResponsePolicy interface {
	// Respond appends to kept what of a final response's header crosses, and returns the result. The slices are handed
	// over from the header. The error says, in public words, why the response must not be relayed at all.
	Respond(kept []field.Field, header http.Header) ([]field.Field, error)
}

// Filter is a response writer that applies the response policy to what is written to it.
type Filter interface {
	http.ResponseWriter

	// Relay ends the filtering, and returns the writer beneath: the caller applies the policy itself.
	Relay() http.ResponseWriter
}

// GuardNote is what the guardrail stage leaves behind.
type GuardNote struct {
	Target string        // the method and escaped path that were judged
	Body   io.ReadCloser // what was inspected and must be sent
	// Await blocks until the verdict of a guard that runs alongside the upstream, and returns its denial, or nil.
	// It is nil where every verdict was in before the request passed.
	Await func(context.Context) *denial.Denial
	// Identity says that the answer is going to be read: the guardrail has made Accept-Encoding "identity", whatever the
	// header policy decided.
	Identity bool
	// Cut is the denial that ended an answer of which a part had been sent. Its status is that of the answer.
	Cut *denial.Denial
	// Broken says that a denial was written in place of an answer that broke off by itself.
	Broken bool
	Record any // what each guard said
}
