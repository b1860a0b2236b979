package field

import (
	"net/http"
	"slices"
	"strings"
)

// Field is a field of a message: its canonical name and its lines.
type Field struct {
	Name  string
	Lines []string
}

// MergeResponse adds a field of an upstream's response to those that the gateway's own middleware has set in dst, and
// reports whether it stands there now: other than where the gateway has set the field, too. Vary, Set-Cookie and Link
// gather both; fields that describe the body are the upstream's. The slice is handed over.
func MergeResponse(dst http.Header, f Field) bool {
	before, ok := dst[f.Name]
	switch {
	case !ok || describesBody(f.Name):
		dst[f.Name] = f.Lines
	case gathers(f.Name):
		dst[f.Name] = slices.Concat(before, f.Lines)
	default:
		return false
	}
	return true
}

func gathers(canonical string) bool {
	return canonical == "Vary" || canonical == "Set-Cookie" || canonical == "Link"
}

// describesBody reports whether a field is about the content of the message (RFC 9110 section 8).
func describesBody(canonical string) bool {
	return strings.HasPrefix(canonical, "Content-") && !strings.HasPrefix(canonical, "Content-Security-Policy")
}
