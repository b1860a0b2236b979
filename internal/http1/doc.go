// Package http1 is an HTTP/1.1 client (RFC 9112) for one origin that does an exchange in the goroutine that asks for it.
//
// net/http's client has two goroutines for each connection, and hands every request and response from one to another. Here
// RoundTrip writes the request, reads the response's header and returns; reading the body reads from the connection. Only a
// request's body is sent from another goroutine, since a server may answer before it has all of it. A context that ends
// closes the connection ([context.AfterFunc]), and so nothing needs to watch for it.
//
// # What it serves
//
// Requests in the clear, and over TLS while the server chooses HTTP/1.1 in ALPN (RFC 7301): that is not known before a
// response of Next's has shown it, and is forgotten when a handshake has another result. Next, which is net/http's
// client, serves everything else: HTTP/2; other origins; CONNECT, upgrades, "Expect: 100-continue", request trailers, and all
// that has a Connection field, Close or Cancel; bodies of unknown length where the method seldom has one; hosts that are not
// plain ASCII; requests that are malformed, which it refuses; traces of each field written. Where the operating system offers
// no way to look at a connection without waiting (what is not Unix), it serves everything.
//
// The client follows no redirect, adds no field but Host, User-Agent (none where the request's is empty), Content-Length and
// Transfer-Encoding, decodes nothing, and bounds no time: contexts do.
//
// # What it refuses
//
// A [MalformedError] has the reason. It refuses all that net/http's client does, and further what RFC 9112 has as malformed, or lets
// a recipient refuse, because two readers could find the end of the response in two places: lines that end in LF alone,
// folded lines, white space before a colon, Content-Length twice or together with Transfer-Encoding, Transfer-Encoding in
// HTTP/1.0, control characters; a 101 that nobody asked for; more than 1,000 lines in a header, and more than
// [Config.MaxResponseHeader] bytes of headers, informational responses included. FuzzAgainstTransport holds both clients beside
// one another.
//
// # When a connection is used again
//
// When the response has been read to its end, which was not the connection's, neither side has announced to close, all of the
// request has been sent, the context has not ended, and nothing has come beyond the response, also within TLS. Before the
// next request, the connection is looked at once more without waiting: what has come by then, a byte or the end, has it
// closed. What comes later cannot be told from the response. Over TLS the same goes for records that are no response, such as
// tickets, and for part of a record.
//
// The connections that wait are bounded in number and in time. The one that came last is used first. One that the server
// closes is noticed when it is looked at, or has waited for too long.
//
// # When a request is sent again
//
// Once, on a fresh connection, if it failed on one that had been used before, not a byte of a response had come, the body (if
// any) can be had again from GetBody, and either not a byte of the request had been written, or it is a GET, HEAD, OPTIONS
// or TRACE or has an Idempotency-Key. That is no more than net/http's client does.
//
// # A request's body
//
// RoundTrip may return, and the exchange end, before the body has been closed: the goroutine that reads it closes it when its
// last Read has returned. Nothing else of the request is used after RoundTrip has returned an error.
package http1
