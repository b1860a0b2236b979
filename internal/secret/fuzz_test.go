package secret_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/secret"
)

// FuzzNeedleFinds hides a secret and looks for it.
//
// Oracle: a secret of six bytes or more is found between any prefix and suffix, after any chain of the encodings
// that [secret.Needle] lists: first form-encoding of spaces or one base64, of either alphabet, padded or not, with
// neighbours inside; then percent-encoding of any of the bytes and of all percent signs, as often as one likes.
func FuzzNeedleFinds(f *testing.F) {
	f.Add("gk-0123/abc?x~", "user:", "", uint8(1), []byte{0x55}, "Basic ", "")
	f.Add("open sesame", "", "", uint8(5), []byte{0xff, 0x01}, "a=", "&b=%zz")
	f.Add("\xff\xfe\xfd\xfb\xfa\xf9", "a", "bc", uint8(3), []byte{}, "", "%4")
	f.Add("50%41off", "ab", "", uint8(4), []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "", "")
	f.Add("C++ and more", "", "", uint8(5), []byte{}, "", "")
	f.Add("1bcdef", "", "", uint8(0), []byte{0x20, 3, 9}, "%4", "1")
	f.Fuzz(func(t *testing.T, key, before, after string, form uint8, layers []byte, prefix, suffix string) {
		if len(key) < secret.MinLength || len(layers) > 12 || len(key)+len(before)+len(after) > 200 {
			return
		}
		text := key
		switch inside := []byte(before + key + after); form % 6 {
		case 1:
			text = base64.StdEncoding.EncodeToString(inside)
		case 2:
			text = base64.RawStdEncoding.EncodeToString(inside)
		case 3:
			text = base64.URLEncoding.EncodeToString(inside)
		case 4:
			text = base64.RawURLEncoding.EncodeToString(inside)
		case 5:
			text = strings.NewReplacer("%", "%25", "+", "%2B", " ", "+").Replace(text)
		}
		for _, which := range layers {
			if text = percentSome(text, which); len(text) > 1<<16 {
				return
			}
		}
		if strings.Contains(prefix, "%") {
			prefix += " " // a prefix that ends within a triplet makes another text of what follows, for every decoder
		}
		if text = prefix + text + suffix; !secret.NewNeedle(secret.New(key)).In(text) {
			t.Errorf("%q is not found in %q", key, text)
		}
	})
}

// percentSome encodes the percent signs, and those bytes that the bits of which, taken in turn, select.
func percentSome(s string, which byte) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] == '%' || which&(1<<(i%8)) != 0 {
			fmt.Fprintf(&b, "%%%02X", s[i])
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// FuzzNeedleAgrees compares a Needle with a slow reference on any text.
//
// Oracle: In is true exactly if one of the texts that full percent-decoding goes through, up to eight layers, holds the
// secret itself, its form-encoding, or a run of base64 characters whose bits are the secret's, the outer characters
// aside that it shares with its neighbours; or if a ninth layer can be undone. In a text that is shorter than the
// secret there is nothing, however it is nested.
func FuzzNeedleAgrees(f *testing.F) {
	f.Add("gk-0123/abc?x~", "a=gk%2D0123%2fabc?x~ and Z2stMDEyMy9hYmM/eH4=")
	f.Add("open sesame", "open+sesame")
	f.Add("secret", "WXNlY3JldFk xzZWNyZXQ AAc2VjcmV0")
	f.Add("secret", "%25252525252525252525 %2525252525252525")
	f.Add("secret", "100% of %zz %7 %73ecret")
	f.Add("\xff\xff\xff\xff\xff\xff", "________ ////////")
	f.Fuzz(func(t *testing.T, key, text string) {
		if len(key) < secret.MinLength || len(key) > 64 || len(text) > 4096 {
			return
		}
		want := reference(text, key)
		if got := secret.NewNeedle(secret.New(key)).In(text); got != want {
			t.Errorf("%q in %q: %t, and %t by the reference", key, text, got, want)
		}
	})
}

var triplet = regexp.MustCompile("%[0-9A-Fa-f]{2}")

func reference(text, key string) bool {
	if len(text) < len(key) {
		return false
	}
	for range 9 {
		if strings.Contains(text, key) || inForm(text, key) || inBase64(text, key) {
			return true
		}
		if !triplet.MatchString(text) {
			return false
		}
		text = triplet.ReplaceAllStringFunc(text, func(s string) string {
			decoded, err := url.PathUnescape(s)
			if err != nil {
				panic(err) // it is a triplet
			}
			return decoded
		})
	}
	return true
}

// inForm takes spaces and plus signs for one another where the secret has a space.
func inForm(text, key string) bool {
	plus := func(s string) string { return strings.ReplaceAll(s, " ", "+") }
	return strings.Contains(key, " ") && strings.Contains(plus(text), plus(key))
}

// inBase64 compares bit by bit, at every character and every alignment, in each alphabet.
func inBase64(text, key string) bool {
	var bits strings.Builder
	for i := range len(key) {
		fmt.Fprintf(&bits, "%08b", key[i])
	}
	for _, alphabet := range []string{"+/", "-_"} {
		alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + alphabet
		for lost := range 3 { // 0, 2 or 4 of the first bits are in a character that begins before the secret
			own := bits.String()[[3]int{0, 4, 2}[lost]:]
			var run strings.Builder
			for ; len(own) >= 6; own = own[6:] {
				n, err := strconv.ParseUint(own[:6], 2, 8)
				if err != nil {
					panic(err) // they are six bits
				}
				run.WriteByte(alphabet[n])
			}
			if strings.Contains(text, run.String()) {
				return true
			}
		}
	}
	return false
}
