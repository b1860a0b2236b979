// Package wire is what the load generator, the peers and the upstream say to one another: the requests and answers,
// ready as bytes, and a reader of HTTP/1.1 messages that costs little enough to leave the peer the slowest of the three.
//
// The reader knows no more of HTTP/1.1 (RFC 9112) than well-behaved ends send, and checks what tells a whole message from
// a truncated one: the status, the length, each chunk and the last one. It is no parser for strangers.
package wire
