package passthrough_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
)

// got is the names and values that reached the caller, sorted and in lower case: without the fields that
// net/http's server writes itself.
func (r reply) got() []string {
	return slices.DeleteFunc(sortedFields(r.fields), func(line string) bool {
		name, _, _ := strings.Cut(line, ":")
		return slices.Contains([]string{"", "date", "content-length", "transfer-encoding", "connection", "trailer"}, name)
	})
}

// responding names fields of responses.
func responding(r headerpolicy.Response) option { return headers(headerpolicy.Config{Response: r}) }

// replyCase is an upstream's answer and what of it must reach the caller.
type replyCase struct {
	name     string
	with     option
	answer   answer
	want     []string // fields
	trailers []string
}

// runReply tries each case with a record and without one, which is decided by other code.
func runReply(t *testing.T, cases []replyCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				for _, observed := range []bool{true, false} {
					c.run(t, w, observed)
				}
			})
		})
	}
}

func (c replyCase) run(t *testing.T, w wire, observed bool) {
	t.Helper()
	g := newGateway(t, w.startUpstream(t, c.answer), c.with, func(cfg *passthrough.Config) {
		if !observed {
			cfg.Observer = nil
		}
	})
	r := g.do(w, call{body: "{}"})
	if r.status != c.answer.code() || r.err != nil || r.body != c.answer.body {
		t.Errorf("observed %t: got %v", observed, r)
	}
	if diff := difference(c.want, r.got()); diff != "" {
		t.Errorf("observed %t: fields (-want +got):\n%s", observed, diff)
	}
	if diff := difference(c.trailers, sortedFields(r.trailers)); diff != "" {
		t.Errorf("observed %t: trailers (-want +got):\n%s", observed, diff)
	}
	if observed {
		if e := g.record(); e.Outcome != passthrough.Forwarded {
			t.Errorf("outcome %v", e.Outcome)
		}
	}
	g.keeps()
}

func TestS1_InjectedKeyEchoed(t *testing.T) {
	echo := with(injecting, responding(headerpolicy.Response{Forward: []string{"X-Echo-*", "Www-Authenticate"},
		Trailers: []string{"X-Checksum"}, Informational: []string{"Link"}, SetCookies: []string{"s"}}))
	var fields []string
	for i, value := range []string{
		upstreamKey,
		"Bearer " + upstreamKey,
		"invalid key " + upstreamKey + ", try another",
		url.QueryEscape(strings.ReplaceAll(upstreamKey, "-", "%2d")),
		base64.StdEncoding.EncodeToString([]byte("x:" + upstreamKey)),
		base64.RawURLEncoding.EncodeToString([]byte("xy:" + upstreamKey + "?")),
	} {
		fields = append(fields, "x-echo-"+strconv.Itoa(i)+": "+value)
	}
	fields = append(fields, "x-echo-"+upstreamKey+": 1", "www-authenticate: Bearer error=\""+upstreamKey+"\"", "set-cookie: s="+upstreamKey,
		"x-echo-other: kept", "x-echo-twice: fine", "x-echo-twice: "+upstreamKey)
	runReply(t, []replyCase{
		{"in fields", echo, answer{status: 401, fields: fields, body: "no"}, []string{"x-echo-other: kept"}, nil},
		{"in a trailer", echo, answer{body: "x", trailers: []string{"x-checksum: " + upstreamKey}}, nil, nil},
		{"in an informational response", echo, answer{body: "x", informational: []rawhttp.Fields{{":status: 103", "link: </a?k=" + upstreamKey + ">"}}}, nil, nil},
	})
	t.Run("the record says so", func(t *testing.T) {
		w := wire{h1, h1}
		g := newGateway(t, w.startUpstream(t, answer{fields: []string{"x-echo-a: " + upstreamKey}}), echo)
		g.do(w, call{})
		want := headerpolicy.FieldDecision{Name: "X-Echo-A", Reason: headerpolicy.Sealed}
		if e := g.record(); !slices.Contains(e.Response, want) {
			t.Errorf("the record has %v, want %v", e.Response, want)
		}
	})
}

