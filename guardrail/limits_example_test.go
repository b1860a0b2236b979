package guardrail_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/headersafe/headersafe/guardrail"
)

func ExampleRestrict() {
	limits, err := guardrail.Restrict("limits",
		guardrail.OneOf([]string{"claude-haiku-4-5"}, "model", "requests[*].params.model"),
		guardrail.AtMost(4096, "max_tokens", "requests[*].params.max_tokens"),
		guardrail.CountAtMost(100, "messages[*]"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	guard, err := guardrail.New(guardrail.Config{
		Endpoints: guardrail.EveryString("POST /v1/messages"),
		Guards:    []guardrail.Guard{limits},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := guard.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	for _, body := range []string{
		`{"model":"claude-haiku-4-5","max_tokens":1024,"messages":[]}`,
		`{"model":"claude-opus-4-1","max_tokens":1024,"messages":[]}`,
		`{"model":"claude-haiku-4-5","max_tokens":100000,"messages":[]}`,
		`{"max_tokens":1024,"messages":[]}`,
	} {
		r := httptest.NewRequest("POST", "/v1/messages", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 200
	// 400
	// 400
	// 400
}

// Without Required, a body that does not say how many tokens it wants is within the limit.
func ExampleRestriction_Required() {
	fmt.Println(guardrail.AtMost(4096, "max_tokens").Required())
	// Output:
	// max_tokens must be at most 4096
}
