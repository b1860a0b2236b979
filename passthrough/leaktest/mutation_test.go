package leaktest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

var leaks = []leak{
	{
		name:  "asks nobody, whatever the path and method, and reads no body",
		fails: []string{"R2-no-key", "R2-wrong-key", "R13-alias-alone", "R16-key-in-a-trailer-alone", "R9-key-in-*-body*", "R9-key-in-a-form", "T2-refused-unread", "U3-prefix-without-boundary", "U3-prefix-and-user", "U4-asterisk", "M1-connect-in-lower-case", "M1-connect-with-a-path", "M1-connect", "M3-*"},
	},
	{
		name: "relays the field of the key",
		request: func(in, out *http.Request) {
			out.Header["X-Gateway-Key"] = in.Header["X-Gateway-Key"]
		},
		fails: []string{"R2-key-*", "R10-connection-names-the-key"},
	},
	{
		name: "relays every other field",
		request: func(in, out *http.Request) {
			for name, lines := range in.Header {
				if name != "X-Gateway-Key" {
					out.Header[name] = slices.Clone(lines)
				}
			}
		},
		fails: []string{"R1-*", "R3-*", "R4-*", "R6-forwarded*", "R6-original-url", "R6-target-url", "R6-token*", "R6-sniffed*", "R7-*", "R10-connection-names-a-forwarded-field", "R11-*",
			"R12-x-*", "R12-forwarded", "R12-via", "R12-tls*", "R13-x_api_key", "R13-x-*", "R13-api_key", "R13-gateway*", "R13-x_forwarded_for", "R13-content_length", "R14-one-line", "R14-two-lines", "R14-joined", "R14-empty", "R15-*", "R17-*", "R18-*",
			"S4-key-in*", "S4-credential-in*", "S9-ntlm", "S9-negotiate", "M2-upgrade-to-h2c", "M2-other-protocol", "M2-websocket-and-h2c", "M2-h2c-in-a-second-line"},
	},
	{
		name: "sets its credential only where the caller sent none",
		request: func(in, out *http.Request) {
			if lines := in.Header["Authorization"]; lines != nil {
				out.Header["Authorization"] = lines
			}
		},
		fails: []string{"R14-*"},
	},
	{
		name: "removes what Connection names after it has set its own",
		request: func(in, out *http.Request) {
			for _, line := range in.Header["Connection"] {
				for name := range strings.SplitSeq(line, ",") {
					out.Header.Del(strings.TrimSpace(name))
				}
			}
		},
		fails: []string{"R10-connection-names-the-secret*"},
	},
	{
		name:  "loses what says how long a body is",
		trip:  withoutFraming,
		fails: []string{"R10-connection-names-content-length", "R10-connection-names-transfer-encoding", "R10-connection-names-host", "M1-get-with-a-body", "M1-delete-with-chunks", "M1-expect-that-is-not-100-continue", "M2-preface-in-a-body"},
	},
	{
		name:    "keeps the client's Host",
		request: func(in, out *http.Request) { out.Host = in.Host },
		fails:   []string{"R6-lying-host", "U4-absolute-form-and-host"},
	},
	{
		name:    "tells who called",
		request: func(in, out *http.Request) { out.Header.Set("X-Forwarded-For", in.RemoteAddr) },
		fails:   []string{"R12-callers-address"},
	},
	{
		name: "relays the query",
		request: func(in, out *http.Request) {
			path, query := rawTarget(in)
			out.URL = &url.URL{Scheme: "http", Host: out.URL.Host, Opaque: path + "?" + query}
		},
		fails: []string{"U1-*", "U2-*", "R6-parameter", "R9-key-in-the-query*", "R9-key-in-a-forwarded-parameter*", "R9-key-as-a-parameters-name", "U5-in-the-query"},
	},
	{
		name: "relays the path",
		request: func(in, out *http.Request) {
			path, _ := rawTarget(in)
			host := out.URL.Host
			if strings.HasPrefix(path, "//") {
				out.URL = &url.URL{Scheme: "http", Host: host, Path: path}
				return
			}
			out.URL = &url.URL{Scheme: "http", Host: host, Opaque: path}
		},
		fails: []string{"U3-*", "U5-in-the-path", "U5-climbing", "R9-key-in-the-path*"},
	},
	{
		name:    "relays the method",
		request: func(in, out *http.Request) { out.Method = in.Method },
		fails:   []string{"M3-*", "M1-connect-in-lower-case"},
	},
	{
		name: "relays the request's trailers",
		request: func(in, out *http.Request) {
			body, _ := io.ReadAll(out.Body) // after which in.Trailer has its values
			out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), -1
			out.Trailer = maps.Clone(in.Trailer)
		},
		fails: []string{"R16-*"},
	},
	{
		name: "sends the caller's credential, or a placeholder, where its own is missing",
		missing: func(upstream string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				out, _ := http.NewRequestWithContext(r.Context(), http.MethodPost, upstream, nil)
				out.Header.Set("Authorization", r.Header.Get("Authorization"))
				if out.Header.Get("Authorization") == "" {
					out.Header.Set("Authorization", "Bearer None")
				}
				res, err := http.DefaultTransport.RoundTrip(out)
				if err != nil {
					panic(http.ErrAbortHandler)
				}
				_ = res.Body.Close()
				w.WriteHeader(res.StatusCode)
			})
		},
		fails: []string{"R5-*"},
	},
	{
		name: "begins a retry from the request as it came",
		trip: func(g *leaky, in, out *http.Request) (*http.Response, error) {
			res, err := g.client.RoundTrip(out)
			if err != nil || res.StatusCode >= 400 {
				again := out.Clone(out.Context())
				maps.Copy(again.Header, in.Header)
				res, err = g.client.RoundTrip(again)
			}
			return res, err
		},
		fails: []string{"R8-retry-*", "R8-key-*"},
	},
	{
		name: "keeps the header of the last request",
		trip: func(g *leaky, in, out *http.Request) (*http.Response, error) {
			g.mu.Lock()
			maps.Copy(out.Header, g.previous)
			g.previous = in.Header
			g.mu.Unlock()
			return g.client.RoundTrip(out)
		},
		fails: []string{"R8-second-request-on-a-connection"},
	},
	{
		name: "follows redirects",
		trip: func(g *leaky, _, out *http.Request) (*http.Response, error) {
			return (&http.Client{Transport: g.client}).Do(out)
		},
		request: func(_, out *http.Request) {
			body, _ := io.ReadAll(out.Body)
			out.Body = io.NopCloser(bytes.NewReader(body))
			out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		},
		fails: []string{"S7-*"},
	},
	{
		name: "relays every field of the response",
		relay: func(h http.Header, res *http.Response) {
			for name, lines := range res.Header {
				for _, line := range lines {
					if name != "Content-Length" && !slices.Contains(h[name], line) {
						h.Add(name, line)
					}
				}
			}
		},
		fails: []string{"S1-in-content-type", "S1-in-an-unnamed-field", "S1-in-a-challenge", "S1-percent-encoded", "S1-in-base64", "S1-in-a-second-line", "S1-in-a-field-name", "S1-in-a-cookie", "S1-in-location", "S5-*", "S8-*", "S9-challenge", "S4-fields-of-a-101", "S4-hop-by-hop-of-a-101", "S4-keep-alive-of-a-101"},
	},
	{
		name: "relays the response's trailers",
		relay: func(h http.Header, res *http.Response) {
			for name := range res.Trailer {
				h.Add("Trailer", name)
			}
		},
		fails: []string{"S3-announcement"},
	},
	{
		name: "adds to a field that may stand once",
		relay: func(h http.Header, res *http.Response) {
			h["Content-Type"] = append(h["Content-Type"], res.Header["Content-Type"]...)
		},
		fails: []string{"S8-content-type-once"},
	},
	{
		name: "relays the values of trailers",
		trip: func(g *leaky, in, out *http.Request) (*http.Response, error) {
			res, err := g.client.RoundTrip(out)
			if err == nil {
				v, _ := out.Context().Value(visitKey{}).(*visit)
				res.Body = &atEnd{res.Body, func() {
					for name, lines := range res.Trailer {
						v.w.Header()[http.TrailerPrefix+name] = lines
					}
				}}
			}
			return res, err
		},
		fails: []string{"S3-announced", "S3-unannounced", "S3-set-cookie", "S1-in-a-trailer*"},
	},
	{
		name: "relays informational responses as they come",
		interim: func(w http.ResponseWriter, status int, h textproto.MIMEHeader) {
			maps.Copy(w.Header(), http.Header(h))
			w.WriteHeader(status)
		},
		fails: []string{"S2-early-hints", "S2-processing", "S2-continue-unasked", "S2-outer-fields-do-not-leave-early", "S1-in-a-1xx"},
	},
	{
		name: "clears the header after an informational response",
		interim: func(w http.ResponseWriter, status int, h textproto.MIMEHeader) {
			maps.Copy(w.Header(), http.Header(h))
			w.WriteHeader(status)
			clear(w.Header())
		},
		fails: []string{"S2-outer-fields-survive"},
	},
	{
		name: "loses the first bytes after a handshake",
		response: func(res *http.Response) {
			wrapTunnel(res, func(c io.ReadWriteCloser) io.ReadWriteCloser { return &deaf{ReadWriteCloser: c} })
		},
		fails: []string{"S4-early-bytes-*"},
	},
	{
		name: "forgets the upstream when it switches to another protocol",
		trip: func(g *leaky, _, out *http.Request) (*http.Response, error) {
			res, err := g.client.RoundTrip(out)
			if err == nil && res.StatusCode == http.StatusSwitchingProtocols {
				g.forget(res.Body)
				res.StatusCode, res.Body = http.StatusBadGateway, http.NoBody
			}
			return res, err
		},
		fails: []string{"S4-other-protocol", "M2-unasked"},
	},
	{
		name: "closes a WebSocket where one direction ends",
		response: func(res *http.Response) {
			wrapTunnel(res, func(c io.ReadWriteCloser) io.ReadWriteCloser { return struct{ io.ReadWriteCloser }{c} })
		},
		fails: []string{"T4-*"},
	},
	{
		name:    "asks for an encoding of its own",
		request: func(_, out *http.Request) { out.Header.Set("Accept-Encoding", "gzip") },
		fails:   []string{"S6-accept-encoding-added"},
	},
	{
		name: "decodes the response",
		response: func(res *http.Response) {
			if res.Header.Get("Content-Encoding") != "gzip" {
				return
			}
			if z, err := gzip.NewReader(res.Body); err == nil {
				res.Body, res.ContentLength = io.NopCloser(z), -1
				res.Header.Del("Content-Encoding")
			}
		},
		fails: []string{"S6-not-decoded*"},
	},
	{
		name: "decodes the request",
		request: func(_, out *http.Request) {
			if out.Header.Get("Content-Encoding") != "gzip" {
				return
			}
			if z, err := gzip.NewReader(out.Body); err == nil {
				out.Body, out.ContentLength = io.NopCloser(z), -1
			}
		},
		fails: []string{"S6-request-body"},
	},
	{
		name: "takes a response that breaks off for complete",
		trip: func(g *leaky, _, out *http.Request) (*http.Response, error) {
			res, err := g.client.RoundTrip(out)
			if err != nil {
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}, nil
			}
			res.Body, res.ContentLength = &forgiving{res.Body}, -1
			res.Header.Del("Content-Length")
			return res, nil
		},
		fails: []string{"T1-*"},
	},
	{
		name: "asks for a body that the upstream may not want",
		enter: func(_ *leaky, w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Expect") != "" {
				w.WriteHeader(http.StatusContinue)
			}
		},
		fails: []string{"T2-not-asked-for"},
	},
	{
		name: "answers by itself what has a body",
		trip: func(g *leaky, in, out *http.Request) (*http.Response, error) {
			if in.ContentLength != 0 {
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}, nil
			}
			return g.client.RoundTrip(out)
		},
		fails: []string{"T2-asked-for"},
	},
	{
		name: "goes on after the client has left",
		trip: func(g *leaky, _, out *http.Request) (*http.Response, error) {
			if out.Body != nil {
				out.Body, out.ContentLength = &forgiving{out.Body}, -1
			}
			res, err := g.client.RoundTrip(out.WithContext(context.WithoutCancel(out.Context())))
			if err == nil {
				res.Body = io.NopCloser(res.Body)
			}
			return res, err
		},
		fails: []string{"T3-*", "T5-stuck-upstream"},
	},
	{
		name: "reads the request to its end before it forwards it",
		enter: func(_ *leaky, _ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		},
		fails: []string{"T5-early-reply"},
	},
	{
		name: "reads the response to its end before it relays it",
		response: func(res *http.Response) {
			body, _ := io.ReadAll(res.Body)
			res.Body = io.NopCloser(bytes.NewReader(body))
		},
		fails: []string{"T6-*"},
	},
	{
		name: "logs what it gets",
		enter: func(g *leaky, _ http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(g.log, r.Method, r.RequestURI, r.Header)
		},
		trip: func(g *leaky, _, out *http.Request) (*http.Response, error) {
			res, err := g.client.RoundTrip(out)
			if err != nil {
				fmt.Fprintln(g.log, err)
			}
			return res, err
		},
		fails: []string{"T7-*"},
	},
	{
		name: "cuts one stream in a hundred short",
		trip: func(g *leaky, _, out *http.Request) (*http.Response, error) {
			res, err := g.client.RoundTrip(out)
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.count++; err == nil && g.count%100 == 0 {
				res.Body = struct {
					io.Reader
					io.Closer
				}{io.MultiReader(io.LimitReader(res.Body, 9), broke{}), res.Body}
			}
			return res, err
		},
		fails: []string{"T8-*"},
	},
	{
		name:  "relays every byte, and translates HTTP/2 without a look",
		front: bytePipe,
		fails: []string{"M1-*", "M2-h2c-agreed-to", "M2-unasked", "M2-upgrade-with-a-body", "S10-*", "U4-*", "U5-*", "U1-control-character", "U3-bad-escape", "U3-prefix-and-encoded-slash", "R10-connection-in-http2", "R13-space-before-the-colon", "R13-folded-line", "R13-nul-*", "R13-line-end-*", "S1-in-the-reason", "S1-in-a-malformed-*"},
	},
}