func TestS2_InformationalResponses(t *testing.T) {
	named := responding(headerpolicy.Response{Informational: []string{"Link"}})
	hints := answer{body: "done", informational: []rawhttp.Fields{
		{":status: 103", "link: </a.css>; rel=preload", "x-secret: 1", "set-cookie: a=b", "alt-svc: h3"},
		{":status: 102", "x-progress: 50"},
		{":status: 103", "link: </b.css>; rel=preload"},
	}}
	for _, c := range []struct {
		name string
		with option
		want []rawhttp.Fields
	}{
		{"what is named crosses", named, []rawhttp.Fields{{":status: 103", "link: </a.css>; rel=preload"}, {":status: 103", "link: </b.css>; rel=preload"}}},
		{"nothing is named", with(), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				outside := []string{"X-Outer: 1", "Link: </outer.css>", "Strict-Transport-Security: max-age=1", "Vary: Origin"}
				g := newGateway(t, w.startUpstream(t, hints), c.with).behind(setting(outside...))
				r := g.do(w, call{body: "{}"})
				var got []rawhttp.Fields
				for _, h := range r.informational {
					got = append(got, sortedFields(h))
				}
				if diff := difference(c.want, got); diff != "" {
					t.Errorf("informational (-want +got):\n%s", diff)
				}
				want := []string{"link: </outer.css>", "strict-transport-security: max-age=1", "vary: Origin", "x-outer: 1"}
				if diff := difference(want, r.got()); diff != "" {
					t.Errorf("what the middleware around the route has set (-want +got):\n%s", diff)
				}
				if r.status != http.StatusOK || r.body != "done" {
					t.Errorf("got %v", r)
				}
			})
		})
	}
	t.Run("HTTP/1.0 knows no such thing", func(t *testing.T) {
		w := wire{h1, h1}
		g := newGateway(t, w.startUpstream(t, hints), named)
		if r := rawhttp.Do(t, g.url, "GET /v1/messages HTTP/1.0\n"+strings.Join(good, "\n")+"\n\n"); r.Status() != http.StatusOK || len(r.Informational) > 0 {
			t.Errorf("got %v", r)
		}
	})
}

func TestS3_Trailers(t *testing.T) {
	named := responding(headerpolicy.Response{Trailers: []string{"X-Checksum", "X-Cost"}, Forward: []string{"X-Cost"}})
	said := []string{"x-checksum: abc", "x-cost: 3", "x-internal: secret-1", "set-cookie: a=b"}
	announced := []string{"trailer: X-Checksum, X-Cost, X-Internal, Set-Cookie"}
	crossing := []string{"x-checksum: abc", "x-cost: 3"}
	runReply(t, []replyCase{
		{"announced", named, answer{fields: announced, body: "x", trailers: said}, nil, crossing},
		{"not announced", named, answer{body: "x", trailers: said}, nil, crossing},
		{"some announced", named, answer{fields: []string{"trailer: x-cost"}, body: "x", trailers: said}, nil, crossing},
		{"announced and missing", named, answer{fields: announced, body: "x", trailers: []string{"x-cost: 3"}}, nil, []string{"x-cost: 3"}},
		{"a field and a trailer of one name", named, answer{fields: []string{"trailer: X-Cost", "x-cost: 1"}, body: "x", trailers: []string{"x-cost: 3"}}, []string{"x-cost: 1"}, []string{"x-cost: 3"}},
		{"without a body", named, answer{fields: announced, trailers: said}, nil, crossing},
		{"none is named, announced", with(), answer{fields: announced, body: "x", trailers: said}, nil, nil},
		{"none is named, not announced", with(), answer{body: "x", trailers: said}, nil, nil},
		{"repeated", named, answer{body: "x", trailers: []string{"x-cost: 1", "x-cost: 2"}}, nil, []string{"x-cost: 1", "x-cost: 2"}},
	})
	t.Run("the middleware around the route announces its own", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			g := newGateway(t, w.startUpstream(t, answer{fields: announced, body: "x", trailers: said}), named).behind(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Trailer", "X-Gateway-Time")
					next.ServeHTTP(w, r)
					w.Header().Set("X-Gateway-Time", "5")
				})
			})
			r := g.do(w, call{})
			if diff := difference(append(slices.Clone(crossing), "x-gateway-time: 5"), sortedFields(r.trailers)); diff != "" {
				t.Errorf("trailers (-want +got):\n%s", diff)
			}
		})
	})
	t.Run("TE is asked for only where it was asked for", func(t *testing.T) {
		for fields, want := range map[string][]string{"": {callerLine}, "TE: gzip": {callerLine}, "TE: trailers": {callerLine, "te: trailers"}, "TE: gzip;q=1, trailers": {callerLine, "te: trailers"}} {
			for _, w := range []wire{{h1, h1}, {h1, h2}} {
				g := newGateway(t, w.startUpstream(t, answer{}), named)
				g.crossed(g.do(w, call{fields: slices.DeleteFunc([]string{fields}, func(s string) bool { return s == "" })}), want...)
			}
		}
	})
}

