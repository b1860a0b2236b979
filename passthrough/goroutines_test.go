package passthrough_test

import (
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// noGoroutineLeft checks, once everything that the test starts from here on has been closed, that no goroutine
// of this module's or of an HTTP client or server is left. It must be called before any of these is started.
//
// A goroutine that ends takes its time: this is the one place of these tests that polls.
func noGoroutineLeft(t testing.TB) {
	if _, again := checked.LoadOrStore(t, true); again {
		return // the first call's check comes after everything
	}
	t.Cleanup(func() {
		var left []string
		for end := time.Now().Add(rawhttp.Patience); time.Now().Before(end); runtime.Gosched() {
			if left = ours(); len(left) == 0 {
				return
			}
		}
		t.Errorf("%d goroutines left:\n%s", len(left), strings.Join(left, "\n\n"))
	})
}

// checked has the tests with a check.
var checked sync.Map

var ourFrames = regexp.MustCompile(`headersafe/passthrough\.|headersafe/headerpolicy\.|net/http\.\(\*(persistConn|http2ClientConn|http2clientConnReadLoop|conn|http2serverConn)\)`)

// ours returns the stacks of the goroutines, other than the test's own, that are in code of interest.
func ours() []string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	stacks := strings.Split(string(buf), "\n\n")[1:] // the first is the caller's
	var left []string
	for _, stack := range stacks {
		if ourFrames.MatchString(stack) && !strings.Contains(stack, "testing.tRunner") && !strings.Contains(stack, "testing.(*F)") {
			left = append(left, stack)
		}
	}
	return left
}
