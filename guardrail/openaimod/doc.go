// Package openaimod is a guard that asks OpenAI's moderation endpoint (POST /v1/moderations;
// platform.openai.com/docs/api-reference/moderations), or one that speaks like it.
//
// # What it is asked
//
// Each text is judged for itself, so verdicts are cached and a conversation costs only what is new in it. Texts go in
// batches: arrays of strings, 32 and 32 KiB at most, four questions at a time, all of which can be set. The models
// read 32,768 tokens and leave the rest out without a word; a token is a byte at least, so a text that is longer than a
// batch goes in pieces, each of which repeats the last 256 bytes of the one before. Empty texts are not sent.
// Texts of answers are asked about in the same way.
//
// # What it answers
//
// Every element of "results" counts. There must be exactly one for each string that was sent, and each must say whether it
// is "flagged": anything else is an error. With [Config].Categories only these decide, and a result that lacks one of
// them is an error. The categories that were flagged ("harassment/threatening") go into the private detail; the
// public reason names none.
//
// Anything but a whole, strict, documented reply with status 200 within the deadline is an error, and so blocks unless
// the guard is made to fail open. Bounds and retries are those of [Config].
package openaimod