func TestS5_FieldsOfTheUpstreamsOwn(t *testing.T) {
	fields := []string{"set-cookie: session=1; Path=/", "set-cookie: theme=dark", "alt-svc: h3=\":443\"", "proxy-authenticate: Basic realm=x",
		"www-authenticate: Bearer", "server: nginx", "via: 1.1 x", "strict-transport-security: max-age=1", "access-control-allow-origin: *",
		"clear-site-data: \"*\"", "content-security-policy: x", "refresh: 1", "x-powered-by: y", "nel: {}", "report-to: {}", "request-id: req_1", "keep-alive: timeout=5"}
	runReply(t, []replyCase{
		{"not named", with(), answer{fields: fields[:len(fields)-1], body: "x"}, []string{"request-id: req_1"}, nil},
		{"one cookie of two", responding(headerpolicy.Response{SetCookies: []string{"theme"}}), answer{fields: fields[:3], body: "x"}, []string{"set-cookie: theme=dark"}, nil},
	})
	t.Run("hop-by-hop and nominated", func(t *testing.T) {
		for _, client := range []string{h1, h2} {
			w := wire{client, h1}
			a := answer{fields: append(fields, "connection: X-Echo-1, keep-alive", "x-echo-1: 1", "x-echo-2: 2"), body: "x"}
			g := newGateway(t, w.startUpstream(t, a), responding(headerpolicy.Response{Forward: []string{"X-Echo-*"}}))
			if diff := difference([]string{"request-id: req_1", "x-echo-2: 2"}, g.do(w, call{}).got()); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		}
	})
}

func TestS6_EncodingsAreUntouched(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(`{"text":"` + strings.Repeat("compressible ", 100) + `"}`))
	_ = z.Close()
	packed := b.String()
	for _, c := range []struct {
		name   string
		fields []string
		want   []string
	}{
		{"the client asks", []string{"Accept-Encoding: gzip, br"}, []string{"accept-encoding: gzip, br", callerLine}},
		{"the client does not ask", nil, []string{callerLine}},
		{"the client refuses", []string{"Accept-Encoding: identity"}, []string{"accept-encoding: identity", callerLine}},
	} {
		t.Run(c.name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				noGoroutineLeft(t)
				upstream := wire{upstream: w.upstream}.exactly(t, answer{fields: []string{"content-encoding: gzip", "content-type: application/json"}, body: packed})
				g := newGateway(t, upstream)
				r := g.do(w, call{fields: c.fields})
				if r.body != packed || r.fields.Get("Content-Encoding") != "gzip" || r.fields.Get("Content-Length") != strconv.Itoa(len(packed)) {
					t.Errorf("got %d bytes, %q", len(r.body), r.fields)
				}
				g.crossed(r, c.want...)
			})
		})
	}
	t.Run("an encoded request body", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			g := newGateway(t, w.startUpstream(t, answer{}))
			packed := "\x28\xb5\x2f\xfd zstd, or so\n\n" // LF alone: the raw client would make it CRLF in HTTP/1.1
			if w.client == h1 {
				packed = rawhttp.CRLF(packed)
			}
			g.crossed(g.do(w, call{fields: []string{"Content-Encoding: zstd"}, body: packed}), callerLine, "content-encoding: zstd")
			if got := g.upstream.seen()[0].body; got != packed {
				t.Errorf("the upstream got %q, want %q", got, packed)
			}
		})
	})
}

