package fakeupstream_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/examples/internal/fakeupstream"
	"github.com/headersafe/headersafe/internal/rawhttp"
)

const upgrade = "Connection: keep-alive, Upgrade\nUpgrade: WebSocket\n"

// The key, and what answers it, are those of RFC 6455 section 1.3.
const (
	nonce  = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n"
	accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

func dial(t *testing.T, h http.Handler, path, fields string) *rawhttp.Conn {
	t.Helper()
	c := rawhttp.Dial(t, serve(t, h))
	c.Send("GET " + path + " HTTP/1.1\n" + fields + upgrade + nonce + "\n")
	r := c.ReadResponse()
	if r.Status() != 101 || r.Fields.Get("Sec-WebSocket-Accept") != accept {
		t.Fatalf("%s", r)
	}
	return c
}

// frame is a client's, masked.
func frame(first byte, payload string) string {
	mask := "mask"
	var b strings.Builder
	b.WriteByte(first)
	switch n := len(payload); {
	case n < 126:
		b.WriteByte(0x80 | byte(n))
	case n < 1<<16:
		b.Write([]byte{0x80 | 126, byte(n >> 8), byte(n)})
	default:
		b.Write([]byte{0x80 | 127, 0, 0, 0, 0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	}
	b.WriteString(mask)
	for i := range len(payload) {
		b.WriteByte(payload[i] ^ mask[i%4])
	}
	return b.String()
}

func TestWebSocketEcho(t *testing.T) {
	middle, large := strings.Repeat("x", 300), strings.Repeat("x", 70_000)
	for _, c := range []struct{ name, send, want string }{
		{"text", frame(0x81, "hi"), "\x81\x02hi"},
		{"binary", frame(0x82, "\x00\xff"), "\x82\x02\x00\xff"},
		{"empty", frame(0x81, ""), "\x81\x00"},
		{"16-bit length", frame(0x82, middle), "\x82\x7e\x01\x2c" + middle},
		{"64-bit length", frame(0x82, large), "\x82\x7f\x00\x00\x00\x00\x00\x01\x11\x70" + large},
		{"fragments", frame(0x01, "a") + frame(0x80, "b"), "\x01\x01a\x80\x01b"},
		{"ping", frame(0x89, "p"), "\x8a\x01p"},
		{"pong, then text", frame(0x8a, "p") + frame(0x81, "hi"), "\x81\x02hi"},
		{"close", frame(0x88, "\x03\xe8"), "\x88\x02\x03\xe8"},
		{"unmasked", "\x81\x02hi", "\x88\x02\x03\xea"},
		{"reserved bit", frame(0xc1, "hi"), "\x88\x02\x03\xea"},
		{"fragmented ping", frame(0x09, "p"), "\x88\x02\x03\xea"},
		{"too big", "\x82\xff\x00\x00\x00\x00\x40\x00\x00\x00", "\x88\x02\x03\xf1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, fakeupstream.OpenAI(), "/v1/realtime?model=m", openai)
			conn.SendExactly(c.send)
			if got, err := conn.ReadN(len(c.want)); got != c.want || err != nil {
				t.Errorf("got %.40q, %v, want %.40q", got, err, c.want)
			}
			conn.CloseWrite()
			if rest := conn.Rest(); len(rest) != 0 {
				t.Errorf("then got %.40q", rest)
			}
		})
	}
}

func TestWebSocketTellsWhatReachedIt(t *testing.T) {
	conn := dial(t, fakeupstream.Anthropic(), "/any/path", "Host: h\nAuthorization: Bearer sk-ant-oat01-0123456789abcdefghij\nSec-WebSocket-Protocol: realtime, k\n")
	conn.SendExactly(frame(0x81, "headers") + frame(0x88, ""))
	got := string(conn.Rest())
	for _, want := range []string{`"path":"/any/path"`, `"Authorization":["Bearer sk-ant-oat… (sha256 4bb03833)"]`, `"Upgrade":["WebSocket"]`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %q", want, got)
		}
	}
}

func TestWebSocketRefusals(t *testing.T) {
	for _, c := range []struct {
		name, fields string
		status       int
	}{
		{"no credential", "Host: h\n" + upgrade + nonce, 401},
		{"no key", openai + upgrade + "Sec-WebSocket-Version: 13\n", 400},
		{"short key", openai + upgrade + "Sec-WebSocket-Key: aGk=\nSec-WebSocket-Version: 13\n", 400},
		{"old version", openai + upgrade + strings.Replace(nonce, "13", "8", 1), 426},
		{"another protocol", openai + "Connection: Upgrade\nUpgrade: h2c\n", 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rawhttp.Do(t, serve(t, fakeupstream.OpenAI()), fmt.Sprintf("GET /v1/realtime HTTP/1.1\n%s\n", c.fields))
			if r.Status() != c.status || at(decode(t, r.Body), "error", "message") == nil {
				t.Errorf("want %d, got\n%s", c.status, r)
			}
		})
	}
}
