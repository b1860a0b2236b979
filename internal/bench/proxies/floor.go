package proxies

import (
	"io"
	"net/http"
	"net/url"
)

// floor is the least that a handler on http.Transport can do: it forwards five fields, and streams. It checks nothing and
// removes nothing, so nothing that does may hope to cost less on the same transport.
func floor(upstream *url.URL) (http.Handler, error) {
	t := transport()
	return http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		out := (&http.Request{
			Method: in.Method, Host: upstream.Host, Body: in.Body, ContentLength: in.ContentLength,
			URL:    &url.URL{Scheme: upstream.Scheme, Host: upstream.Host, Path: in.URL.Path, RawQuery: in.URL.RawQuery},
			Header: make(http.Header, len(floorFields)),
		}).WithContext(in.Context())
		for _, name := range floorFields {
			if values, ok := in.Header[name]; ok {
				out.Header[name] = values
			}
		}
		resp, err := t.RoundTrip(out)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = resp.Body.Close() }()
		header := w.Header()
		for name, values := range resp.Header {
			header[name] = values
		}
		w.WriteHeader(resp.StatusCode)
		if err := relay(w, resp.Body, resp.ContentLength < 0); err != nil {
			panic(http.ErrAbortHandler)
		}
	}), nil
}

var floorFields = []string{"Authorization", "Anthropic-Version", "Anthropic-Beta", "Content-Type", "User-Agent"}

var floorBuffers = newPool()

// relay copies with a pooled buffer, and flushes each piece if it is to stream. (io.Copy to a ResponseWriter allocates 32 KiB.)
func relay(w http.ResponseWriter, body io.Reader, streams bool) error {
	buf := floorBuffers.Get()
	defer floorBuffers.Put(buf)
	controller := http.NewResponseController(w)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			if streams {
				if err := controller.Flush(); err != nil {
					return err
				}
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
