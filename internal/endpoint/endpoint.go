// Package endpoint matches requests against a list of ServeMux patterns: "POST /v1/messages",
// "/v1/files/{id}", "GET /v1/models/".
package endpoint

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/headersafe/headersafe/internal/percent"
)

// Set is a compiled list of patterns. A nil Set matches nothing.
type Set struct{ mux *http.ServeMux }

type match int // the index of a pattern

func (match) ServeHTTP(http.ResponseWriter, *http.Request) {}

// Fault says what is wrong with a pattern.
type Fault struct{ Pattern, Reason string }

// Compile returns the Set of the patterns, which have the syntax of [http.ServeMux] without a host, and what is wrong
// with them.
func Compile(patterns []string) (*Set, []Fault) {
	s := &Set{mux: http.NewServeMux()}
	var faults []Fault
	for i, pattern := range patterns {
		if err := s.add(pattern, i); err != nil {
			faults = append(faults, Fault{pattern, err.Error()})
		}
	}
	return s, faults
}

func (s *Set) add(pattern string, i int) (err error) {
	_, path, found := strings.Cut(pattern, " ")
	if !found {
		path = pattern
	}
	if !strings.HasPrefix(strings.TrimLeft(path, " \t"), "/") {
		return errors.New(`must be a path, or a method and a path, such as "POST /v1/messages"`)
	}
	defer func() { // ServeMux reports a pattern that it can't parse, or that conflicts, by panicking
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	s.mux.Handle(pattern, match(i))
	return nil
}

// Match returns the index of the pattern that r matches. If none does, ok is false, and allow lists the
// methods under which the path would have matched: for a 405's Allow field; empty for a 404.
func (s *Set) Match(r *http.Request) (index int, allow string, ok bool) {
	if s == nil {
		return 0, "", false
	}
	handler, _ := s.mux.Handler(r)
	if m, ok := handler.(match); ok {
		return int(m), "", true
	}
	// ServeMux says "method not allowed", "not found" and "redirect to the clean path" by handlers.
	answer := allowWriter{header: http.Header{}}
	handler.ServeHTTP(&answer, &http.Request{Method: r.Method, URL: &url.URL{Path: "/"}})
	if answer.status == http.StatusMethodNotAllowed {
		return 0, answer.header.Get("Allow"), false
	}
	return 0, "", false
}

// Ambiguous reports whether the request's path, decoded once more or more often, matches another pattern than index, or
// one at all where ok is false: the upstream may decode it, and take the request for another.
func (s *Set) Ambiguous(r *http.Request, index int, ok bool) bool {
	if s == nil {
		return false
	}
	path := r.URL.EscapedPath()
	for {
		decoded, changed := percent.Decode(path)
		if !changed {
			return false
		}
		path = decoded
		other := *r
		other.URL = &url.URL{Path: decoded}
		if handler, _ := s.mux.Handler(&other); handler != nil {
			if m, also := handler.(match); also && (!ok || int(m) != index) {
				return true
			}
		}
	}
}

type allowWriter struct {
	header http.Header
	status int
}

func (w *allowWriter) Header() http.Header         { return w.header }
func (w *allowWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w *allowWriter) WriteHeader(status int)      { w.status = status }
