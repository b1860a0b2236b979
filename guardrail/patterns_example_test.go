package guardrail_test

import (
	"context"
	"fmt"

	"github.com/headersafe/headersafe/guardrail"
)

func ExamplePatterns() {
	guard, err := guardrail.Patterns("codenames", `(?i)\bproject nightfall\b`)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, texts := range [][]guardrail.Text{
		{{Role: "user", Value: "What is Project Nightfall?"}},
		{{Role: "user", Value: "What is Pro\u200bject Night\u00adfall?"}},               // characters that are not seen
		{{Role: "user", Value: "What is project"}, {Role: "user", Value: "nightfall?"}}, // two blocks
		{{Role: "user", Value: "What is at nightfall?"}},
	} {
		verdict, err := guard.Check(context.Background(), guardrail.Input{Texts: texts})
		fmt.Println(verdict.Block, verdict.Matches, verdict.Detail, err)
	}
	// Output:
	// true [0] expression 0 matches in one text, as they stand <nil>
	// true [0] expression 0 matches in one text, invisible characters removed <nil>
	// true [0 1] expression 0 matches in neighbouring texts, as they stand <nil>
	// false []  <nil>
}

// Mistakes are reported all at once, and an expression that would block everything is one.
func ExamplePatterns_mistakes() {
	_, err := guardrail.Patterns("codenames", `(nightfall`, `nightfall|`)
	fmt.Println(err)
	// Output:
	// guardrail: Patterns expressions[0] "(nightfall": does not compile as an RE2 expression: error parsing regexp: missing closing ): `(nightfall`
	// guardrail: Patterns expressions[1] "nightfall|": matches the empty text, so it would block everything; ask for one character at least
}
