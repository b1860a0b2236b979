package jsonpath

import (
	"errors"
	"fmt"
)

// What can go wrong while an expression is evaluated. Both mean that nothing was selected.
var (
	ErrBudget  = errors.New("jsonpath: the document takes more steps than the budget allows")
	ErrPattern = errors.New("jsonpath: a pattern in the document is too large")
)

// Error says why an expression does not compile. Compile returns no other type of error.
type Error struct {
	Expr   string // the expression
	Offset int    // where the fault lies, in bytes from the start of Expr
	Kind   Kind   // what is wrong
	Detail string // the same in more words
}

func (e *Error) Error() string {
	return fmt.Sprintf("jsonpath %q: offset %d: %s: %s", e.Expr, e.Offset, e.Kind, e.Detail)
}

// Kind is a reason why an expression does not compile.
type Kind uint8

// The kinds of fault. The zero Kind is none of them.
const (
	_            Kind = iota
	KindSyntax        // not the grammar of RFC 9535
	KindEncoding      // not UTF-8
	KindString        // a malformed string literal or name
	KindNumber        // a malformed number, or an index beyond ±(2^53-1)
	KindFunction      // an unknown function, or the wrong number of arguments
	KindType          // not well-typed (section 2.4.3), or a comparison with a query that is not singular
	KindPattern       // a literal pattern that is not an I-Regexp
	KindLimit         // beyond MaxExpression, MaxNesting or MaxPattern
	kindEnd
)

var kindNames = [kindEnd]string{
	KindSyntax:   "syntax",
	KindEncoding: "encoding",
	KindString:   "string",
	KindNumber:   "number",
	KindFunction: "function",
	KindType:     "type",
	KindPattern:  "pattern",
	KindLimit:    "limit",
}

// String returns the kind in one word.
func (k Kind) String() string {
	if k < kindEnd && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}
