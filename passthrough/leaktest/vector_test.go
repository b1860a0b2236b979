package leaktest

import (
	"encoding/base64"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

func TestFound(t *testing.T) {
	const secret = "gw-alice-3f9c"
	b64 := base64.StdEncoding.EncodeToString
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"gw-alice-3f9", ""},
		{"x" + secret + "y", "as it stands"},
		{strings.ToUpper(secret), "as it stands"}, // names of fields lose their case on the way
		{"%67w-alice-3f9c", "percent-encoded"},
		{percent(secret), "percent-encoded"},
		{"%zz" + url.QueryEscape(percent(secret)), "percent-encoded"},
		{b64([]byte(secret)), "in base64"},
		{b64([]byte("a:" + secret)), "in base64"},
		{b64([]byte("ab:" + secret + ":c")), "in base64"},
		{base64.RawURLEncoding.EncodeToString([]byte("\xff\xfe" + secret + "\xff")), "in base64"},
		{"67772d616c6963652d33663963", "in hexadecimal"},
	} {
		if got := found(c.text, secret); got != c.want {
			t.Errorf("found(%q) = %q, want %q", c.text, got, c.want)
		}
	}
	if got := found("anything", ""); got != "" {
		t.Errorf("an empty secret was found %s", got)
	}
	if got := found("Host: 127.0.0.1:23323", "#"); got != "" { // which is 23 in hexadecimal
		t.Errorf("a short text was found %s by chance", got)
	}
}

func TestScript(t *testing.T) {
	v := values{"host": "h", "fields": "A: 1\r\nB: 2", "caller-line": "", "stray": "s\n"}
	for _, c := range []struct {
		name, section, text string
		want                []step
	}{
		{"a request without a body", "request", "GET / HTTP/1.1\nHost: {{host}}\n\n", []step{{send: "GET / HTTP/1.1\r\nHost: h\r\n\r\n"}}},
		{"lines, some, and none", "request", "{{fields}}\n{{caller-line}}\nX: 1\n", []step{{send: "A: 1\r\nB: 2\r\nX: 1\r\n"}}},
		{"a length", "request", "Content-Length: {{length}}\n\n{}\n", []step{{send: "Content-Length: 2\r\n\r\n{}"}}},
		{"a length after another head", "upstream", "HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Length: {{length}}\n\nok\n", []step{{send: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}}},
		{"bytes as they are", "request", "{{stray}}\n", []step{{send: "s\n\r\n"}}},
		{"chunks", "upstream", "{{chunk: data: {{host}}}}\n0\n\n", []step{{send: "7\r\ndata: h\r\n0\r\n\r\n"}}},
		{"actions", "request", "a\n{{await: x {{host}}}}\nb\n{{half-close}}\n", []step{{send: "a\r\n"}, {action: "await", text: "x h"}, {send: "b\r\n"}, {action: "half-close"}}},
	} {
		got, err := script(c.section, c.text, v)
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(step{})); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, err, diff)
		}
	}
	for name, text := range map[string]string{"unknown": "{{nobody}}\n", "unknown in a chunk": "{{chunk: {{nobody}}}}\n", "of the other side": "{{await leave}}\n"} {
		if _, err := script("request", text, v); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A client goes on with a new connection where the last one has broken or was said to end.
func TestEnded(t *testing.T) {
	for _, c := range []struct {
		r    reply
		want bool
	}{
		{reply{}, false},
		{reply{fields: rawhttp.Fields{"Connection: keep-alive"}}, false},
		{reply{fields: rawhttp.Fields{"connection: Upgrade,  CLOSE"}}, true},
		{reply{err: io.ErrUnexpectedEOF}, true},
	} {
		if got := c.r.ended(); got != c.want {
			t.Errorf("%q, %v: %v", c.r.fields, c.r.err, got)
		}
	}
}

func TestMalformedCases(t *testing.T) {
	const good = "-- meta --\ntitle: t\n-- request --\nGET / HTTP/1.1\n\n-- expect --\nclient status 200\n"
	if _, err := parseVector("good", good); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"no title":            {"title: t\n", "", "meta has no title"},
		"indented":            {good, "    " + strings.ReplaceAll(good, "\n", "\n    "), "begin at the left margin"},
		"no request":          {"-- request --\nGET / HTTP/1.1\n\n", "", "there is no request"},
		"nothing expected":    {"client status 200\n", "# nothing\n", "nothing is expected"},
		"an unknown section":  {"-- expect --", "-- expects --", `no section "expects"`},
		"an unknown verb":     {"client status", "client state", "no verb"},
		"an unknown need":     {"title: t", "title: t\nneeds: luck", `no need "luck"`},
		"an unknown key":      {"title: t", "title: t\ncolour: red", "colour"},
		"an unknown protocol": {"title: t", "title: t\nwire: h3", "wire"},
		"no value":            {"title: t", "title: t\nwire", "key: value"},
		"no number":           {"title: t", "title: t\nrepeat: often", "repeat"},
	} {
		if _, err := parseVector(name, strings.Replace(good, c.from, c.to, 1)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one about %q", name, err, c.want)
		}
	}
}

func TestToH2(t *testing.T) {
	got, err := toH2("POST /p HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-T: 2\r\n\r\n")
	want := h2Message{fields: []string{":method: POST", ":authority: h", ":scheme: http", ":path: /p", "x-a: 1"}, body: "{}", trailers: []string{"x-t: 2"}, decoded: true}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(h2Message{})); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, text := range []string{"GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n0\r\n\r\n"} {
		if _, err := toH2(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestAddress(t *testing.T) {
	for ref, want := range map[string]string{
		"CVE-2021-32813":          "https://www.cve.org/CVERecord?id=CVE-2021-32813",
		"GHSA-7r4p-vjf4-gxv4":     "https://github.com/advisories/GHSA-7r4p-vjf4-gxv4",
		"RFC9110#7.6.1":           "https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1",
		"go#50580":                "https://go.dev/issue/50580",
		"litellm#38114":           "https://github.com/BerriAI/litellm/issues/38114",
		"pleaseai/shunt#362":      "https://github.com/pleaseai/shunt/issues/362",
		"langwatch#7825":          "langwatch#7825",
		"https://httpoxy.org":     "https://httpoxy.org",
		"something else entirely": "something else entirely",
	} {
		if got := address(ref); got != want {
			t.Errorf("address(%q) = %q, want %q", ref, got, want)
		}
	}
}
