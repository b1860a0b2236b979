package wire

import (
	"fmt"
	"strings"
)

// AnswerLength is the length of the body of an ordinary answer.
const AnswerLength = 1024

// answerFields are what Anthropic's edge sends; with one for the framing there are 19.
const answerFields = `Date: Mon, 05 Jan 2026 09:00:00 GMT
Connection: keep-alive
Request-Id: req_011CQabcdefghijklmnop
Anthropic-Organization-Id: 0b6b0c0e-5555-6666-7777-888899990000
Anthropic-Ratelimit-Requests-Limit: 4000
Anthropic-Ratelimit-Requests-Remaining: 3999
Anthropic-Ratelimit-Requests-Reset: 2026-01-05T09:00:01Z
Anthropic-Ratelimit-Tokens-Limit: 400000
Anthropic-Ratelimit-Tokens-Remaining: 399000
Anthropic-Ratelimit-Tokens-Reset: 2026-01-05T09:00:01Z
Strict-Transport-Security: max-age=31536000; includeSubDomains; preload
Via: 1.1 google
X-Envoy-Upstream-Service-Time: 812
X-Robots-Tag: none
Cf-Cache-Status: DYNAMIC
Server: cloudflare
Cf-Ray: 9a0b1c2d3e4f5a6b-FRA
`

// AnswerHead returns the head of a response with 19 fields. A negative length means chunks.
func AnswerHead(contentType string, length int64) []byte {
	framing := fmt.Sprintf("Content-Length: %d", length)
	if length < 0 {
		framing = "Transfer-Encoding: chunked"
	}
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n%s\r\n",
		contentType, framing, strings.ReplaceAll(answerFields, "\n", "\r\n"))
}

// Answer returns a whole response with this body.
func Answer(contentType string, body []byte) []byte {
	return append(AnswerHead(contentType, int64(len(body))), body...)
}

// LastChunk ends a chunked body.
const LastChunk = "0\r\n\r\n"
