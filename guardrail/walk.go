package guardrail

import (
	"bytes"
	"sync"

	"github.com/headersafe/headersafe/internal/jsonpath"
	"github.com/headersafe/headersafe/internal/jsonscan"
)

// findings are what a walk found. They are pooled.
type findings struct {
	items  []item
	opaque []jsonscan.Node

	// What the walk needs besides.
	active []int
	frames []frame
	nodes  []jsonscan.Node
	slow   []slowMark
	hits   []int
	name   []byte
}

var findingsPool = sync.Pool{New: func() any { return new(findings) }}

// maxPooledItems is up to how many items a pooled findings may hold: 1 MiB.
const maxPooledItems = 1 << 16

func (f *findings) release() {
	if cap(f.items) <= maxPooledItems && cap(f.slow) <= maxPooledItems {
		findingsPool.Put(f)
	}
}

// frame is an array or object that the walk is in.
type frame struct {
	end         jsonscan.Node // the node after the last one below
	role        jsonscan.Node // as in item
	selector    int           // what it gives to the strings below; -1 for none
	first, last int           // of the states that hold here
	object      bool
	required    bool // must have a string below
	strings     int  // how many there were before
}

// slowMark is what a slow path said of a node.
type slowMark struct {
	node jsonscan.Node
	mark mark
}

// walk is one pass over a tape in document order.
type walk struct {
	*findings
	rule    *rule
	tape    *jsonscan.Tape
	strings int // how many so far
}

// find walks the tape. The findings are nil where there is a denial.
func (r *rule) find(t *jsonscan.Tape) (*findings, *Denial) {
	f, _ := findingsPool.Get().(*findings)
	w := walk{findings: f, rule: r, tape: t}
	if d := w.run(); d != nil {
		f.release()
		return nil, d
	}
	return f, nil
}

func (w *walk) run() *Denial {
	w.items, w.opaque, w.frames = w.items[:0], w.opaque[:0], w.frames[:0]
	w.hits = append(w.hits[:0], make([]int, len(w.rule.text))...)
	if err := w.evaluateSlow(); err != nil {
		return selectorTooCostly(err)
	}
	w.active = w.rule.paths.start(w.active[:0])
	slow := w.slow
	for n := jsonscan.Root; int(n) < w.tape.Len(); n++ {
		for len(w.frames) > 0 && n >= w.frames[len(w.frames)-1].end {
			if d := w.leave(); d != nil {
				return d
			}
		}
		here := 0
		if len(w.frames) > 0 {
			in := &w.frames[len(w.frames)-1]
			here = in.last
			if d := w.step(in, n); d != nil {
				return d
			}
		}
		m, required := w.marks(here)
		for ; len(slow) > 0 && slow[0].node == n; slow = slow[1:] {
			m.lists |= slow[0].mark.lists
			if text := slow[0].mark.text; text >= 0 {
				w.hits[text]++
				required = required || w.rule.text[text].Required
				m.text = firstOf(m.text, text)
			}
		}
		if d := w.value(n, here, m, required); d != nil {
			return d
		}
	}
	for len(w.frames) > 0 {
		if d := w.leave(); d != nil {
			return d
		}
	}
	for _, i := range w.rule.required {
		if w.hits[i] == 0 {
			return nothingToInspect(w.rule.text[i].Path + " selects nothing")
		}
	}
	return nil
}

// step finds the states that hold at n, and reads n's name.
func (w *walk) step(in *frame, n jsonscan.Node) *Denial {
	paths := &w.rule.paths
	v := visit{tape: w.tape, node: n, member: in.object}
	if in.object {
		v.name, v.spelt, w.name = paths.identify(w.tape, n, w.name)
		if v.name == unknownName && len(v.spelt) > 0 {
			w.items = append(w.items, item{node: n, role: in.role, selector: -1, name: true})
		}
	}
	if in.first == in.last {
		return nil
	}
	if !in.object {
		v.index, _ = w.tape.Index(n)
	}
	var confusable bool
	w.active, confusable = paths.step(w.active[:in.last], in.first, in.last, &v)
	if confusable {
		return ambiguous(&jsonscan.Error{Offset: nameOffset(w.tape, n), Kind: jsonscan.KindSelectedName})
	}
	return nil
}

