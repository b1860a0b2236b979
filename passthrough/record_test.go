package passthrough_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// timeless is a record with its times taken out, once they are known to make sense.
func timeless(t *testing.T, e *passthrough.Exchange) map[string]any {
	t.Helper()
	var sum time.Duration
	for _, s := range e.Stages {
		sum += s.Duration
	}
	if e.Start.IsZero() || e.Duration <= 0 || sum > e.Duration || e.Answered > e.FirstByte && e.FirstByte != 0 || e.FirstByte > e.Duration {
		t.Errorf("times that make no sense: %+v", e)
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]any{}
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"start", "duration", "answered", "first_byte", "upstream"} {
		delete(fields, name)
	}
	if stages, ok := fields["stages"].([]any); ok {
		for i := range stages {
			delete(stages[i].(map[string]any), "duration")
		}
	}
	return fields
}

func parsed(t *testing.T, text string) map[string]any {
	t.Helper()
	fields := map[string]any{}
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

func TestRecord(t *testing.T) {
	gatewayPrint := passthrough.Fingerprint(fingerprintKey, gatewayKey)
	callerPrint := passthrough.Fingerprint(fingerprintKey, callerToken)
	upstreamPrint := passthrough.Fingerprint(fingerprintKey, upstreamKey)
	stages := `"stages":[{"stage":"auth"},{"stage":"headerpolicy"},{"stage":"forwarder"}]`
	unguarded := `"unguarded":"the tests of this package are about forwarding"`
	ids := func(c *passthrough.Config) { c.Endpoints = []string{"POST /v1/messages"} }
	for _, c := range []struct {
		name   string
		with   option
		answer answer
		call   call
		want   string
	}{
		{
			"forwarded", with(ids, responding(headerpolicy.Response{Trailers: []string{"X-Cost"}})),
			answer{fields: []string{"request-id: r1", "set-cookie: a=b"}, body: "hello", trailers: []string{"x-cost: 1", "x-internal: 2"}},
			call{body: "{}", fields: []string{"Cookie: a=b", "Connection: keep-alive", "Anthropic-Version: 1"}},
			`{"route":"test","caller":"alice","method":"POST","endpoint":"POST /v1/messages","path":"/v1/messages","outcome":"forwarded","status":200,
			"upstream_status":200,"upstream_proto":"HTTP/1.1",
			"request":[{"name":"Anthropic-Version","reason":"forwarded"},{"name":"Authorization","reason":"forwarded"},
				{"name":"Connection","reason":"dropped: hop-by-hop"},{"name":"Content-Length","reason":"dropped: framing"},
				{"name":"Cookie","reason":"dropped: not named"},{"name":"X-Gateway-Key","reason":"dropped: consumed by auth"}],
			"response":[{"name":"Request-Id","reason":"forwarded"},{"name":"Set-Cookie","reason":"dropped: not named"}],
			"trailer":[{"name":"X-Cost","reason":"forwarded"},{"name":"X-Internal","reason":"dropped: not named"}],
			"credentials":[{"field":"gateway","use":"consumed","fingerprint":"` + gatewayPrint + `"},{"field":"Authorization","use":"forwarded","fingerprint":"` + callerPrint + `"}],
			"bytes_in":2,"bytes_out":5,` + stages + `,` + unguarded + `}`,
		},
		{
			"with a key of the gateway's own", injecting, answer{},
			call{},
			`{"route":"test","caller":"alice","method":"POST","path":"/v1/messages","outcome":"forwarded","status":200,"upstream_status":200,"upstream_proto":"HTTP/1.1",
			"request":[{"name":"Authorization","reason":"set"},{"name":"X-Gateway-Key","reason":"dropped: consumed by auth"}],
			"response":[{"name":"Content-Length","reason":"dropped: framing"}],
			"credentials":[{"field":"gateway","use":"consumed","fingerprint":"` + gatewayPrint + `"},{"field":"Authorization","use":"set","fingerprint":"` + upstreamPrint + `"}],
			"bytes_in":0,"bytes_out":0,` + stages + `,` + unguarded + `}`,
		},
		{
			"denied by auth", nil, answer{}, call{bare: true, method: "BREW"},
			`{"route":"test","method":"OTHER","outcome":"denied","status":401,"denial":{"stage":"auth","code":"unauthenticated","detail":"missing: nothing in header X-Gateway-Key"},
			"bytes_in":0,"bytes_out":0,"stages":[{"stage":"auth"}]}`,
		},
		{
			"denied by the policy", nil, answer{}, call{bare: true, fields: good[:1]},
			`{"route":"test","caller":"alice","method":"POST","outcome":"denied","status":400,"denial":{"stage":"headerpolicy","code":"missing-credential"},
			"request":[{"name":"X-Gateway-Key","reason":"dropped: consumed by auth"}],
			"credentials":[{"field":"gateway","use":"consumed","fingerprint":"` + gatewayPrint + `"}],
			"bytes_in":0,"bytes_out":0,"stages":[{"stage":"auth"},{"stage":"headerpolicy"}]}`,
		},
		{
			"denied by the seal", nil, answer{}, call{target: "/v1/" + gatewayKey, fields: []string{"X-App: " + gatewayKey}},
			`{"route":"test","caller":"alice","method":"POST","outcome":"denied","status":400,
			"denial":{"stage":"forwarder","code":"sealed","detail":"the gateway's credential stands in the path"},
			"request":[{"name":"Authorization","reason":"forwarded"},{"name":"X-App","reason":"forwarded"},{"name":"X-Gateway-Key","reason":"dropped: consumed by auth"}],
			"credentials":[{"field":"gateway","use":"consumed","fingerprint":"` + gatewayPrint + `"}],
			"bytes_in":0,"bytes_out":0,` + stages + `,` + unguarded + `}`,
		},
		{
			"denied by the seal, in a field", nil, answer{}, call{fields: []string{"X-App: " + gatewayKey}},
			`{"route":"test","caller":"alice","method":"POST","outcome":"denied","status":400,
			"denial":{"stage":"forwarder","code":"sealed","detail":"the gateway's credential stands in the field X-App"},
			"request":[{"name":"Authorization","reason":"forwarded"},{"name":"X-App","reason":"dropped: sealed"},{"name":"X-Gateway-Key","reason":"dropped: consumed by auth"}],
			"credentials":[{"field":"gateway","use":"consumed","fingerprint":"` + gatewayPrint + `"}],
			"bytes_in":0,"bytes_out":0,` + stages + `,` + unguarded + `}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := wire{h1, h1}
			var options []option
			if c.with != nil {
				options = append(options, c.with)
			}
			g := newGateway(t, w.startUpstream(t, c.answer), options...)
			g.do(w, c.call)
			if diff := difference(parsed(t, c.want), timeless(t, g.record())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			g.keeps()
		})
	}
}

func TestRecordOfAnonymousCallers(t *testing.T) {
	w := wire{h1, h1}
	trailers := headers(headerpolicy.Config{Request: headerpolicy.Request{Trailers: []string{"X-Checksum"}}})
	g := newGateway(t, w.startUpstream(t, answer{}), trailers, func(c *passthrough.Config) { c.Auth = auth.Config{DangerouslyAnonymous: "a test"} })
	g.crossed(g.do(w, call{bare: true, body: "{}", fields: good[1:], trailers: []string{"X-Checksum: 1"}}), callerLine, "trailer: X-Checksum")
	if e := g.record(); !e.Anonymous || e.Caller != "" || len(e.Credentials) != 1 {
		t.Errorf("the record has %+v", e)
	}
}

func TestNoObserver(t *testing.T) {
	w := wire{h1, h1}
	g := newGateway(t, w.startUpstream(t, answer{}), func(c *passthrough.Config) { c.Observer = nil })
	g.crossed(g.do(w, call{}), callerLine)
}

func TestFingerprint(t *testing.T) {
	short := passthrough.Fingerprint([]byte("k"), "token-1")
	if len(short) != 12 || strings.ToLower(short) != short {
		t.Errorf("%q is not 12 hexadecimal digits", short)
	}
	for _, same := range []string{"Bearer token-1", "bearer  token-1", "token-1"} {
		if got := passthrough.Fingerprint([]byte("k"), same); got != short {
			t.Errorf("%q: %s, want %s", same, got, short)
		}
	}
	for _, other := range []string{"token-2", "Bearer token-2", "", "a b token-1"} {
		if got := passthrough.Fingerprint([]byte("k"), other); got == short {
			t.Errorf("%q has the same fingerprint", other)
		}
	}
	if passthrough.Fingerprint([]byte("l"), "token-1") == short {
		t.Error("another key gives the same fingerprint")
	}
}

// A process without a key of its own tells "the same" from "another", and nothing to anyone else.
func TestFingerprintsWithoutAKeyDifferByRecorder(t *testing.T) {
	w := wire{h1, h1}
	up := w.startUpstream(t, answer{})
	seen := map[string]bool{}
	for range 2 {
		g := newGateway(t, up, func(c *passthrough.Config) { c.FingerprintKey = nil })
		g.do(w, call{})
		g.do(w, call{})
		first, second := g.record().Credentials[0].Fingerprint, g.record().Credentials[0].Fingerprint
		if first != second || seen[first] {
			t.Errorf("%s, then %s; seen before: %v", first, second, seen)
		}
		seen[first] = true
	}
}

func TestLogTo(t *testing.T) {
	denial := &passthrough.DenialRecord{Stage: "auth", Code: "unauthenticated", Detail: "missing"}
	for _, c := range []struct {
		exchange passthrough.Exchange
		want     string
	}{
		{passthrough.Exchange{Outcome: passthrough.Forwarded, Method: "GET", Status: 200, UpstreamStatus: 200, Route: "r", Caller: "alice", Endpoint: "GET /", Path: "/", Upstream: "u",
			Request:     []headerpolicy.FieldDecision{{Name: "A", Reason: headerpolicy.Forwarded}, {Name: "B", Reason: headerpolicy.NotNamed}, {Name: "C", Reason: headerpolicy.Forwarded}},
			Credentials: []passthrough.CredentialUse{{Field: "gateway", Use: "consumed", Fingerprint: "abc"}}, BytesIn: 1, BytesOut: 2, Duration: 3, FirstByte: 2,
			Stages: []passthrough.StageTime{{Stage: "auth", Duration: 1}}, Unguarded: "why"},
			`level=INFO msg=exchange route=r caller=alice method=GET endpoint="GET /" path=/ upstream=u outcome=forwarded status=200 unguarded=why request.forwarded=A,C "request.dropped: not named"=B credential.consumed.gateway=abc bytes_in=1 bytes_out=2 duration=3ns first_byte=2ns stage.auth=1ns`},
		{passthrough.Exchange{Outcome: passthrough.Denied, Method: "GET", Status: 401, Denial: denial, Anonymous: true},
			`level=WARN msg=exchange anonymous=true method=GET outcome=denied status=401 denial.stage=auth denial.code=unauthenticated denial.detail=missing bytes_in=0 bytes_out=0 duration=0s`},
		{passthrough.Exchange{Outcome: passthrough.Denied, Method: "GET", Status: 500, Denial: denial},
			`level=ERROR msg=exchange method=GET outcome=denied status=500 denial.stage=auth denial.code=unauthenticated denial.detail=missing bytes_in=0 bytes_out=0 duration=0s`},
		{passthrough.Exchange{Outcome: passthrough.ClientClosed, Method: "GET", Status: 499, UpstreamStatus: 200, Error: "left"},
			`level=WARN msg=exchange method=GET outcome=client-closed status=499 upstream_status=200 error=left bytes_in=0 bytes_out=0 duration=0s`},
		{passthrough.Exchange{Outcome: passthrough.Truncated, Method: "GET", Status: 200},
			`level=ERROR msg=exchange method=GET outcome=truncated status=200 bytes_in=0 bytes_out=0 duration=0s`},
	} {
		var out bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		passthrough.LogTo(logger).Observe(context.Background(), &c.exchange)
		if diff := difference(c.want, strings.TrimSpace(out.String())); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestOutcomeNames(t *testing.T) {
	seen := map[string]bool{}
	for o := passthrough.NotForwarded; o <= passthrough.SealedBody; o++ {
		text, err := o.MarshalText()
		if name := o.String(); err != nil || string(text) != name || seen[name] || strings.Contains(name, "(") || name != strings.ToLower(name) {
			t.Errorf("outcome %d: %q, %s, %v", o, name, text, err)
		}
		seen[o.String()] = true
	}
	if got := passthrough.Outcome(200).String(); got != "outcome(200)" {
		t.Errorf("an unknown outcome is %q", got)
	}
}

// A middleware that answers in the route's stead leaves no denial.
func TestRecordWhereNothingWasForwarded(t *testing.T) {
	var got *passthrough.Exchange
	recorder := passthrough.NewRecorder(passthrough.RecorderConfig{Observer: passthrough.ObserverFunc(func(_ context.Context, e *passthrough.Exchange) { got = e })})
	serve(recorder.Wrap(http.NotFoundHandler()))
	if got == nil || got.Outcome != passthrough.NotForwarded || got.Status != 0 {
		t.Errorf("got %+v", got)
	}
}

// What a record holds may be printed in any way: here for exchanges that failed at each step.
func TestRecordsOfFailedExchangesHoldNoSecret(t *testing.T) {
	for name, script := range map[string]func(talk){
		"closed":    func(k talk) { k.abort() },
		"truncated": func(k talk) { _, _ = k.body(); k.begin("request-id: " + upstreamKey); k.write(upstreamKey); k.abort() },
	} {
		t.Run(name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				g := newGateway(t, w.talking(t, script), injecting)
				c := call{body: `{"text":"harmless"}`, target: "/v1/messages?beta=" + "x"}
				c = c.prepared()
				if w.client == h1 {
					_ = c.doH1(t, g.url)
				} else {
					_ = c.doH2(t, g.url)
				}
				e := g.record()
				for _, secret := range []string{gatewayKey, callerToken, upstreamKey, fmt.Sprintf("%q", upstreamKey)} {
					if text := printed(e) + g.logs.String(); holds(text, secret) {
						t.Errorf("%q in %s", secret, text)
					}
				}
			})
		})
	}
}

// A caller may put its key into a field's name.
func TestRecordHoldsNoKeyInAName(t *testing.T) {
	everywhere(t, func(t *testing.T, w wire) {
		g := newGateway(t, w.startUpstream(t, answer{}))
		g.do(w, call{fields: []string{"X-" + gatewayKey + "-Y: 1"}})
		e := g.record()
		if !slices.ContainsFunc(e.Request, func(f headerpolicy.FieldDecision) bool { return f.Name == "[redacted]" }) ||
			strings.Contains(strings.ToLower(printed(e)), strings.ToLower(gatewayKey)) {
			t.Error(printed(e))
		}
	})
}
