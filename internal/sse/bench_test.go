package sse_test

import (
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/sse"
)

// Sixteen events.
func BenchmarkReader(b *testing.B) {
	delta := "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello there\"}}\n\n"
	for _, c := range []struct {
		name  string
		event string
		size  int // of what arrives at once
	}{
		{"an event at a time", delta, len(delta)},
		{"three events and a half", delta, len(delta)*7/2 + 1},
		{"byte by byte", delta, 1},
		{"CRLF", strings.ReplaceAll(delta, "\n", "\r\n"), len(delta) + 3},
		{"64 KiB", "data: \"" + strings.Repeat("x", 64<<10) + "\"\n\n", 4096},
	} {
		b.Run(c.name, func(b *testing.B) {
			stream := []byte(strings.Repeat(c.event, 16))
			r := sse.NewReader(sse.Limits{})
			visit := func(sse.Event) error { return nil }
			b.SetBytes(int64(len(stream)))
			b.ReportAllocs()
			for b.Loop() {
				for rest := stream; len(rest) > 0; {
					n := min(c.size, len(rest))
					_ = r.Feed(rest[:n], visit)
					rest = rest[n:]
				}
			}
		})
	}
}
