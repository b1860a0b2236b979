package jsonscan

import "iter"

// Len is the number of nodes. Nodes are numbered from 0, the root, to Len()-1 in document order.
func (t *Tape) Len() int { return len(t.nodes) }

// Source returns the bytes that were scanned.
func (t *Tape) Source() []byte { return t.src }

// Type returns the type of n.
func (t *Tape) Type(n Node) Type { return t.nodes[n].typ }

// After returns the node that follows n and all that is below n, in document order. It is Len() for the last.
func (t *Tape) After(n Node) Node { return Node(t.nodes[n].next) }

// Count returns how many members or elements n has: 0 unless it is an object or an array.
func (t *Tape) Count(n Node) int { return int(t.nodes[n].count) }

// Parent returns the array or object that n stands in. The root has none.
func (t *Tape) Parent(n Node) (parent Node, ok bool) {
	p := t.nodes[n].parent
	return Node(p), p != none
}

// FirstChild returns the first member or element of n.
func (t *Tape) FirstChild(n Node) (child Node, ok bool) {
	return n + 1, t.nodes[n].count > 0
}

// NextSibling returns the member or element after n in n's parent.
func (t *Tape) NextSibling(n Node) (sibling Node, ok bool) {
	next, parent := t.nodes[n].next, t.nodes[n].parent
	if parent == none || next >= t.nodes[parent].next {
		return 0, false
	}
	return Node(next), true
}

// Children yields the members or elements of n in document order.
func (t *Tape) Children(n Node) iter.Seq[Node] {
	return func(yield func(Node) bool) {
		end := t.After(n)
		for c := n + 1; c < end; c = t.After(c) {
			if !yield(c) {
				return
			}
		}
	}
}

// Index returns the position of n in its array, from 0. ok is false unless n stands in an array.
func (t *Tape) Index(n Node) (index int, ok bool) {
	nd := &t.nodes[n]
	if nd.parent == none || t.nodes[nd.parent].typ != Array {
		return 0, false
	}
	return int(nd.name), true
}

// Span returns where n stands in the source, quotes and brackets included.
func (t *Tape) Span(n Node) (start, end int) {
	nd := &t.nodes[n]
	return int(nd.start), int(nd.end)
}

// Raw returns the bytes of n as they stand in the source, quotes and brackets included. It is a view: no copy.
// For a number it is the number's text.
func (t *Tape) Raw(n Node) []byte {
	nd := &t.nodes[n]
	return t.src[nd.start:nd.end:nd.end]
}
