package jsonpath

import "strings"

// or parses logical-or-expr (section 2.3.5.1).
func (p *parser) or() logical {
	terms := anyOf{p.and()}
	for {
		start := p.pos
		p.space()
		if !p.accept("||") {
			p.pos = start
			break
		}
		p.space()
		terms = append(terms, p.and())
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return terms
}

func (p *parser) and() logical {
	terms := allOf{p.basic()}
	for {
		start := p.pos
		p.space()
		if !p.accept("&&") {
			p.pos = start
			break
		}
		p.space()
		terms = append(terms, p.basic())
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return terms
}

// basic parses basic-expr: an expression in parentheses, a comparison, or a test. A negation can stand before parentheses and tests
// but not before a comparison.
func (p *parser) basic() logical {
	p.enter()
	defer p.leave()
	if p.peek() == '!' {
		p.pos++
		p.space()
		if p.peek() == '(' {
			return not{p.parenthesized()}
		}
		start := p.pos
		return not{p.test(p.term(), start)}
	}
	if p.peek() == '(' {
		return p.parenthesized()
	}
	start := p.pos
	left := p.term()
	end := p.pos
	p.space()
	op, ok := p.operator()
	if !ok {
		p.pos = end
		return p.test(left, start)
	}
	p.space()
	rightStart := p.pos
	right := p.term()
	return comparison{op: op, left: p.comparable(left, start), right: p.comparable(right, rightStart)}
}

func (p *parser) parenthesized() logical {
	p.expect("(")
	p.space()
	inner := p.or()
	p.space()
	p.expect(")")
	return inner
}

func (p *parser) operator() (op operator, ok bool) {
	// The longer ones first.
	for _, o := range []struct {
		token string
		op    operator
	}{{"==", equal}, {"!=", notEqual}, {"<=", lessOrEqual}, {">=", greaterOrEqual}, {"<", less}, {">", greater}} {
		if p.accept(o.token) {
			return o.op, true
		}
	}
	return 0, false
}

// term is what can stand on either side of an operator, alone as a test, or as an argument, before it is known which of these it is.
// One of the fields is set.
type term struct {
	literal  operand
	query    *query
	value    operand // a function of ValueType
	logical  logical // a function of LogicalType
	function string  // the name of that function
}

func (p *parser) term() term {
	switch c := p.peek(); {
	case c == '$' || c == '@':
		return term{query: p.query()}
	case c == '\'' || c == '"':
		return term{literal: literal{kind: isText, bytes: []byte(p.quoted())}}
	case c == '-' || isDigit(c):
		return term{literal: literal{kind: isNumber, bytes: p.number()}}
	case 'a' <= c && c <= 'z':
		return p.word()
	}
	p.fail(KindSyntax, "a query, literal or function expected, not %s", p.here())
	return term{}
}

// word parses a literal without quotes or a function call.
func (p *parser) word() term {
	start := p.pos
	for c := p.peek(); 'a' <= c && c <= 'z' || c == '_' || isDigit(c); c = p.peek() {
		p.pos++
	}
	word := p.src[start:p.pos]
	if p.peek() == '(' {
		return p.call(word, start)
	}
	switch word {
	case "true":
		return term{literal: literal{kind: isTrue}}
	case "false":
		return term{literal: literal{kind: isFalse}}
	case "null":
		return term{literal: literal{kind: isNull}}
	}
	p.failAt(start, KindSyntax, "unknown word %q", word)
	return term{}
}

func (p *parser) query() *query {
	q := &query{slot: -1}
	if p.src[p.pos] == '$' {
		q.slot = p.absolute
		p.absolute++
	}
	p.pos++
	q.segments = p.segments(nil)
	return q
}

// test makes a term that stands alone a condition (section 2.3.5.1): a query asks for existence, a function must be of
// LogicalType.
func (p *parser) test(t term, start int) logical {
	switch {
	case t.query != nil:
		return exists{t.query}
	case t.logical != nil:
		return t.logical
	case t.value != nil:
		p.failAt(start, KindType, "the result of %s must be compared", t.function)
	}
	p.failAt(start, KindType, "a literal must be compared")
	return nil
}

// comparable makes a term a side of a comparison: a literal, a singular query or a function of ValueType.
func (p *parser) comparable(t term, start int) operand {
	switch {
	case t.literal != nil:
		return t.literal
	case t.value != nil:
		return t.value
	case t.query != nil && isSingular(t.query.segments):
		return single{t.query}
	case t.query != nil:
		p.failAt(start, KindType, "a query that can select several values cannot be compared")
	}
	p.failAt(start, KindType, "the result of %s cannot be compared", t.function)
	return nil
}

// call parses a function's arguments (section 2.4) and checks that they are of the types that it declares.
func (p *parser) call(name string, start int) term {
	p.enter()
	defer p.leave()
	f, known := functions[name]
	if !known {
		p.failAt(start, KindFunction, "unknown function %q", name)
	}
	var args []argument
	p.expect("(")
	p.space()
	for p.peek() != ')' {
		if len(args) == len(f.params) {
			p.fail(KindFunction, "%s takes %d arguments", name, len(f.params))
		}
		at := p.pos
		args = append(args, p.argument(f.params[len(args)], p.term(), at))
		p.space()
		if p.peek() != ')' {
			p.expect(",")
			p.space()
			if p.peek() == ')' {
				p.fail(KindSyntax, "an argument must follow the comma")
			}
		}
	}
	if len(args) < len(f.params) {
		p.fail(KindFunction, "%s takes %d arguments", name, len(f.params))
	}
	p.pos++
	t := f.build(p, args)
	t.function = strings.Clone(name)
	return t
}

func (p *parser) argument(param paramType, t term, start int) argument {
	if param == valueParam {
		return argument{value: p.comparable(t, start), offset: start}
	}
	if t.query == nil {
		p.failAt(start, KindType, "a query expected")
	}
	return argument{query: t.query, offset: start}
}
