package passthrough

import (
	"time"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/headerpolicy"
)

// Exchange is the record of one request, its response, and every decision between: one value an exchange, given
// to an [Observer] when the exchange has ended. It holds names and fingerprints, never values, and may be kept.
type Exchange struct {
	Route string    `json:"route,omitempty"` // as configured
	Start time.Time `json:"start"`

	// Caller is the ID of who authenticated; empty if nobody did.
	Caller    string `json:"caller,omitempty"`
	Anonymous bool   `json:"anonymous,omitempty"`

	Method   string `json:"method"`             // as sent if it is a standard one, else "OTHER"
	Endpoint string `json:"endpoint,omitempty"` // the pattern that matched, where the route lists endpoints
	Path     string `json:"path,omitempty"`     // escaped, without the query; empty unless the request was sealed
	Upstream string `json:"upstream,omitempty"` // the host forwarded to; empty if the forwarder was not reached

	Outcome        Outcome `json:"outcome"`
	Status         int     `json:"status"`                    // what the client got; 499 if it left before; 0 if unknown
	UpstreamStatus int     `json:"upstream_status,omitempty"` // 0 if there was no response
	UpstreamProto  string  `json:"upstream_proto,omitempty"`

	// Denial says who refused, and why. Nil if nobody did.
	Denial *DenialRecord `json:"denial,omitempty"`

	// Error names what went wrong with the exchange itself, in words of a fixed vocabulary.
	Error string `json:"error,omitempty"`

	// Request, Response and Trailer say for each field that came, was set, or was merged, what became of it; of a
	// request that was refused, what would have become of it: nothing was sent unless Path is given.
	Request  []headerpolicy.FieldDecision `json:"request,omitempty"`
	Response []headerpolicy.FieldDecision `json:"response,omitempty"`
	Trailer  []headerpolicy.FieldDecision `json:"trailer,omitempty"`

	// Credentials are the credentials that played a part, by fingerprint.
	Credentials []CredentialUse `json:"credentials,omitempty"`

	// Guardrail is what each guard said; nil where none stands before the forwarder. Unguarded is the reason then.
	Guardrail *guardrail.Record `json:"guardrail,omitempty"`
	Unguarded string            `json:"unguarded,omitempty"`

	BytesIn  int64 `json:"bytes_in"`  // of the request's body, as sent to the upstream
	BytesOut int64 `json:"bytes_out"` // of the response's body, as sent to the client

	Duration  time.Duration `json:"duration"`             // of the whole
	Answered  time.Duration `json:"answered,omitempty"`   // until the upstream's response header; 0 if none came
	FirstByte time.Duration `json:"first_byte,omitempty"` // until the first byte of its body; 0 if none came
	Stages    []StageTime   `json:"stages,omitempty"`
}

// DenialRecord is a refusal as the record has it.
type DenialRecord struct {
	Stage  string `json:"stage"`
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"` // more than the client was told
}

// CredentialUse says what became of one credential.
type CredentialUse struct {
	Field       string `json:"field"`       // where it stood, or "gateway" for what the caller proved itself with
	Use         string `json:"use"`         // "consumed" by auth, "forwarded" for the caller, "set" by the gateway
	Fingerprint string `json:"fingerprint"` // see [Fingerprint]
}

// StageTime is how long a stage took: until the next one began, or the exchange ended.
type StageTime struct {
	Stage    string        `json:"stage"`
	Duration time.Duration `json:"duration"`
}

// forwardRecord is what a forwarder notes while it works. It costs nothing more where nobody observes.
type forwardRecord struct {
	upstream       string
	endpoint       string
	path           string
	unguarded      string
	proto          string
	upstreamStatus int
	failure        *failure
	response       *headerpolicy.Decision
	trailer        *headerpolicy.Decision
	complete       bool
	upgraded       bool
	bytesIn        int64
	bytesOut       int64
	started        time.Time
	answered       time.Time
	firstByte      time.Time
}

// outcome returns how the forwarder left the exchange; denied says whether a denial was written.
func (r *forwardRecord) outcome(denied bool) Outcome {
	switch {
	case r.failure != nil:
		return r.failure.Outcome
	case denied:
		return Denied
	case r.upgraded:
		return Upgraded
	case r.complete:
		return Forwarded
	}
	return NotForwarded
}
