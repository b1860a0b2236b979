package jsonscan

import "math"

// Defaults of [Limits].
const (
	DefaultMaxDepth = 128
	DefaultMaxNodes = 1 << 20
)

// Limits bound what a text may cost. A field that is zero or negative stands for its default.
type Limits struct {
	// MaxDepth is how many arrays and objects may be open at once. Parsers' own bounds differ from 100 upwards,
	// so that what is nested deeper is not read the same everywhere.
	MaxDepth int
	// MaxNodes is how many values the text may hold, at 32 bytes of memory each.
	MaxNodes int
}

// withDefaults also keeps every node's index clear of the value none.
func (l Limits) withDefaults() Limits {
	if l.MaxDepth <= 0 {
		l.MaxDepth = DefaultMaxDepth
	}
	if l.MaxNodes <= 0 {
		l.MaxNodes = DefaultMaxNodes
	}
	l.MaxNodes = min(l.MaxNodes, math.MaxInt32)
	return l
}
