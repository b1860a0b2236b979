// Command guard shows a guard of one's own: it blocks requests that mention tickets of another team.
//
//	go run ./examples/guard
//
// judges two conversations without a network and prints the answers.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/headersafe/headersafe/guardrail"
)

// tickets is a guard: it lets a team speak of its own tickets alone.
type tickets struct{ team string }

func (g tickets) Describe() guardrail.Description {
	return guardrail.Description{Name: "tickets", Version: "1 " + g.team} // a verdict per text, kept while the version is the same
}

func (g tickets) Check(_ context.Context, in guardrail.Input) (guardrail.Verdict, error) {
	for i, text := range in.Texts {
		if strings.Contains(strings.ReplaceAll(text.Value, g.team+"-TICKET-", ""), "TICKET-") {
			return guardrail.Verdict{Block: true, Reason: "It mentions another team's ticket.", Matches: []int{i}}, nil
		}
	}
	return guardrail.Verdict{}, nil
}

func main() {
	if err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(out io.Writer) error {
	guard, err := guardrail.New(guardrail.Config{
		Endpoints: guardrail.Anthropic(),
		Guards:    []guardrail.Guard{tickets{team: "OPS"}},
	})
	if err != nil {
		return err
	}
	// Around any handler; in a route it stands in passthrough.Config.
	handler := guard.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "forwarded") }))
	for _, text := range []string{"close OPS-TICKET-7", "close HR-TICKET-9"} {
		body := fmt.Sprintf(`{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":%q}]}]}`, text)
		r := httptest.NewRequest(http.MethodPost, "/v1/messages", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Fprintf(out, "%s: %d %s\n", text, w.Code, strings.TrimSpace(w.Body.String()))
	}
	return nil
}
