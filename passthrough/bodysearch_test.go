package passthrough

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/secret"
)

// pieces is a source that gives its content in pieces: none of them longer than it was told to be.
type pieces struct {
	rest  string
	sizes []byte // in turn; 0 gives nothing, as a Reader may
	turn  int
	last  bool // whether the end comes with the last bytes
	end   error
}

func (p *pieces) read(b []byte) (int, error) {
	if p.rest == "" {
		return 0, p.end
	}
	size := len(p.rest)
	if len(p.sizes) > 0 {
		size = int(p.sizes[p.turn%len(p.sizes)])
		if p.turn++; size == 0 && p.turn > len(p.sizes) {
			size = 1 // it must get on
		}
	}
	n := copy(b, p.rest[:min(size, len(p.rest))])
	if p.rest = p.rest[n:]; p.rest == "" && p.last {
		return n, p.end
	}
	return n, nil
}

// drain reads all that a search lets through, into buffers of these sizes in turn.
func drain(s *bodySearch, src *pieces, buffers []byte) ([]byte, error) {
	var out []byte
	for turn := 0; ; turn++ {
		size := 64
		if len(buffers) > 0 {
			size = int(buffers[turn%len(buffers)])
			if size == 0 && turn > len(buffers) {
				size = 1
			}
		}
		buf := make([]byte, size)
		n, err := s.read(buf, src.read)
		out = append(out, buf[:n]...)
		if err != nil {
			return out, err
		}
	}
}

const (
	bodyKey = "gw-key-gw-key-1"
	tinyKey = "abcabc"
)

func TestBodySearch(t *testing.T) {
	errBroken := errors.New("broken")
	for _, c := range []struct {
		name string
		key  string
		in   string
		end  error
		out  string
		err  error
	}{
		{"nothing", bodyKey, "", io.EOF, "", io.EOF},
		{"without it", bodyKey, "hello", io.EOF, "hello", io.EOF},
		{"it alone", bodyKey, bodyKey, io.EOF, "", errSealedBody},
		{"within", bodyKey, "a " + bodyKey + " b", io.EOF, "", errSealedBody},
		{"all but the last byte", bodyKey, bodyKey[:len(bodyKey)-1], io.EOF, bodyKey[:len(bodyKey)-1], io.EOF},
		{"all but the first byte", bodyKey, bodyKey[1:], io.EOF, bodyKey[1:], io.EOF},
		{"a false start", bodyKey, "gw-key-gw-key-gw-key-2", io.EOF, "gw-key-gw-key-gw-key-2", io.EOF},
		{"a false start before it", bodyKey, "gw-key-" + bodyKey, io.EOF, "", errSealedBody},
		{"the shortest secret", tinyKey, "abcab abcabd", io.EOF, "abcab abcabd", io.EOF},
		{"the shortest secret, there", tinyKey, "abcababcabc", io.EOF, "", errSealedBody},
		{"a source that breaks", bodyKey, "half gw-key", errBroken, "half gw-key", errBroken},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []byte{0, 1, 2, 3, 5, 7, 14, 15, 16, 17, 40} {
				for _, buffer := range []byte{0, 1, 2, 6, 13, 14, 15, 16, 64} {
					for _, last := range []bool{false, true} {
						src := &pieces{rest: c.in, last: last, end: c.end}
						if size > 0 {
							src.sizes = []byte{size}
						}
						var buffers []byte
						if buffer > 0 {
							buffers = []byte{buffer}
						}
						s := &bodySearch{secret: secret.New(c.key)}
						out, err := drain(s, src, buffers)
						if !errors.Is(err, c.err) || c.err != errSealedBody && string(out) != c.out {
							t.Fatalf("pieces of %d, buffers of %d: %q, %v, want %q, %v", size, buffer, out, err, c.out, c.err)
						}
						check(t, c.in, c.key, out, err)
						if n, again := s.read(make([]byte, 9), src.read); n != 0 || !errors.Is(again, c.err) {
							t.Fatalf("read on: %d, %v, want %v", n, again, c.err)
						}
					}
				}
			}
		})
	}
}

// check compares what came out with what a search of the whole input says.
func check(t *testing.T, in, key string, out []byte, err error) {
	t.Helper()
	found := strings.Index(in, key)
	switch {
	case !strings.HasPrefix(in, string(out)):
		t.Fatalf("%q is no prefix of %q", out, in)
	case bytes.Contains(out, []byte(key)):
		t.Fatalf("%q holds the secret", out)
	case found < 0 && (string(out) != in || errors.Is(err, errSealedBody)):
		t.Fatalf("%q became %q, %v", in, out, err)
	case found >= 0 && (!errors.Is(err, errSealedBody) || len(out) >= found+len(key)):
		t.Fatalf("%q, which holds the secret at %d, became %q, %v", in, found, out, err)
	}
}

// A stream that pauses must not lack its last bytes for want of more, unless they are a good part of the secret.
func TestBodySearchHoldsNothingBackForLong(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{"data: x\n\n", "data: x\n\n"},
		{"data: gw-ke", "data: gw-ke"},
		{"data: gw-key", "data: "},
		{"gw-key-gw-key-", ""},
		{"gw-key-gw-key-gw-key", "gw-key-"},
	} {
		s := &bodySearch{secret: secret.New(bodyKey)}
		first := &pieces{rest: c.in}
		buf := make([]byte, 64)
		n := 0
		for first.rest != "" {
			m, err := s.read(buf[n:], func(b []byte) (int, error) {
				if first.rest == "" {
					return 0, nil
				}
				return first.read(b)
			})
			if n += m; err != nil {
				t.Fatal(err)
			}
		}
		if string(buf[:n]) != c.out {
			t.Errorf("after %q: %q, want %q", c.in, buf[:n], c.out)
		}
	}
}

func TestBodySearchReadsNothingIntoNothing(t *testing.T) {
	s := &bodySearch{secret: secret.New(bodyKey)}
	n, err := s.read(nil, func([]byte) (int, error) { t.Error("the source was read"); return 0, io.EOF })
	if n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// FuzzBodySearch: whatever the pieces and buffers, what comes out is a prefix of what went in, never holds the secret, and
// is all of it where the secret does not occur.
func FuzzBodySearch(f *testing.F) {
	f.Add("hello "+bodyKey+" world", bodyKey, []byte{1, 2, 3}, []byte{4}, true)
	f.Add("gw-key-gw-key-gw-key-1", bodyKey, []byte{7}, []byte{1}, false)
	f.Add("aaaaaaaaaaaab", "aaaaaab", []byte{1, 0, 2}, []byte{0, 1}, false)
	f.Add("aaaaaaaaaaaac", "aaaaaab", []byte{5}, []byte{6, 7}, true)
	f.Fuzz(func(t *testing.T, in, key string, sizes, buffers []byte, last bool) {
		if len(key) < secret.MinLength || len(in) > 1<<12 {
			t.Skip()
		}
		for _, body := range []string{in, in + key, key[1:] + in, key[:len(key)-1] + in + key + in, strings.Repeat(key[:len(key)/2], 3) + key} {
			out, err := drain(&bodySearch{secret: secret.New(key)}, &pieces{rest: body, sizes: sizes, last: last, end: io.EOF}, buffers)
			check(t, body, key, out, err)
		}
	})
}
