// Package jsonscan reads a JSON text (RFC 8259) once, strictly, and remembers where everything is.
//
// A guard that reads a request and the upstream that obeys it use two parsers. Whatever these two could read
// differently is a way to say something that the guard does not hear, so [Scan] accepts a text only when
// every parser in use today reads the same document out of it, and refuses everything else with an [*Error]
// that names the offset and the [Kind] of the fault. Nothing is decoded and nothing is repaired: the result is
// a [Tape], an index of spans into the source bytes.
//
// # What is refused
//
//   - What RFC 8259 refuses: truncated texts, anything but white space after the document, comments, trailing
//     commas, single quotes, literals other than true, false and null, numbers such as 01, +1, .5, 1. and NaN,
//     raw control characters in strings, unknown escapes, the empty text. (Sections 2 to 7.)
//   - Any encoding but UTF-8, a byte order mark, and invalid UTF-8: overlong forms and encoded
//     surrogates included. (Section 8.1.)
//   - Escaped surrogates that are not a pair, "\ud800" for example, which parsers keep, replace or refuse.
//     (Section 8.2.)
//   - Two members of one object with the same name, after unescaping: parsers take the first, the last, or
//     both. (Section 4.)
//   - Two members of one object whose names are equal under Unicode simple case folding, as strings.EqualFold has
//     it: encoding/json, and others, bind "Messages" and "meſsages" to the field "messages".
//   - Anywhere in the text, a name that folds to one of the selected [Names] without being it, for the same reason.
//   - A name that holds U+0000: a parser written in C may end the name there.
//   - More nesting or more values than [Limits] allow.
//
// # What is accepted, although parsers differ about its value
//
// The value of a number is not judged: 1e999, -0, 12345678901234567890 and 0.1 are valid and kept as spans. A string
// may hold any Unicode scalar value, U+0000 ("\u0000"), noncharacters and U+FEFF among them. A text may be a
// bare string, number or literal. Whoever cares looks at the tape.
//
// # Limits, units, defaults
//
// Depth counts open arrays and objects (128 by default), nodes count values, each scalar, array and object being one
// and member names none (1<<20 by default). Offsets are in bytes and a text is below 4 GiB. A tape costs 32 bytes a
// node, and an object of more than 16 members another 16 to 32 bytes a member while its names are compared.
// Time is linear in the text, whatever it holds: nothing recurses, and the names of large objects are hashed with a
// seed that is drawn per process. Tapes are pooled: a warm Scan that succeeds allocates nothing.
//
// # Use
//
//	tape, err := jsonscan.Scan(body, jsonscan.Limits{}, nil)
//	if err != nil {
//		return err // *jsonscan.Error
//	}
//	defer tape.Release()
//
// The tape refers to the bytes that were scanned and does not copy them: they must not change before Release. A
// tape is safe for concurrent reading. After Release neither the tape nor a slice taken from it may be used.
package jsonscan
