package jsonpath

import "slices"

// Path is a compiled expression. The zero Path selects the root; Compile makes useful ones.
type Path struct {
	expr     string
	segments []segment
	names    []string
	absolute int // how many absolute queries its filters hold
	singular bool
}

// String returns the expression as it was given to Compile.
func (p *Path) String() string { return p.expr }

// Names returns the member names that the expression mentions in name selectors, filters included, in order of first
// mention: the set that a scan should guard against look-alikes of (jsonscan.NewNames).
func (p *Path) Names() []string { return slices.Clone(p.names) }

// Singular reports whether the expression is a singular query (section 2.3.5.1), which selects at most one value.
func (p *Path) Singular() bool { return p.singular }

// segment is a child or descendant segment (section 2.5).
type segment struct {
	descendant bool
	selectors  []selector
}

// selector is one of the five of section 2.3.
type selector struct {
	kind   selectorKind
	name   string     // byName
	index  int64      // byIndex
	slice  sliceRange // bySlice
	filter logical    // byFilter
}

type selectorKind uint8

const (
	byName selectorKind = iota
	byWildcard
	byIndex
	bySlice
	byFilter
)

// query is a filter's own query (section 2.3.5.1).
type query struct {
	segments []segment
	// slot is the place of an absolute query's result in the evaluator, or -1 for a query relative to the
	// current node.
	slot int
}

func isSingular(segments []segment) bool {
	for _, s := range segments {
		if s.descendant || len(s.selectors) != 1 || s.selectors[0].kind != byName && s.selectors[0].kind != byIndex {
			return false
		}
	}
	return true
}
