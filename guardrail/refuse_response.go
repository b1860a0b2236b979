package guardrail

import (
	"net/http"

	"github.com/headersafe/headersafe/internal/stage"
)

// codeBlocked is the code of what a guard has blocked, a request or an answer.
const codeBlocked = "blocked"

// unreadableResponse is for an answer of which no guard could say what a client would take from it.
func unreadableResponse(detail string) *Denial {
	return &Denial{Status: http.StatusBadGateway, Code: "response-unreadable",
		Message: "The upstream's response is in a form that cannot be read here.", Detail: detail}
}

func incompleteResponse(detail string) *Denial {
	return &Denial{Status: http.StatusBadGateway, Code: "response-incomplete",
		Message: "The upstream's response ended early.", Detail: detail}
}

func tooLargeResponse(detail string) *Denial {
	return &Denial{Status: http.StatusBadGateway, Code: "response-too-large",
		Message: "The upstream's response is too large.", Detail: detail}
}

func opaqueResponse(place string) *Denial {
	return &Denial{Status: http.StatusBadGateway, Code: "response-opaque",
		Message: "The upstream's response holds or refers to content that cannot be read here, such as an image or a file.",
		Detail:  "at " + place}
}

// unreadableDocument says of an answer what d says of a request's body.
func unreadableDocument(d *Denial) *Denial {
	if d.Code == "busy" {
		return d
	}
	return unreadableResponse(d.Error())
}

// rendered returns the body of a denial as the exchange's clients get it.
func (x *exchange) rendered(d *Denial) []byte {
	w := scratch{header: http.Header{}}
	stage.Deny(&w, x.in, stage.Guardrail, *d)
	return w.body
}

// scratch is a ResponseWriter that keeps a body for oneself.
type scratch struct {
	header http.Header
	body   []byte
}

func (s *scratch) Header() http.Header { return s.header }
func (s *scratch) WriteHeader(int)     {}

func (s *scratch) Write(p []byte) (int, error) {
	s.body = append(s.body, p...)
	return len(p), nil
}
