package leaktest

import (
	"fmt"
	"strings"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// search looks for a text in a conversation.
type search struct {
	*conversation

	want string
	name string // what reports call it
}

// called is how reports speak of the secrets.
var called = map[string]string{ //nolint:gosec // names of secrets
	"gateway-key":       "the gateway key",
	"upstream-secret":   "the gateway's secret for the upstream",
	"caller-credential": "the caller's credential",
	"stray":             "what the client sent as {{stray}}, and should have gone no further,",
	"private":           "what the upstream sent as {{private}}, and should have gone no further,",
}

func (c *conversation) search(text, name string) search {
	for known, secret := range c.values.secrets(c.target) {
		if text == secret {
			name = called[known]
		}
	}
	return search{c, text, name}
}

// reached finds the text in what the upstream got.
func (s search) reached() []Finding {
	for i, r := range s.arrived {
		if where, form := s.inRequest(r); form != "" {
			return wrong("the upstream", "%s reached the upstream, %s, in %s of request %d", s.name, form, where, i+1)
		}
	}
	if form := found(strings.Join(s.surplus, ""), s.want); form != "" {
		return wrong("the upstream", "%s reached the upstream, %s, after the request", s.name, form)
	}
	if form := found(s.upstreamText(), s.want); form != "" {
		return wrong("the upstream", "%s reached the upstream, %s", s.name, form)
	}
	return nil
}

func (s search) inRequest(r rawhttp.Request) (where, form string) {
	if form = found(r.Start, s.want); form != "" {
		return "the request line", form
	}
	if where, form = s.inFields("the field", r.Fields); form != "" {
		return where, form
	}
	if form = found(string(r.Body), s.want); form != "" {
		return "the body", form
	}
	return s.inFields("the trailer", r.Trailers)
}

func (s search) inFields(kind string, fields rawhttp.Fields) (where, form string) {
	for _, line := range fields {
		if form := found(line, s.want); form != "" {
			name, _, _ := strings.Cut(line, ":")
			return fmt.Sprintf("%s %q", kind, name), form
		}
	}
	return "", ""
}

// returned finds the text in what the client got.
func (s search) returned() []Finding {
	for i, r := range s.replies {
		if where, form := s.inReply(r); form != "" {
			return wrong("the client", "%s reached the client, %s, in %s of response %d", s.name, form, where, i+1)
		}
	}
	return nil
}

func (s search) inReply(r reply) (where, form string) {
	for _, h := range r.informational {
		if where, form = s.inFields("the 1xx field", h); form != "" {
			return where, form
		}
	}
	if where, form = s.inFields("the field", r.fields); form != "" {
		return where, form
	}
	if form = found(string(r.body), s.want); form != "" {
		return "the body", form
	}
	if where, form = s.inFields("the trailer", r.trailers); form != "" {
		return where, form
	}
	return "the text", found(r.text, s.want)
}

// logged finds the text in the gateway's log.
func (s search) logged() []Finding {
	if form := found(s.conversation.logged, s.want); form != "" {
		return wrong("the log", "%s stands in the gateway's log, %s", s.name, form)
	}
	return nil
}

// invariants hold in every case, whatever it expects.
func (c *conversation) invariants() []Finding {
	var out []Finding
	t := c.target
	secret := func(s string) search { return c.search(s, "") }
	out = append(out, secret(t.Gateway.secret).reached()...)
	out = append(out, secret(t.Upstream.secret).returned()...)
	for _, s := range []string{t.Gateway.secret, t.Upstream.secret, t.Caller.secret} {
		out = append(out, secret(s).logged()...)
	}
	if len(c.elsewhere) > 0 {
		out = append(out, wrong("another server", "the gateway sent a request to a server that is not its upstream: %s", targets(c.elsewhere))...)
	}
	return append(out, c.findings...)
}
