package leaktest

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
)

// layers is how many layers of percent-encoding are looked through.
const layers = 3

// found says in which form text holds the secret, or "" if in none that is known.
func found(text, secret string) string {
	if secret == "" {
		return ""
	}
	lower := strings.ToLower(secret)
	if strings.Contains(text, secret) || strings.Contains(strings.ToLower(text), lower) {
		return "as it stands"
	}
	for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for _, core := range cores(alphabet, secret) {
			if strings.Contains(text, core) {
				return "in base64"
			}
		}
	}
	if len(secret) >= shortestSecret && strings.Contains(strings.ToLower(text), hex.EncodeToString([]byte(secret))) {
		return "in hexadecimal"
	}
	decoded := text
	for range layers {
		next := unescape(decoded)
		if next == decoded {
			break
		}
		if decoded = next; strings.Contains(strings.ToLower(decoded), lower) {
			return "percent-encoded"
		}
	}
	return ""
}

// cores are what is the same in every base64 text that holds the secret, at each of the three alignments.
func cores(alphabet *base64.Encoding, secret string) []string {
	var out []string
	for shift := range 3 {
		text := alphabet.WithPadding(base64.NoPadding).EncodeToString([]byte("\x00\x00\x00"[:shift] + secret))
		first := (shift*8 + 5) / 6 // the characters before it depend on what comes before the secret
		last := len(text) - 1      // and the last one on what comes after
		if (shift+len(secret))%3 == 0 {
			last = len(text)
		}
		if core := text[first:last]; len(core) >= shortestSecret {
			out = append(out, core)
		}
	}
	return out
}

// unescape undoes one layer of percent-encoding, triplet by triplet: what is none stays.
func unescape(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if c, err := url.PathUnescape(text[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
