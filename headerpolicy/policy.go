package headerpolicy

import (
	"context"
	"errors"

	"github.com/headersafe/headersafe/internal/secret"
)

// Policy is a compiled [Config]: immutable, and safe for concurrent use. The zero Policy, like a nil one, refuses
// everything.
type Policy struct {
	request  *requestPolicy
	response *responsePolicy
}

// requestPolicy is the compiled form of [Request].
type requestPolicy struct {
	names     *names
	groups    []credentialGroup
	fields    int // credential fields in all groups
	setters   []*setter
	dynamic   bool             // a setter is asked on every request
	needles   []*secret.Needle // of the setters that are not
	merges    []merge
	require   []string
	cookies   map[string]bool
	query     queryPolicy
	trailers  *names
	twins     [][]string
	limits    Limits
	tolerates map[string]bool // names whose counterparts among WebSocket subprotocols may cross
}

// responsePolicy is the compiled form of [Response].
type responsePolicy struct {
	names         *names
	cookies       map[string]bool
	informational *names // nil if no such response crosses
	trailers      *names // nil if none crosses
	limits        Limits
}

// setter writes one field.
type setter struct {
	name   string
	source Source
	fixed  prepared // what it writes, unless source is a Func
}

// value returns what to write. Its error holds no value.
func (s *setter) value(ctx context.Context) (prepared, error) {
	if s.source.kind != funcSource {
		return s.fixed, nil
	}
	text, err := s.source.call(ctx)
	if err != nil {
		return prepared{}, errors.New("could not be had from its source") // err's own text may hold anything
	}
	return prepare(text, s.source.scheme, true)
}

// merge adds a member to a list field.
type merge struct {
	name, member string
	with         string // the credential field that must cross; empty for any request
	accept       func(string) bool
}

// New compiles a Config. The error joins a [*ConfigError] for each mistake in it. The Policy shares nothing
// with the Config, other than the functions in it.
func New(c Config) (*Policy, error) {
	b := &compiler{}
	p := &Policy{request: b.request(c.Request), response: b.response(c.Response)}
	if err := errors.Join(b.mistakes...); err != nil {
		return nil, err
	}
	return p, nil
}

// NamesResponseTrailers reports whether any trailer field of a response crosses.
func (p *Policy) NamesResponseTrailers() bool {
	return p != nil && p.response != nil && p.response.trailers != nil
}

// NamesResponseTrailer reports whether a response's trailer field of this name crosses.
func (p *Policy) NamesResponseTrailer(name string) bool {
	return p.NamesResponseTrailers() && p.response.trailers.forwards(name)
}

// NamesInformational reports whether any 1xx response other than 100 and 101 crosses.
func (p *Policy) NamesInformational() bool {
	return p != nil && p.response != nil && p.response.informational != nil
}
