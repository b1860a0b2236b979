package passthrough_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// BenchmarkUpload sends a body of 64 KiB through a gateway to an upstream on loopback that reads it. The bytes are those of
// the client and both servers, too: they are to be compared.
func BenchmarkUpload(b *testing.B) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	b.Cleanup(upstream.Close)
	target, err := url.Parse(upstream.URL)
	if err != nil {
		b.Fatal(err)
	}
	body := strings.Repeat("x", 64<<10)
	for _, c := range []struct {
		name    string
		handler http.Handler
	}{
		{"route", loopbackRoute(b, upstream.URL)},
		{"ReverseProxy", &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
			Transport: &http.Transport{DisableCompression: true},
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			server := httptest.NewServer(c.handler)
			b.Cleanup(server.Close)
			header := claudeCode(b.Context()).Header
			header.Del("Content-Length")
			header.Del("Connection")
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+"/v1/messages", strings.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				r.Header = header
				res, err := server.Client().Do(r)
				if err != nil || res.StatusCode != http.StatusNoContent {
					b.Fatal(res, err)
				}
				_ = res.Body.Close()
			}
		})
	}
}
