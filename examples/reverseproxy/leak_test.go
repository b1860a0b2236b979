package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/headersafe/headersafe/passthrough/leaktest"
)

// What the policy alone keeps an httputil.ReverseProxy from letting across. What is the proxy's own business stays
// as it is, and is not the policy's to mend.
func TestNothingLeaks(t *testing.T) {
	const (
		targets = "which methods and targets cross is the proxy's business, not the policy's"
		bodies  = "how a body is relayed is the proxy's business, not the policy's"
	)
	leaktest.Run(t, leaktest.Target{
		Handler: func(upstream string) http.Handler {
			target, err := url.Parse(upstream)
			if err != nil {
				t.Fatal(err)
			}
			transport := &http.Transport{DisableCompression: true}
			t.Cleanup(transport.CloseIdleConnections)
			h, err := protect(&httputil.ReverseProxy{
				Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
				Transport: transport,
				ErrorLog:  log.New(io.Discard, "", 0),
			})
			if err != nil {
				t.Fatal(err)
			}
			return h
		},
		Skip: map[string]string{
			"M1-*": targets, "M2-*": targets, "M3-*": targets, "U3-*": targets, "U4-*": targets, "U5-*": targets,
			"T1-*": bodies, "T2-*": bodies, "T5-*": bodies, "T8-*": bodies,
			"S6-not-decoded*": "the policy of this example names no Content-Encoding, and refuses a body that has one",
		},
	})
}
