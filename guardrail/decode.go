package guardrail

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/headersafe/headersafe/internal/field"
)

// Decoder undoes a content coding (RFC 9110 section 8.4.1). It must read all of its input before it reports the end, and
// fail where the input has anything after it. If what it returns is an io.Closer, it is closed.
type Decoder = func(io.Reader) (io.Reader, error)

// Bounds on decoding: what comes out may be as large as MaxBody, and so many times as large as what went in, or
// that many bytes.
const (
	maxRatio     = 100
	freeOfRatio  = 64 << 10
	codingGzip   = "gzip"
	codingXGzip  = "x-gzip"
	codingNoCode = "identity"
)

// coding returns the decoder of a request's body; nil where it is not encoded.
func (g *Guardrail) coding(h http.Header) (Decoder, *Denial) {
	lines := h["Content-Encoding"]
	if len(lines) == 0 {
		return nil, nil
	}
	var codings []string
	for coding := range field.Members(lines) {
		codings = append(codings, strings.ToLower(coding))
	}
	if len(lines) > 1 || len(codings) != 1 {
		return nil, unsupportedEncoding("there must be exactly one content coding")
	}
	switch coding := codings[0]; coding {
	case codingNoCode:
		return nil, nil
	case codingGzip, codingXGzip:
		return gunzip, nil
	default:
		if d := g.decoders[coding]; d != nil {
			return d, nil
		}
		return nil, unsupportedEncoding("no Decoder is configured for the coding")
	}
}

var gzipReaders sync.Pool

// member is one gzip member (RFC 1952 section 2.2). Readers differ in whether they go on with a second one; what is left of
// the input is refused by decode.
type member struct{ *gzip.Reader }

func gunzip(src io.Reader) (io.Reader, error) {
	z, ok := gzipReaders.Get().(*gzip.Reader)
	if !ok {
		z = new(gzip.Reader)
	}
	if err := z.Reset(src); err != nil {
		return nil, err
	}
	z.Multistream(false)
	return member{z}, nil
}

// Close gives the reader back.
func (m member) Close() error {
	gzipReaders.Put(m.Reader)
	return nil
}

// decode decodes src into f.
func decode(d Decoder, src []byte, limit int64, f *filling) (refused *Denial) {
	defer func() {
		if recover() != nil { // a user's decoder, on a hostile input
			refused = undecodable("the Decoder panicked")
		}
	}()
	in := bytes.NewReader(src) // an io.ByteReader, of which gzip reads no more than it needs
	out, err := d(in)
	if err != nil {
		return undecodable("the Decoder refused its input")
	}
	if c, ok := out.(io.Closer); ok {
		defer func() { _ = c.Close() }()
	}
	bound := min(limit, max(maxRatio*int64(len(src)), freeOfRatio))
	for idle := 0; ; {
		p := f.space(int(min(max(2*int64(f.n), smallBuffer), bound+1)))
		if len(p) == 0 {
			return busy()
		}
		n, err := out.Read(p)
		f.n += n
		switch {
		case int64(f.n) > bound:
			return tooLarge("decoded, it is too large, or too many times larger")
		case err == io.EOF:
			if in.Len() > 0 {
				return undecodable("the Decoder left a part of its input")
			}
			return nil
		case err != nil:
			return undecodable("the body is malformed, or something follows it")
		}
		if idle++; n > 0 {
			idle = 0
		} else if idle > 100 {
			return undecodable("the Decoder makes no progress")
		}
	}
}
