package field

import (
	"net/http"
	"strings"
)

// HopByHop reports whether the canonical name concerns one connection alone and is never
// forwarded (RFC 9110 section 7.6.1, with the names that older clients still send).
//
// Proxy-Authorization and Proxy-Authenticate are among them: they speak to this hop.
func HopByHop(canonical string) bool {
	switch canonical {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding",
		"Upgrade", "Http2-Settings", "Proxy-Authenticate", "Proxy-Authorization",
		"Proxy-Authentication-Info":
		return true
	}
	return false
}

// Framing reports whether the canonical name is written by the HTTP implementation itself from the
// message that it sends. A policy cannot name such a field, and none is copied.
func Framing(canonical string) bool {
	switch canonical {
	case "Host", "Content-Length", "Expect":
		return true
	}
	return HopByHop(canonical)
}

// Nominated returns the canonical names that the Connection fields of h declare hop-by-hop, from
// every line and list member. A member that is no token is returned as it stands, so that the
// caller can refuse it. The result is nil where nothing is nominated.
func Nominated(h http.Header) []string {
	var names []string
	for member := range Members(h["Connection"]) {
		switch {
		case strings.EqualFold(member, "close"), strings.EqualFold(member, "keep-alive"):
		default:
			names = append(names, Canonical(member))
		}
	}
	return names
}

// Members yields the non-empty members of a comma-separated list field, over all its lines
// (RFC 9110 section 5.6.1). Quoted strings are not unquoted: use it for lists of tokens.
func Members(lines []string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, line := range lines {
			for len(line) > 0 {
				var member string
				member, line, _ = strings.Cut(line, ",")
				if member = strings.Trim(member, " \t"); member != "" && !yield(member) {
					return
				}
			}
		}
	}
}

// HasMember reports whether a list of tokens holds member, compared without case.
func HasMember(lines []string, member string) bool {
	for m := range Members(lines) {
		if strings.EqualFold(m, member) {
			return true
		}
	}
	return false
}
