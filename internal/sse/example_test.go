package sse_test

import (
	"fmt"

	"github.com/headersafe/headersafe/internal/sse"
)

// A stream arrives in pieces that have nothing to do with its events.
func ExampleReader() {
	r := sse.NewReader(sse.Limits{})
	show := func(ev sse.Event) error {
		fmt.Printf("%q is %q: %q\n", ev.Raw, ev.Name, ev.Data)
		return nil
	}
	for _, chunk := range []string{": hello\n\nevent: gree", "ting\ndata: one\ndata: two\n", "\ndata: three"} {
		if err := r.Feed([]byte(chunk), show); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("%q is left: %v\n", r.Rest(), r.Close())

	// Output:
	// ": hello\n" is "": ""
	// "\n" is "": ""
	// "event: greeting\ndata: one\ndata: two\n\n" is "greeting": "one\ntwo"
	// "data: three" is left: event stream refused at offset 46: ended inside an event
}
