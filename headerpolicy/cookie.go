package headerpolicy

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/headersafe/headersafe/internal/field"
)

// cookies rebuilds the Cookie field from the pairs that are named (RFC 6265 section 5.4): in their order, each byte
// for byte, in one line.
func (b *build) cookies(named map[string]bool, lines []string) {
	var kept []string
	dropped := 0
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			pair = strings.Trim(pair, " \t")
			name, value, ok := strings.Cut(pair, "=")
			switch name = strings.TrimRight(name, " \t"); {
			case pair == "":
				continue
			case !ok || !named[name]:
				dropped++
				continue
			case !field.ValidValue(pair):
				b.refuse(http.StatusBadRequest, codeInvalid, "Cookie", "The cookie "+strconv.Quote(name)+" is invalid.")
			case ambiguousCookie(value):
				b.refuse(http.StatusBadRequest, codeCookieAmbiguous, "Cookie",
					"The cookie "+strconv.Quote(name)+" has quotation marks within its value, which parsers read differently.")
			case hasCookie(kept, name):
				b.refuse(http.StatusBadRequest, codeCookieRepeated, "Cookie", "The cookie "+strconv.Quote(name)+" is repeated.")
			}
			kept = append(kept, pair)
		}
	}
	if len(kept) == 0 {
		b.note("Cookie", NotNamed, "")
		return
	}
	b.keepOne("Cookie", strings.Join(kept, "; "))
	b.note("Cookie", Forwarded, strconv.Itoa(len(kept))+" of "+strconv.Itoa(len(kept)+dropped)+" cookies")
}

// ambiguousCookie reports whether a value has quotation marks other than around the whole: some parsers
// take all up to the next mark for the value, semicolons and further cookies included.
func ambiguousCookie(value string) bool {
	value = strings.Trim(value, " \t")
	if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
		value = value[1 : n-1]
	}
	return strings.Contains(value, `"`)
}

func hasCookie(pairs []string, name string) bool {
	for _, pair := range pairs {
		if other, _, _ := strings.Cut(pair, "="); strings.TrimRight(other, " \t") == name {
			return true
		}
	}
	return false
}

// setCookies keeps the Set-Cookie lines whose cookies are named, as they came. Each line is one cookie.
func (b *build) setCookies(named map[string]bool, lines []string) {
	var kept []string
	for _, line := range lines {
		pair, _, _ := strings.Cut(line, ";")
		name, _, ok := strings.Cut(pair, "=")
		if ok && named[strings.Trim(name, " \t")] && field.ValidValue(line) {
			kept = append(kept, line)
		}
	}
	if len(kept) == 0 {
		b.note("Set-Cookie", NotNamed, "")
		return
	}
	b.keep("Set-Cookie", kept)
	b.note("Set-Cookie", Forwarded, strconv.Itoa(len(kept))+" of "+strconv.Itoa(len(lines))+" cookies")
}
