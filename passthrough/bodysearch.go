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
	if len(p) == 0 || len(s.ready) > 0 || s.err != nil {
		return s.hand(p)
	}
	into := p
	if len(p) <= s.held {
		into = make([]byte, 2*(s.held+1))
	}
	for {
		held := copy(into, s.window[len(s.window)-s.held:])
		read, err := next(into[held:])
		n, more := s.sift(into[:held+read], err)
		switch {
		case more && len(into) > s.held:
		case len(p) < len(into):
			s.ready = into[:n]
			return s.hand(p)
		default:
			return n, s.err
		}
	}
}

// hand hands out what is ready.
func (s *bodySearch) hand(p []byte) (int, error) {
	n := copy(p, s.ready)
	if s.ready = s.ready[n:]; len(s.ready) > 0 || len(p) == 0 {
		return n, nil
	}
	return n, s.err
}

// sift looks at text, which is what was held and what has been read after it, with the error that came with that. It
// returns how much of text may go, from its beginning, and whether more must be read because all of it is held back.
func (s *bodySearch) sift(text []byte, err error) (n int, more bool) {
	var place [128]byte // on the stack: few secrets are longer
	needle := append(place[:0], s.secret.Reveal()...)
	if s.window == nil {
		s.window = make([]byte, 0, 2*len(needle))
	}
	fresh := text[s.held:]
	s.err = err

	s.window = append(s.window, fresh[:min(len(fresh), len(needle)-1)]...) // with the edge of what is new
	if bytes.Contains(s.window, needle) || bytes.Contains(fresh, needle) {
		s.err = errSealedBody
		return 0, false
	}
	if len(fresh) >= len(needle) {
		s.window = append(s.window[:0], fresh[len(fresh)-len(needle)+1:]...)
	}
	s.window = keepLast(s.window, len(needle)-1)

	if err != nil {
		s.held = 0 // the stream has ended, and the secret with it
		return len(text), false
	}
	s.held = min(overlap(s.window, needle), len(text)) // its first bytes may have gone, when they were too few to tell
	n = len(text) - s.held
	return n, n == 0 && len(fresh) > 0
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
