package headerpolicy_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"github.com/headersafe/headersafe/headerpolicy"
)

// A policy that lets a caller's own OAuth token cross, and little else.
func Example() {
	policy, err := headerpolicy.New(headerpolicy.Config{
		Request: headerpolicy.Request{
			Credentials: []headerpolicy.Credential{{OneOf: []headerpolicy.CredentialField{
				{Name: "Authorization", Accept: headerpolicy.BearerPrefix("sk-ant-oat")},
			}}},
			Forward: []string{"Anthropic-Version", "Anthropic-Beta", "Content-Type"},
			Merge:   []headerpolicy.Merge{{Name: "Anthropic-Beta", Member: "oauth-2025-04-20"}},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	decision, err := policy.Request(context.Background(), headerpolicy.RequestInput{
		Header: http.Header{
			"Authorization":     {"Bearer sk-ant-oat01-…"},
			"Anthropic-Version": {"2023-06-01"},
			"Connection":        {"keep-alive"},
			"Cookie":            {"session=…"},
			"X-Forwarded-For":   {"203.0.113.9"},
		},
		Consumed: []string{"X-Gateway-Key"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(decision)
	// Output:
	// Anthropic-Beta     merged (oauth-2025-04-20)
	// Anthropic-Version  forwarded
	// Authorization      forwarded
	// Connection         dropped: hop-by-hop
	// Cookie             dropped: not named
	// X-Forwarded-For    dropped: not named
	// X-Gateway-Key      dropped: consumed by auth
}

// The mistake that this package is there to prevent: a credential in a plain forward list.
func ExampleNew_mistake() {
	_, err := headerpolicy.New(headerpolicy.Config{
		Request: headerpolicy.Request{Forward: []string{"Anthropic-Version", "Authorization", "*"}},
	})
	fmt.Println(err)
	// Output:
	// headerpolicy: Request.Forward[1] "Authorization": carries a credential; name the caller's own in Request.Credentials, or the gateway's in Request.Set
	// headerpolicy: Request.Forward[2] "*": would name every field, which is what this package is there to prevent; name the fields, or a prefix such as "X-Stainless-*"
}

// A program can walk the mistakes.
func ExampleConfigError() {
	_, err := headerpolicy.New(headerpolicy.Config{
		Request:  headerpolicy.Request{Require: []string{"X-Tenant"}},
		Response: headerpolicy.Response{Forward: []string{"Set-Cookie"}},
	})
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var mistake *headerpolicy.ConfigError
		if errors.As(e, &mistake) {
			fmt.Println(mistake.Field, mistake.Value)
		}
	}
	// Output:
	// Request.Require[0] X-Tenant
	// Response.Forward[0] Set-Cookie
}

// Presets are values: extend them.
func ExampleConfig_With() {
	config := headerpolicy.Anthropic().With(headerpolicy.Config{
		Request: headerpolicy.Request{
			Forward: []string{"X-Tenant"},
			Require: []string{"X-Tenant"},
			Limits:  headerpolicy.Limits{Bytes: 16 << 10},
		},
	})
	_, err := headerpolicy.New(config)
	fmt.Println(err, config.Request.Require, config.Request.Limits.Bytes)
	// Output: <nil> [X-Tenant] 16384
}

func ExampleBearerPrefix() {
	accept := headerpolicy.BearerPrefix("sk-ant-oat")
	fmt.Println(accept("Bearer sk-ant-oat01-x"), accept("Bearer sk-ant-api03-x"), accept("sk-ant-oat01-x"))
	// Output: true false false
}

func ExamplePolicy_Request_refused() {
	policy, err := headerpolicy.New(headerpolicy.Anthropic())
	if err != nil {
		log.Fatal(err)
	}
	_, err = policy.Request(context.Background(), headerpolicy.RequestInput{Header: http.Header{
		"X-Api-Key":     {"sk-ant-api03-…"},
		"Authorization": {"Bearer sk-ant-oat01-…"},
	}})
	var refusal *headerpolicy.Refusal
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Status, refusal.Code, refusal.Name)
		fmt.Println(refusal.Reason)
	}
	// Output:
	// 400 competing-credentials X-Api-Key
	// The fields Authorization and X-Api-Key hold different credentials; send one.
}

func ExamplePolicy_Response() {
	policy, err := headerpolicy.New(headerpolicy.Config{
		Response: headerpolicy.Response{Forward: []string{"Content-Type"}, SetCookies: []string{"locale"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	decision, err := policy.Response(http.Header{
		"Content-Type": {"application/json"},
		"Set-Cookie":   {"locale=en", "session=…"},
		"Server":       {"upstream/1.2.3"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(decision)
	// Output:
	// Content-Type  forwarded
	// Server        dropped: not named
	// Set-Cookie    forwarded (1 of 2 cookies)
}

func ExamplePolicy_ResponseHeader() {
	policy, err := headerpolicy.New(headerpolicy.Config{Response: headerpolicy.Response{Forward: []string{"Content-Type"}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(policy.ResponseHeader(http.Header{"Content-Type": {"application/json"}, "Server": {"upstream/1.2.3"}}))
	// Output: map[Content-Type:[application/json]] <nil>
}

func ExamplePolicy_Informational() {
	policy, err := headerpolicy.New(headerpolicy.Config{Response: headerpolicy.Response{Informational: []string{"Link"}}})
	if err != nil {
		log.Fatal(err)
	}
	decision, crosses := policy.Informational(http.Header{"Link": {"</style.css>; rel=preload"}, "X-Debug": {"1"}})
	fmt.Println(crosses, policy.NamesInformational())
	fmt.Print(decision)
	// Output:
	// true true
	// Link     forwarded
	// X-Debug  dropped: not named
}

func ExamplePolicy_RequestTrailer() {
	policy, err := headerpolicy.New(headerpolicy.Config{Request: headerpolicy.Request{Trailers: []string{"X-Checksum"}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(policy.RequestTrailer(http.Header{"X-Checksum": {"1"}, "Authorization": {"Bearer …"}}))
	// Output:
	// Authorization  dropped: not named
	// X-Checksum     forwarded
}

func ExamplePolicy_ResponseTrailer() {
	policy, err := headerpolicy.New(headerpolicy.Config{Response: headerpolicy.Response{Trailers: []string{"Grpc-*"}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(policy.NamesResponseTrailers(), policy.NamesResponseTrailer("grpc-status"))
	fmt.Print(policy.ResponseTrailer(http.Header{"Grpc-Status": {"0"}, "Set-Cookie": {"a=1"}}))
	// Output:
	// true true
	// Grpc-Status  forwarded
	// Set-Cookie   dropped: not named
}

func ExampleDecision_Withdraw() {
	policy, err := headerpolicy.New(headerpolicy.Config{Response: headerpolicy.Response{Forward: []string{"X-Echo"}}})
	if err != nil {
		log.Fatal(err)
	}
	decision, err := policy.Response(http.Header{"X-Echo": {"something that must not leave"}})
	if err != nil {
		log.Fatal(err)
	}
	decision.Withdraw("X-Echo", headerpolicy.Sealed)
	fmt.Print(decision)
	fmt.Println(len(decision.Header))
	// Output:
	// X-Echo  dropped: sealed
	// 0
}

// A secret that rotates is asked for on every request.
func ExampleFunc() {
	vault := func(context.Context) (string, error) { return "sk-current-0123456789", nil }
	policy, err := headerpolicy.New(headerpolicy.OpenAI().With(headerpolicy.Config{Request: headerpolicy.Request{
		Set: []headerpolicy.Set{{Name: "Authorization", Value: headerpolicy.Func(vault).WithScheme("Bearer")}},
	}}))
	if err != nil {
		log.Fatal(err)
	}
	decision, err := policy.Request(context.Background(), headerpolicy.RequestInput{})
	fmt.Println(decision.Header.Get("Authorization"), err)
	// Output: Bearer sk-current-0123456789 <nil>
}

// A secret that nobody filled in is found when the program starts, not when it leaks something else.
func ExampleSecret() {
	_, err := headerpolicy.New(headerpolicy.Config{Request: headerpolicy.Request{
		Set: []headerpolicy.Set{{Name: "Authorization", Value: headerpolicy.Secret("${OPENAI_API_KEY}").WithScheme("Bearer")}},
	}})
	fmt.Println(err)
	// Output: headerpolicy: Request.Set[0] "Authorization": its value looks like a placeholder that was never filled in
}

func ExampleEnv() {
	_, err := headerpolicy.New(headerpolicy.Config{Request: headerpolicy.Request{
		Set: []headerpolicy.Set{{Name: "X-Api-Key", Value: headerpolicy.Env("UPSTREAM_KEY_THAT_IS_NOT_SET")}},
	}})
	fmt.Println(err)
	// Output: headerpolicy: Request.Set[0] "X-Api-Key": its value comes from the environment variable "UPSTREAM_KEY_THAT_IS_NOT_SET", which is missing or empty
}

func ExampleStatic() {
	set := headerpolicy.Set{Name: "X-Route", Value: headerpolicy.Static("blue")}
	policy, err := headerpolicy.New(headerpolicy.Config{Request: headerpolicy.Request{Set: []headerpolicy.Set{set}}})
	if err != nil {
		log.Fatal(err)
	}
	decision, err := policy.Request(context.Background(), headerpolicy.RequestInput{Header: http.Header{"X-Route": {"the caller's"}}})
	fmt.Println(decision.Header.Get("X-Route"), err)
	fmt.Println(set)
	// Output:
	// blue <nil>
	// {X-Route headerpolicy.Static([redacted])}
}

func ExampleSource_WithScheme() {
	policy, err := headerpolicy.New(headerpolicy.Config{Request: headerpolicy.Request{
		Set: []headerpolicy.Set{{Name: "Authorization", Value: headerpolicy.Secret("0123456789").WithScheme("Bearer")}},
	}})
	if err != nil {
		log.Fatal(err)
	}
	decision, err := policy.Request(context.Background(), headerpolicy.RequestInput{})
	fmt.Println(decision.Header.Get("Authorization"), err)
	// Output: Bearer 0123456789 <nil>
}

func ExampleReason() {
	fmt.Println(headerpolicy.Forwarded, headerpolicy.Forwarded.Crossed())
	fmt.Println(headerpolicy.Nominated, headerpolicy.Nominated.Crossed())
	// Output:
	// forwarded true
	// dropped: nominated by Connection false
}
