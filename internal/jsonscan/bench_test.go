package jsonscan_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/headersafe/headersafe/internal/jsonscan"
	"github.com/headersafe/headersafe/internal/jsonscan/bodies"
	"github.com/tidwall/gjson"
)

// BenchmarkScan compares a strict scan with what it would be replaced by: a validation, a walk, a decoding.
func BenchmarkScan(b *testing.B) {
	names := jsonscan.NewNames("messages", "content", "system", "tools")
	for _, shape := range bodies.Shapes {
		for _, size := range bodies.Sizes {
			body := bodies.Make(shape, size.Bytes)
			run := func(name string, op func() error) {
				b.Run(fmt.Sprintf("%s/%s/%s", shape, size.Name, name), func(b *testing.B) {
					b.SetBytes(int64(len(body)))
					b.ReportAllocs()
					for b.Loop() {
						if err := op(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			run("jsonscan", func() error {
				t, err := jsonscan.Scan(body, jsonscan.Limits{}, names)
				t.Release()
				return err
			})
			run("gjson.ValidBytes", func() error {
				if !gjson.ValidBytes(body) {
					return fmt.Errorf("refused")
				}
				return nil
			})
			run("gjson.ForEach", func() error {
				walk(gjson.ParseBytes(body))
				return nil
			})
			run("encoding.json", func() error {
				var v any
				return json.Unmarshal(body, &v)
			})
		}
	}
}

func walk(r gjson.Result) {
	if r.IsObject() || r.IsArray() {
		r.ForEach(func(_, v gjson.Result) bool {
			walk(v)
			return true
		})
	}
}
