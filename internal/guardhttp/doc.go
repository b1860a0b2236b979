// Package guardhttp asks guard services over HTTP: it posts one JSON text, with a key, and reads one JSON text back.
// It is what the adapters below package guardrail have in common.
//
// # What it sees to
//
//   - A question takes no longer than its deadline, whatever the service does: 5 seconds by default, all attempts
//     and the waits between them counted.
//   - A connection that cannot be made or breaks, and the statuses 429 and 503, are tried again, twice by default,
//     after the time that Retry-After asks for (RFC 9110 section 10.2.3) or after 100 ms, 200 ms and so on, give or
//     take half. Where that would not fit in the deadline, the question fails at once.
//   - A reply is read up to a bound, 1 MiB by default, after decompression.
//   - A reply must be strict JSON, with nothing in it that two parsers could read differently, of the documented types.
//   - Redirects are not followed: the key and the texts go where they were meant to go.
//   - Plain HTTP is for loopback addresses, unless a reason is given.
//   - Errors hold the status and a phrase of this package's, and nothing that the service sent.
package guardhttp