// atEnd calls a function at the end of what it reads.
type atEnd struct {
	io.ReadCloser
	then func()
}

func (a *atEnd) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		a.then()
	}
	return n, err
}

// forgiving takes any error for the end.
type forgiving struct{ io.ReadCloser }

func (f *forgiving) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

// broke breaks off.
type broke struct{}

func (broke) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// deaf misses the first bytes in either direction.
type deaf struct {
	io.ReadWriteCloser
	read, wrote bool
}

func (d *deaf) Read(p []byte) (int, error) {
	if !d.read {
		d.read = true
		if n, err := d.ReadWriteCloser.Read(p); err != nil {
			return n, err
		}
	}
	return d.ReadWriteCloser.Read(p)
}

func (d *deaf) Write(p []byte) (int, error) {
	if !d.wrote {
		d.wrote = true
		return len(p), nil
	}
	return d.ReadWriteCloser.Write(p)
}

func wrapTunnel(res *http.Response, wrap func(io.ReadWriteCloser) io.ReadWriteCloser) {
	if c, ok := res.Body.(io.ReadWriteCloser); ok {
		res.Body = wrap(c)
	}
}

// matches reports whether a case is one of those that a leak's list has.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		parts := strings.Split(pattern, "*")
		rest, ok := strings.CutPrefix(name, parts[0])
		if !ok {
			return false
		}
		for _, part := range parts[1:] {
			_, after, found := strings.Cut(rest, part)
			if !found {
				return false
			}
			rest = after
			if part == "" {
				rest = ""
			}
		}
		return rest == ""
	})
}

