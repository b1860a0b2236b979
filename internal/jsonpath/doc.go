// Package jsonpath selects values of a scanned JSON text by JSONPath expressions, RFC 9535 in full: child and descendant
// segments; name, wildcard, index, slice and filter selectors; the functions length, count, match, search
// and value; the type rules of section 2.4.3; normalized paths. All of the RFC's compliance suite passes.
//
// An expression is compiled once and then evaluated over a [jsonscan.Tape], where it reads what it needs in place: the
// document is never decoded. A [Path] is immutable and safe for concurrent use.
//
//	texts := jsonpath.MustCompile("$.messages[*].content")
//	nodes, err := texts.Select(tape, nil, nil)
//
// # What Compile refuses
//
// Every expression that RFC 9535 calls invalid, with an [*Error] that names the offset and the [Kind] of the fault. Moreover
// a literal pattern of match or search that is not an I-Regexp (RFC 9485), which the RFC lets match nothing
// in silence: in a selector that somebody relies upon it is a mistake. And expressions beyond the bounds
// [MaxExpression], [MaxNesting] and [MaxPattern].
//
// # What Compile accepts besides
//
// A leading "$" or "$." may be left out: "messages[*].content" is "$.messages[*].content".
//
// # Bounds on work
//
// A selector such as $..[?@..x] can take time quadratic in a document that is made for it. Evaluation therefore counts its
// steps, one for each node looked at and more for long texts, and stops with [ErrBudget] when they exceed the
// [Budget], by default 65536 and 64 for each node and 4 for each byte of the document. What was selected up to
// then is not returned: a partial answer would be a way around the guard. An absolute query in a filter ($..) is
// evaluated once, not for each candidate. Evaluation does not recurse into the document.
//
// # Details in which implementations differ
//
//   - Numbers compare by their exact decimal value, not as float64: 9007199254740993 is not 9007199254740992,
//     1e400 is less than 1e401, and -0 equals 0. Exponents beyond 2^60 count as 2^60.
//   - Strings compare by Unicode scalar values, unescaped and without normalization (section 2.3.5.2.2).
//   - Members come in the order in which they stand, descendants before their own descendants' (section 2.5.2.2).
//   - In an I-Regexp "." matches any character but line feed and carriage return. "^" and "$" outside of a class are anchors:
//     RFC 9485's grammar has them as ordinary characters, its mappings to real engines and the compliance
//     suite treat them as anchors.
//   - A pattern that comes from the document and is not an I-Regexp matches nothing (section 2.4.6); one that is, but is larger
//     than MaxPattern, is [ErrPattern].
package jsonpath
