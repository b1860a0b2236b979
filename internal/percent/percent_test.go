package percent

import (
	"net/url"
	"testing"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		in, want string
		changed  bool
	}{
		{"", "", false},
		{"plain", "plain", false},
		{"%41", "A", true},
		{"%2e%2E", "..", true},
		{"a%zzb", "a%zzb", false},
		{"%zz%2e", "%zz.", true},
		{"%", "%", false},
		{"%4", "%4", false},
		{"%%41", "%A", true},
		{"%2541", "%41", true},
		{"%00", "\x00", true},
	} {
		got, changed := Decode(c.in)
		if got != c.want || changed != c.changed {
			t.Errorf("Decode(%q) = %q, %v; want %q, %v", c.in, got, changed, c.want, c.changed)
		}
	}
}

// Where net/url accepts a text, the two agree; where it does not, Decode still returns.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", "%", "%2", "%2f..%2f", "%zz%41", "%25%32%65"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, changed := Decode(s)
		if changed != (len(got) < len(s)) {
			t.Fatalf("Decode(%q) = %q, %v", s, got, changed)
		}
		if want, err := url.PathUnescape(s); err == nil && got != want {
			t.Fatalf("Decode(%q) = %q; net/url says %q", s, got, want)
		}
	})
}
