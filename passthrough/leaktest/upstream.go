package leaktest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// upstream is the far end of a case's conversation, and a second server to which nothing should go.
type upstream struct {
	server    *rawhttp.Server
	elsewhere *rawhttp.Server

	mu      sync.Mutex
	current *part
	before  int // requests of earlier cases
	strayed int // the same, elsewhere
}

// part is what the upstream says and notes in one case.
type part struct {
	replies   [][]step
	delivered func(text string) bool // waits until the client has got text

	mu       sync.Mutex
	served   int
	surplus  []string // bytes that no request accounts for
	findings []Finding
	arrived  chan struct{} // closed when the first request has come
	active   int           // requests that are being answered
	idle     chan struct{} // has room for one: told when active falls to 0
}

// startUpstream listens at addr, or anywhere on loopback if addr is "".
func startUpstream(b *bench, addr string) *upstream {
	u := &upstream{}
	if addr == "" {
		u.server = rawhttp.Upstream(b, u.serve)
	} else {
		u.server = rawhttp.UpstreamAt(b, addr, u.serve)
	}
	u.elsewhere = rawhttp.Upstream(b, rawhttp.Reply("HTTP/1.1 200 OK\nContent-Length: 9\n\nelsewhere"))
	return u
}

// begin makes p the part that is played from now on.
func (u *upstream) begin(p *part) {
	u.mu.Lock()
	defer u.mu.Unlock()
	p.arrived, p.idle = make(chan struct{}), make(chan struct{}, 1)
	u.current, u.before, u.strayed = p, u.server.Hits(), u.elsewhere.Hits()
}

// requests are those that have come since begin.
func (u *upstream) requests() []rawhttp.Request {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.server.Requests()[u.before:]
}

func (u *upstream) elsewhereRequests() []rawhttp.Request {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.elsewhere.Requests()[u.strayed:]
}

func (u *upstream) serve(x *rawhttp.Exchange) {
	u.mu.Lock()
	p := u.current
	u.mu.Unlock()
	if p == nil {
		return
	}
	p.enter()
	defer p.leave()
	p.serve(x)
}

func (p *part) enter() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.active++
}

func (p *part) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.active--; p.active == 0 {
		select {
		case p.idle <- struct{}{}:
		default:
		}
	}
}

// finished waits until no request is being answered.
func (p *part) finished(patience time.Duration) bool {
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		p.mu.Lock()
		active := p.active
		p.mu.Unlock()
		if active == 0 {
			return true
		}
		select {
		case <-p.idle:
		case <-limit.C:
			return false
		}
	}
}

func (p *part) serve(x *rawhttp.Exchange) {
	p.mu.Lock()
	steps := p.replies[min(p.served, len(p.replies)-1)]
	if p.served++; p.served == 1 {
		close(p.arrived)
	}
	p.mu.Unlock()
	if steps[0].action != "head only" && x.ReadBody().Err != nil {
		return
	}
	last := ""
	for _, s := range steps {
		switch s.action {
		case "":
			x.SendExactly(s.send)
			last = s.send
		case "read body":
			if x.ReadBody().Err != nil {
				return
			}
		case "await delivery":
			if text := lastLine(last); !p.delivered(text) {
				p.find(fmt.Sprintf("the gateway held back %q while the upstream waited", text))
			}
		case "await leave":
			surplus, err := x.AwaitClose()
			if len(surplus) > 0 {
				p.mu.Lock()
				p.surplus = append(p.surplus, string(surplus))
				p.mu.Unlock()
			}
			if isTimeout(err) {
				p.find("the gateway's connection to the upstream stayed open")
			}
		case "close":
			x.Close()
			return
		case "reset":
			x.Reset()
			return
		}
	}
	if strings.Contains(strings.ToLower(sent(steps)), "\r\nconnection: close\r\n") {
		x.Close()
	}
}

func (p *part) find(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.findings = append(p.findings, Finding{What: what, Where: "the upstream"})
}

// lastLine is the last line of text that has any; of a head alone it is the status, since the gateway may word the
// rest otherwise.
func lastLine(text string) string {
	if head, body, ok := strings.Cut(text, "\r\n\r\n"); ok && body == "" && strings.HasPrefix(head, "HTTP/1.1 ") {
		return strings.Fields(head)[1]
	}
	lines := strings.Split(strings.TrimRight(text, "\r\n"), "\r\n")
	return lines[len(lines)-1]
}
