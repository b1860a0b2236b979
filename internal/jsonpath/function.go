package jsonpath

// paramType is the declared type of a parameter (section 2.4.1). No function of the RFC takes a LogicalType.
type paramType uint8

const (
	valueParam paramType = iota
	nodesParam
)

type argument struct {
	value  operand // of a valueParam
	query  *query  // of a nodesParam
	offset int
}

// function is a function extension of section 2.4.
type function struct {
	params []paramType
	build  func(p *parser, args []argument) term
}

var functions = map[string]function{
	"length": {[]paramType{valueParam}, func(_ *parser, args []argument) term {
		return term{value: lengthOf{args[0].value}}
	}},
	"count": {[]paramType{nodesParam}, func(_ *parser, args []argument) term {
		return term{value: countOf{args[0].query}}
	}},
	"value": {[]paramType{nodesParam}, func(_ *parser, args []argument) term {
		return term{value: valueOf{args[0].query}}
	}},
	"match":  {[]paramType{valueParam, valueParam}, buildMatch(true)},
	"search": {[]paramType{valueParam, valueParam}, buildMatch(false)},
}

func buildMatch(whole bool) func(*parser, []argument) term {
	return func(p *parser, args []argument) term {
		m := &matches{subject: args[0].value, pattern: args[1].value, whole: whole}
		if lit, ok := m.pattern.(literal); ok && lit.kind == isText {
			compiled, fault := compilePattern(string(lit.bytes), whole)
			switch fault {
			case notIRegexp:
				p.failAt(args[1].offset, KindPattern, "%q is not an I-Regexp", lit.bytes)
			case patternTooLarge:
				p.failAt(args[1].offset, KindLimit, "the pattern is too large")
			}
			m.compiled = compiled
		}
		return term{logical: m}
	}
}

// lengthOf is length() (section 2.4.4).
type lengthOf struct{ of operand }

func (l lengthOf) value(e *evaluator, at node) value {
	v := e.resolve(l.of.value(e, at))
	switch v.kind {
	case isText:
		text := e.text(v, 0)
		e.spend(1 + int64(len(text))/16)
		return integer(countCharacters(text))
	case isArray, isObject:
		return integer(e.tape.Count(v.node))
	}
	return value{}
}

// countCharacters counts Unicode scalar values in valid UTF-8: the bytes that do not continue one.
func countCharacters(text []byte) int {
	n := 0
	for _, c := range text {
		if c&0xc0 != 0x80 {
			n++
		}
	}
	return n
}

// countOf is count() (section 2.4.5).
type countOf struct{ of *query }

func (c countOf) value(e *evaluator, at node) value {
	n, _ := e.query(c.of, at, noLimit)
	return integer(n)
}

// valueOf is value() (section 2.4.8): Nothing unless the query selects exactly one value.
type valueOf struct{ of *query }

func (v valueOf) value(e *evaluator, at node) value {
	if n, first := e.query(v.of, at, 2); n == 1 {
		return value{kind: isNode, node: first}
	}
	return value{}
}

// matches is match() and search() (sections 2.4.6 and 2.4.7). compiled is set if the pattern is a literal.
type matches struct {
	subject, pattern operand
	compiled         *pattern
	whole            bool
}

func (m *matches) holds(e *evaluator, at node) bool {
	subject := e.resolve(m.subject.value(e, at))
	if subject.kind != isText {
		return false
	}
	re := m.compiled
	if re == nil {
		source := e.resolve(m.pattern.value(e, at))
		if source.kind != isText {
			return false
		}
		if re = e.patternOf(e.text(source, 1), m.whole); re == nil {
			return false
		}
	}
	text := e.text(subject, 0)
	return e.spend(1+int64(len(text))*re.costPerByte()) && re.re.Match(text)
}
