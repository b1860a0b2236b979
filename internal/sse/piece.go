package sse

import (
	"bytes"
	"unicode/utf8"
)

// piece is what is known of the piece under way. Spans are offsets from its start: its bytes may be copied before it is
// complete.
type piece struct {
	quirks    Quirks
	fields    int
	events    int
	name      span
	dataLines int
	data      span   // of the only field data
	joined    []byte // of several
	aside     []byte
}

type span struct{ start, end int }

func (s span) of(raw []byte) []byte { return raw[s.start:s.end:s.end] }

var bom = []byte("\uFEFF")

// add reads the line raw[start:end], and reports whether the piece is complete with it. It is not ok unless the line is
// UTF-8. first says that the line is the stream's first.
func (p *piece) add(raw []byte, start, end int, first bool) (complete, ok bool) {
	line := raw[start:end]
	if !utf8.Valid(line) {
		return false, false
	}
	if first && bytes.HasPrefix(line, bom) {
		p.quirks |= BOM
		start += len(bom)
		line = line[len(bom):]
	}
	if len(line) == 0 {
		return true, true
	}
	if bytes.IndexByte(line, 0) >= 0 {
		p.quirks |= NUL
	}
	if line[0] == ':' {
		p.say(line[1:])
		return p.fields == 0, true
	}
	p.fields++
	value := start + len(line)
	name := line
	if colon := bytes.IndexByte(line, ':'); colon >= 0 {
		name = line[:colon]
		if value = start + colon + 1; value < end && raw[value] == ' ' {
			value++
		}
	}
	p.field(name, line, raw, span{value, end})
	return false, true
}

func (p *piece) field(name, line, raw []byte, value span) {
	switch string(name) {
	case "data":
		switch p.dataLines++; p.dataLines {
		case 1:
			p.data = value
			return
		case 2:
			p.joined = append(p.joined[:0], p.data.of(raw)...)
		}
		p.joined = append(append(p.joined, '\n'), value.of(raw)...)
	case "event":
		if p.events++; p.events > 1 {
			p.quirks |= RepeatedEvent
			p.say(p.name.of(raw))
		}
		p.name = value
		p.lookForSeparators(value.of(raw))
	case "id", "retry":
		p.say(value.of(raw))
	default:
		p.quirks |= UnknownField
		p.say(line)
	}
}

// say adds to what is said aside.
func (p *piece) say(text []byte) {
	p.lookForSeparators(text)
	if len(p.aside) > 0 {
		p.aside = append(p.aside, '\n')
	}
	p.aside = append(p.aside, text...)
}

// lookForSeparators looks for what ends a line to Python's str.splitlines and not to the standard. text is UTF-8.
func (p *piece) lookForSeparators(text []byte) {
	for i, c := range text {
		switch c {
		case '\v', '\f', 0x1c, 0x1d, 0x1e:
		case 0xc2:
			if text[i+1] != 0x85 { // U+0085
				continue
			}
		case 0xe2:
			if text[i+1] != 0x80 || text[i+2]|1 != 0xa9 { // U+2028, U+2029
				continue
			}
		default:
			continue
		}
		p.quirks |= Separator
		return
	}
}

// event returns the piece, which is complete.
func (p *piece) event(raw []byte) Event {
	ev := Event{
		Raw: raw[:len(raw):len(raw)], Name: p.name.of(raw), Data: p.data.of(raw), DataLines: p.dataLines, Aside: p.aside,
		Dispatched: p.dataLines > 0, Quirks: p.quirks,
	}
	if p.dataLines > 1 {
		ev.Data = p.joined
	}
	if p.fields > 0 && p.dataLines == 0 {
		ev.Quirks |= NoData
	}
	return ev
}

func (p *piece) reset() {
	joined, aside := p.joined[:0], p.aside[:0]
	if cap(joined) > maxKept {
		joined = nil
	}
	if cap(aside) > maxKept {
		aside = nil
	}
	*p = piece{joined: joined, aside: aside}
}
