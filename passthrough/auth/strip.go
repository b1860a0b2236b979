package auth

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/headersafe/headersafe/internal/field"
)

// namesAll reports whether the names in d.Consumed are all that there is to be removed from r. The next stage, which
// reads them in the note and takes none of them, then needs no copy of the request.
func (g *Gate) namesAll(r *http.Request, d Decision) bool {
	return !d.irregular && len(g.cookies) == 0 && len(g.query) == 0 && len(r.Trailer) == 0
}

// strip returns a copy of r, with ctx, that holds the credential in none of the carriers. What need not
// change is shared with r, and nothing of r changes.
func (g *Gate) strip(ctx context.Context, r *http.Request, d Decision) *http.Request {
	out := r.WithContext(ctx)
	out.Header = g.withoutFields(r.Header, d)
	g.stripTrailer(out, r)
	if len(g.query) == 0 || r.URL == nil {
		return out
	}
	if raw := g.withoutParameters(r.URL.RawQuery); len(raw) != len(r.URL.RawQuery) {
		u := *r.URL
		u.RawQuery = raw
		out.URL = &u
	}
	if r.Form != nil { // a middleware has called ParseForm: the query's parameters are there too
		out.Form = maps.Clone(r.Form)
		for _, p := range g.query {
			delete(out.Form, p.name)
		}
	}
	return out
}

// withoutFields returns h, or where it must change a copy of it, without the consumed fields and cookies.
func (g *Gate) withoutFields(h http.Header, d Decision) http.Header {
	if d.irregular {
		h = maps.Clone(h)
		for key, lines := range h {
			switch name := field.Canonical(key); {
			case slices.Contains(d.Consumed, name):
				delete(h, key)
			case name == "Cookie":
				g.setCookies(h, key, lines)
			}
		}
		return h
	}
	_, cookies := h["Cookie"]
	cookies = cookies && len(g.cookies) > 0
	if !cookies && !slices.ContainsFunc(d.Consumed, func(name string) bool { _, ok := h[name]; return ok }) {
		return h
	}
	h = maps.Clone(h)
	for _, name := range d.Consumed {
		delete(h, name)
	}
	if cookies {
		g.setCookies(h, "Cookie", h["Cookie"])
	}
	return h
}

func (g *Gate) setCookies(h http.Header, key string, lines []string) {
	if len(g.cookies) == 0 {
		return
	}
	if lines = g.withoutCookies(lines); len(lines) > 0 {
		h[key] = lines
	} else {
		delete(h, key)
	}
}

// stripTrailer takes the fields that are carriers out of the announced trailer of out, a copy of in. The
// server puts a trailer's values into in.Trailer when the body has been read, so a trailer of its own for
// out needs a body that carries the other values over.
//
// A field that was not announced never reaches out.Trailer; [stage.AuthNote] tells the stages that look at the
// first request which names to leave alone.
func (g *Gate) stripTrailer(out, in *http.Request) {
	if !slices.ContainsFunc(slices.Collect(maps.Keys(in.Trailer)), g.consumesTrailer) {
		return
	}
	out.Trailer = maps.Clone(in.Trailer)
	maps.DeleteFunc(out.Trailer, func(name string, _ []string) bool { return g.consumesTrailer(name) })
	if in.Body != nil && in.Body != http.NoBody {
		out.Body = &trailerBody{in.Body, in, out.Trailer}
	}
}

// consumesTrailer reports whether a trailer field of this name is one that the gate removes.
func (g *Gate) consumesTrailer(name string) bool {
	name = field.Canonical(name)
	return slices.Contains(g.consumed, name) ||
		name == "Authorization" && (g.bearer || g.basic) ||
		name == "Cookie" && len(g.cookies) > 0
}

// trailerBody is a request's body that completes a copy of the request's trailer at its end, which is when
// net/http completes the trailer itself.
type trailerBody struct {
	io.ReadCloser
	in      *http.Request
	trailer http.Header
}

func (b *trailerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		for name := range b.trailer {
			b.trailer[name] = b.in.Trailer[name]
		}
	}
	return n, err
}
