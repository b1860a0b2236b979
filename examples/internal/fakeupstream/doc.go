// Package fakeupstream stands in for Anthropic's and OpenAI's APIs on loopback, so that the examples run with no network
// and no account. It speaks enough of both for the vendors' SDKs, Claude Code and curl: JSON, server-sent events
// and WebSocket.
//
// It has no model. The assistant's text says what an upstream of a gateway can best tell: which header fields reached
// it, and what the user said last. The same stands in every JSON reply, in the first event of every stream, and in
// errors, for a program to read:
//
//	"headersafe_received": {"method", "path", "query", "headers": {NAME: [VALUE, …]}, "trailers"}
//
// Credentials are shown as at most ten characters, or a third of them if that is less, and the beginning of their
// SHA-256: enough to tell which one arrived (see [Mask]).
//
// Any GET with "Upgrade: websocket" is answered by an echo (RFC 6455); the text message "headers" is answered with
// the object above.
//
// As the real ones do, it refuses: a request without a credential, or for Anthropic with two (401, 400); without
// anthropic-version (400); a body that is no JSON object or lacks what the endpoint requires (400), or is over 32 MB
// (413); unknown paths and methods (404, 405). A body in a content coding that it cannot decode (zstd, as Codex sends
// it) is answered without having been read. Its responses also carry fields that no gateway should relay: Set-Cookie,
// Alt-Svc.
package fakeupstream
