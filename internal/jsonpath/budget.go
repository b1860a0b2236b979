package jsonpath

import "github.com/headersafe/headersafe/internal/jsonscan"

// Budget is how much work evaluation may still do. Several calls of Select may share one, each taking what it needs, so
// that all selectors together are bounded. It is not safe for concurrent use.
type Budget struct {
	// Steps is what is left. One step is one node looked at; comparing a text costs one more for each 16 bytes, and
	// matching it against a pattern one for each byte, or several if the pattern is large.
	Steps int64
}

// DefaultSteps is the budget of a Select that is given none.
func DefaultSteps(t *jsonscan.Tape) int64 {
	return 1<<16 + 64*int64(t.Len()) + 4*int64(len(t.Source()))
}
