package field

import (
	"maps"
	"net/http"
)

// WriteInformational sends a 1xx response with the fields of h alone. WriteHeader sends the whole map of w: what outer
// middleware has set there is for the final response, and waits aside.
func WriteInformational(w http.ResponseWriter, status int, h http.Header) {
	header := w.Header()
	outer := maps.Clone(header)
	clear(header)
	maps.Copy(header, h)
	w.WriteHeader(status)
	clear(header)
	maps.Copy(header, outer)
}
