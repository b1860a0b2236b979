package jsonpath_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/headersafe/headersafe/internal/jsonpath"
	"github.com/headersafe/headersafe/internal/jsonscan"
)

// ctsCases is how many cases the suite has: a shorter file would pass for the wrong reason.
const ctsCases = 703

type ctsCase struct {
	Name         string              `json:"name"`
	Selector     string              `json:"selector"`
	Document     json.RawMessage     `json:"document"`
	Result       []json.RawMessage   `json:"result"`
	Results      [][]json.RawMessage `json:"results"`
	ResultPaths  []string            `json:"result_paths"`
	ResultsPaths [][]string          `json:"results_paths"`
	Invalid      bool                `json:"invalid_selector"`
}

// TestComplianceSuite runs the JSONPath Compliance Test Suite. Its documents pass the strict scanner as they are.
func TestComplianceSuite(t *testing.T) {
	cases := loadSuite(t)
	if len(cases) != ctsCases {
		t.Fatalf("%d cases, want %d", len(cases), ctsCases)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			path, err := jsonpath.Compile(c.Selector)
			if c.Invalid {
				var fault *jsonpath.Error
				if !errors.As(err, &fault) {
					t.Fatalf("%q compiles (%v)", c.Selector, err)
				}
				if fault.Offset < 0 || fault.Offset > len(c.Selector) {
					t.Errorf("offset %d", fault.Offset)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			tape, err := jsonscan.Scan(c.Document, jsonscan.Limits{}, nil)
			if err != nil {
				t.Fatalf("document refused: %v", err)
			}
			defer tape.Release()
			nodes, err := path.Select(tape, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.check(t, tape, nodes)
		})
	}
}

// check compares values and normalized paths with the one result, or with that alternative among several which
// agrees in both: the suite lists them side by side.
func (c ctsCase) check(t *testing.T, tape *jsonscan.Tape, nodes []jsonscan.Node) {
	t.Helper()
	results, paths := c.Results, c.ResultsPaths
	if results == nil {
		results, paths = [][]json.RawMessage{c.Result}, [][]string{c.ResultPaths}
	}
	if len(results) != len(paths) {
		t.Fatalf("%d results, %d lists of paths", len(results), len(paths))
	}
	gotPaths := []string{}
	gotValues := []any{}
	for _, n := range nodes {
		gotPaths = append(gotPaths, jsonpath.Normalized(tape, n))
		gotValues = append(gotValues, parse(t, tape.Raw(n)))
	}
	for i := range results {
		want := []any{}
		for _, raw := range results[i] {
			want = append(want, parse(t, raw))
		}
		if reflect.DeepEqual(gotValues, want) && reflect.DeepEqual(gotPaths, paths[i]) {
			return
		}
	}
	t.Errorf("%s of %s\n got %v at %q\nwant %s at %q", c.Selector, c.Document, gotValues, gotPaths, results, paths)
}

func parse(t *testing.T, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// loadSuite reads the suite from the folder shared beside the project. Without it the test says so, and fails
// where it must run.
func loadSuite(t testing.TB) []ctsCase {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
	file := filepath.Join(dir, "..", "shared", "testdata", "jsonpath-cts.json")
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		if os.Getenv("CI") != "" {
			t.Fatalf("the JSONPath compliance suite is missing: %s", file)
		}
		t.Skipf("SKIPPED, NOT PASSED: the JSONPath compliance suite is missing: %s", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	var suite struct {
		Tests []ctsCase `json:"tests"`
	}
	if err := json.Unmarshal(raw, &suite); err != nil {
		t.Fatal(err)
	}
	return suite.Tests
}
