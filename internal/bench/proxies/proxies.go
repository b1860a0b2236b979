// Package proxies has the peers that are Go libraries, each as a server of its own: ours, and those that it is compared
// with. All of them on net/http have the same server around them and the same transport below, one that keeps as many
// connections as there are: with http.DefaultTransport, which keeps two, a busy ReverseProxy mostly dials.
package proxies

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/vulcand/oxy/v2/forward"
)

// Proxy serves on a listener, in front of an upstream.
type Proxy func(listener net.Listener, upstream *url.URL) error

// All are the proxies by their names.
var All = map[string]Proxy{
	"headersafe":               onNetHTTP(headersafe(nil)),
	"headersafe with a record": onNetHTTP(headersafe(recorded)),
	"floor":                    onNetHTTP(floor),
	"ReverseProxy":             onNetHTTP(reverseProxy(nil)),
	"ReverseProxy with a pool": onNetHTTP(reverseProxy(newPool())),
	"oxy":                      onNetHTTP(oxy),
	"fasthttp":                 onFastHTTP,
}

// handler makes a handler in front of an upstream.
type handler func(upstream *url.URL) (http.Handler, error)

var silent = log.New(io.Discard, "", 0)

// onNetHTTP serves a handler with net/http.
func onNetHTTP(build handler) Proxy {
	return func(listener net.Listener, upstream *url.URL) error {
		h, err := build(upstream)
		if err != nil {
			return err
		}
		server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: silent}
		return server.Serve(listener)
	}
}

func transport() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     90 * time.Second,
	}
}

// reverseProxy forwards everything.
func reverseProxy(pool httputil.BufferPool) handler {
	return func(upstream *url.URL) (http.Handler, error) {
		return &httputil.ReverseProxy{
			Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
			Transport:  transport(),
			BufferPool: pool,
			ErrorLog:   silent,
		}, nil
	}
}

// pool is a BufferPool of buffers as large as ReverseProxy's own.
type pool struct{ buffers sync.Pool }

func newPool() *pool {
	return &pool{sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}}
}

func (p *pool) Get() []byte {
	b, _ := p.buffers.Get().(*[]byte) // New makes nothing else
	return *b
}

func (p *pool) Put(b []byte) { p.buffers.Put(&b) }

func oxy(upstream *url.URL) (http.Handler, error) {
	forwarder := forward.New(false)
	forwarder.Transport, forwarder.ErrorLog = transport(), silent
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := *upstream
		r.URL = &to // the path comes from RequestURI
		forwarder.ServeHTTP(w, r)
	}), nil
}

// onFastHTTP forwards everything, as fasthttp's documentation shows a proxy, with bodies streamed both ways.
func onFastHTTP(listener net.Listener, upstream *url.URL) error {
	client := &fasthttp.HostClient{Addr: upstream.Host, MaxConns: 20_000, StreamResponseBody: true}
	server := &fasthttp.Server{
		StreamRequestBody:            true,
		DisablePreParseMultipartForm: true,
		MaxRequestBodySize:           8 << 30,
		ReadBufferSize:               8 << 10,
		NoDefaultServerHeader:        true,
		Logger:                       silent,
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.Request.Header.Del(fasthttp.HeaderConnection)
			ctx.Request.URI().SetHost(upstream.Host)
			if err := client.Do(&ctx.Request, &ctx.Response); err != nil {
				ctx.Error("the upstream does not answer", http.StatusBadGateway)
				return
			}
			ctx.Response.Header.Del(fasthttp.HeaderConnection)
			ctx.Response.ImmediateHeaderFlush = ctx.Response.Header.ContentLength() < 0 // an event stream
		},
	}
	return server.Serve(listener)
}
