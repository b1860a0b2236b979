package field

import (
	"net/http"
	"slices"
	"strings"
)

// MergeResponse adds the fields of an upstream's response, src, to those that the gateway's own middleware has set
// in dst, and returns the names, sorted, for which the gateway's value stood and stays. Vary, Set-Cookie and Link
// gather both; fields that describe the body are the upstream's. The slices of src are handed over.
func MergeResponse(dst, src http.Header) (kept []string) {
	for name, lines := range src {
		before, ok := dst[name]
		switch {
		case !ok || describesBody(name):
			dst[name] = lines
		case gathers(name):
			dst[name] = slices.Concat(before, lines)
		default:
			kept = append(kept, name)
		}
	}
	slices.Sort(kept)
	return kept
}

func gathers(canonical string) bool {
	return canonical == "Vary" || canonical == "Set-Cookie" || canonical == "Link"
}

// describesBody reports whether a field is about the content of the message (RFC 9110 section 8).
func describesBody(canonical string) bool {
	return strings.HasPrefix(canonical, "Content-") && !strings.HasPrefix(canonical, "Content-Security-Policy")
}
