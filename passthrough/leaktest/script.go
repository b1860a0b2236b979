package leaktest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// step is one thing that an end of the conversation does: it sends text, or acts.
type step struct {
	send   string // bytes as they go on the wire
	action string // one of actions
	text   string // what an action is about
}

// actions are what a line of its own between double braces can say, and whose it is.
var actions = map[string]string{
	"await":          "request",  // until the response has brought the text
	"await upstream": "request",  // until a request has reached the upstream
	"leave":          "request",  // the client resets its connection, or its stream
	"half-close":     "request",  // the client ends its sending side
	"head only":      "upstream", // answer without reading the request's body first
	"read body":      "upstream", // after all
	"await delivery": "upstream", // until the client has got what was sent last
	"await leave":    "upstream", // until the gateway ends its connection
	"close":          "upstream",
	"reset":          "upstream",
}

var (
	control = regexp.MustCompile(`^\{\{([a-z-]+(?: [a-z]+)?|await: .*)\}\}$`)
	chunk   = regexp.MustCompile(`^\{\{chunk: (.*)\}\}$`)
	lonely  = regexp.MustCompile(`^\{\{((?:gateway-line|caller-line|upstream-line|fields|credentials)(?:\.lower)?)\}\}$`)
	sized   = regexp.MustCompile(`(?im)^content-length:`)
)

// script turns a section into steps. A placeholder for field lines that stands for none takes its own line with
// it; a message with a Content-Length does not include the line's end before the next section.
func script(section, text string, v values) ([]step, error) {
	if at := sized.FindStringIndex(text); at != nil {
		if _, body, ok := strings.Cut(text[at[0]:], "\n\n"); ok && body != "" {
			text = strings.TrimSuffix(text, "\n")
		}
	}
	var steps []step
	var pending strings.Builder
	flush := func() {
		if pending.Len() > 0 {
			steps = append(steps, step{send: pending.String()})
			pending.Reset()
		}
	}
	for line := range strings.Lines(text) {
		bare := strings.TrimSuffix(line, "\n")
		if m := lonely.FindStringSubmatch(bare); m != nil && v[m[1]] == "" {
			continue
		}
		if m := chunk.FindStringSubmatch(bare); m != nil {
			data, err := v.expand(m[1])
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&pending, "%x\r\n%s\r\n", len(data), data)
			continue
		}
		if m := control.FindStringSubmatch(bare); m != nil && (strings.HasPrefix(m[1], "await: ") || actions[m[1]] != "") {
			flush()
			action, about, _ := strings.Cut(m[1], ": ")
			if actions[action] != section {
				return nil, fmt.Errorf("{{%s}} cannot stand in the section %s", action, section)
			}
			about, err := v.expand(about)
			if err != nil {
				return nil, err
			}
			steps = append(steps, step{action: action, text: about})
			continue
		}
		data, err := v.expand(rawhttp.CRLF(line))
		if err != nil {
			return nil, err
		}
		pending.WriteString(data)
	}
	flush()
	return measured(steps), nil
}

// measured fills in {{length}}: how many bytes stand after the head that says it.
func measured(steps []step) []step {
	all := sent(steps)
	_, after, ok := strings.Cut(all, "{{length}}")
	if !ok {
		return steps
	}
	_, body, _ := strings.Cut(after, "\r\n\r\n")
	for i := range steps {
		steps[i].send = strings.ReplaceAll(steps[i].send, "{{length}}", strconv.Itoa(len(body)))
	}
	return steps
}

// sent is all that the steps send.
func sent(steps []step) string {
	var b strings.Builder
	for _, s := range steps {
		b.WriteString(s.send)
	}
	return b.String()
}
