package guardrail

import (
	"mime"
	"strconv"
	"strings"
)

// Response is the rule for an endpoint's answers: where their text is, in bodies of any status, errors included. It
// means nothing unless [Config].Responses is set.
//
// Every string of a JSON answer is read, and every name in it, but for what the lists pass over: they mean what they mean
// for requests, see [Endpoint]. The zero Response reads every string as kind [Other].
type Response struct {
	_ [0]func()

	// Text gives strings a kind and role. None can be Required: an error has other parts than a success.
	Text []Selector

	NotText   []string // as [Endpoint].NotText
	Opaque    []string // as [Endpoint].Opaque
	Sealed    []string // as [Endpoint].Sealed
	Reference []string // as [Endpoint].Reference: a URL that the client fetches, the ID of a file
	Refuse    []string // as [Endpoint].Refuse
	Names     []string // as [Endpoint].Names

	// Stream says by which table an answer that is an event stream is read. With [NoStream] such an answer is refused.
	Stream Stream

	// Media lists media types, without parameters, of answers that no guard can read: "audio/mpeg". Such an answer
	// counts as one opaque part. Any other type than JSON and event streams is refused.
	Media []string
}

// Classify is [Endpoint.Classify] for the body of an answer.
func (r Response) Classify(body []byte) ([]Classified, error) { return r.endpoint("").Classify(body) }

// endpoint returns the rule in the form of one for requests.
func (r Response) endpoint(pattern string) Endpoint {
	return Endpoint{
		Pattern: pattern, Text: r.Text, NotText: r.NotText, Opaque: r.Opaque, Sealed: r.Sealed, Reference: r.Reference,
		Refuse: r.Refuse, Names: r.Names,
	}
}

// responseRule is a compiled [Response].
type responseRule struct {
	*rule
	stream Stream
	media  []string
}

func compileResponse(r Response, pattern, field string, mistake func(field, value, reason string)) *responseRule {
	for i, s := range r.Text {
		if s.Required {
			mistake(field+".Text["+strconv.Itoa(i)+"].Required", s.Path, "is for requests: an error has other parts than a success")
		}
	}
	if !r.Stream.valid() {
		mistake(field+".Stream", strconv.Itoa(int(r.Stream)), "is none of the tables")
	}
	out := &responseRule{rule: compileRule(r.endpoint(pattern), field, mistake), stream: r.Stream}
	for i, media := range r.Media {
		if !opaqueMedia(media) {
			mistake(field+".Media["+strconv.Itoa(i)+"]", media, "is no media type in lower case without parameters, or one that is read")
		}
		out.media = append(out.media, media)
	}
	return out
}

// opaqueMedia reports whether a media type, in the form in which it is compared, is one that no guard can read.
func opaqueMedia(media string) bool {
	mediaType, parameters, err := mime.ParseMediaType(media)
	return err == nil && len(parameters) == 0 && mediaType == media && strings.Contains(media, "/") && !strings.Contains(media, "*") &&
		media != mediaEventStream && !isJSON(media) && !strings.HasPrefix(media, "text/")
}