// nameOffset returns where the name of the member n begins: before its value stand a colon and white space, and nothing
// else.
func nameOffset(t *jsonscan.Tape, n jsonscan.Node) int {
	raw, _ := t.Name(n)
	start, _ := t.Span(n)
	return bytes.LastIndexByte(t.Source()[:bytes.LastIndexByte(t.Source()[:start], ':')], '"') - len(raw) - 1
}

// marks returns what the states from here on say of the value that they hold at.
func (w *walk) marks(here int) (m mark, required bool) {
	m = noMark
	for _, id := range w.active[here:] {
		s := &w.rule.paths.states[id]
		m.lists |= s.mark.lists
		if s.mark.text < 0 {
			continue
		}
		m.text = firstOf(m.text, s.mark.text)
		for _, text := range s.paths {
			w.hits[text]++
			required = required || w.rule.text[text].Required
		}
	}
	return m, required
}

// value reads the value n.
func (w *walk) value(n jsonscan.Node, here int, m mark, required bool) *Denial {
	if m.lists&inRefuse != 0 && w.tape.Type(n) != jsonscan.Null {
		return unreadable(normalizedPath(w.tape, n, w.rule))
	}
	role, selector := jsonscan.Node(0), m.text
	if len(w.frames) > 0 {
		in := &w.frames[len(w.frames)-1]
		role, selector = in.role, firstOf(in.selector, m.text)
	}
	switch w.tape.Type(n) {
	case jsonscan.String:
		w.strings++
		w.text(item{node: n, role: role, selector: int16(selector)}, m.lists)
	case jsonscan.Array, jsonscan.Object:
		object := w.tape.Type(n) == jsonscan.Object
		if object {
			if own := w.roleIn(n); own != 0 {
				role = own
			}
		}
		w.frames = append(w.frames, frame{
			end: w.tape.After(n), role: role, selector: selector, first: here, last: len(w.active),
			object: object, required: required, strings: w.strings,
		})
	default:
		if required {
			return nothingToInspect(normalizedPath(w.tape, n, w.rule) + " is a " + w.tape.Type(n).String())
		}
	}
	return nil
}

// text files a string: read, or passed over, which it must look fit for.
func (w *walk) text(it item, lists lists) {
	raw, escaped := w.tape.Text(it.node)
	if !escaped {
		switch {
		case lists&inOpaque != 0 && looksOpaque(raw):
			w.opaque = append(w.opaque, it.node)
			return
		case lists&inSealed != 0 && looksBase64(raw):
			return
		case lists&(inNotText|inReference) == inNotText && looksLikeIdentifier(raw):
			return
		}
	}
	if lists&inReference != 0 {
		w.opaque = append(w.opaque, it.node)
	}
	if len(raw) > 0 {
		w.items = append(w.items, it)
	}
}

// leave ends the innermost array or object.
func (w *walk) leave() *Denial {
	f := w.frames[len(w.frames)-1]
	w.frames = w.frames[:len(w.frames)-1]
	w.active = w.active[:f.last]
	if f.required && w.strings == f.strings {
		return nothingToInspect("a required array or object holds no string")
	}
	return nil
}

// maxRole is the length in bytes of the longest string that counts as a role.
const maxRole = 64

// roleIn returns the member "role" of an object if it can be one, or 0.
func (w *walk) roleIn(object jsonscan.Node) jsonscan.Node {
	role, ok := memberOf(w.tape, object, "role")
	if !ok {
		return 0
	}
	if raw, escaped := w.tape.Text(role); len(raw) == 0 || escaped || len(raw) > maxRole {
		return 0
	}
	return role
}

// evaluateSlow evaluates the paths that can't be followed, all within one budget of work.
func (w *walk) evaluateSlow() error {
	w.slow = w.slow[:0]
	if len(w.rule.slow) == 0 {
		return nil
	}
	budget := jsonpath.Budget{Steps: jsonpath.DefaultSteps(w.tape)}
	for _, s := range w.rule.slow {
		var err error
		if w.nodes, err = s.path.Select(w.tape, w.nodes[:0], &budget); err != nil {
			return err
		}
		for _, n := range w.nodes {
			w.slow = append(w.slow, slowMark{n, s.mark})
		}
	}
	sortByNode(w.slow)
	return nil
}

// firstOf returns the lower of two indexes of selectors, of which -1 is none.
func firstOf(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}
