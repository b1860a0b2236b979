package jsonpath_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/headersafe/headersafe/internal/jsonpath"
	"github.com/headersafe/headersafe/internal/jsonscan"
	"github.com/headersafe/headersafe/internal/jsonscan/bodies"
	"github.com/tidwall/gjson"
)

// BenchmarkSelect is what a guard does with a request. select: a strict scan with the selected names, $.messages[*].content, and all
// strings below what is selected, as nodes. select+unescape: their values copied besides. Beside them what others take
// to validate, to walk, to decode.
func BenchmarkSelect(b *testing.B) {
	path := jsonpath.MustCompile("messages[*].content")
	names := jsonscan.NewNames(path.Names()...)
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
			var nodes, found []jsonscan.Node
			var text []byte
			run("select", func() error {
				t, err := jsonscan.Scan(body, jsonscan.Limits{}, names)
				if err != nil {
					return err
				}
				defer t.Release()
				nodes, err = path.Select(t, nodes[:0], nil)
				found = texts(t, nodes, found[:0])
				if len(found) == 0 {
					return errors.New("no text")
				}
				return err
			})
			run("select+unescape", func() error {
				t, err := jsonscan.Scan(body, jsonscan.Limits{}, names)
				if err != nil {
					return err
				}
				defer t.Release()
				nodes, err = path.Select(t, nodes[:0], nil)
				found = texts(t, nodes, found[:0])
				for _, n := range found {
					text = t.AppendText(text[:0], n)
				}
				return err
			})
			run("scan", func() error {
				t, err := jsonscan.Scan(body, jsonscan.Limits{}, names)
				t.Release()
				return err
			})
			run("gjson.ValidBytes", func() error {
				if !gjson.ValidBytes(body) {
					return errors.New("refused")
				}
				return nil
			})
			run("gjson.ForEach", func() error {
				n := 0
				gjson.GetBytes(body, "messages").ForEach(func(_, m gjson.Result) bool {
					n += walk(m.Get("content"))
					return true
				})
				if n == 0 {
					return errors.New("no text")
				}
				return nil
			})
			run("encoding.json", func() error {
				var v any
				return json.Unmarshal(body, &v)
			})
		}
	}
}

// texts gathers the strings below the nodes.
func texts(t *jsonscan.Tape, nodes, found []jsonscan.Node) []jsonscan.Node {
	for _, n := range nodes {
		for end := t.After(n); n < end; n++ {
			if t.Type(n) == jsonscan.String {
				found = append(found, n)
			}
		}
	}
	return found
}

func walk(r gjson.Result) (n int) {
	switch {
	case r.Type == gjson.String:
		return len(r.Str)
	case r.IsObject() || r.IsArray():
		r.ForEach(func(_, v gjson.Result) bool {
			n += walk(v)
			return true
		})
	}
	return n
}
