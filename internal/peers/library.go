package main

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"runtime"
	"runtime/debug"

	"github.com/vulcand/oxy/v2/forward"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
	"github.com/headersafe/headersafe/passthrough/leaktest"
)

// library is a peer that is a package: build returns the handler in front of an upstream.
func library(name, how, config, version string, target func() leaktest.Target, build func(upstream *url.URL) (http.Handler, error)) peer {
	return peer{name: name, file: "library.go", how: how, config: config, start: func(context.Context, options) (*running, error) {
		if _, err := build(&url.URL{Scheme: "http", Host: "127.0.0.1:1"}); err != nil {
			return nil, err
		}
		t := target()
		t.Handler = func(upstream string) http.Handler {
			to, err := url.Parse(upstream)
			if err != nil {
				panic(err) // of our own making
			}
			h, err := build(to)
			if err != nil {
				panic(err) // it could be built before
			}
			return h
		}
		return &running{version: version, target: t, stop: func() {}}, nil
	}}
}

var headersafe = library("headersafe", "a route with the presets for Anthropic and for WebSockets", `passthrough.Config{
	Auth:    auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys},
	Headers: headerpolicy.Anthropic().With(headerpolicy.WebSocket()),
	…
}`, "this commit", job, func(upstream *url.URL) (http.Handler, error) {
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(key)})
	if err != nil {
		return nil, err
	}
	return passthrough.New(passthrough.Config{
		Upstream:  passthrough.Upstream{URL: upstream.String()},
		Auth:      auth.Config{Carriers: []auth.Carrier{auth.Header(keyField)}, Verifier: keys},
		Headers:   headerpolicy.Anthropic().With(headerpolicy.WebSocket()),
		Unguarded: "the others have no guards either",
	})
})

var silent = log.New(io.Discard, "", 0)

// What the documentation of httputil, of http.Transport, http.ServeMux and http.ResponseController says of itself.
var (
	goDocuments = []string{
		"S6-accept-encoding-added", "S6-not-decoded-unasked", // http.Transport.DisableCompression
		"U3-encoded-dots-mixed-case", // http.ServeMux: "%2e" is preserved
		"T5-early-reply",             // http.ResponseController.EnableFullDuplex
	}
	reverseProxyPromises = []string{"R3-key-in-proxy-authorization", "R3-key-in-proxy-authorization-basic", "S5-proxy-authenticate"}
	rewritePromises      = append([]string{
		"R6-forwarded", "R12-forwarded", "U1-control-character", "U1-lonely-percent", "U1-semicolon", "U2-ten-thousand-parameters",
	}, reverseProxyPromises...)
)

var reverseProxyDirector = library("ReverseProxy with Director", "deprecated, and still widely used; its Director deletes `X-Forwarded-*`; around it a mux, and the key's field checked and deleted", `proxy := httputil.NewSingleHostReverseProxy(upstream)
// its Director also deletes X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto, as the documentation warns
// around it: check X-Gateway-Key, delete it, serve /v1/ alone`, runtime.Version(), terms{goDocuments, reverseProxyPromises}.job, func(upstream *url.URL) (http.Handler, error) {
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	proxy.ErrorLog = silent
	direct := proxy.Director                 //nolint:staticcheck // it is what is tried here
	proxy.Director = func(r *http.Request) { //nolint:staticcheck // it is what is tried here
		direct(r)
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
			r.Header.Del(name)
		}
	}
	return asks(proxy), nil
})

var reverseProxyRewrite = library("ReverseProxy with Rewrite", "`SetURL`; around it a mux, and the key's field checked and deleted", `proxy := &httputil.ReverseProxy{
	Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
}
// around it: check X-Gateway-Key, delete it, serve /v1/ alone`, runtime.Version(), terms{goDocuments, rewritePromises}.job, func(upstream *url.URL) (http.Handler, error) {
	return asks(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream) }, ErrorLog: silent}), nil
})

// oxy's forwarder is an httputil.ReverseProxy, and its documentation is that one's.
var oxy = library("oxy", "`forward.New` and its `HeaderRewriter`; around them the same", `forwarder := forward.New(false)
forwarded := &forward.HeaderRewriter{TrustForwardHeader: false}
// around them: check X-Gateway-Key, delete it, serve /v1/ alone, set r.URL to the upstream's, forwarded.Rewrite(r)`,
	moduleVersion("github.com/vulcand/oxy/v2"), terms{goDocuments, reverseProxyPromises}.job, func(upstream *url.URL) (http.Handler, error) {
		forwarder := forward.New(false)
		forwarder.ErrorLog = silent
		forwarded := &forward.HeaderRewriter{TrustForwardHeader: false}
		return asks(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			to := *upstream
			r.URL = &to // the path comes from RequestURI
			forwarded.Rewrite(r)
			forwarder.ServeHTTP(w, r)
		})), nil
	})

// moduleVersion is the version of a module that this program was built with.
func moduleVersion(path string) string {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, m := range info.Deps {
			if m.Path == path {
				return m.Version
			}
		}
	}
	return "unknown version"
}
