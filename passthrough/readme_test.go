package passthrough_test

import (
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/headerpolicy"
	"github.com/headersafe/headersafe/passthrough"
	"github.com/headersafe/headersafe/passthrough/auth"
)

// Example is the README's main, to the letter.
func Example() {
	_ = os.Setenv("ALICE_KEY", "alice-gateway-key")
	mux := http.NewServeMux()

	keys, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(os.Getenv("ALICE_KEY"))})
	if err != nil {
		log.Fatal(err)
	}
	secrets, err := guardrail.Secrets() // pasted credentials do not leave
	if err != nil {
		log.Fatal(err)
	}
	route, err := passthrough.New(passthrough.Config{
		Upstream: passthrough.Upstream{URL: "https://api.anthropic.com"},
		Auth:     auth.Config{Carriers: []auth.Carrier{auth.Header("X-Gateway-Key")}, Verifier: keys},
		Headers:  headerpolicy.Anthropic(), // a Config: a value to look at, extend, or replace
		Guardrail: guardrail.Config{
			Endpoints: guardrail.Anthropic(), // where the text is, per endpoint
			Guards:    []guardrail.Guard{secrets},
		},
		Errors:   passthrough.AnthropicErrors, // denials in the shape that the client's SDK parses
		Observer: passthrough.LogTo(slog.Default()),
	})
	if err != nil {
		log.Fatal(err) // every mistake in the configuration, in one error
	}
	mux.Handle("/anthropic/", http.StripPrefix("/anthropic", route))

	_ = http.Handler(mux) // to be served
	// Output:
}

// What the README shows is what is compiled and run here.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "## Twenty lines")
	_, rest, _ = strings.Cut(rest, "```go\n")
	snippet, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the README has no snippet under Twenty lines")
	}
	indented := "\t" + strings.ReplaceAll(strings.TrimSpace(snippet), "\n", "\n\t")
	if !strings.Contains(string(source), indented) {
		t.Errorf("the README's snippet is not in Example:\n%s", snippet)
	}
}
