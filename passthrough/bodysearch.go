package passthrough

import (
	"bytes"

	"github.com/headersafe/headersafe/internal/secret"
)

// bodySearch looks for a secret, as it stands, in a stream, across the edges of its reads.
type bodySearch struct {
	secret secret.Value
	window []byte // the last bytes of the stream, one less than the secret has
	held   int    // how many of them, at the end, have not been released
	ready  []byte // released, and not yet handed out: the buffer was too small
	err    error  // what came with the last bytes
}

// keepBack is the length from which the beginning of a secret is held until more has been read. Less than
// that goes at once: it gives nothing away, and a stream that pauses there must not lack its last bytes.
const keepBack = secret.MinLength

// read fills p from next with what is known not to complete the secret. It returns errSealedBody, and nothing
// more ever, once the secret has been found.
func (s *bodySearch) read(p []byte, next func([]byte) (int, error)) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(s.ready) == 0 && s.err == nil && len(p) <= s.held {
		larger := make([]byte, 2*(s.held+1))
		n, err := s.advance(larger, next)
		if n == 0 {
			return 0, err
		}
		s.ready = larger[:n]
	}
	if len(s.ready) > 0 {
		n := copy(p, s.ready)
		s.ready = s.ready[n:]
		return n, nil
	}
	if s.err != nil {
		return 0, s.err
	}
	return s.advance(p, next)
}

// advance reads once, or more often while all that came is held back. p is longer than what is held.
func (s *bodySearch) advance(p []byte, next func([]byte) (int, error)) (int, error) {
	var place [128]byte // on the stack: few secrets are longer
	needle := append(place[:0], s.secret.Reveal()...)
	for {
		held := copy(p, s.window[len(s.window)-s.held:])
		var read int
		read, s.err = next(p[held:])
		fresh := p[held : held+read]

		s.window = append(s.window, fresh[:min(len(fresh), len(needle)-1)]...) // with the edge of what is new
		if bytes.Contains(s.window, needle) || bytes.Contains(fresh, needle) {
			s.err = errSealedBody
			return 0, errSealedBody
		}
		if len(fresh) >= len(needle) {
			s.window = append(s.window[:0], fresh[len(fresh)-len(needle)+1:]...)
		}
		s.window = keepLast(s.window, len(needle)-1)

		n := held + read
		if s.err != nil {
			s.held = 0 // the stream has ended, and the secret with it
			return n, s.err
		}
		s.held = min(overlap(s.window, needle), n) // its first bytes may have gone, when they were too few to tell
		if n -= s.held; n > 0 || read == 0 {
			return n, nil
		}
		if len(p) <= s.held {
			return 0, nil
		}
	}
}

// holds reports whether text contains the secret as it stands.
func holds(text []byte, s secret.Value) bool {
	var place [128]byte
	return bytes.Contains(text, append(place[:0], s.Reveal()...))
}

// keepLast moves the last n bytes of b to its front.
func keepLast(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	copy(b, b[len(b)-n:])
	return b[:n]
}

// overlap returns the length of the longest proper prefix of needle, of at least keepBack bytes, that ends text.
func overlap(text, needle []byte) int {
	for n := min(len(needle)-1, len(text)); n >= keepBack; n-- {
		if bytes.HasSuffix(text, needle[:n]) {
			return n
		}
	}
	return 0
}
