package jsonpath

// logical is a filter's expression, or a part of it, that is true or false of a node (section 2.3.5). When the evaluator
// has failed the answer means nothing, and is dropped with everything else.
type logical interface {
	holds(e *evaluator, at node) bool
}

type (
	anyOf  []logical
	allOf  []logical
	not    struct{ of logical }
	exists struct{ query *query }
)

func (terms anyOf) holds(e *evaluator, at node) bool {
	for _, t := range terms {
		if t.holds(e, at) {
			return true
		}
	}
	return false
}

func (terms allOf) holds(e *evaluator, at node) bool {
	for _, t := range terms {
		if !t.holds(e, at) {
			return false
		}
	}
	return true
}

func (n not) holds(e *evaluator, at node) bool { return !n.of.holds(e, at) }

func (x exists) holds(e *evaluator, at node) bool {
	n, _ := e.query(x.query, at, 1)
	return n > 0
}

// operand is a part of a filter's expression of ValueType (section 2.4.1): a value, or Nothing.
type operand interface {
	value(e *evaluator, at node) value
}

// literal is a value that the expression itself gives.
type literal value

func (l literal) value(*evaluator, node) value { return value(l) }

// single is a singular query, whose only result is its value.
type single struct{ query *query }

func (s single) value(e *evaluator, at node) value {
	if n, first := e.query(s.query, at, 1); n > 0 {
		return value{kind: isNode, node: first}
	}
	return value{}
}
