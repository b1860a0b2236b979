// Package sse reads event streams as they arrive, and keeps their bytes.
//
// It is for somebody who stands between a server and a client, has to know what the client is going to read, and passes
// on what came unchanged. The grammar is that of the WHATWG HTML standard, section 9.2, "Server-sent events": lines end
// with LF, CRLF or CR; a byte order mark at the start is dropped; a line that begins with a colon is a comment; several
// fields data are joined with LF; an event without data is not dispatched, and neither is one that the stream's end
// cuts off; unknown fields say nothing.
//
// # Pieces
//
// [Reader.Feed] takes bytes as they come, cut anywhere, and calls a function with each [Event], or piece, that is
// complete: an event with its blank line, a comment that no field stands before, a blank line by itself. The Raw of all
// pieces one after the other, and then [Reader.Rest], is the stream, byte for byte.
//
// A CR ends a line at once, so that an event that is ended by a CR does not wait for what comes after it. If that is
// an LF, and with it a CRLF, then the LF is a piece of its own, always, whether or not it came with the same call: where
// a stream is cut changes no piece.
//
// # What readers in use take differently
//
// The standard is clear, and readers are not all made after it. What follows is accepted, and told of by [Quirks], so that
// whoever wants one reading only can refuse it:
//
//   - [LoneCR]: the SDKs of Anthropic and OpenAI for Go end a line at LF alone, and take a CR before it away. To them
//     any other CR is a byte of the line. (A CR that ends a piece is told of with the next one: only then is it known
//     to stand alone.)
//   - [BOM]: the same SDKs, and those for Python and TypeScript, keep a byte order mark, and so don't know the first field.
//   - [UnknownField]: some readers trim lines, or ignore case: " data" and "Data" are data to them.
//   - [RepeatedEvent]: by the standard the last field event decides; a reader that looks for the first is easily written.
//   - [NoData]: the SDKs dispatch events that have a name and no data, the ones for Python even those with an ID alone.
//   - [Separator]: Python's str.splitlines, and line decoders made after it in older SDKs for Python and TypeScript, end a line
//     at U+000B, U+000C, U+001C to U+001E, U+0085, U+2028 and U+2029. In a comment, a name or an ID such a character
//     would begin a line that may be a field. In data it is not told of: JSON, which the data are, has the first
//     five of them nowhere, and the others only within a string, so that what such a reader has up to there is not JSON.
//   - [NUL]: readers in C end a string there; the standard ignores an ID that holds one.
//
// Readers that take each field data for an event of its own exist as well: see [Event.DataLines].
//
// # What is refused
//
// By an [*Error], after which a Reader reads no more: a line that is not UTF-8, which some readers replace, some refuse
// and some keep; a line, or an event, that is too long ([Limits]); at the end, an event that is not complete. Some
// readers dispatch that one, so that it must not be passed on.
//
// # Limits, units, defaults
//
// A line and an event may have 8 MiB each. A Reader keeps a copy of the event that is under way, and gives up a buffer
// of more than 64 KiB when that event is over. An event that lies within one call's bytes is not copied. In the steady
// state nothing is allocated.
package sse
