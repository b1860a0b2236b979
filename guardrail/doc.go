// Package guardrail reads what requests say before anything is forwarded, has guards judge it, and passes on exactly the
// bytes that were read. It does the same with what is answered, where [Config].Responses says so.
//
//	guard, err := guardrail.New(guardrail.Config{
//		Endpoints: guardrail.Anthropic(),
//		Guards:    []guardrail.Guard{words},
//	})
//	handler := guard.Wrap(next)
//
// It stands between the header policy and the forwarder of a route, or alone, around any [net/http.Handler].
//
// # What it promises
//
//   - Every string of a body is shown to the guards, names of members included, but for what a rule lists as saying
//     nothing, while it looks like that: see [Endpoint]. There is no field in which something could be said unread.
//   - What was read is what goes on, byte for byte, a compressed body included, in the framing that it came in.
//   - A body that two parsers could read differently is refused: duplicate names, names that differ by case alone where a
//     path looks for them, invalid UTF-8, lone surrogates, a byte order mark, anything after the document, and whatever
//     else RFC 8259 doesn't have, such as comments, NaN and trailing commas.
//   - Without a verdict of every guard nothing is forwarded: an error, a panic and a deadline that passes block.
//     Failing open is possible, guard by guard, with a written reason: [FailOpen].
//   - The client learns the public reason of a verdict, and neither the guard's name nor its details. The record has
//     names, outcomes, times and paths, and never text.
//
// # What it refuses
//
// Codes and statuses of denials, in the order in which a request is looked at; none of these reaches the next handler:
//
//	misassembled            500  the guardrail is zero, or stands in the wrong place of a chain
//	bad-target              400  a path that two servers could resolve differently
//	unknown-endpoint        404  no rule is for the path
//	method-not-allowed      405  a rule is for the path, and none for the method
//	upgrade-refused         403  a WebSocket
//	unexpected-body         400  a body where the rule says that there is none
//	body-too-large          413  by its Content-Length, as it arrives, or decoded
//	unsupported-media-type  415  not exactly one Content-Type, or not JSON, or a charset other than UTF-8
//	unsupported-encoding    415  not exactly one content coding, or neither gzip nor one of [Config].Decoders
//	busy                    503  the [Budget] is used up; with Retry-After
//	incomplete-body         400  the body ended early, is malformed, or is longer than its Content-Length
//	slow-body               408  a read deadline of the server's passed
//	undecodable-body        400  not what its Content-Encoding says, a second gzip member, or data after the first
//	ambiguous-json          400  as above; the message has the offset and kind of the fault
//	unreadable              400  a value at a path of [Endpoint].Refuse
//	nothing-to-inspect      400  a required path selects nothing, or a value without a string in it
//	opaque-content          400  base64 or a reference, unless [Config].DangerouslyAllowOpaque is given
//	blocked                 400  by a guard's verdict
//	guard-unavailable       503  a guard gave no verdict
//
// Headers are judged before the body is read, so that "Expect: 100-continue" is answered with 100 only where the body is
// wanted (RFC 9110 section 10.1.1). A body may be absent where no path is required: it says nothing.
//
// # Answers
//
// With [Config].Responses, guards judge what comes back, before the client sees it or, in mode [Observe], after. The
// upstream is then asked with "Accept-Encoding: identity", and neither Range nor If-Range.
//
// A JSON answer, of whatever status, is held whole, and read as strictly as a request's body, by the endpoint's
// [Response]. Answers without a body pass: to HEAD, 204, 304, and empty ones, if they are no event streams. Anything else
// is refused: another media type, lines of JSON, an encoded body, one that ends early.
//
// An event stream (text/event-stream) is read event by event by the endpoint's [Stream]. The events that leave are the
// upstream's own, byte for byte and in order. Unknown events, data that can't be read, data after the end, and a stream
// that ends without its last event are refused.
//
//   - In mode [Hold] nothing leaves before all of it has been judged.
//   - In mode [Window] guards are shown all the text that is held whenever [Responses].WindowSize bytes of it are new, when
//     the stream ends, and after MaxHold. Once that has passed, all but the last WindowOverlap bytes of each text are
//     released; a text that has ended keeps these, too, until as much has been judged of what follows. An event leaves
//     when all the text in it has been released. So no byte of an event leaves that holds a part of what a guard blocks,
//     if that is no longer than the overlap: wherever events and windows end, and over the seam between two texts. What is
//     longer is found if a window holds all of it. Texts are cut between words, where words are not longer than 64 bytes;
//     anchors for the start and the end of a text ("^", "$") match where a window starts and ends.
//   - In mode [Observe] everything leaves at once, and the texts are judged for the record.
//
// What is judged depends on the text and on where events end, and not on how the bytes arrive; with a MaxHold, on time as
// well. While events are held and the client hears nothing, a comment goes to it each [Responses].KeepAlive. The header
// goes out with the first byte.
//
// A verdict against an answer ends the upstream's work at once. What is held is dropped. A client that has had nothing yet
// gets an ordinary denial; one that has a part of a stream gets an error event in the form of the API, from which its SDK
// raises an error, and then the end of the message, never the event that would complete the stream. An answer that
// the upstream breaks off is broken off for the client, or, where nothing of it was released, denied.
//
// The codes of denials of answers, in place of them or in an error event:
//
//	response-unreadable  502  its media type, coding, JSON or events are not as above, or a path of [Response].Refuse
//	response-incomplete  502  it ended early
//	response-too-large   502  more than MaxBody, in all or held of a stream, or than MaxEvent in one event
//	response-opaque      502  base64 or a reference, unless [Responses].DangerouslyAllowOpaque is given
//	blocked              400  by a guard's verdict
//	guard-unavailable    503  a guard gave no verdict
//	busy                 503  the [Budget] is used up
//
// What the gateway itself answers, such as that the upstream can't be reached, is not judged.
//
// # What it does not read
//
// Numbers, literals, the query, the header. Texts in the forms that guards are not made for: another language, a cipher,
// a picture of words. What an upstream fetches by itself: see [Endpoint].Reference.
//
// # Limits, units, defaults
//
// A body may have 32 MiB, as it comes and decoded ([Config].MaxBody, [Responses].MaxBody); gzip may expand to 100 times
// its size, or 64 KiB. An event may have 8 MiB ([Responses].MaxEvent), and 65,536 texts that stand in it whole. Of a
// stream, 1,024 texts may be open at once, and 64 content blocks or output items. Nesting is bounded to 128, and values to
// 1,048,576 ([Limits]). All bodies together may hold 512 MiB ([Budget]). A guard has 10 seconds ([WithDeadline]). Verdicts
// on single texts are kept for an hour, 65,536 of them ([Cache]).
//
// A request takes the memory of its body, of its index (32 bytes a value, pooled), and of those texts that a guard has to
// be shown; a body of unknown length takes twice its size while it arrives. What the body took is given back when the next
// handler has read it, unless a guard of answers wants to see it: [Description].WantsRequest. An answer that is held takes
// its size and that of its texts; a stream in mode window, about the text of a window and an overlap with the events around
// it. The index of an event is beside the Budget, while the event is read. A client that sends slowly holds its share of
// the Budget: set [net/http.Server.ReadTimeout].
//
// Request trailers are dropped; those of an answer wait for its verdict. The fields Expect, Upgrade and HTTP2-Settings
// concern the connection to the client and are removed from what the next handler sees.
package guardrail
