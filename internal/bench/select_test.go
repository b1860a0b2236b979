package main

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/ohler55/ojg/jp"
	"github.com/ohler55/ojg/oj"
	"github.com/theory/jsonpath"
	"github.com/tidwall/gjson"

	ours "github.com/headersafe/headersafe/internal/jsonpath"
	"github.com/headersafe/headersafe/internal/jsonscan"
	"github.com/headersafe/headersafe/internal/jsonscan/bodies"
)

const selector = "$.messages[*].content"

// want is how many nodes the selector finds in a body: one a message, for everybody.
func want(tb testing.TB, body []byte) int {
	n := int(gjson.GetBytes(body, "messages.#").Int())
	if n == 0 {
		tb.Fatal("no messages")
	}
	return n
}

// selections are ways to check a body and select from it. Each returns how many nodes it found.
func selections() map[string]func(body []byte) (int, error) {
	path := ours.MustCompile(selector)
	names := jsonscan.NewNames(path.Names()...)
	var nodes []jsonscan.Node
	theory := jsonpath.MustParse(selector)
	ojg := jp.MustParseString(selector)
	return map[string]func([]byte) (int, error){
		"headersafe": func(body []byte) (int, error) {
			tape, err := jsonscan.Scan(body, jsonscan.Limits{}, names)
			if err != nil {
				return 0, err
			}
			defer tape.Release()
			nodes, err = path.Select(tape, nodes[:0], nil)
			return len(nodes), err
		},
		"theory": func(body []byte) (int, error) {
			var v any
			if err := json.Unmarshal(body, &v); err != nil {
				return 0, err
			}
			return len(theory.Select(v)), nil
		},
		"ojg": func(body []byte) (int, error) {
			v, err := oj.Parse(body)
			if err != nil {
				return 0, err
			}
			return len(ojg.Get(v)), nil
		},
		"encoding-json": func(body []byte) (int, error) {
			var v struct{ Messages []struct{ Content any } }
			err := json.Unmarshal(body, &v)
			return len(v.Messages), err
		},
		"gjson-valid-and-get": func(body []byte) (int, error) {
			if !gjson.ValidBytes(body) {
				return 0, fmt.Errorf("invalid")
			}
			return len(gjson.GetBytes(body, "messages.#.content").Array()), nil
		},
	}
}

func TestSelectionsAgree(t *testing.T) {
	for _, shape := range bodies.Shapes {
		body := bodies.Make(shape, 10<<10)
		for name, run := range selections() {
			if got, err := run(body); err != nil || got != want(t, body) {
				t.Errorf("%s, %s: %d, %v; want %d", shape, name, got, err, want(t, body))
			}
		}
	}
}

// BenchmarkSelect compares a strict scan with selection to decoding first and selecting from what was decoded.
func BenchmarkSelect(b *testing.B) {
	for _, shape := range bodies.Shapes {
		for _, size := range bodies.Sizes {
			body := bodies.Make(shape, size.Bytes)
			for name, run := range selections() {
				b.Run(fmt.Sprintf("%s/%s/%s", shape, size.Name, name), func(b *testing.B) {
					b.SetBytes(int64(len(body)))
					b.ReportAllocs()
					for b.Loop() {
						if _, err := run(body); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
