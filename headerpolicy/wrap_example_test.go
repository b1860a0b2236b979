package headerpolicy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"

	"github.com/headersafe/headersafe/headerpolicy"
)

// An existing ReverseProxy, protected in both directions.
func ExamplePolicy_Wrap() {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "internal/1.2.3")
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "Authorization %q, Cookie %q", r.Header.Get("Authorization"), r.Header.Get("Cookie"))
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		panic(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}

	policy, err := headerpolicy.New(headerpolicy.Config{
		Request: headerpolicy.Request{
			Forward: []string{"Accept", "Content-Type"},
			Set:     []headerpolicy.Set{{Name: "Authorization", Value: headerpolicy.Secret("0123456789").WithScheme("Bearer")}},
		},
		Response: headerpolicy.Response{Forward: []string{"Content-Type"}},
	})
	if err != nil {
		panic(err)
	}
	gateway := httptest.NewServer(policy.Wrap(proxy))
	defer gateway.Close()

	request, err := http.NewRequest(http.MethodGet, gateway.URL, nil)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer the-callers-own")
	request.Header.Set("Cookie", "session=1")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Println(string(body), err)
	fmt.Printf("Content-Type %q, Server %q\n", response.Header.Get("Content-Type"), response.Header.Get("Server"))
	// Output:
	// Authorization "Bearer 0123456789", Cookie "" <nil>
	// Content-Type "text/plain", Server ""
}
