// Command reverseproxy puts a header policy around an httputil.ReverseProxy that is already there. The proxy stays
// as it is; what crosses it, in either direction, is what the policy names.
//
//	go run ./examples/reverseproxy
//
// runs an upstream, the proxy and one request through it on loopback, and prints what arrived at either end.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"

	"github.com/headersafe/headersafe/headerpolicy"
)

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// protect is the whole of the change to a service that has a proxy.
func protect(proxy http.Handler) (http.Handler, error) {
	policy, err := headerpolicy.New(headerpolicy.Config{
		Request: headerpolicy.Request{
			Forward: []string{"Accept", "Content-Type", "X-Request-Id"},
			Cookies: []string{"locale"},
		},
		Response: headerpolicy.Response{
			Forward: []string{"Content-Type", "Cache-Control", "Etag"},
		},
	})
	if err != nil {
		return nil, err
	}
	return policy.Wrap(proxy), nil
}

func run(out io.Writer) error {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		show(out, "the upstream got", r.Header)
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Server", "internal-17.corp")
		w.Header().Set("Set-Cookie", "session=1")
		fmt.Fprint(w, "hello")
	}))
	defer upstream.Close()

	target, err := url.Parse(upstream.URL)
	if err != nil {
		return err
	}
	// The policy ends at the proxy's transport, which would ask for gzip on its own account.
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: transport,
	}
	handler, err := protect(proxy)
	if err != nil {
		return err
	}
	gateway := httptest.NewServer(handler)
	defer gateway.Close()

	req, err := http.NewRequest(http.MethodGet, gateway.URL, nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Request-Id", "42")
	req.Header.Set("Authorization", "Bearer for-the-gateway")
	req.Header.Set("Cookie", "locale=en; session=for-the-gateway")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	show(out, "the client got", res.Header)
	return nil
}

func show(out io.Writer, title string, h http.Header) {
	fmt.Fprintf(out, "%s:\n", title)
	var names []string
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if name != "Date" {
			fmt.Fprintf(out, "  %s: %s\n", name, h.Get(name))
		}
	}
}
