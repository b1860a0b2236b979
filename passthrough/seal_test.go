package passthrough_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
)

// reveals is a slow search for what the seal must find: the secret as it stands, in any case in a name, under any number
// of layers of percent-encoding, and at each layer in base64 of either alphabet, wherever in the text it begins.
func reveals(text, secret string) bool {
	for {
		if strings.Contains(text, secret) || strings.Contains(strings.ToLower(text), strings.ToLower(secret)) && text == http.CanonicalHeaderKey(text) {
			return true
		}
		for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			for start := range text {
				end := start
				for end < len(text) && strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_", text[end]) >= 0 {
					end++
				}
				for n := end - start; n >= 4*len(secret)/3 && n > end-start-4; n-- {
					if decoded, err := alphabet.DecodeString(text[start : start+n]); err == nil && strings.Contains(string(decoded), secret) {
						return true
					}
				}
			}
		}
		decoded := unescaped(text)
		if decoded == text {
			return false
		}
		text = decoded
	}
}

// unescaped undoes a layer of percent-encoding, where there is any.
func unescaped(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if i+2 < len(text) && text[i] == '%' {
			if c, err := url.PathUnescape(text[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// disguises are the encodings that the seal sees through.
var disguises = []func(string) string{
	func(s string) string { return s },
	func(s string) string { return strings.ReplaceAll(s, "-", "%2d") },
	func(s string) string { return strings.ReplaceAll(s, "-", "%252D") },
	allEscaped,
	func(s string) string { return allEscaped(allEscaped(s)) },
	func(s string) string {
		for range 7 {
			s = strings.ReplaceAll(s, "%", "%25")
		}
		return strings.ReplaceAll(s, "-", "%252525252525252D")
	},
	func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("u:" + s)) },
	func(s string) string { return base64.StdEncoding.EncodeToString([]byte("~" + s + "~~~")) },
	func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(">>" + s))) },
}

// allEscaped escapes each byte.
func allEscaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02x", s[i])
	}
	return b.String()
}

// places put a text into a request where the policy lets it cross.
var places = []func(*http.Request, string){
	func(r *http.Request, s string) { r.Header.Set("X-App", s) },
	func(r *http.Request, s string) { r.Header["User-Agent"] = []string{"a" + s} },
	func(r *http.Request, s string) { r.Header["Anthropic-Beta"] = []string{"a, b", s} },
	func(r *http.Request, s string) { r.Header[http.CanonicalHeaderKey("X-Stainless-"+s)] = []string{"1"} },
	func(r *http.Request, s string) { r.Header["X-Stainless-"+s] = []string{"1"} },
	func(r *http.Request, s string) { r.Header.Set("Authorization", "Bearer "+s) },
	func(r *http.Request, s string) { r.Header.Set("Cookie", "theme="+s) },
	func(r *http.Request, s string) { r.URL.RawQuery = "beta=" + s },
	func(r *http.Request, s string) { r.URL.RawQuery = "metadata[" + s + "]=1" },
	func(r *http.Request, s string) {
		if u, err := url.ParseRequestURI("/v1/" + s); err == nil {
			r.URL, r.RequestURI = u, "/v1/"+s
		}
	},
	func(r *http.Request, s string) { r.Method = s },
	func(r *http.Request, s string) { r.Host = s },
	func(r *http.Request, s string) {
		r.ContentLength, r.Trailer = -1, http.Header{"X-Checksum": nil}
		r.Body = &trailing{strings.NewReader("{}"), r, s}
	},
	func(r *http.Request, s string) {
		r.ContentLength, r.Trailer = -1, http.Header{"X-Sum-" + s: {"1"}}
		r.Body = io.NopCloser(strings.NewReader("{}"))
	},
}

// trailing is a body that completes its request's trailer at its end, as net/http's do.
type trailing struct {
	io.Reader
	r     *http.Request
	value string
}

func (b *trailing) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		b.r.Trailer["X-Checksum"] = []string{b.value}
	}
	return n, err
}

func (b *trailing) Close() error { return nil }

// sealedRoute names much, so that little but the seal stands between a caller and the upstream.
func sealedRoute(tb testing.TB, upstream http.RoundTripper) http.Handler {
	tb.Helper()
	g := &gateway{t: tb, records: make(chan *passthrough.Exchange, 1)}
	cfg := g.config(&upstreamAt)
	cfg.Upstream.RoundTripper = upstream
	cfg.Observer = nil
	cfg.Headers = cfg.Headers.With(headerpolicy.Config{Request: headerpolicy.Request{
		Cookies:  []string{"theme"},
		Trailers: []string{"X-Checksum", "X-Sum-*"},
		Query:    headerpolicy.Query{Forward: []string{"*"}},
	}})
	route, err := passthrough.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return route
}

var upstreamAt = upstream{url: "https://upstream.example"}

// reading is an upstream in memory that keeps all that would go on the wire.
type reading struct{ sent []string }

func (u *reading) RoundTrip(r *http.Request) (*http.Response, error) {
	u.sent = append(u.sent, r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Host)
	for name, values := range r.Header {
		u.sent = append(append(u.sent, name), values...)
	}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		u.sent = append(u.sent, string(body))
		if err != nil {
			return nil, err
		}
	}
	for name, values := range r.Trailer {
		u.sent = append(append(u.sent, name), values...)
	}
	return &http.Response{StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// trySeal sends text in a place of a request, and returns what reached the upstream.
func trySeal(route http.Handler, upstream *reading, place func(*http.Request, string), text string) []string {
	upstream.sent = nil
	r := httptest.NewRequest(http.MethodPost, "/v1/messages", strings.NewReader("{}"))
	r.RequestURI = "/v1/messages"
	r.Header = http.Header{"X-Gateway-Key": {gatewayKey}, "Authorization": {"Bearer " + callerToken}}
	place(r, text)
	route.ServeHTTP(httptest.NewRecorder(), r)
	return upstream.sent
}

func TestSealFindsEveryDisguiseInEveryPlace(t *testing.T) {
	upstream := &reading{}
	route := sealedRoute(t, upstream)
	for i, place := range places {
		if sent := trySeal(route, upstream, place, "harmless"); len(sent) == 0 {
			t.Errorf("place %d: a harmless text does not cross: the cases below prove nothing", i)
		}
		for j, disguise := range disguises {
			for _, around := range [][2]string{{}, {"a", "b"}, {"abc", ""}} {
				for _, s := range trySeal(route, upstream, place, around[0]+disguise(gatewayKey)+around[1]) {
					if reveals(s, gatewayKey) {
						t.Errorf("place %d, disguise %d: %q crossed", i, j, s)
					}
				}
			}
		}
	}
}

// FuzzSeal: whatever is sent, where the policy lets it cross, nothing that decodes to the gateway's key arrives.
func FuzzSeal(f *testing.F) {
	for i := range places {
		f.Add(uint8(i), uint8(i), "", "")
		f.Add(uint8(i), uint8(3), "x%2", "=&")
	}
	upstream := &reading{}
	route := sealedRoute(f, upstream)
	f.Fuzz(func(t *testing.T, place, disguise uint8, before, after string) {
		if len(before)+len(after) > 200 {
			t.Skip()
		}
		text := before + disguises[int(disguise)%len(disguises)](gatewayKey) + after
		for _, s := range trySeal(route, upstream, places[int(place)%len(places)], text) {
			if reveals(s, gatewayKey) {
				t.Errorf("%q crossed", s)
			}
		}
	})
}
