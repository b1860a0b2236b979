package passthrough

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// panicking is a writer of a middleware's that gives up when the header is sent.
type panicking struct{ http.ResponseWriter }

func (panicking) Flush() { panic(http.ErrAbortHandler) }

// The header is sent from another goroutine, and a panic there is the handler's.
func TestPanicOfAWriter(t *testing.T) {
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("the handler panics with %v", got)
		}
	}()
	new(stream).begin(panicking{httptest.NewRecorder()}, new(clock), -1, false)
}
