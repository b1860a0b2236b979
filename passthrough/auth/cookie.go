package auth

import (
	"net/http"
	"strings"
)

// fromCookies reads the cookies that are carriers, from every Cookie line: HTTP/2 splits them (RFC 9113
// section 8.2.3).
func (g *Gate) fromCookies(f *found, r *http.Request) *Denial {
	if len(g.cookies) == 0 {
		return nil
	}
	seen := make([]bool, len(g.cookies))
	for _, line := range f.lines(r.Header, "Cookie") {
		for member := range strings.SplitSeq(line, ";") {
			name, value := parseCookie(member)
			for i := range g.cookies {
				p := &g.cookies[i]
				same, alias := p.is(name)
				switch {
				case alias:
					return aliased("a cookie", p.carrier)
				case same && seen[i]:
					return ambiguous(p.carrier + " is repeated")
				case same:
					seen[i] = true
					if denied := f.add(p.carrier, presented{secret: value}); denied != nil {
						return denied
					}
				}
			}
		}
	}
	return nil
}

// parseCookie reads one pair as net/http does: white space around it, and double quotes around its value,
// do not count.
func parseCookie(member string) (name, value string) {
	name, value, _ = strings.Cut(member, "=")
	name, value = strings.Trim(name, " \t"), strings.Trim(value, " \t")
	if n := len(value); n > 1 && value[0] == '"' && value[n-1] == '"' {
		value = value[1 : n-1]
	}
	return name, value
}

// withoutCookies returns the lines without the cookies that are carriers, and without the lines that held
// nothing else. The other cookies stay as they are, byte for byte.
func (g *Gate) withoutCookies(lines []string) []string {
	var kept []string
	for _, line := range lines {
		shorter := remove(line, ";", func(member string) bool {
			name, _ := parseCookie(member)
			return holds(g.cookies, name)
		})
		if len(shorter) != len(line) {
			if shorter = strings.Trim(shorter, " \t"); shorter == "" {
				continue
			}
		}
		kept = append(kept, shorter)
	}
	return kept
}
