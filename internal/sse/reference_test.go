package sse_test

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/headersafe/headersafe/internal/sse"
)

// seen is a piece as a test keeps it.
type seen struct {
	Raw, Name, Data, Aside string
	DataLines              int
	Dispatched             bool
	Quirks                 sse.Quirks
}

func keep(ev sse.Event) seen {
	return seen{string(ev.Raw), string(ev.Name), string(ev.Data), string(ev.Aside), ev.DataLines, ev.Dispatched, ev.Quirks}
}

// reference reads a whole stream, as slowly and plainly as can be: the standard's ABNF by splitting, its rules for fields
// line by line. It returns the pieces, what is left, and whether it met a line that is not UTF-8.
func reference(stream string) (pieces []seen, rest string, invalid bool) {
	var now seen
	var data, aside []string
	fields, events := 0, 0
	flush := func() {
		now.Data, now.Aside = strings.Join(data, "\n"), strings.TrimPrefix(strings.Join(aside, "\n"), "\n")
		now.DataLines, now.Dispatched = len(data), len(data) > 0
		if fields > 0 && len(data) == 0 {
			now.Quirks |= sse.NoData
		}
		pieces = append(pieces, now)
		now, data, aside, fields, events = seen{}, nil, nil, 0, 0
	}
	say := func(s string) {
		if strings.ContainsAny(s, "\v\f\x1c\x1d\x1e\u0085\u2028\u2029") {
			now.Quirks |= sse.Separator
		}
		if s != "" || len(aside) > 0 {
			aside = append(aside, s)
		}
	}
	for first := true; stream != ""; first = false {
		i := strings.IndexAny(stream, "\r\n")
		if i < 0 {
			break
		}
		line, end := stream[:i], stream[i:i+1]
		stream = stream[i+1:]
		if !utf8.ValidString(line) {
			return pieces, "", true
		}
		now.Raw += line + end
		if first && strings.HasPrefix(line, "\uFEFF") {
			now.Quirks |= sse.BOM
			line = strings.TrimPrefix(line, "\uFEFF")
		}
		if strings.Contains(line, "\x00") {
			now.Quirks |= sse.NUL
		}
		complete := line == ""
		if comment, ok := strings.CutPrefix(line, ":"); ok {
			say(comment)
			complete = fields == 0
		} else if line != "" {
			fields++
			name, value, _ := strings.Cut(line, ":")
			value = strings.TrimPrefix(value, " ")
			switch name {
			case "data":
				data = append(data, value)
			case "event":
				if events++; events > 1 {
					now.Quirks |= sse.RepeatedEvent
					say(now.Name)
				}
				now.Name = value
				if strings.ContainsAny(value, "\v\f\x1c\x1d\x1e\u0085\u2028\u2029") {
					now.Quirks |= sse.Separator
				}
			case "id", "retry":
				say(value)
			default:
				now.Quirks |= sse.UnknownField
				say(line)
			}
		}
		if complete {
			flush()
		}
		switch {
		case end == "\r" && strings.HasPrefix(stream, "\n"):
			if stream = stream[1:]; complete {
				pieces = append(pieces, seen{Raw: "\n"})
			} else {
				now.Raw += "\n"
			}
		case end == "\r" && stream != "":
			now.Quirks |= sse.LoneCR
		}
	}
	return pieces, now.Raw + stream, false
}

// read feeds the chunks to a Reader.
func read(limits sse.Limits, chunks ...[]byte) (pieces []seen, rest string, err error) {
	r := sse.NewReader(limits)
	for _, chunk := range chunks {
		before := bytes.Clone(chunk)
		if err = r.Feed(chunk, func(ev sse.Event) error { pieces = append(pieces, keep(ev)); return nil }); err != nil {
			return pieces, "", err
		}
		if !bytes.Equal(before, chunk) {
			panic("Feed changed what it was given")
		}
		clear(chunk) // nobody may have kept it
		copy(chunk, bytes.Repeat([]byte("#"), len(chunk)))
	}
	return pieces, string(r.Rest()), nil
}

// cut returns copies of the parts of s between the given places.
func cut(s string, places ...int) [][]byte {
	var chunks [][]byte
	last := 0
	for _, at := range append(places, len(s)) {
		chunks = append(chunks, []byte(s[last:at]))
		last = at
	}
	return chunks
}
