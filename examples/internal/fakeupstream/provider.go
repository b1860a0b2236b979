package fakeupstream

import (
	"compress/gzip"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxBody is Anthropic's limit, and near OpenAI's.
const maxBody = 32 << 20

// object is a JSON object.
type object = map[string]any

// provider is one vendor's API.
type provider struct {
	authorize func(*http.Request) *fault
	fields    func(http.Header)  // sets what every response carries
	shape     func(fault) object // the body of an error
	mux       *http.ServeMux
}

// fault is an error in a provider's own words.
type fault struct {
	status  int
	kind    string
	message string
	code    any // OpenAI's; a string or nil
}

// handle serves one endpoint. Other methods on its path are refused.
func (p *provider) handle(method, path string, endpoint func(http.ResponseWriter, *exchange)) {
	p.mux.HandleFunc(method+" "+path, func(w http.ResponseWriter, r *http.Request) {
		x, problem := p.read(w, r)
		if problem != nil {
			p.fail(w, r, *problem)
			return
		}
		endpoint(w, x)
	})
	p.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", method)
		p.fail(w, r, fault{status: http.StatusMethodNotAllowed, kind: "invalid_request_error",
			message: fmt.Sprintf("Not allowed to %s on %s.", r.Method, r.URL.Path)})
	})
}

// ServeHTTP authorizes and routes.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.fields(w.Header())
	if problem := p.authorize(r); problem != nil {
		p.fail(w, r, *problem)
		return
	}
	if wantsWebSocket(r) {
		p.webSocket(w, r)
		return
	}
	p.mux.ServeHTTP(w, r)
}

func (p *provider) fail(w http.ResponseWriter, r *http.Request, f fault) {
	x := &exchange{received: received(r)}
	x.reply(w, f.status, p.shape(f))
}

// exchange is a request that has been read.
type exchange struct {
	received Received
	body     body
	request  *http.Request
}

// body is what the endpoints want of a request, each its part.
type body struct {
	Model     string `json:"model"`
	Stream    bool   `json:"stream"`
	MaxTokens *int   `json:"max_tokens"`
	Messages  []any  `json:"messages"`
	Input     any    `json:"input"`

	EncodingFormat string `json:"encoding_format"`
	StreamOptions  struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`

	unread string // the content coding for which the members above are unknown
	size   int
}

func (p *provider) read(w http.ResponseWriter, r *http.Request) (*exchange, *fault) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	x := &exchange{received: received(r), request: r}
	x.body.size = len(raw)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &fault{status: http.StatusRequestEntityTooLarge, kind: "request_too_large", message: "Request exceeds the maximum size"}
	case err != nil:
		return nil, &fault{status: http.StatusBadRequest, kind: "invalid_request_error", message: "the body ended early"}
	case r.Method == http.MethodGet:
		return x, nil
	}
	switch coding := r.Header.Get("Content-Encoding"); coding {
	case "", "identity":
		err = json.Unmarshal(raw, &x.body)
	case "gzip":
		err = x.body.gunzip(raw)
	default:
		x.body.unread = coding
		x.body.Model = "unknown"
		x.body.Stream = strings.Contains(r.Header.Get("Accept"), "text/event-stream")
	}
	if err != nil {
		return nil, &fault{status: http.StatusBadRequest, kind: "invalid_request_error", message: "The request body is not valid JSON: " + err.Error()}
	}
	return x, nil
}

func (b *body) gunzip(raw []byte) error {
	z, err := gzip.NewReader(strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	return json.NewDecoder(io.LimitReader(z, maxBody)).Decode(b)
}

// require returns the fault of the first member that is missing.
func (x *exchange) require(members ...string) *fault {
	if x.body.unread != "" {
		return nil
	}
	there := map[string]bool{
		"model": x.body.Model != "", "messages": len(x.body.Messages) > 0,
		"max_tokens": x.body.MaxTokens != nil, "input": x.body.Input != nil,
	}
	for _, m := range members {
		if !there[m] {
			return &fault{status: http.StatusBadRequest, kind: "invalid_request_error", message: m + ": Field required"}
		}
	}
	return nil
}

// text is the assistant's.
func (x *exchange) text() string {
	said := "You said: " + lastUserText(x.body.Messages, x.body.Input)
	if x.body.unread != "" {
		said = fmt.Sprintf("The body, %d bytes of %s, could not be read here", x.body.size, x.body.unread)
	}
	return x.received.sentence() + ". " + said
}

// pieces is text cut as a model would stream it.
func (x *exchange) pieces() []string { return strings.SplitAfter(x.text(), " ") }

// reply sends a JSON object with the description of the request in it.
func (x *exchange) reply(w http.ResponseWriter, status int, o object) {
	o["headersafe_received"] = x.received
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encode(o)) // the client may have left
}

// encode returns v as JSON. Strings, numbers, and lists and maps of them always marshal.
func encode(v any) []byte {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return encoded
}

// events sends server-sent events, each at once.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func stream(w http.ResponseWriter) events {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	return events{w, http.NewResponseController(w)}
}

// send sends one event; without a name it has only data.
func (e events) send(name string, data any) {
	if name != "" {
		fmt.Fprintf(e.w, "event: %s\n", name)
	}
	fmt.Fprintf(e.w, "data: %s\n\n", encode(data))
	_ = e.control.Flush()
}

// newID returns an identifier in the vendors' style.
func newID(prefix string) string { return prefix + rand.Text()[:24] }

// tokens estimates as the vendors advise: four characters a token.
func tokens(text string) int { return len(text)/4 + 1 }
