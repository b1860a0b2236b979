package passthrough

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
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
	new(stream).begin(panicking{httptest.NewRecorder()}, new(clock), -1, false, false)
}

// arrivedBody is one that is here whole, as it says.
type arrivedBody struct {
	io.Reader
	arrived bool
}

func (b arrivedBody) HasArrived() bool { return b.arrived }

// The header waits for a body that has arrived, and for no other: that may take its time.
func TestHeaderGoesWithABodyThatHasArrived(t *testing.T) {
	for name, test := range map[string]struct {
		body    io.Reader
		flushes bool
	}{
		"arrived":      {arrivedBody{strings.NewReader("ok"), true}, false},
		"not arrived":  {arrivedBody{strings.NewReader("ok"), false}, true},
		"nobody knows": {strings.NewReader("ok"), true},
	} {
		t.Run(name, func(t *testing.T) {
			var c clock
			c.start(Timeouts{}, time.Now(), func(error) {}, func() {})
			defer c.stop()
			var s stream
			s.begin(httptest.NewRecorder(), &c, 2, false, hasArrived(test.body))
			if s.ready != test.flushes || (c.flushAt != 0) != test.flushes {
				t.Errorf("a flush is due: %t, %t", s.ready, c.flushAt != 0)
			}
		})
	}
}
