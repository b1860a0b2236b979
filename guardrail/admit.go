package guardrail

import (
	"mime"
	"net/http"
	"strings"

	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/target"
)

// admitted is what is known of a request before its body is read.
type admitted struct {
	rule   *rule
	decode Decoder // nil where the body is not encoded
}

// admit decides about a request by its method, target and header. inbound is the header as the client sent it, where a
// stage has narrowed it since.
func (g *Guardrail) admit(r *http.Request, inbound http.Header) (admitted, *Denial) {
	rule, d := g.match(r)
	if d != nil {
		return admitted{}, d
	}
	if field.HasMember(r.Header["Upgrade"], "websocket") || field.HasMember(inbound["Upgrade"], "websocket") {
		return admitted{rule: rule}, upgradeRefused()
	}
	if rule.noBody {
		if r.ContentLength > 0 {
			return admitted{rule: rule}, unexpectedBody()
		}
		return admitted{rule: rule}, nil
	}
	if r.ContentLength > g.maxBody {
		return admitted{rule: rule}, tooLarge("by its Content-Length")
	}
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return admitted{rule: rule}, nil
	}
	if detail := jsonFault(r.Header["Content-Type"]); detail != "" {
		return admitted{rule: rule}, unsupportedType(detail)
	}
	decode, d := g.coding(r.Header)
	return admitted{rule, decode}, d
}

// match returns the rule for the request's method and path. A path that, percent-decoded, is for another rule is refused:
// the upstream may decode it.
func (g *Guardrail) match(r *http.Request) (*rule, *Denial) {
	if err := target.CheckPath(r.URL); err != nil {
		return nil, badTarget(err)
	}
	index, allow, ok := g.endpoints.Match(r)
	if g.endpoints.Ambiguous(r, index, ok) {
		return nil, badTarget(errAmbiguousPath)
	}
	switch {
	case ok:
		return g.rules[index], nil
	case allow != "":
		return nil, methodNotAllowed(allow)
	}
	return nil, unknownEndpoint()
}

var errAmbiguousPath = ambiguousPath{}

type ambiguousPath struct{}

func (ambiguousPath) Error() string {
	return "the path stands for another endpoint when it is percent-decoded"
}

// jsonFault says why a body of this Content-Type is not one that every parser reads as JSON in UTF-8, or nothing.
func jsonFault(lines []string) string {
	if len(lines) != 1 {
		return "there must be exactly one Content-Type"
	}
	mediaType, parameters, err := mime.ParseMediaType(lines[0])
	if err != nil {
		return "the Content-Type is malformed"
	}
	if !isJSON(mediaType) {
		return "the Content-Type is not a JSON one"
	}
	if !inUTF8(parameters) {
		return "the Content-Type has a parameter other than charset=utf-8"
	}
	return ""
}

// isJSON reports whether a media type in lower case is application/json or one of those that end in "+json".
func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}

// inUTF8 reports whether a media type has no parameters other than charset=utf-8.
func inUTF8(parameters map[string]string) bool {
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}
