// Package shared finds the test data that lies beside a clone, in ../shared, and says what it means when
// there is none.
package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the path of a file below ../shared, seen from the repository's root. Where the folder is absent:
//
//   - on a developer's machine the test is skipped;
//   - under CI (CI is set and not empty) the test fails, since a gate that skips what it should prove is none;
//   - under a CI that is known not to have the folder, a public one, the test is skipped again, if that was said
//     with HEADERSAFE_SHARED=absent.
//
// A file that is missing from a folder that is there always fails the test.
func Path(t testing.TB, name string) string {
	t.Helper()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for dir := root; ; dir = filepath.Dir(dir) {
		if isDir(filepath.Join(dir, ".ci")) {
			root = dir
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatalf("no .ci, and so no root of the repository, above %s", root)
		}
	}
	folder := filepath.Join(filepath.Dir(root), "shared")
	if !isDir(folder) {
		if os.Getenv("CI") != "" && os.Getenv("HEADERSAFE_SHARED") != "absent" {
			t.Fatalf("%s: absent under CI, and HEADERSAFE_SHARED is not set to absent", folder)
		}
		t.Skipf("%s: absent", folder)
	}
	path := filepath.Join(folder, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
