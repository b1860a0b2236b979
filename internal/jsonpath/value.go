package jsonpath

import (
	"strconv"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

type node = jsonscan.Node

// value is what an operand comes to. The zero value is Nothing, the absence of a value (section 2.4.1).
type value struct {
	kind  valueKind
	node  node   // isNode, and what resolve makes of it
	bytes []byte // isText: the text; isNumber: its digits; nil if both are to be taken from the node
}

type valueKind uint8

const (
	isNothing valueKind = iota
	isNode              // whatever the node is: resolve tells
	isNull
	isFalse
	isTrue
	isNumber
	isText
	isArray
	isObject
)

func integer(n int) value {
	return value{kind: isNumber, bytes: strconv.AppendInt(nil, int64(n), 10)}
}

var kindOfType = [...]valueKind{
	jsonscan.Null:   isNull,
	jsonscan.False:  isFalse,
	jsonscan.True:   isTrue,
	jsonscan.Number: isNumber,
	jsonscan.String: isText,
	jsonscan.Array:  isArray,
	jsonscan.Object: isObject,
}

// resolve gives a node its own kind.
func (e *evaluator) resolve(v value) value {
	if v.kind == isNode {
		v.kind = kindOfType[e.tape.Type(v.node)]
	}
	return v
}

// text returns the text of v, which is one, unescaped. Escaped text is put into one of two buffers, which the next call for the same one
// overwrites.
func (e *evaluator) text(v value, buffer int) []byte {
	if v.bytes != nil {
		return v.bytes
	}
	raw, escaped := e.tape.Text(v.node)
	if !escaped {
		return raw
	}
	e.spend(int64(len(raw)) / 16)
	e.buffers[buffer] = e.tape.AppendText(e.buffers[buffer][:0], v.node)
	return e.buffers[buffer]
}

// digits returns the text of v, which is a number.
func (e *evaluator) digits(v value) []byte {
	if v.bytes != nil {
		return v.bytes
	}
	return e.tape.Raw(v.node)
}
