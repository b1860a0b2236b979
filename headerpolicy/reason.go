package headerpolicy

import "strconv"

// Reason says what became of a field.
type Reason uint8

// The reasons. The zero Reason is none of them.
const (
	Forwarded    Reason = iota + 1 // crossed as it came
	SetByPolicy                    // written by the gateway, whatever the caller sent
	Merged                         // crossed with a member that the gateway added
	NotNamed                       // the policy does not name it
	HopByHop                       // concerns one connection alone (RFC 9110 section 7.6.1)
	Framing                        // written anew by HTTP itself, from the message
	Nominated                      // declared hop-by-hop by a Connection field
	Alias                          // a spelling that an upstream may take for another name
	Invalid                        // outside the grammar of RFC 9110 section 5, or an empty credential
	Repeated                       // stands in several lines where one is allowed
	Consumed                       // held what the caller proved itself with to the gateway
	NotChosen                      // a credential that was not accepted, or beside which another crossed
	Sealed                         // held a secret that must not leave
	SetByGateway                   // the response had it from the gateway already, whose value stays
)

var reasons = [...]string{
	Forwarded:    "forwarded",
	SetByPolicy:  "set",
	Merged:       "merged",
	NotNamed:     "dropped: not named",
	HopByHop:     "dropped: hop-by-hop",
	Framing:      "dropped: framing",
	Nominated:    "dropped: nominated by Connection",
	Alias:        "dropped: alias",
	Invalid:      "dropped: invalid",
	Repeated:     "dropped: repeated",
	Consumed:     "dropped: consumed by auth",
	NotChosen:    "dropped: not chosen",
	Sealed:       "dropped: sealed",
	SetByGateway: "dropped: set by the gateway",
}

// String returns the reason as it goes in records: "dropped: not named".
func (r Reason) String() string {
	if r == 0 || int(r) >= len(reasons) {
		return "reason(" + strconv.Itoa(int(r)) + ")"
	}
	return reasons[r]
}

// MarshalText returns what String does.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Crossed reports whether a field with this reason is in the forwarded header.
func (r Reason) Crossed() bool { return r == Forwarded || r == SetByPolicy || r == Merged }
