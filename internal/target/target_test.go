package target

import (
	"bufio"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/percent"
)

func TestParseBaseRefuses(t *testing.T) {
	for _, raw := range []string{
		"", "api.example", "ftp://api.example", "https://", "https://:443", "https://user:pass@api.example",
		"https://api.example?x=1", "https://api.example?", "https://api.example/#f", "https://api.example/#",
		"https://api.example/a/../b", "https://api.example//b", "https://api.example/%2e%2e/b", "https://api.example/a\\b",
		"https://api.example/%zz", "://", "https://api.example/\x00",
	} {
		if b, err := ParseBase(raw); err == nil {
			t.Errorf("ParseBase(%q) = %+v, want an error", raw, b)
		} else if strings.Contains(err.Error(), "pass") && strings.Contains(raw, "pass") {
			t.Errorf("ParseBase(%q) repeats the password: %v", raw, err)
		}
	}
}

func TestPlaintext(t *testing.T) {
	for raw, want := range map[string]bool{
		"https://api.example": false, "http://localhost:1": false, "http://127.0.0.1": false, "http://127.9.9.9:80": false,
		"http://[::1]:8080": false, "http://api.example": true, "http://10.0.0.1": true, "http://localhost.evil.example": true,
	} {
		b, err := ParseBase(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.Plaintext(); got != want {
			t.Errorf("%s: Plaintext() = %v, want %v", raw, got, want)
		}
	}
}

// request parses a request line as net/http's server would.
func request(t testing.TB, target string) *http.Request {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: gateway\r\n\r\n")))
	if err != nil {
		t.Skipf("net/http refuses the target %q itself: %v", target, err)
	}
	return r
}

func TestJoinKeepsWhatCame(t *testing.T) {
	base, err := ParseBase("https://api.example/base/")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"/":                        "https://api.example/base/",
		"/v1/messages":             "https://api.example/base/v1/messages",
		"/v1/messages/":            "https://api.example/base/v1/messages/",
		"/v1/messages?":            "https://api.example/base/v1/messages?",
		"/v1/messages?beta=true":   "https://api.example/base/v1/messages?beta=true",
		"/v1/m?a=%2F&b=%2f&a=+":    "https://api.example/base/v1/m?a=%2F&b=%2f&a=+",
		"/v1/files/a%2Fb":          "https://api.example/base/v1/files/a%2Fb",
		"/v1/files/a%2fb":          "https://api.example/base/v1/files/a%2fb",
		"/v1/files/%E2%82%AC":      "https://api.example/base/v1/files/%E2%82%AC",
		"/v1/files/%41":            "https://api.example/base/v1/files/%41",
		"/v1/models/gpt-4o:ft~1.2": "https://api.example/base/v1/models/gpt-4o:ft~1.2",
		"/v1/x;y=1":                "https://api.example/base/v1/x;y=1",
		"/v1/...":                  "https://api.example/base/v1/...",
		"/@host":                   "https://api.example/base/@host",
		"/a%25b":                   "https://api.example/base/a%25b",
	} {
		u, err := base.Join(request(t, in))
		if err != nil {
			t.Errorf("Join(%s): %v", in, err)
		} else if u.String() != want {
			t.Errorf("Join(%s) = %s, want %s", in, &u, want)
		}
	}
}

