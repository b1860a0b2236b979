package leaktest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// conversation is what was said in one run of a case.
type conversation struct {
	target    *Target
	values    values
	sent      []string // the requests
	replies   []reply
	arrived   []rawhttp.Request // with the upstream
	elsewhere []rawhttp.Request // with a server that no request should reach
	surplus   []string          // bytes to the upstream that no request accounts for
	logged    string
	heard     bool      // whether the case says anything about the client
	findings  []Finding // what the ends of the conversation noticed themselves
}

// play runs a case on one protocol. The error says that it could not be run.
func play(b *bench, t *Target, v *vector, wire, addr string, u *upstream, values values) (*conversation, error) {
	p := &part{}
	for _, text := range v.replies {
		steps, err := script("upstream", text, values)
		if err != nil {
			return nil, err
		}
		p.replies = append(p.replies, steps)
	}
	var requests [][]step
	for _, text := range v.request {
		steps, err := script("request", text, values)
		if err != nil {
			return nil, err
		}
		requests = append(requests, steps)
	}
	c := &conversation{target: t, values: values, heard: v.hears()}
	logged := 0
	if t.Log != nil {
		logged = len(t.Log.String())
	}

	conn, err := dial(b, wire, addr)
	if err != nil {
		return nil, err
	}
	p.delivered = func(text string) bool { return conn.await(text) }
	u.begin(p)
	for range v.repeat {
		for _, steps := range requests {
			if len(c.replies) > 0 && c.last().ended() {
				if conn, err = dial(b, wire, addr); err != nil {
					return nil, err
				}
			}
			if err := c.converse(conn, p, steps); err != nil {
				return nil, err
			}
		}
		if c.last().err != nil { // which is worth a look
			break
		}
	}
	if !p.finished(b.patience + time.Second) { // what it waits for has a limit of its own, and comes first
		p.find("the gateway left the upstream waiting")
	}
	c.arrived, c.elsewhere = u.requests(), u.elsewhereRequests()
	p.mu.Lock()
	c.surplus, c.findings = p.surplus, append(c.findings, p.findings...)
	p.mu.Unlock()
	if t.Log != nil {
		c.logged = t.Log.String()[logged:]
	}
	return c, nil
}

func dial(b *bench, wire, addr string) (client, error) {
	if wire == h2 {
		return dialH2(b, addr)
	}
	return dialH1(b, addr)
}

// converse sends one request and waits for its response.
func (c *conversation) converse(conn client, p *part, steps []step) error {
	c.sent = append(c.sent, sent(steps))
	if err := conn.start(steps); err != nil {
		return err
	}
	for _, s := range steps {
		switch s.action {
		case "":
			conn.send(s.send)
		case "await":
			if !conn.await(s.text) {
				c.findings = append(c.findings, Finding{What: fmt.Sprintf("the response did not bring %q, which the client waited for", s.text), Where: "the client"})
			}
		case "await upstream":
			select {
			case <-p.arrived:
			case <-time.After(c.target.Patience):
				c.findings = append(c.findings, Finding{What: "the request never reached the upstream", Where: "the upstream"})
			}
		case "half-close":
			conn.halfClose()
		case "leave":
			conn.leave()
		}
	}
	r := conn.finish()
	if r.timedOut() && !r.left && c.heard {
		c.findings = append(c.findings, Finding{What: "the gateway did not end its response", Where: "the client"})
	}
	c.replies = append(c.replies, r)
	return nil
}

// last is the last response.
func (c *conversation) last() *reply { return &c.replies[len(c.replies)-1] }

// upstreamText is all that reached the upstream.
func (c *conversation) upstreamText() string {
	var b strings.Builder
	for _, r := range c.arrived {
		b.WriteString(requestText(r))
	}
	for _, s := range c.surplus {
		b.WriteString(s)
	}
	return b.String()
}

// requestText is a request in full.
func requestText(r rawhttp.Request) string {
	text := r.Head.String() + "\n" + string(r.Body)
	if len(r.Trailers) > 0 {
		text += "\n" + strings.Join(r.Trailers, "\n")
	}
	return text + "\n"
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
