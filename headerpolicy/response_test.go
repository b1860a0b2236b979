package headerpolicy

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResponse(t *testing.T) {
	tests := []struct {
		name string
		in   []string
		want string
	}{
		{"named and not", []string{"Content-Type: a/b", "Server: x"}, "Content-Type forwarded; Server dropped: not named"},
		{"prefix", []string{"X-Ratelimit-Limit: 1", "x-ratelimit-reset: 2"}, "X-Ratelimit-Limit forwarded; X-Ratelimit-Reset forwarded"},
		{"hop-by-hop and framing", []string{"Connection: close", "Content-Length: 1", "Transfer-Encoding: chunked"}, "Connection dropped: hop-by-hop; Content-Length dropped: framing; Transfer-Encoding dropped: hop-by-hop"},
		{"S5", []string{"Alt-Svc: h3=\":443\"", "Proxy-Authenticate: Basic", "Set-Cookie: s=1"}, "Alt-Svc dropped: not named; Proxy-Authenticate dropped: hop-by-hop; Set-Cookie dropped: not named"},
		{"nominated", []string{"Connection: vary", "Vary: a"}, "Connection dropped: hop-by-hop; Vary dropped: nominated by Connection"},
		{"alias", []string{"Content_Type: a/b", "Set_Cookie: a=1"}, "Content_type dropped: alias; Set_cookie dropped: alias"},
		{"invalid value", []string{"Vary: a\x01"}, "Vary dropped: invalid"},
		{"invalid name", []string{"X-Ratelimit-\n: a", "X Y: 1"}, "\"X Y\" dropped: invalid; \"X-Ratelimit-\\n\" dropped: invalid"},
		{"several lines", []string{"Vary: a", "Vary: b"}, "Vary forwarded"},
		{"repeated", []string{"Retry-After: 1", "Retry-After: 2"}, "Retry-After dropped: repeated"},
		{"repeated, and it matters", []string{"Content-Type: a/b", "Content-Type: a/b"}, "Bad Gateway: repeated-field Content-Type"},
		{"repeated by keys that meet", []string{"Location: /a", "location: /b"}, "Bad Gateway: repeated-field Location"},
		{"encoding not named", []string{"Content-Encoding: br"}, "Bad Gateway: content-encoding-not-named Content-Encoding"},
		{"cookies", []string{"Set-Cookie: a=1; Path=/", "Set-Cookie: b=2", "Set-Cookie: a=\x01", "Set-Cookie: a"}, "Set-Cookie forwarded (1 of 4 cookies)"},
	}
	p := mustNew(t, exchangeConfig())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := header(test.in...)
			d, err := p.Response(in)
			if diff := cmp.Diff(test.want, outcome(d, err)); diff != "" {
				t.Error(diff)
			}
			quick, quickErr := p.ResponseHeader(in)
			if (err == nil) != (quickErr == nil) || err == nil && !cmp.Equal(d.Header, quick) {
				t.Errorf("ResponseHeader decides otherwise: %v, %v", quick, quickErr)
			}
		})
	}
	for name, in := range map[string]http.Header{
		"invalid":   header("Content-Encoding: b\x00r"),
		"nominated": header("Content-Encoding: br", "Connection: content-encoding"),
		"repeated":  header("Content-Encoding: br", "Content-Encoding: br"),
	} {
		p := mustNew(t, Config{Response: Response{Forward: []string{"Content-Encoding"}}})
		if _, err := p.Response(in); err == nil {
			t.Errorf("an encoding that is %s was dropped, and the body would mean something else", name)
		}
	}
}

func TestInformational(t *testing.T) {
	p := mustNew(t, exchangeConfig())
	if !p.NamesInformational() {
		t.Error("it names a field")
	}
	d, ok := p.Informational(header("link: </a>; rel=preload", "X-Other: 1", "Content-Type: a/b"))
	if got, want := outcome(d, nil), "Content-Type dropped: not named; Link forwarded; X-Other dropped: not named"; !ok || got != want {
		t.Errorf("got %s, %v, want %s", got, ok, want)
	}
	if d, ok := mustNew(t, Config{}).Informational(header("Link: </a>")); ok || len(d.Header) != 0 {
		t.Errorf("S2: nothing is named, and %v crosses", d.Header)
	}
}

func TestTrailers(t *testing.T) {
	p := mustNew(t, exchangeConfig())
	if !p.NamesResponseTrailers() || !p.NamesResponseTrailer("x-sum-md5") || p.NamesResponseTrailer("X-Other") {
		t.Error("the names are not those of the config")
	}
	if mustNew(t, Config{}).NamesResponseTrailers() {
		t.Error("nothing is named")
	}
	got := outcome(p.ResponseTrailer(header("x-digest: 1", "X-Sum-Md5: 2", "X_Digest: 3", "Authorization: k", "X-Sum-Api-Key: k", "X-Sum-Bad: \x00")), nil)
	want := "Authorization dropped: not named; X-Digest forwarded; X-Sum-Api-Key dropped: not named; X-Sum-Bad dropped: invalid; X-Sum-Md5 forwarded; X_digest dropped: alias"
	if got != want {
		t.Errorf("S3: got %s, want %s", got, want)
	}
	got = outcome(p.RequestTrailer(header("X-Digest: 1", "Authorization: k", "Connection: x-digest")), nil)
	want = "Authorization dropped: not named; Connection dropped: hop-by-hop; X-Digest dropped: nominated by Connection"
	if got != want {
		t.Errorf("R16: got %s, want %s", got, want)
	}
	announced := http.Header{"X-Digest": nil, "Authorization": nil, "x-digest": nil}
	in := RequestInput{Header: header("Accept: */*", "X-Api-Key: sk-12345678"), Trailer: announced}
	if d, err := p.Request(t.Context(), in); err != nil || !cmp.Equal(d.Trailer, []string{"X-Digest"}) {
		t.Errorf("announced: got %v, %v", d.Trailer, err)
	}
	in.Consumed = []string{"X-Digest"}
	if d, err := p.Request(t.Context(), in); err != nil || d.Trailer != nil {
		t.Errorf("announced, but consumed by auth: got %v, %v", d.Trailer, err)
	}
}
