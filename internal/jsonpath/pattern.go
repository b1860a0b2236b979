package jsonpath

import "regexp"

// MaxPattern bounds a pattern by what it compiles to, roughly the number of its characters and classes, each counted as often
// as the quantifiers around it can repeat it.
const MaxPattern = 2048

// pattern is a compiled I-Regexp.
type pattern struct {
	re   *regexp.Regexp
	size int
}

// costPerByte is in steps. RE2's time is at worst the product of the text's length and the pattern's size.
func (p *pattern) costPerByte() int64 { return 1 + int64(p.size)/64 }

type patternFault uint8

const (
	_ patternFault = iota
	notIRegexp
	patternTooLarge
)

// compilePattern compiles an I-Regexp that is to match a whole text, or to be found in it.
func compilePattern(source string, whole bool) (*pattern, patternFault) {
	if len(source) > MaxPattern {
		return nil, patternTooLarge
	}
	translated, size, fault := translate(source)
	if fault != 0 {
		return nil, fault
	}
	if whole {
		translated = `\A(?:` + translated + `)\z`
	}
	// The grammar has been checked: what is left for the compiler to refuse is size, repeats over 1000 above all.
	re, err := regexp.Compile(translated)
	if err != nil {
		return nil, patternTooLarge
	}
	return &pattern{re: re, size: size}, 0
}

// patternCache keeps the patterns that come from the document for one evaluation: mostly there is one.
type patternCache struct {
	entries [4]cachedPattern
	next    int
}

type cachedPattern struct {
	source string
	whole  bool
	valid  bool // an entry that is in use
	re     *pattern
}

// patternOf returns the pattern that a text of the document stands for, or nil if it is none or is too large, the latter
// being an error.
func (e *evaluator) patternOf(source []byte, whole bool) *pattern {
	for i := range e.patterns.entries {
		if c := &e.patterns.entries[i]; c.valid && c.whole == whole && c.source == string(source) {
			return c.re
		}
	}
	if len(source) > MaxPattern {
		e.err = ErrPattern
		return nil
	}
	// Compiling costs far more than matching.
	if !e.spend(1024 + 64*int64(len(source))) {
		return nil
	}
	re, fault := compilePattern(string(source), whole)
	if fault == patternTooLarge {
		e.err = ErrPattern
		return nil
	}
	if re != nil && !e.spend(32*int64(re.size)) {
		return nil
	}
	c := &e.patterns.entries[e.patterns.next]
	e.patterns.next = (e.patterns.next + 1) % len(e.patterns.entries)
	*c = cachedPattern{source: string(source), whole: whole, valid: true, re: re}
	return re
}
