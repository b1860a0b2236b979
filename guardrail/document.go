package guardrail

import (
	"strings"
	"sync"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// document is a body as the guards are shown it: what was selected of the tape, or texts of an event stream. It is shared by the handler
// and by every guard that is at work, and what it borrowed is given back when the last of them lets go: a guard that
// outstays its deadline still reads its own request's text.
type document struct {
	rule *rule

	mu      sync.Mutex
	holders int
	release func() // gives back the body's buffers
	tape    *jsonscan.Tape
	found   *findings
	texts   []Text // one for each of found.items; made by materialise, piece by piece
	made    []bool // which of them have their value
	missing int    // how many of them have not
	digests []Key  // one for each of found.items; see digest

	places []string // where the texts of an event stream stand; none of the upstream's words are in them
}

// place is where a text stands.
type place struct {
	doc  *document
	node jsonscan.Node // or the number of the text, in an event stream
}

func (p place) path() string {
	if p.doc == nil {
		return ""
	}
	p.doc.mu.Lock()
	defer p.doc.mu.Unlock()
	if p.doc.tape == nil {
		return p.streamPlace()
	}
	return normalizedPath(p.doc.tape, p.node, nil)
}

// recordPath is path with the names that the client made up left out, unless they look harmless.
func (p place) recordPath() string {
	p.doc.mu.Lock()
	defer p.doc.mu.Unlock()
	if p.doc.tape == nil {
		return p.streamPlace()
	}
	return normalizedPath(p.doc.tape, p.node, p.doc.rule)
}

// streamPlace is empty once the document has been let go.
func (p place) streamPlace() string {
	if int(p.node) < len(p.doc.places) {
		return p.doc.places[p.node]
	}
	return ""
}

// newDocument returns a document with one holder.
func newDocument(r *rule, tape *jsonscan.Tape, found *findings, release func()) *document {
	return &document{rule: r, holders: 1, release: release, tape: tape, found: found, missing: len(found.items)}
}

// textCost is what a text of an event stream takes in memory beside its bytes, with its place.
const textCost = 64

// textsDocument returns a document with one holder that consists of texts alone: those of an event stream. It is nil where
// the budget is used up.
func textsDocument(texts []Text, places []string, b *Budget) *document {
	s := &share{budget: b}
	d := &document{holders: 1, texts: texts, places: places, release: s.end}
	size := textCost * len(texts)
	for i := range texts {
		texts[i].doc, texts[i].node = d, jsonscan.Node(i)
		size += len(texts[i].Value)
	}
	if !s.take(int64(size)) {
		return nil
	}
	return d
}

// borrow holds another document for as long as d is held.
func (d *document) borrow(other *document) {
	other.hold()
	release := d.release
	d.release = func() {
		other.letGo()
		if release != nil {
			release()
		}
	}
}

// count returns how many texts there are.
func (d *document) count() int {
	if d.tape == nil {
		return len(d.texts)
	}
	return len(d.found.items)
}

// hold adds a holder.
func (d *document) hold() {
	d.mu.Lock()
	d.holders++
	d.mu.Unlock()
}

// letGo takes one away, and with the last gives back what was borrowed.
func (d *document) letGo() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.holders--; d.holders > 0 {
		return
	}
	if d.tape != nil {
		d.tape.Release()
		d.found.release()
	}
	d.tape, d.found, d.texts, d.made, d.digests, d.places = nil, nil, nil, nil, nil, nil
	if d.release != nil {
		d.release()
	}
}

// all returns every text.
func (d *document) all() []Text {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.materialise(nil)
	return d.texts
}

// some returns the texts of the given indexes.
func (d *document) some(indexes []int) []Text {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(indexes) == d.count() {
		d.materialise(nil)
		return d.texts
	}
	d.materialise(indexes)
	texts := make([]Text, len(indexes))
	for i, index := range indexes {
		texts[i] = d.texts[index]
	}
	return texts
}

// materialise unescapes the texts of the given indexes, nil meaning all of them, into one string of which each is a
// part. What no guard has to be shown is never copied.
func (d *document) materialise(indexes []int) {
	if d.missing == 0 {
		return
	}
	items := d.found.items
	if d.texts == nil {
		d.texts, d.made = make([]Text, len(items)), make([]bool, len(items))
	}
	size := 0
	d.eachUnmade(indexes, func(i int) { size += items[i].size(d.tape) })
	var all strings.Builder
	all.Grow(size)
	var unescaped []byte
	d.eachUnmade(indexes, func(i int) {
		start := all.Len()
		if raw, escaped := items[i].spelling(d.tape); escaped {
			unescaped = items[i].appendTo(unescaped[:0], d.tape)
			all.Write(unescaped)
		} else {
			all.Write(raw)
		}
		d.texts[i] = Text{
			Role:  d.role(items[i]),
			Kind:  d.kind(items[i]),
			Value: all.String()[start:],
			node:  items[i].node,
			doc:   d,
		}
	})
	d.eachUnmade(indexes, func(i int) {
		d.made[i] = true
		d.missing--
	})
}

func (d *document) eachUnmade(indexes []int, visit func(int)) {
	if indexes == nil {
		for i := range d.made {
			if !d.made[i] {
				visit(i)
			}
		}
		return
	}
	for _, i := range indexes {
		if !d.made[i] {
			visit(i)
		}
	}
}

func (d *document) kind(it item) Kind {
	switch {
	case it.name:
		return Name
	case it.selector >= 0:
		return d.rule.text[it.selector].Kind
	}
	return Other
}

func (d *document) role(it item) string {
	if it.role != 0 {
		raw, _ := d.tape.Text(it.role)
		return roleName(raw)
	}
	if it.selector >= 0 {
		return d.rule.text[it.selector].Role
	}
	return ""
}

// roleName returns the role that is spelled raw, without a copy where it is one of those that the vendors use.
func roleName(raw []byte) string {
	switch string(raw) {
	case "user":
		return "user"
	case "assistant":
		return "assistant"
	case "system":
		return "system"
	case "developer":
		return "developer"
	case "tool":
		return "tool"
	}
	return string(raw)
}

// size returns how many bytes the texts have at most, unescaped.
func (d *document) size() int64 {
	size := 0
	for _, it := range d.found.items {
		size += it.size(d.tape)
	}
	return int64(size)
}
