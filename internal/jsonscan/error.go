package jsonscan

import "fmt"

// Error is the refusal of a text. Scan returns no other type of error.
type Error struct {
	// Offset is where the fault lies, in bytes from the start of the text. For a name that clashes with another
	// it is the opening quote of the later one.
	Offset int
	// Kind says what is wrong.
	Kind Kind
}

// Error never quotes the text: what is refused may be secret or hostile, and errors end up in logs.
func (e *Error) Error() string {
	return fmt.Sprintf("json refused at offset %d: %s", e.Offset, e.Kind)
}

// Kind is a reason for refusal.
type Kind uint8

// The kinds of refusal. The zero Kind is none of them.
const (
	_                 Kind = iota
	KindEmpty              // no value: nothing, or white space alone
	KindBOM                // the text begins with a byte order mark
	KindEncoding           // the text looks like UTF-16 or UTF-32
	KindTruncated          // the text ends inside a value
	KindUnexpected         // a byte that cannot stand here
	KindComment            // a comment
	KindTrailingComma      // a comma before a closing bracket
	KindTrailingData       // something other than white space after the document
	KindLiteral            // a bare word other than true, false and null
	KindNumber             // a number that JSON's grammar lacks
	KindControl            // a raw control character in a string
	KindEscape             // an unknown or incomplete escape
	KindSurrogate          // an escaped surrogate without its other half
	KindUTF8               // invalid UTF-8 in a string
	KindDuplicateName      // a name that its object already has
	KindFoldedName         // a name that equals another of its object when case is folded
	KindSelectedName       // a name that equals a selected name only when case is folded
	KindNULName            // a name that holds U+0000
	KindDepth              // more open arrays and objects than Limits.MaxDepth
	KindNodes              // more values than Limits.MaxNodes
	KindSize               // a text of 4 GiB or more
	kindEnd
)

var kindNames = [kindEnd]string{
	KindEmpty:         "empty text",
	KindBOM:           "byte order mark",
	KindEncoding:      "encoding other than UTF-8",
	KindTruncated:     "truncated text",
	KindUnexpected:    "unexpected byte",
	KindComment:       "comment",
	KindTrailingComma: "trailing comma",
	KindTrailingData:  "data after the document",
	KindLiteral:       "unknown literal",
	KindNumber:        "malformed number",
	KindControl:       "control character in a string",
	KindEscape:        "malformed escape",
	KindSurrogate:     "lone surrogate",
	KindUTF8:          "invalid UTF-8",
	KindDuplicateName: "duplicate name",
	KindFoldedName:    "names equal when case is folded",
	KindSelectedName:  "name that folds to a selected name",
	KindNULName:       "NUL in a name",
	KindDepth:         "nested too deeply",
	KindNodes:         "too many values",
	KindSize:          "text too large",
}

// String returns the kind in plain words, for errors and logs.
func (k Kind) String() string {
	if k < kindEnd && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}
