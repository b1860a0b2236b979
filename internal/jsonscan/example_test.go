package jsonscan_test

import (
	"fmt"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

func ExampleScan() {
	tape, err := jsonscan.Scan([]byte(`{"messages":[{"content":"caf\u00e9"}]}`), jsonscan.Limits{}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer tape.Release()
	for n := jsonscan.Root; n < tape.After(jsonscan.Root); n++ {
		fmt.Printf("%s %q\n", tape.Type(n), tape.String(n))
	}
	// Output:
	// object ""
	// array ""
	// object ""
	// string "café"
}

// A guard reads "messages"; a parser that ignores case would obey the other member.
func ExampleNewNames() {
	body := []byte(`{"model":"m","MESSAGES":[{"content":"not for the guard"}]}`)
	_, err := jsonscan.Scan(body, jsonscan.Limits{}, jsonscan.NewNames("messages", "content"))
	fmt.Println(err)
	// Output: json refused at offset 13: name that folds to a selected name
}
