package jsonscan

import "sync"

// Tape is a scanned document: its values in document order (depth first, a container before what is in it), each with
// its type, its span in the source and its place in the structure. It is read-only.
type Tape struct {
	src   []byte
	nodes []node

	// What the scan needs besides; kept with the tape so that it is pooled with it.
	slots  []slot
	folded []byte
}

// Node is a value's index in its Tape. A container's values follow it directly: those below n are the nodes
// from n+1 to After(n), not including After(n).
type Node uint32

// Root is the document itself.
const Root Node = 0

// none stands for no node: the parent of the root.
const none = ^uint32(0)

// Type is the type of a value (RFC 8259 section 3).
type Type uint8

// The types. No node of a tape has the zero Type.
const (
	_ Type = iota
	Null
	False
	True
	Number
	String
	Array
	Object
)

var typeNames = [...]string{"invalid", "null", "false", "true", "number", "string", "array", "object"}

func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return typeNames[0]
}

// node is 32 bytes, half a cache line.
type node struct {
	start, end uint32 // span of the value, quotes and brackets included
	next       uint32 // the node after the last one below
	parent     uint32 // none for the root
	name       uint32 // a member: start of its name, without the quote; an element: its index
	nameEnd    uint32 // a member: end of its name, without the quote
	count      uint32 // a container: number of members or elements
	typ        Type
	flags      flags
}

// flags tell plain strings, which can be compared and copied as they stand, from the others.
type flags uint8

const (
	textEscaped flags = 1 << iota
	textNonASCII
	textNUL
	nameEscaped
	nameNonASCII
	nameNUL

	nameShift = 3 // from a flag on text to that on name
)

// What a released tape may keep for its next use. A larger one is left to the collector, so that one hostile text does
// not pin its memory. 1<<16 nodes are 2 MiB.
const (
	maxPooledNodes  = 1 << 16
	maxPooledSlots  = 1 << 16
	maxPooledFolded = 1 << 16
)

var pool sync.Pool // of *Tape

// Release gives the tape's memory back for the next Scan. The tape is unusable from then on: its accessors panic.
// Releasing a nil tape does nothing; releasing one twice panics, since somebody else may be using it.
func (t *Tape) Release() {
	if t == nil {
		return
	}
	if t.src == nil {
		panic("jsonscan: tape released twice")
	}
	t.src = nil
	t.nodes = t.nodes[:0]
	if cap(t.nodes) > maxPooledNodes {
		t.nodes = nil
	}
	if cap(t.slots) > maxPooledSlots {
		t.slots = nil
	}
	if cap(t.folded) > maxPooledFolded {
		t.folded = nil
	}
	pool.Put(t)
}