// exactly is startUpstream for a body that holds bytes that the text form would change.
func (w wire) exactly(t testing.TB, a answer) *upstream {
	t.Helper()
	if w.upstream == h2 {
		return w.startUpstream(t, a)
	}
	noGoroutineLeft(t)
	return upstreamOf(rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
		x.ReadBody()
		x.Send("HTTP/1.1 200 OK\n" + strings.Join(a.fields, "\n") + "\ncontent-length: " + strconv.Itoa(len(a.body)) + "\n\n")
		x.SendExactly(a.body)
	}))
}

func TestS7_RedirectsAreRelayed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				elsewhere := w.startUpstream(t, answer{})
				location := "location: " + elsewhere.url + "/v1/messages"
				for _, c := range []struct {
					with option
					want []string
				}{{with(), nil}, {responding(headerpolicy.Response{Forward: []string{"Location"}}), []string{location}}} {
					g := newGateway(t, w.startUpstream(t, answer{status: status, fields: []string{location}}), c.with)
					r := g.do(w, call{body: "{}"})
					if r.status != status {
						t.Errorf("got %v", r)
					}
					if diff := difference(c.want, r.got()); diff != "" {
						t.Errorf("fields (-want +got):\n%s", diff)
					}
					if hits := g.upstream.hits(); hits != 1 {
						t.Errorf("the upstream got %d requests", hits)
					}
				}
				if elsewhere.hits() != 0 {
					t.Errorf("the redirect was followed: %v", elsewhere.seen())
				}
			})
		})
	}
}

func TestS8_CORSOnce(t *testing.T) {
	cors := responding(headerpolicy.Response{Forward: []string{"Access-Control-*", "Vary", "Content-Language"}})
	everywhere(t, func(t *testing.T, w wire) {
		a := answer{fields: []string{"access-control-allow-origin: *", "access-control-expose-headers: request-id", "vary: Accept", "content-language: en"}, body: "x"}
		g := newGateway(t, w.startUpstream(t, a), cors).behind(setting("Access-Control-Allow-Origin: https://app.example", "Vary: Origin", "Content-Language: de"))
		want := []string{"access-control-allow-origin: https://app.example", "access-control-expose-headers: request-id", "content-language: en", "vary: Accept", "vary: Origin"}
		if diff := difference(want, g.do(w, call{}).got()); diff != "" {
			t.Errorf("fields (-want +got):\n%s", diff)
		}
	})
}

func TestS9_ConnectionBoundAuthentication(t *testing.T) {
	for _, scheme := range []string{"NTLM", "Negotiate", "negotiate", "Kerberos"} {
		runRefuse(t, []refuseCase{{scheme, nil, call{bare: true, fields: []string{good[0], "Authorization: " + scheme + " TlRMTVNTUAABAAAAB4IIogAAAA"}}, 400, "connection-bound-credential"}})
	}
	runReply(t, []replyCase{{"the challenge is not named", with(), answer{status: 401, fields: []string{"www-authenticate: NTLM", "persistent-auth: true"}}, nil, nil}})
}
