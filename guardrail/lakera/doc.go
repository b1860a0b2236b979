// Package lakera is a guard that asks Lakera Guard, API version 2 (POST /v2/guard; docs.lakera.ai/docs/api/guard).
//
// # What it is asked
//
// By default a request's texts go to Lakera as one conversation: neighbouring texts of one role become a message, a line
// feed between them. Results of tools and documents have the role "tool", arguments of tool calls "assistant",
// instructions and the definitions of tools "system", and other texts the role that the request gives them; one that
// Lakera does not know is "user", or "assistant" in an answer.
//
// Of an answer, the texts follow those of its request: Lakera is asked about the answer as the last message of the
// conversation that led to it. An event stream in mode window is asked about once a window, each time with the
// conversation; with PerText, without it.
//
// By descriptions of the service, which were not checked against the service itself, it screens the last interaction of a
// conversation, and takes what came before as context. A client that makes up a history could put there what it does
// not want screened. Where clients are not trusted so far, set [Config].PerText: each text is then a conversation of its
// own, in a question of its own, and is screened for itself; verdicts are cached, so that a conversation costs only what
// is new in it.
//
// # What it answers
//
// "flagged" decides. The request's breakdown puts the types of the detectors that fired ("prompt_attack", "pii/email")
// into the private detail of the verdict; the public reason names none. A reply without "flagged" is an error.
//
// Anything but a whole, strict, documented reply with status 200 within the deadline is an error, and so blocks unless
// the guard is made to fail open. Bounds and retries are those of [Config].
package lakera
