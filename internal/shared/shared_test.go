package shared_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/headersafe/headersafe/internal/shared"
)

// outcome runs Path as a test would and tells how it ended.
type outcome struct {
	testing.TB
	failed, skipped bool
}

func (o *outcome) Helper()               {}
func (o *outcome) Fatal(...any)          { o.failed = true; runtime.Goexit() }
func (o *outcome) Fatalf(string, ...any) { o.failed = true; runtime.Goexit() }
func (o *outcome) Skipf(string, ...any)  { o.skipped = true; runtime.Goexit() }

func TestAbsentDataFailsOnlyWhereItMustBeThere(t *testing.T) {
	for _, c := range []struct {
		name, folder, file, ci, word string
		failed, skipped              bool
	}{
		{name: "there", folder: "shared", file: "data"},
		{name: "there, under CI", folder: "shared", file: "data", ci: "true"},
		{name: "file missing", folder: "shared", file: "other", failed: true},
		{name: "absent", folder: "elsewhere", file: "data", skipped: true},
		{name: "absent under CI", folder: "elsewhere", file: "data", ci: "true", failed: true},
		{name: "absent under a CI that says so", folder: "elsewhere", file: "data", ci: "true", word: "absent", skipped: true},
		{name: "absent under CI, other word", folder: "elsewhere", file: "data", ci: "true", word: "maybe", failed: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := t.TempDir()
			for _, dir := range []string{"main/.ci", "main/a/b", c.folder} {
				if err := os.MkdirAll(filepath.Join(base, dir), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			want := filepath.Join(base, c.folder, "data")
			if err := os.WriteFile(want, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Chdir(filepath.Join(base, "main", "a", "b"))
			t.Setenv("CI", c.ci)
			t.Setenv("HEADERSAFE_SHARED", c.word)

			o := &outcome{TB: t}
			var got string
			done := make(chan struct{})
			go func() {
				defer close(done)
				got = shared.Path(o, c.file)
			}()
			<-done
			if o.failed != c.failed || o.skipped != c.skipped {
				t.Errorf("failed %t, skipped %t; want %t, %t", o.failed, o.skipped, c.failed, c.skipped)
			}
			if !c.failed && !c.skipped && got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
