package secret_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/headersafe/headersafe/internal/secret"
)

// percentFull encodes every byte, n times over.
func percentFull(s string, n int) string {
	for range n {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, "%%%02x", s[i])
		}
		s = b.String()
	}
	return s
}

// percentAgain encodes the percent signs alone, n times over.
func percentAgain(s string, n int) string {
	for range n {
		s = strings.ReplaceAll(s, "%", "%25")
	}
	return s
}

func TestNeedleIn(t *testing.T) {
	const key = "gk-0123/abc?x~" // has a slash and a plus in some of its base64
	std, url := base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString
	for _, tt := range []struct {
		name, secret, text string
		want               bool
	}{
		{"raw", key, key, true},
		{"inside longer", key, "x" + key + "y", true},
		{"in a list", key, `a="b", key="` + key + `"`, true},
		{"percent, in full", key, percentFull(key, 1), true},
		{"percent, in capitals", key, strings.ToUpper(percentFull(key, 1)[:3]) + key[1:], true},
		{"percent, a byte", key, "a=gk%2D0123/abc?x~&b=c", true},
		{"percent, as a path has it", key, "/v1/gk-0123%2Fabc%3Fx~/x", true},
		{"percent, twice", key, percentFull(key, 2), true},
		{"percent, eight times", key, percentAgain("%67"+key[1:], 7), true},
		{"percent, nine times", key, percentAgain("%67"+key[1:], 8), true},
		{"percent, different depths", key, "%67k%252D0123%2525252fabc?x~", true},
		{"nested too deeply", key, percentAgain("%67 and nothing else", 8), true},
		{"nested deeply, and nothing", key, percentAgain("%67 and nothing else", 7), false},
		{"among bad triplets", key, "100%, %zz " + percentFull(key, 1) + "%4", true},
		{"base64", key, std([]byte(key)), true},
		{"base64, basic with a user name", key, "Basic " + std([]byte("user:"+key)), true},
		{"base64, basic as the user name", key, "Basic " + std([]byte(key+":")), true},
		{"base64, one before", key, std([]byte("a" + key)), true},
		{"base64, two before", key, std([]byte("ab" + key)), true},
		{"base64, before and after", key, std([]byte("abc" + key + "d")), true},
		{"base64, before and two after", key, std([]byte("abcd" + key + "ef")), true},
		{"base64 for URLs", key, url([]byte(key)), true},
		{"base64 for URLs, one before", key, url([]byte("a" + key + "z")), true},
		{"base64 for URLs, two before", key, url([]byte("ab" + key + "z")), true},
		{"base64, a secret of ÿ", "\xff\xff\xff\xff\xff\xff", url([]byte("a\xff\xff\xff\xff\xff\xff")), true},
		{"base64, percent-encoded", key, percentFull(std([]byte("me:"+key)), 2), true},
		{"space as plus", "open sesame", "q=open+sesame", true},
		{"space as %20", "open sesame", "q=open%20sesame", true},
		{"space as plus, and percent", "open sesame!", "q=%6fpen+sesame%21", true},
		{"space as plus beside a plus", "C++ and more", "q=C%2B%2B+and+more", true},
		{"plus is no space in a secret without", "open-sesame", "open+sesame", false},
		{"a percent sign of its own", "50%41off", "x50%2541off", true},
		{"a percent sign, raw", "50%41off", "x50%41off", true},
		{"shorter", key, key[:len(key)-1], false},
		{"another case", key, strings.ToUpper(key), false},
		{"interrupted", key, "gk-0123 /abc?x~", false},
		{"a part, as long as all", key, key[:8] + strings.Repeat("x", 40), false},
		{"base64 of a part", key, std([]byte(key[:10] + "xxxxxxxxxxxxxxxxxxxx")), false},
		{"nothing", key, "", false},
		{"long and harmless", key, strings.Repeat("0123/abc?x~ %20 ", 100), false},
		{"a byte", "a", "bab", true},
		{"another byte", "a", "bcd", false},
		{"empty secret", "", "anything", false},
		{"empty secret and text", "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := secret.NewNeedle(secret.New(tt.secret)).In(tt.text); got != tt.want {
				t.Errorf("%q in %q: %t", tt.secret, tt.text, got)
			}
		})
	}
	if secret.NewNeedle(secret.Value{}).In("anything") {
		t.Error("the zero Value is found")
	}
}

func TestNeedleInName(t *testing.T) {
	for _, tt := range []struct {
		secret, name string
		want         bool
	}{
		{"Secret-Name", "Secret-Name", true},
		{"sEcret-nAme", "X-Secret-Name-2", true}, // names are written in canonical form on their way
		{"Secret-Name", "Secret-Nam", false},
		{"Secret-Name", "Secret_Name", false},
		{"", "X", false},
	} {
		if got := secret.NewNeedle(secret.New(tt.secret)).InName(tt.name); got != tt.want {
			t.Errorf("%q in the name %q: %t", tt.secret, tt.name, got)
		}
	}
}

func TestNeedleIsConcurrent(t *testing.T) {
	n := secret.NewNeedle(secret.New("open sesame"))
	text := base64.StdEncoding.EncodeToString([]byte("me:open sesame"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if !n.In(text) || n.In("nothing to see here") {
				t.Error("wrong answer")
			}
		})
	}
	wg.Wait()
}

// TestNeedleAllocations: an ordinary value, which has no percent sign, is looked at without allocating.
func TestNeedleAllocations(t *testing.T) {
	n := secret.NewNeedle(secret.New("gk-0123456789"))
	n.In("the first call makes the base64 forms")
	if got := testing.AllocsPerRun(100, func() { n.In("claude-cli/2.1.330 (external, sdk-cli)") }); got != 0 {
		t.Errorf("%v allocations", got)
	}
	if got := testing.AllocsPerRun(100, func() { n.InName("X-Stainless-Runtime-Version") }); got != 0 {
		t.Errorf("a name: %v allocations", got)
	}
	value := secret.New("gk-0123456789")
	if got := testing.AllocsPerRun(100, func() {
		var s secret.Search
		s.For(value)
		s.InField("X-Stainless-Runtime-Version", []string{"claude-cli/2.1.330 (external, sdk-cli)"})
	}); got > 1 {
		t.Errorf("a search: %v allocations", got)
	}
}

func BenchmarkNeedleIn(b *testing.B) {
	n := secret.NewNeedle(secret.New("gk-0123456789abcdef"))
	for _, text := range []string{"claude-cli/2.1.330 (external, sdk-cli)", strings.Repeat("interleaved-thinking-2025-05-14,", 8), strings.Repeat("a%20b", 50)} {
		b.Run(fmt.Sprintf("%.12s", text), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				n.In(text)
			}
		})
	}
}
