package wire

import (
	"bytes"
	"fmt"
	"strings"
)

// What every request carries, and the upstream must find: the caller's own credential and its body.
const (
	GatewayKey    = "alice-key-0123456789abcdef"
	Authorization = "Bearer sk-ant-oat01-abcdefghijklmnopqrstuvwxyz0123456789"
)

// fields are those of Claude Code behind an edge proxy. With Host and Content-Length there are 26.
const fields = `Accept: application/json
Accept-Encoding: gzip, deflate, br, zstd
Anthropic-Beta: claude-code-20250219,oauth-2025-04-20,interleaved-thinking-2025-05-14
Anthropic-Dangerous-Direct-Browser-Access: true
Anthropic-Version: 2023-06-01
Authorization: ` + Authorization + `
Connection: keep-alive
Content-Type: application/json
Cookie: session=0123456789abcdef
User-Agent: claude-cli/2.1.330 (external, sdk-cli)
X-App: cli
X-Claude-Code-Session-Id: 0b6b0c0e-1111-2222-3333-444455556666
X-Forwarded-For: 192.0.2.1
X-Forwarded-Proto: https
X-Gateway-Key: ` + GatewayKey + `
X-Request-Id: 5f0c7a2e
X-Stainless-Arch: x64
X-Stainless-Lang: js
X-Stainless-Os: Linux
X-Stainless-Package-Version: 0.70.0
X-Stainless-Retry-Count: 0
X-Stainless-Runtime: node
X-Stainless-Runtime-Version: v24.3.0
X-Stainless-Timeout: 600
`

// The paths below Endpoint tell the upstream what to answer; see package upstream.
const (
	Endpoint = "/v1/messages"
	Report   = "/report"
	Events   = "/events" // /events/COUNT/EVERY
	Idle     = "/idle"
	Download = "/download" // /download/BYTES
)

// RequestHead returns the head of a POST with a body of that length. prefix is what a peer wants before [Endpoint].
func RequestHead(host, prefix, below string, length int64) []byte {
	return fmt.Appendf(nil, "POST %s%s%s?beta=true HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n%s\r\n",
		prefix, Endpoint, below, host, length, strings.ReplaceAll(fields, "\n", "\r\n"))
}

// Request returns a whole POST with a body of that length.
func Request(host, prefix, below string, length int) []byte {
	return append(RequestHead(host, prefix, below, int64(length)), Body(length)...)
}

// Body returns a body of that length, JSON if it is not too short for it.
func Body(length int) []byte {
	const head, tail = `{"model":"claude","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"`, `"}]}`
	if fill := length - len(head) - len(tail); fill >= 0 {
		return []byte(head + strings.Repeat("x", fill) + tail)
	}
	return bytes.Repeat([]byte("1"), length)
}
