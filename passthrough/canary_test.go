package passthrough_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/url"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headersafe/headersafe/passthrough"
)

// The canaries: secrets of which each may stand in one place only.
const (
	gatewayKey  = "gw-alice-7f3a91c2e5d84b60"     // what the caller proves itself with: reaches nobody
	callerToken = "sk-ant-oat01-callers-own-4411" // the caller's own: reaches the upstream, no log
	upstreamKey = "sk-upstream-injected-9917aa0b" // the gateway's own: reaches the upstream, never the caller
)

// refused checks that the request was answered with status and code, and that the upstream was not touched.
func (g *gateway) refused(r reply, status int, code string) {
	g.t.Helper()
	if r.status != status || !strings.Contains(r.body, `"code":"`+code+`"`) {
		g.t.Errorf("got %v, want %d %s", r, status, code)
	}
	if hits := g.upstream.hits(); hits != 0 {
		g.t.Errorf("the upstream got %d requests, want none:\n%v", hits, g.upstream.seen())
	}
	if e := g.record(); e.Denial == nil || e.Denial.Code != code || e.Status != status {
		g.t.Errorf("the record has %+v, want the denial %s", e, code)
	}
	g.keeps()
}

// keeps checks that no canary is where it must not be: the gateway's key with the upstream, the caller or a
// log, the caller's token in a log, the upstream's key with the caller or in a log.
func (g *gateway) keeps() {
	g.t.Helper()
	var arrived strings.Builder
	for _, a := range g.upstream.seen() {
		fmt.Fprintln(&arrived, a)
	}
	for _, place := range []struct{ name, text string }{
		{"the upstream", arrived.String()}, {"the caller", g.replies.String()}, {"the log", g.logs.String()},
	} {
		for _, canary := range []string{gatewayKey, callerToken, upstreamKey} {
			if place.name == "the upstream" && canary != gatewayKey || place.name == "the caller" && canary == callerToken {
				continue
			}
			if holds(place.text, canary) {
				g.t.Errorf("%s got %q:\n%s", place.name, canary, place.text)
			}
		}
	}
}

// printed is a record in every form that it can be printed in.
func printed(e *passthrough.Exchange) string {
	text, err := json.Marshal(e)
	return fmt.Sprintf("%s %v %v %+v %#v\n", text, err, e, e, e)
}

// holds reports whether text has the secret as it stands, percent-encoded, or in base64.
func holds(text, secret string) bool {
	if decoded, err := url.PathUnescape(text); err == nil && strings.Contains(decoded, secret) {
		return true
	}
	for shift := range 3 {
		core := base64.StdEncoding.EncodeToString([]byte("   "[:shift] + secret))
		if strings.Contains(text, core[4:len(core)-4]) {
			return true
		}
	}
	return strings.Contains(text, secret)
}

// difference is cmp.Diff, to which none and nil are the same.
func difference(want, got any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

// lockedBuffer is a bytes.Buffer for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// quiet is where servers log what the tests provoke.
var quiet = log.New(io.Discard, "", 0)
