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
func library(name, config, version string, target func() leaktest.Target, build func(upstream *url.URL) (http.Handler, error)) peer {
	return peer{name: name, config: config, start: func(context.Context, options) (*running, error) {
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

var headersafe = library("headersafe", `passthrough.Config{
	Auth:    auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys},
	Headers: headerpolicy.Anthropic().With(headerpolicy.WebSocket()),
	…
}`, "this version", job, func(upstream *url.URL) (http.Handler, error) {
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

var reverseProxyDirector = library("ReverseProxy with Director", `proxy := httputil.NewSingleHostReverseProxy(upstream)
// its Director also deletes X-Forwarded-For, as the documentation says
// around it: check X-Gateway-Key, delete it, serve /v1/ alone`, runtime.Version(), proxyJob, func(upstream *url.URL) (http.Handler, error) {
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	proxy.ErrorLog = silent
	direct := proxy.Director                 //nolint:staticcheck // it is what is tried here
	proxy.Director = func(r *http.Request) { //nolint:staticcheck // it is what is tried here
		direct(r)
		r.Header.Del("X-Forwarded-For") // the documentation says to, against spoofing
	}
	return asks(proxy), nil
})

var reverseProxyRewrite = library("ReverseProxy with Rewrite", `proxy := &httputil.ReverseProxy{
	Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
}
// around it: check X-Gateway-Key, delete it, serve /v1/ alone`, runtime.Version(), proxyJob, func(upstream *url.URL) (http.Handler, error) {
	return asks(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream) }, ErrorLog: silent}), nil
})

var oxy = library("oxy", `forwarder := forward.New(false)
// around it: check X-Gateway-Key, delete it, serve /v1/ alone, set r.URL to the upstream's`, moduleVersion("github.com/vulcand/oxy/v2"), proxyJob, func(upstream *url.URL) (http.Handler, error) {
	forwarder := forward.New(false)
	forwarder.ErrorLog = silent
	return asks(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := *upstream
		r.URL = &to // the path comes from RequestURI
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
