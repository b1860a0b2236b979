package leaktest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// expectation is one line of what must be true of a conversation.
type expectation struct {
	line     string // as written: "upstream lacks {{stray}}"
	argument string // what stands after the verb
	check    check
}

// check returns what is wrong; argument has been expanded.
type check func(c *conversation, argument string) []Finding

// checks are the verbs, by how they begin. The longest that fits counts.
var checks = map[string]check{
	"upstream requests at most": func(c *conversation, n string) []Finding { return c.requests(n, false) },
	"upstream requests":         func(c *conversation, n string) []Finding { return c.requests(n, true) },
	"upstream lacks":            func(c *conversation, text string) []Finding { return c.search(text, strconv.Quote(text)).reached() },
	"upstream lacks field":      (*conversation).upstreamLacksField,
	"upstream has field":        (*conversation).upstreamHasField,
	"upstream one field":        (*conversation).upstreamOneField,
	"upstream not both":         (*conversation).upstreamNotBoth,
	"upstream target":           (*conversation).upstreamTarget,
	"upstream plain target":     func(c *conversation, _ string) []Finding { return c.plainTarget() },
	"upstream body":             (*conversation).upstreamBody,
	"upstream incomplete":       func(c *conversation, _ string) []Finding { return c.upstreamIncomplete() },
	"upstream well-formed":      func(c *conversation, _ string) []Finding { return c.upstreamWellFormed() },
	"upstream not joined":       (*conversation).upstreamNotJoined,
	"upstream surplus":          (*conversation).upstreamSurplus,
	"client 1xx lacks field":    (*conversation).interimLacksField,
	"client status":             (*conversation).clientStatus,
	"client lacks":              func(c *conversation, text string) []Finding { return c.search(text, strconv.Quote(text)).returned() },
	"client lacks field":        (*conversation).clientLacksField,
	"client has field":          (*conversation).clientHasField,
	"client one field":          (*conversation).clientOneField,
	"client body":               (*conversation).clientBody,
	"client complete":           func(c *conversation, _ string) []Finding { return c.clientComplete(true) },
	"client incomplete":         func(c *conversation, _ string) []Finding { return c.clientComplete(false) },
	"log lacks":                 func(c *conversation, text string) []Finding { return c.search(text, strconv.Quote(text)).logged() },
}

func parseExpectation(line string) (expectation, error) {
	best := ""
	for verb := range checks {
		if (line == verb || strings.HasPrefix(line, verb+" ")) && len(verb) > len(best) {
			best = verb
		}
	}
	if best == "" {
		return expectation{}, fmt.Errorf("expect: %q begins with no verb that is known", line)
	}
	return expectation{line, strings.TrimPrefix(strings.TrimPrefix(line, best), " "), checks[best]}, nil
}

func wrong(where, format string, args ...any) []Finding {
	return []Finding{{What: fmt.Sprintf(format, args...), Where: where}}
}

func (c *conversation) requests(argument string, exactly bool) []Finding {
	want, err := strconv.Atoi(argument)
	if got := len(c.arrived); err != nil || got > want || exactly && got != want {
		limit := argument
		if !exactly {
			limit = "at most " + argument
		}
		return wrong("the upstream", "the number of requests that reached the upstream is %d, and should be %s: %s", got, limit, targets(c.arrived))
	}
	return nil
}

func targets(requests []rawhttp.Request) string {
	lines := make([]string, 0, len(requests))
	for _, r := range requests {
		lines = append(lines, strconv.Quote(r.Start))
	}
	if len(lines) == 0 {
		return "none"
	}
	return strings.Join(lines[:min(len(lines), 4)], ", ")
}

// fold is a field's name as a server may see it that takes "_" and "." for "-".
func fold(name string) string {
	return strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(strings.TrimSpace(name)))
}

func (c *conversation) upstreamLacksField(name string) []Finding {
	for i, r := range c.arrived {
		for _, line := range slices.Concat(r.Fields, r.Trailers) {
			if got, _, _ := strings.Cut(line, ":"); fold(got) == fold(name) {
				return wrong("the upstream", "the field %q reached the upstream, in request %d: %q", name, i+1, line)
			}
		}
	}
	return nil
}

