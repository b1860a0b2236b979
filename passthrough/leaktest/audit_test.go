package leaktest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestConfigErrors(t *testing.T) {
	handler := func(string) http.Handler { return http.NotFoundHandler() }
	for name, c := range map[string]struct {
		target Target
		fields []string
	}{
		"nothing":           {Target{}, []string{"Handler"}},
		"both":              {Target{Handler: handler, URL: "http://a"}, []string{"URL"}},
		"a URL with TLS":    {Target{URL: "https://a", Listen: "127.0.0.1:1"}, []string{"URL"}},
		"a URL with a path": {Target{URL: "http://a/b", Listen: "127.0.0.1:1"}, []string{"URL"}},
		"no address":        {Target{URL: "http://a"}, []string{"Listen"}},
		"a path elsewhere":  {Target{Handler: handler, Prefix: "/a", Path: "/b"}, []string{"Path"}},
		"a query":           {Target{Handler: handler, Path: "/b?c=d"}, []string{"Path"}},
		"short and nameless": {Target{Handler: handler, Gateway: Header("", "12345678"), Upstream: Bearer("1")},
			[]string{"Gateway", "Upstream"}},
		"one field for two":  {Target{Handler: handler, Gateway: Basic("12345678"), Caller: Bearer("")}, []string{"Caller"}},
		"one secret for two": {Target{Handler: handler, Gateway: Header("X", "12345678"), Upstream: Bearer("12345678")}, []string{"Upstream"}},
	} {
		_, err := Audit(t.Context(), c.target)
		var got []string
		joined, _ := err.(interface{ Unwrap() []error })
		if joined == nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, e := range joined.Unwrap() {
			if e, ok := errors.AsType[*ConfigError](e); ok {
				got = append(got, e.Field)
			}
		}
		if diff := cmp.Diff(c.fields, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestNotWorking(t *testing.T) {
	for name, target := range map[string]Target{
		"refuses everything": {Handler: func(string) http.Handler { return http.NotFoundHandler() }},
		"is not there":       {URL: "http://" + freeAddress(t), Listen: freeAddress(t)},
		"listens nowhere":    {URL: "http://127.0.0.1:1", Listen: "192.0.2.1:80"},
	} {
		if _, err := Audit(t.Context(), target); err == nil || name == "refuses everything" && !errors.Is(err, ErrNotWorking) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	target := leaks[0].target(t, "the caller's token")
	seen := 0
	build := target.Handler
	target.Handler = func(upstream string) http.Handler {
		if seen++; seen == 5 {
			cancel()
		}
		return build(upstream)
	}
	report, err := Audit(ctx, target)
	if !errors.Is(err, context.Canceled) || len(report.Results) == 0 || len(report.Results) > 5 {
		t.Errorf("%d results, %v", len(report.Results), err)
	}
}

// A running gateway that relays every byte, in full: the report has all outcomes, and can be read by people and programs.
func TestReport(t *testing.T) {
	target := leaks[slices.IndexFunc(leaks, func(l leak) bool { return l.front != nil })].target(t, "the gateway's")
	target.Skip = map[string]string{"S*": "not of interest", "T*": "not of interest", "U*": "not of interest", "R4-cookie": "cookies are welcome"}
	target.Cases = fstest.MapFS{
		"X1-own.txt":       {Data: []byte("-- meta --\ntitle: an own one\nwire: h1\n-- request --\nGET {{target}} HTTP/1.1\nHost: a\n{{credentials}}\n\n-- expect --\nupstream requests 1\n")},
		"X2-misspelt.txt":  {Data: []byte("-- meta --\ntitle: a misspelt one\nwire: h1\n-- request --\nGET {{traget}} HTTP/1.1\n\n-- expect --\nupstream requests 1\n")},
		"notes/not-at-top": {Data: []byte("nothing")},
	}
	report, err := Audit(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	outcome := map[string]Outcome{}
	for _, r := range report.Results {
		outcome[r.Case+" "+r.Wire] = r.Outcome
	}
	for key, want := range map[string]Outcome{
		"R2-key-where-it-belongs HTTP/1.1": Leaked, "R4-cookie HTTP/1.1": Skipped, "R4-api-key HTTP/1.1": Leaked, "T6-events HTTP/2": Skipped,
		"X1-own HTTP/1.1": Leaked /* its key crosses */, "X2-misspelt HTTP/1.1": Leaked,
	} {
		if outcome[key] != want {
			t.Errorf("%s: %q, want %q", key, outcome[key], want)
		}
	}
	text := report.String()
	for _, want := range []string{"cookies are welcome", "there is no placeholder {{traget}}", "Api-Key: {{stray}}", "the gateway key reached the upstream"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	for _, secret := range []string{testKey, testSecret, stray} {
		if strings.Contains(text, secret) {
			t.Errorf("the report holds %q", secret)
		}
	}
	var b bytes.Buffer
	if err := report.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(report, back); diff != "" {
		t.Errorf("through JSON (-want +got):\n%s", diff)
	}
	if n := report.Count(Leaked) + report.Count(Passed) + report.Count(Skipped); n != len(report.Results) || len(report.Leaked()) != report.Count(Leaked) {
		t.Errorf("the counts do not add up")
	}
}

// A case that is malformed is the whole audit's error.
func TestMalformedOwnCase(t *testing.T) {
	target := leaks[0].target(t, "the caller's token")
	target.Cases = fstest.MapFS{"X.txt": {Data: []byte("-- meta --\n")}}
	if _, err := Audit(t.Context(), target); err == nil || !strings.Contains(err.Error(), "X.txt") {
		t.Error(err)
	}
}
