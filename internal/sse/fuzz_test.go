package sse_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/sse"
)

// Whatever the bytes and wherever they are cut, the pieces are those of the reference, and put together with the rest
// they are the stream; with bounds that are small, every cut ends in the same error after the same pieces.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"data: a\n\n", "\uFEFFevent: x\r\ndata: a\r\n\r\n", "id: 1\rdata\r\r\n", ":c\n\n\r\r\n", "data: \xff\n\n", "retry: 1\n\ndata: a\u2028",
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
	} {
		f.Add([]byte(seed), uint16(3), uint16(5))
	}
	f.Fuzz(func(t *testing.T, b []byte, first, second uint16) {
		stream := string(b)
		want, wantRest, invalid := reference(stream)
		i, j := int(first)%(len(stream)+1), int(second)%(len(stream)+1)
		if i > j {
			i, j = j, i
		}
		everywhere := make([]int, len(stream))
		for at := range everywhere {
			everywhere[at] = at
		}
		for _, chunks := range [][][]byte{cut(stream), cut(stream, i, j), cut(stream, everywhere...)} {
			got, rest, err := read(sse.Limits{}, chunks...)
			if (err != nil) != invalid || rest != wantRest {
				t.Fatalf("%v, rest %q; want an error %t, rest %q", err, rest, invalid, wantRest)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
			if invalid {
				continue
			}
			var raw strings.Builder
			for _, p := range got {
				raw.WriteString(p.Raw)
			}
			if raw.String()+rest != stream {
				t.Fatalf("%q and %q", raw.String(), rest)
			}
		}

		small := sse.Limits{MaxLine: 8, MaxEvent: 20}
		want, _, wantErr := read(small, cut(stream)...)
		for _, chunks := range [][][]byte{cut(stream, i, j), cut(stream, everywhere...)} {
			got, _, err := read(small, chunks...)
			a, _ := errors.AsType[*sse.Error](wantErr)
			b, _ := errors.AsType[*sse.Error](err)
			if diff := cmp.Diff(a, b) + cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}