// upstreamHasField checks that every request has this line, and no other of its name.
func (c *conversation) upstreamHasField(line string) []Finding {
	name, value, _ := strings.Cut(line, ":")
	want := []string{strings.TrimSpace(value)}
	for i, r := range c.arrived {
		if got := r.Fields.Values(name); !slices.Equal(got, want) {
			return wrong("the upstream", "request %d reached the upstream with %s: %q, and should have had %q", i+1, name, got, want)
		}
	}
	return nil
}

func (c *conversation) upstreamOneField(name string) []Finding {
	for i, r := range c.arrived {
		if got := r.Fields.Values(name); len(got) != 1 {
			return wrong("the upstream", "request %d reached the upstream with %d lines of %s: %q", i+1, len(got), name, got)
		}
	}
	return nil
}

func (c *conversation) upstreamNotBoth(names string) []Finding {
	one, other, _ := strings.Cut(names, " and ")
	for i, r := range c.arrived {
		if r.Fields.Has(one) && r.Fields.Has(other) {
			return wrong("the upstream", "request %d reached the upstream with both %s and %s", i+1, one, other)
		}
	}
	return nil
}

// upstreamNotJoined checks that the field holds no list of credentials.
func (c *conversation) upstreamNotJoined(name string) []Finding {
	for i, r := range c.arrived {
		if value := r.Fields.Get(name); strings.Contains(value, ",") {
			return wrong("the upstream", "request %d reached the upstream with several values in %s: %q", i+1, name, value)
		}
	}
	return nil
}

// upstreamSurplus checks what came after a request: what is said on a connection that has switched protocols.
func (c *conversation) upstreamSurplus(text string) []Finding {
	if got := strings.Join(c.surplus, ""); len(c.arrived) > 0 && !strings.Contains(got, text) {
		return wrong("the upstream", "%q reached the upstream after the request, and %q should have been in it", got, text)
	}
	return nil
}

func (c *conversation) upstreamTarget(want string) []Finding {
	for i, r := range c.arrived {
		if got := r.Target(); got != want {
			return wrong("the upstream", "request %d reached the upstream for %q, and should have been for %q", i+1, got, want)
		}
	}
	return nil
}

// plainTarget checks that no target reads as another place once it is decoded or normalised.
func (c *conversation) plainTarget() []Finding {
	for i, r := range c.arrived {
		if why := ambiguous(r.Target(), c.target.Base); why != "" {
			return wrong("the upstream", "request %d reached the upstream for %q, which holds %s", i+1, r.Target(), why)
		}
	}
	return nil
}

// ambiguous says what in a target two servers could read differently, in any layer of percent-encoding.
func ambiguous(target, base string) string {
	if !strings.HasPrefix(target, base+"/") {
		return "a path beside the upstream's base"
	}
	path, _, _ := strings.Cut(target, "?")
	for range layers + 1 {
		if why := ambiguousLayer(path); why != "" {
			return why
		}
		next := unescape(path)
		if next == path {
			return ""
		}
		path = next
	}
	return "too many layers of percent-encoding"
}

func ambiguousLayer(path string) string {
	switch {
	case strings.Contains(path, "//"):
		return "an empty segment"
	case strings.Contains(path, `\`):
		return "a backslash"
	case strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "a control character"
	case strings.Contains(path, "\xc0\xae"):
		return "an overlong encoding of a dot"
	}
	for segment := range strings.SplitSeq(path, "/") {
		name, _, _ := strings.Cut(segment, ";")
		if name = strings.TrimRight(name, " "); name == "." || name == ".." {
			return "a dot segment"
		}
	}
	return ""
}

func (c *conversation) upstreamBody(want string) []Finding {
	for i, r := range c.arrived {
		if got := string(r.Body); got != want {
			return wrong("the upstream", "the body of request %d reached the upstream as %q, and should have been %q", i+1, got, want)
		}
	}
	return nil
}

// upstreamWellFormed checks that no request is malformed; one may have been broken off.
func (c *conversation) upstreamWellFormed() []Finding {
	for i, r := range c.arrived {
		if r.Err != nil && !errors.Is(r.Err, io.ErrUnexpectedEOF) && !errors.Is(r.Err, syscall.ECONNRESET) && !errors.Is(r.Err, net.ErrClosed) {
			return wrong("the upstream", "request %d reached the upstream malformed: %v", i+1, r.Err)
		}
	}
	return nil
}

func (c *conversation) upstreamIncomplete() []Finding {
	for i, r := range c.arrived {
		if r.Read && r.Err == nil {
			return wrong("the upstream", "request %d looks complete to the upstream, though its body is not", i+1)
		}
	}
	return nil
}
