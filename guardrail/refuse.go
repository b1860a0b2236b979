package guardrail

import (
	"errors"
	"net/http"

	"github.com/headersafe/headersafe/internal/denial"
	"github.com/headersafe/headersafe/internal/jsonscan"
	"github.com/headersafe/headersafe/internal/stage"
)

// Denial is a refusal to pass a request on. Status, Code, Message and Header are for the client; Detail is for the
// exchange record, and holds neither texts nor values.
type Denial = denial.Denial

func misassembled(err error) *Denial {
	d := stage.Misassembled(err)
	return &d
}

func badTarget(err error) *Denial {
	return &Denial{Status: http.StatusBadRequest, Code: "bad-target",
		Message: "The request was not forwarded: " + err.Error() + "."}
}

func unknownEndpoint() *Denial {
	return &Denial{Status: http.StatusNotFound, Code: "unknown-endpoint",
		Message: "This route does not forward that endpoint."}
}

func methodNotAllowed(allow string) *Denial {
	return &Denial{Status: http.StatusMethodNotAllowed, Code: "method-not-allowed",
		Message: "The method is not allowed here.", Header: http.Header{"Allow": {allow}}}
}

func upgradeRefused() *Denial {
	return &Denial{Status: http.StatusForbidden, Code: "upgrade-refused",
		Message: "This route does not forward WebSockets."}
}

func unsupportedType(detail string) *Denial {
	return &Denial{Status: http.StatusUnsupportedMediaType, Code: "unsupported-media-type",
		Message: "The request must have exactly one Content-Type, a JSON one in UTF-8, such as application/json.", Detail: detail}
}

func unsupportedEncoding(detail string) *Denial {
	return &Denial{Status: http.StatusUnsupportedMediaType, Code: "unsupported-encoding",
		Message: "The Content-Encoding of the request is not one that can be read here.",
		Header:  http.Header{"Accept-Encoding": {"gzip, identity"}}, Detail: detail} // RFC 9110 section 12.5.3
}

func tooLarge(detail string) *Denial {
	return &Denial{Status: http.StatusRequestEntityTooLarge, Code: "body-too-large",
		Message: "The request's body is too large.", Detail: detail}
}

func busy() *Denial {
	return &Denial{Status: http.StatusServiceUnavailable, Code: "busy",
		Message: "The gateway is reading too much at the moment; try again.",
		Header:  http.Header{"Retry-After": {"1"}}, Detail: "the budget for buffered bytes is used up"}
}

func unexpectedBody() *Denial {
	return &Denial{Status: http.StatusBadRequest, Code: "unexpected-body",
		Message: "Requests to this endpoint have no body, and this one has."}
}

func incompleteBody(detail string) *Denial {
	return &Denial{Status: http.StatusBadRequest, Code: "incomplete-body",
		Message: "The request's body is malformed or ended early.", Detail: detail}
}

func slowBody() *Denial {
	return &Denial{Status: http.StatusRequestTimeout, Code: "slow-body",
		Message: "The request's body stopped arriving."}
}

func undecodable(detail string) *Denial {
	return &Denial{Status: http.StatusBadRequest, Code: "undecodable-body",
		Message: "The request's body is not what its Content-Encoding says.", Detail: detail}
}

// ambiguous is for a body that two parsers could read differently. err holds an offset and a kind, and no text.
func ambiguous(err error) *Denial {
	message := "The request's body is not JSON that can be read in one way only."
	if e, ok := errors.AsType[*jsonscan.Error](err); ok {
		message = "The request's body is not JSON that can be read in one way only: " + e.Error() + "."
	}
	return &Denial{Status: http.StatusBadRequest, Code: "ambiguous-json", Message: message}
}

func selectorTooCostly(err error) *Denial {
	return &Denial{Status: http.StatusBadRequest, Code: "ambiguous-json",
		Message: "The request's body is laid out so that it takes too long to read.", Detail: err.Error()}
}

func nothingToInspect(detail string) *Denial {
	return &Denial{Status: http.StatusBadRequest, Code: "nothing-to-inspect",
		Message: "The request's body lacks text where this endpoint must have some.", Detail: detail}
}

func unreadable(path string) *Denial {
	return &Denial{Status: http.StatusBadRequest, Code: "unreadable",
		Message: "The request says something in a form that cannot be read here.", Detail: "at " + path}
}

func opaqueContent(path string) *Denial {
	return &Denial{Status: http.StatusBadRequest, Code: "opaque-content",
		Message: "The request holds or refers to content that cannot be read here, such as an image or a file.",
		Detail:  "at " + path}
}

// maxReason is the length in bytes of the longest reason that is passed on to a client or into the record.
const maxReason = 512

// blocked is a guard's verdict.
func (d Direction) blocked(reason, detail string) *Denial {
	message := "The " + d.String() + " was blocked"
	if reason = printable(reason); reason != "" {
		message += ": " + reason
	} else {
		message += "."
	}
	return &Denial{Status: http.StatusBadRequest, Code: codeBlocked, Message: message, Detail: detail}
}

// unavailable is the gateway's trouble, not the client's: whatever is wrong with a guard stays in the record.
func (d Direction) unavailable(detail string) *Denial {
	return &Denial{Status: http.StatusServiceUnavailable, Code: "guard-unavailable",
		Message: "The gateway cannot check " + d.String() + "s at the moment.", Detail: detail}
}