// Every case fails on a gateway that leaks in its way, and on nothing else than the leak: what these gateways do
// besides is done by a route that passes all cases.
func TestEveryCaseCanFail(t *testing.T) {
	vectors, err := corpus()
	if err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 120 {
		t.Errorf("%d cases", len(vectors))
	}
	var mu sync.Mutex
	noticed := map[string]bool{}
	t.Run("leak", func(t *testing.T) {
		for _, l := range leaks {
			t.Run(l.name, func(t *testing.T) {
				t.Parallel() // most of the time goes into waiting in vain
				for _, kind := range []string{"the caller's token", "the caller's API key", "the gateway's"} {
					a, err := newAuditor(l.target(t, kind))
					if err != nil {
						t.Fatal(err)
					}
					defer a.bench.tidy()
					for _, v := range vectors {
						if matches(l.fails, v.name) && a.notices(t, v) {
							mu.Lock()
							noticed[v.name] = true
							mu.Unlock()
						}
					}
				}
			})
		}
	})
	for _, v := range vectors {
		if !noticed[v.name] {
			t.Errorf("%s fails on no gateway that leaks", v.name)
		}
	}
}

// notices runs a case on each protocol and reports whether it failed anywhere, by what it expects itself: what is checked in
// every case, above all the way of the gateway's key, does not count.
func (a *auditor) notices(t *testing.T, v *vector) (leaked bool) {
	for _, wire := range v.wires {
		if a.broken[wire] != "" || v.inapplicable(&a.target) != "" {
			continue
		}
		r := a.try(v, wire, func(c *conversation, v *vector) []Finding { return append(c.expected(v), c.findings...) })
		if r.Outcome != Leaked {
			continue
		}
		leaked = true
		for _, f := range r.Findings {
			if f.Where == "the kit" || f.What == "" {
				t.Errorf("%s: %v", v.name, r.Findings)
			}
		}
	}
	return leaked
}