// The base's own path may be escaped in a way that url.URL does not choose by itself.
func TestJoinKeepsTheBase(t *testing.T) {
	for raw, want := range map[string]string{
		"https://h/a[b":   "https://h/a[b/v1/x%2Fy",
		"https://h/a%2Fb": "https://h/a%2Fb/v1/x%2Fy",
		"https://h/a%20b": "https://h/a%20b/v1/x%2Fy",
		"https://h":       "https://h/v1/x%2Fy",
	} {
		base, err := ParseBase(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range []string{"/v1/x%2Fy", "/v1/x-y"} {
			u, err := base.Join(request(t, in))
			if got, want := u.String(), strings.ReplaceAll(want, "/v1/x%2Fy", in); err != nil || got != want {
				t.Errorf("%s and %s: %s, %v, want %s", raw, in, got, err, want)
			}
		}
	}
}

func TestU3_U4_U5_JoinRefuses(t *testing.T) {
	base, err := ParseBase("https://api.example/base")
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{
		"/..", "/../x", "/a/../b", "/a/./b", "/.", "/a/..", // dot segments
		"/%2e%2e/x", "/%2E%2e/x", "/.%2e/x", "/%252e%252e/x", "/%25252e%25252e/x", "/a/%2e/b", // encoded
		"/a%2f..%2fb", "/a%2F..", "/..%2fx", "/%2f..%2f..%2fx", "/a%252f..%252fb", // encoded slashes that climb
		"/..;/x", "/a/..;p=1/b", "/a/.;/b", "/%2e%2e;x/b", // path parameters over dots
		"/..%20/x",                          // a space that some servers trim
		"//evil.example/x", "/a//b", "///x", // authority and empty segments
		"/\\evil.example", "/a\\..\\b", "/a%5c..%5cb", "/a%5Cb", "/%255c", // backslashes
		"/a%00b", "/a%0d%0ab", "/a%7f", "/%2500", // control characters
		"http://evil.example/x", "https://api.example/base/x", // absolute form
		"*",                    // asterisk form
		"/a#frag", "/a?x#frag", // fragments
		"/é", "/a|b", "/a\"b", // must be encoded
		"/%zz%252e", "/%25%32%65%25%32%65/x", "/%zz", // malformed
		"/%2525252525252e", // too deep
	} {
		t.Run(in, func(t *testing.T) {
			if u, err := base.Join(request(t, in)); err == nil {
				t.Errorf("Join(%s) = %s, want an error", in, &u)
			}
		})
	}
}

func TestJoinRefusesTamperedURLs(t *testing.T) {
	base, err := ParseBase("https://api.example/base")
	if err != nil {
		t.Fatal(err)
	}
	for name, u := range map[string]*url.URL{
		"no leading slash, as StripPrefix can leave": {Path: "evil"},
		"empty":          {Path: ""},
		"opaque":         {Opaque: "//evil.example/x"},
		"user":           {Path: "/x", User: url.User("u")},
		"host":           {Path: "/x", Host: "evil.example"},
		"fragment":       {Path: "/x", Fragment: "f"},
		"raw disagrees":  {Path: "/x", RawPath: "/%2e%2e/y"},
		"decoded climbs": {Path: "/../x"},
	} {
		if got, err := base.Join(&http.Request{URL: u}); err == nil {
			t.Errorf("%s: Join = %s, want an error", name, &got)
		}
	}
	if _, err := (Base{}).Join(request(t, "/x")); err == nil {
		t.Error("the zero Base joins")
	}
}

// Whatever the target, a joined URL has the base's scheme and authority, its path begins with the base's, the rest
// is the target's own byte for byte, and no way of decoding and resolving it leaves the base.
func FuzzJoin(f *testing.F) {
	for _, seed := range []string{"/", "/v1/messages?beta=true", "/%2e%2e/x", "/a%2f..%2fb", "//h/x", "/..;/x", "/%252e%252e", "/a\\b", "/a#b", "http://h/x"} {
		f.Add(seed)
	}
	base, err := ParseBase("https://api.example/base")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if strings.ContainsAny(in, " \r\n") {
			t.Skip("not one request line")
		}
		r := request(t, in)
		u, err := base.Join(r)
		if err != nil {
			return
		}
		if got, want := u.String(), "https://api.example/base"+in; got != want {
			t.Fatalf("Join(%q) = %q, want %q", in, got, want)
		}
		p := u.EscapedPath()
		for changed := true; changed; p, changed = percent.Decode(p) {
			for _, reading := range []string{p, strings.ReplaceAll(p, `\`, "/"), dropParameters(p)} {
				if clean := path.Clean(reading); clean != "/base" && !strings.HasPrefix(clean, "/base/") {
					t.Fatalf("Join(%q): %q resolves to %q", in, reading, clean)
				}
			}
		}
	})
}

func dropParameters(p string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	return strings.Join(segments, "/")
}
