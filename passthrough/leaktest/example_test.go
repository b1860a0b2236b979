package leaktest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing/fstest"

	"github.com/headersafe/headersafe/passthrough/leaktest"
)

// proxy is a gateway as it is often written: it checks a key, and then forwards everything but the key's field.
func proxy(upstream string) http.Handler {
	to, err := url.Parse(upstream)
	if err != nil {
		log.Fatal(err)
	}
	p := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, ErrorLog: log.New(io.Discard, "", 0)}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Gateway-Key") != "key-of-alice" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.Header.Del("X-Gateway-Key")
		p.ServeHTTP(w, r)
	})
}

// one runs a single case of its own, beside none of the kit's.
func one(text string) leaktest.Target {
	return leaktest.Target{
		Handler: proxy,
		Gateway: leaktest.Header("X-Gateway-Key", "key-of-alice"),
		Caller:  leaktest.Bearer(""),
		Cases:   fstest.MapFS{"X1-own.txt": {Data: []byte(text)}},
		Skip:    skipKits(),
	}
}

// skipKits skips every case of the kit's.
func skipKits() map[string]string {
	return map[string]string{"R*": "not now", "U*": "not now", "M*": "not now", "S*": "not now", "T*": "not now"}
}

// The mistake: to remove the key from one place, and to forward what is left.
func ExampleAudit() {
	report, err := leaktest.Audit(context.Background(), one(`
-- meta --
title: the key once more, in a field that nobody thought of
refs: CVE-2026-88004
wire: h1
-- request --
GET {{target}} HTTP/1.1
Host: {{host}}
{{credentials}}
X-Api-Key: {{gateway-key}}

-- expect --
upstream lacks {{gateway-key}}
`))
	if err != nil {
		log.Fatal(err)
	}
	for _, result := range report.Leaked() {
		for line := range strings.Lines(result.String()) {
			if strings.HasPrefix(line, "reached") {
				break
			}
			fmt.Print(line)
		}
	}
	// Output:
	// the gateway key reached the upstream, as it stands, in the field "X-Api-Key" of request 1
	// the case: the key once more, in a field that nobody thought of
	// published: https://www.cve.org/CVERecord?id=CVE-2026-88004
	// sent:
	//     GET /v1/messages HTTP/1.1
	//     Host: gateway.test
	//     X-Gateway-Key: {{gateway-key}}
	//     Authorization: Bearer {{caller-credential}}
	//     X-Api-Key: {{gateway-key}}
}

// A target that cannot be tried is told all that is wrong with it.
func ExampleConfigError() {
	_, err := leaktest.Audit(context.Background(), leaktest.Target{URL: "https://gateway.example", Gateway: leaktest.Query("", "key")})
	fmt.Println(err)
	// Output:
	// leaktest: URL is not of the form http://HOST:PORT; the kit writes raw bytes and speaks no TLS
	// leaktest: Listen is not the HOST:PORT at which the gateway expects its upstream
	// leaktest: Gateway has a secret of fewer than 6 bytes, which would be found by chance: choose a longer one
}

// A gateway that refuses everything leaks nothing, and has not been tried.
func ExampleAudit_notWorking() {
	target := one("")
	target.Cases = nil
	target.Gateway = leaktest.Header("X-Gateway-Key", "another-key")
	_, err := leaktest.Audit(context.Background(), target)
	fmt.Println(errors.Is(err, leaktest.ErrNotWorking))
	// Output: true
}

func ExampleReport_WriteJSON() {
	report := leaktest.Report{Results: []leaktest.Result{{
		Case: "R2-key-where-it-belongs", Title: "the gateway key", Wire: "HTTP/2", Outcome: leaktest.Skipped, Reason: "the gateway asks for no key",
	}}}
	if err := report.WriteJSON(os.Stdout); err != nil {
		log.Fatal(err)
	}
	fmt.Print(report)
	// Output:
	// {
	//   "passed": 0,
	//   "leaked": 0,
	//   "skipped": 1,
	//   "results": [
	//     {
	//       "case": "R2-key-where-it-belongs",
	//       "title": "the gateway key",
	//       "protocol": "HTTP/2",
	//       "outcome": "skipped",
	//       "reason": "the gateway asks for no key"
	//     }
	//   ]
	// }
	// skipped  R2-key-where-it-belongs over HTTP/2: the gateway asks for no key
	// 0 passed, 0 leaked, 1 skipped
}

// A credential prints as the place it stands in.
func ExampleCredential() {
	fmt.Printf("%v %+v %#v %s %s\n", leaktest.Bearer("secret"), leaktest.Basic("secret"), leaktest.Header("X-Key", "secret"), leaktest.Query("k", "secret"), leaktest.Cookie("c", "secret"))
	// Output: field Authorization field Authorization field X-Key parameter k cookie c
}

func ExampleLog() {
	gathered := new(leaktest.Log) // the gateway's logger writes to it; it is also Target.Log
	log.New(gathered, "", 0).Print("denied: unauthenticated")
	fmt.Print(gathered)
	// Output: denied: unauthenticated
}
