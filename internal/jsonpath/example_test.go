package jsonpath_test

import (
	"fmt"

	"github.com/headersafe/headersafe/internal/jsonpath"
	"github.com/headersafe/headersafe/internal/jsonscan"
)

func ExamplePath_Select() {
	path := jsonpath.MustCompile("messages[*].content")
	body := []byte(`{"messages":[{"content":"hello"},{"content":[{"type":"text","text":"world"}]}]}`)
	tape, err := jsonscan.Scan(body, jsonscan.Limits{}, jsonscan.NewNames(path.Names()...))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer tape.Release()
	budget := &jsonpath.Budget{Steps: jsonpath.DefaultSteps(tape)}
	nodes, err := path.Select(tape, nil, budget)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range nodes {
		fmt.Printf("%s %s\n", jsonpath.Normalized(tape, n), tape.Raw(n))
	}
	// Output:
	// $['messages'][0]['content'] "hello"
	// $['messages'][1]['content'] [{"type":"text","text":"world"}]
}

// gjson's dialect does not slip through as a path that matches nothing.
func ExampleCompile() {
	_, err := jsonpath.Compile("messages.#.content")
	fmt.Println(err)
	// Output: jsonpath "messages.#.content": offset 9: syntax: a name or * must follow the dot, not '#'
}
