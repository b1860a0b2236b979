package guardrail_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/headersafe/headersafe/guardrail"
)

func ExampleSecrets() {
	guard, err := guardrail.Secrets(guardrail.SecretShape{
		Kind:       "badge number",
		Expression: `\bbadge-[0-9]{6}\b`,
		Literal:    "badge-", // texts without it cost next to nothing
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	token := "ghp_" + "Qx7ZkP2mW9vTb4Rc8Ly1NdJf6Hs3Gg0Qx7Zk"
	verdict, err := guard.Check(context.Background(), guardrail.Input{Texts: []guardrail.Text{
		{Role: "user", Value: "Why does git say 403?"},
		{Role: "user", Value: "git clone https://x:" + token + "@github.com/acme/app # I am badge-204613"},
	}})
	fmt.Println(verdict.Reason, verdict.Matches, err)
	// Output:
	// The request holds what looks like a credential (GitHub token, badge number). [1] <nil>
}

func ExampleNewAPIKey() {
	key := guardrail.NewAPIKey("not-to-be-seen")
	text, err := json.Marshal(map[string]any{"key": key})
	fmt.Printf("%v %s %v\n", key, text, err)
	// Output:
	// [redacted] {"key":"[redacted]"} <nil>
}
