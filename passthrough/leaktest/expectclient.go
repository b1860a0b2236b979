package leaktest

import (
	"fmt"
	"slices"
	"strings"
)

// clientStatus checks the last response against a list such as "200 4xx none".
func (c *conversation) clientStatus(list string) []Finding {
	got := fmt.Sprint(c.last().status)
	if got == "0" {
		got = "none"
	}
	for want := range strings.FieldsSeq(list) {
		if want == got || strings.HasSuffix(want, "xx") && len(got) == 3 && got[0] == want[0] {
			return nil
		}
	}
	return wrong("the client", "the client got status %s, and should have got %s", got, list)
}

func (c *conversation) clientLacksField(name string) []Finding {
	for _, r := range c.replies {
		for _, h := range append(slices.Clone(r.informational), r.fields, r.trailers) {
			for _, line := range h {
				if got, _, _ := strings.Cut(line, ":"); fold(got) == fold(name) {
					return wrong("the client", "the field %q reached the client: %q", name, line)
				}
			}
		}
	}
	return nil
}

// interimLacksField checks the informational responses alone.
func (c *conversation) interimLacksField(name string) []Finding {
	for _, h := range c.last().informational {
		if h.Has(name) {
			return wrong("the client", "the field %q left with an informational response: %q", name, h)
		}
	}
	return nil
}

// clientHasField checks that the final response has this line, whatever else it has.
func (c *conversation) clientHasField(line string) []Finding {
	name, value, _ := strings.Cut(line, ":")
	if got := c.last().fields.Values(name); !slices.Contains(got, strings.TrimSpace(value)) {
		return wrong("the client", "the response has %s: %q, and should have had %q", name, got, strings.TrimSpace(value))
	}
	return nil
}

func (c *conversation) clientOneField(name string) []Finding {
	if got := c.last().fields.Values(name); len(got) > 1 {
		return wrong("the client", "the response has %d lines of %s: %q", len(got), name, got)
	}
	return nil
}

func (c *conversation) clientBody(want string) []Finding {
	if got := string(c.last().body); got != want {
		return wrong("the client", "the body reached the client as %s, and should have been %s", shown(got), shown(want))
	}
	return nil
}

func (c *conversation) clientComplete(want bool) []Finding {
	last := c.last()
	switch complete := last.err == nil; {
	case complete && !want && last.status < 500: // an error of the gateway's own tells the client, too
		return wrong("the client", "the response broke off at the upstream, and looks complete to the client")
	case !complete && want:
		return wrong("the client", "response %d is not complete: %v", len(c.replies), last.err)
	}
	return nil
}

// shown quotes text, or the beginning of it.
func shown(text string) string {
	const most = 120
	if len(text) > most {
		return fmt.Sprintf("%q… (%d bytes)", text[:most], len(text))
	}
	return fmt.Sprintf("%q", text)
}
