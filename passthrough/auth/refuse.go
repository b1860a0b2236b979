package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/headersafe/headersafe/internal/denial"
	"github.com/headersafe/headersafe/internal/secret"
	"github.com/headersafe/headersafe/internal/stage"
)

// Denial is a refusal: what [Gate.Check] returns as its error. Status, Code, Message and Header are for the
// client; Detail is for the exchange record, and holds names and reasons, never values.
type Denial = denial.Denial //nolint:errname // it is an answer before it is an error

// unauthenticated is the one answer to a credential that is missing, malformed, unknown or expired: what
// the client sees must not tell which. The detail does.
func (g *Gate) unauthenticated(detail string) *Denial {
	return &Denial{
		Status:  http.StatusUnauthorized,
		Code:    "unauthenticated",
		Message: "The gateway wants a valid credential in one of the places that WWW-Authenticate names.",
		Header:  g.unauthenticatedHeader(),
		Detail:  detail,
	}
}

func ambiguous(detail string) *Denial {
	return &Denial{
		Status:  http.StatusBadRequest,
		Code:    "ambiguous-credential",
		Message: "The request presents more than one credential to the gateway; present one, once.",
		Detail:  detail,
	}
}

func aliased(name, carrier string) *Denial {
	return &Denial{
		Status:  http.StatusBadRequest,
		Code:    "alias",
		Message: "The request holds a name that can be taken for one in which the gateway reads a credential.",
		Detail:  name + " is an alias of " + carrier,
	}
}

func unparsableQuery() *Denial {
	return &Denial{
		Status:  http.StatusBadRequest,
		Code:    "unparsable-query",
		Message: "The query cannot be parsed unambiguously.",
		Detail:  "the query holds a semicolon or an invalid percent-encoding",
	}
}

func misassembled(err error) *Denial {
	d := stage.Misassembled(err)
	return &d
}

// refused turns a verifier's error into a denial.
func (g *Gate) refused(ctx context.Context, c Credential, err error) *Denial {
	detail := "the credential in " + c.Carrier + ": " + explain(err, c.secret)
	// A verifier that gave up because the exchange is over has not judged.
	unjudged := ctx.Err() != nil && !errors.Is(err, ErrDenied)
	for _, target := range []error{ErrUnavailable, context.Canceled, context.DeadlineExceeded} {
		unjudged = unjudged || errors.Is(err, target)
	}
	if !unjudged {
		return g.unauthenticated(detail)
	}
	return &Denial{
		Status:  http.StatusServiceUnavailable,
		Code:    "auth-unavailable",
		Message: "The gateway cannot check credentials at the moment.",
		Detail:  detail,
	}
}

// maxExplanation is how much of a verifier's error, in bytes, goes into the private detail.
const maxExplanation = 512

// explain returns the text of a verifier's error for the private detail, but not where it repeats any part
// of the secret long enough to matter, or an encoding of it: a verifier that puts the key in its error is
// how keys come into logs.
func explain(err error, s secret.Value) string {
	text := err.Error()
	if len(text) > maxExplanation {
		text = strings.ToValidUTF8(text[:maxExplanation], "") + "…"
	}
	raw := s.Reveal()
	for i := 0; i+secret.MinLength <= len(raw); i++ {
		if strings.Contains(text, raw[i:i+secret.MinLength]) {
			return "refused; the verifier's error repeats a part of it, and is withheld"
		}
	}
	if secret.NewNeedle(s).In(text) {
		return "refused; the verifier's error repeats it encoded, and is withheld"
	}
	return text
}
