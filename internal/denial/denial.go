// Package denial is how every stage says no: one value with a public part for the client and a
// private part for the exchange record, and the shapes in which the public part is written.
package denial

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// Denial is a refusal to forward, or to relay, an exchange.
type Denial struct {
	Status  int         // the HTTP status, 4xx or 5xx
	Code    string      // stable and machine-readable: "missing-credential"
	Message string      // public: what the client is told; holds no value of any field
	Header  http.Header // further response fields, such as WWW-Authenticate; may be nil
	Detail  string      // private: for the exchange record; holds names, never values
}

// Error returns the code and the private detail.
func (d *Denial) Error() string {
	if d.Detail == "" {
		return d.Code + ": " + d.Message
	}
	return d.Code + ": " + d.Detail
}

// Shape renders the public part of a denial as a response body and its media type. It must be pure,
// and quick: it runs for every refused request.
type Shape func(Denial) (contentType string, body []byte)

// Problem is the shape of RFC 9457, application/problem+json.
func Problem(d Denial) (string, []byte) {
	body, err := json.Marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Code   string `json:"code"`
	}{http.StatusText(d.Status), d.Status, d.Message, d.Code})
	if err != nil { // strings and an int always marshal
		body = []byte(`{"title":"Internal Server Error","status":500}`)
	}
	return "application/problem+json", body
}

// Write answers w with d in the given shape; a nil shape is [Problem]. Fields that outer middleware has
// set stay, other than those that would describe another body.
func Write(w http.ResponseWriter, shape Shape, d Denial) {
	if shape == nil {
		shape = Problem
	}
	contentType, body := shape(d)
	h := w.Header()
	for _, name := range []string{"Content-Encoding", "Content-Language", "Content-Range", "Etag", "Last-Modified", "Trailer"} {
		h.Del(name)
	}
	for name, lines := range d.Header {
		h[name] = slices.Clone(lines) // a denial may answer many requests, and outer middleware may change a line
	}
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(d.Status)
	_, _ = w.Write(body) // the client may have left; net/http drops the body for HEAD
}
