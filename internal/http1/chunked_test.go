package http1

import (
	"bytes"
	"io"
	"net/http/httputil"
	"testing"
)

// decodeAll decodes raw in pieces of this size, and returns the data and how many bytes the body took.
func decodeAll(raw []byte, size int) (data []byte, used int, ended bool, err error) {
	var d chunkDecoder
	for used < len(raw) && !d.ended() {
		p := bytes.Clone(raw[used:min(used+size, len(raw))])
		n, u, err := d.decode(p)
		data, used = append(data, p[:n]...), used+u
		if err != nil {
			return data, used, false, err
		}
	}
	return data, used, d.ended(), nil
}

// FuzzChunks has the decoder read in pieces of every size, which make no difference, and net/http's beside it, which it is
// never more trusting than.
func FuzzChunks(f *testing.F) {
	for _, seed := range []string{
		"5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nA: b\r\n\r\n", "a\r\n0123456789\r\n0\r\n\r\nsurplus",
		"0\r\n\r\n", "5\nhello", "5\r\nhello0\r\n", "\r\n", "g\r\n", "5 \r\nhello\r\n0\r\n\r\n", "ffffffffffffffff\r\n", "0\r\nA: b\r\n c\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		data, used, ended, err := decodeAll(raw, len(raw)+1)
		for size := 1; size <= min(len(raw), 40); size++ {
			d, u, e, again := decodeAll(raw, size)
			if !bytes.Equal(d, data) || u != used || e != ended || (again == nil) != (err == nil) {
				t.Fatalf("%q in pieces of %d: %q, %d used, ended %t, %v; in one: %q, %d used, ended %t, %v", raw, size, d, u, e, again, data, used, ended, err)
			}
		}
		if !ended {
			return
		}
		want, failed := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(raw)))
		if failed != nil || !bytes.Equal(want, data) {
			t.Errorf("%q: %q; net/http has %q, %v", raw, data, want, failed)
		}
	})
}
