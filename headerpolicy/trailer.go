package headerpolicy

import (
	"io"
	"net/http"
)

// trailerBody is a request's body. At its end net/http has put the trailer into the inbound request; what the policy
// names of it goes on from here.
type trailerBody struct {
	io.ReadCloser

	policy *Policy
	in     *http.Request
	out    http.Header // has the keys that may be filled in
	done   bool
}

// Read reads the body, and fills the trailer in before it reports the end.
func (b *trailerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF && !b.done {
		b.done = true
		decided := b.policy.RequestTrailer(b.in.Trailer)
		for name := range b.out {
			if lines := decided.Header[name]; len(lines) > 0 {
				b.out[name] = lines
			}
		}
	}
	return n, err
}
