package passthrough_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// api stands for a vendor's API: it says which fields reached it.
func api() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "key=%q token=%q trace=%q", r.Header.Get("X-Gateway-Key"), r.Header.Get("Authorization"), r.Header.Get("X-Trace"))
	}))
}

// send is a caller's request, with a key for the gateway and a token for the API.
func send(h http.Handler) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/v1/messages", nil)
	r.Header.Set("X-Gateway-Key", "alice-gateway-key")
	r.Header.Set("Authorization", "Bearer alice-own-token")
	r.Header.Set("X-Trace", "internal")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func exampleAuth() auth.Config {
	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret("alice-gateway-key")})
	if err != nil {
		panic(err)
	}
	return auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys}
}

func ExampleNew() {
	upstream := api()
	defer upstream.Close()
	route, err := passthrough.New(passthrough.Config{
		Route:     "anthropic",
		Upstream:  passthrough.Upstream{URL: upstream.URL},
		Auth:      exampleAuth(),
		Headers:   headerpolicy.Anthropic(),
		Unguarded: "an example about forwarding",
		Errors:    passthrough.AnthropicErrors,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := send(route)
	fmt.Println(w.Code, w.Body)
	// Output: 200 key="" token="Bearer alice-own-token" trace=""
}

// Every mistake is reported, not the first alone.
func ExampleNew_mistakes() {
	_, err := passthrough.New(passthrough.Config{
		Upstream: passthrough.Upstream{URL: "http://api.example"},
		Auth:     exampleAuth(),
		Headers:  headerpolicy.Config{Request: headerpolicy.Request{Forward: []string{"Authorization"}}},
	})
	fmt.Println(err)
	// Output:
	// headerpolicy: Request.Forward[0] "Authorization": carries a credential; name the caller's own in Request.Credentials, or the gateway's in Request.Set
	// passthrough: Guardrail is missing: set it, or say in Unguarded why nothing reads the requests of this route
	// passthrough: Upstream.URL "http://api.example" sends credentials unencrypted: use https, or say why not in DangerouslyPlaintext
}

func ExampleNewForwarder() {
	upstream := api()
	defer upstream.Close()
	gate, _ := auth.New(exampleAuth())
	policy, _ := headerpolicy.New(headerpolicy.Anthropic())
	forwarder, _ := passthrough.NewForwarder(passthrough.ForwarderConfig{
		Upstream:  passthrough.Upstream{URL: upstream.URL},
		Endpoints: []string{"POST /v1/messages"},
		Unguarded: "an example about forwarding",
	})
	fmt.Println(send(gate.Wrap(policy.Wrap(forwarder))).Code)
	// Output: 200
}

// A piece that is forgotten, or stands in the wrong place, refuses; the upstream is not reached.
func ExampleNewForwarder_misassembled() {
	upstream := api()
	defer upstream.Close()
	gate, _ := auth.New(exampleAuth())
	policy, _ := headerpolicy.New(headerpolicy.Anthropic())
	forwarder, _ := passthrough.NewForwarder(passthrough.ForwarderConfig{
		Upstream:  passthrough.Upstream{URL: upstream.URL},
		Unguarded: "an example about forwarding",
	})
	fmt.Println("no policy:", send(gate.Wrap(forwarder)).Code)
	fmt.Println("wrong order:", send(policy.Wrap(gate.Wrap(forwarder))).Code)
	fmt.Println("nothing but the forwarder:", send(forwarder).Code)
	// Output:
	// no policy: 500
	// wrong order: 500
	// nothing but the forwarder: 500
}

func ExampleNewRecorder() {
	upstream := api()
	defer upstream.Close()
	gate, _ := auth.New(exampleAuth())
	policy, _ := headerpolicy.New(headerpolicy.Anthropic())
	forwarder, _ := passthrough.NewForwarder(passthrough.ForwarderConfig{
		Upstream:  passthrough.Upstream{URL: upstream.URL},
		Unguarded: "an example about forwarding",
	})
	recorder := passthrough.NewRecorder(passthrough.RecorderConfig{
		Observer: passthrough.ObserverFunc(func(_ context.Context, e *passthrough.Exchange) {
			fmt.Println(e.Caller, e.Outcome, e.Status)
			for _, f := range e.Request {
				fmt.Println(f.Name, f.Reason)
			}
		}),
	})
	send(recorder.Wrap(gate.Wrap(policy.Wrap(forwarder))))
	// Output:
	// alice forwarded 200
	// Authorization forwarded
	// X-Gateway-Key dropped: consumed by auth
	// X-Trace dropped: not named
}

func ExampleLogTo() {
	plain := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		switch { // what differs from run to run
		case a.Key == slog.TimeKey, a.Value.Kind() == slog.KindDuration, strings.HasPrefix(a.Key, "credential."):
			return slog.Attr{}
		}
		return a
	}}))
	route, err := passthrough.New(passthrough.Config{
		Upstream:  passthrough.Upstream{URL: "https://api.example"},
		Auth:      exampleAuth(),
		Headers:   headerpolicy.Anthropic(),
		Guardrail: guardrail.Config{Endpoints: guardrail.Anthropic(), Guards: []guardrail.Guard{words{}}},
		Observer:  passthrough.LogTo(plain),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	route.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/v1/messages", nil))
	// Output:
	// level=WARN msg=exchange method=POST outcome=denied status=401 denial.stage=auth denial.code=unauthenticated denial.detail="missing: nothing in header X-Gateway-Key" bytes_in=0 bytes_out=0
}

// Whoever holds the fingerprints' key can confirm which token was forwarded, without having seen it in a log.
func ExampleFingerprint() {
	key := []byte("kept with the operators")
	fmt.Println(passthrough.Fingerprint(key, "Bearer alice-own-token") == passthrough.Fingerprint(key, "alice-own-token"))
	fmt.Println(len(passthrough.Fingerprint(key, "alice-own-token")))
	// Output:
	// true
	// 12
}

func ExampleErrorShape() {
	denial := passthrough.Denial{Status: http.StatusBadRequest, Code: "blocked", Message: "The request was blocked."}
	for _, shape := range []passthrough.ErrorShape{passthrough.ProblemErrors, passthrough.AnthropicErrors, passthrough.OpenAIErrors} {
		contentType, body := shape(denial)
		fmt.Printf("%s\n  %s\n", contentType, body)
	}
	// Output:
	// application/problem+json
	//   {"title":"Bad Request","status":400,"detail":"The request was blocked.","code":"blocked"}
	// application/json
	//   {"type":"error","error":{"type":"invalid_request_error","message":"The request was blocked."}}
	// application/json
	//   {"error":{"message":"The request was blocked.","type":"invalid_request_error","param":null,"code":"blocked"}}
}
