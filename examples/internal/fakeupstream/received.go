package fakeupstream

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Received is what the upstream tells about a request, under "headersafe_received".
type Received struct {
	Method   string              `json:"method"`
	Path     string              `json:"path"`  // as it came, escaped
	Query    string              `json:"query"` // as it came, but for credentials
	Headers  map[string][]string `json:"headers"`
	Trailers map[string][]string `json:"trailers,omitempty"`
}

// received describes r, whose body has been read.
func received(r *http.Request) Received {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	headers := masked(r.Header)
	headers["Host"] = []string{r.Host}
	got := Received{Method: r.Method, Path: path, Query: maskedQuery(r.URL.RawQuery), Headers: headers}
	if len(r.Trailer) > 0 {
		got.Trailers = masked(r.Trailer)
	}
	return got
}

// sentence is the description for a person.
func (got Received) sentence() string {
	var b strings.Builder
	b.WriteString("This request reached the upstream with the headers: ")
	for i, name := range slices.Sorted(maps.Keys(got.Headers)) {
		for j, value := range got.Headers[name] {
			if i+j > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%s: %s", name, value)
		}
	}
	return b.String()
}

func masked(h http.Header) map[string][]string {
	out := make(map[string][]string, len(h))
	for name, values := range h {
		out[name] = slices.Clone(values)
		if !isCredential(name) {
			continue
		}
		for i, value := range values {
			out[name][i] = Mask(value)
		}
	}
	return out
}

func maskedQuery(raw string) string {
	if raw == "" {
		return ""
	}
	parameters := strings.Split(raw, "&")
	for i, p := range parameters {
		name, value, found := strings.Cut(p, "=")
		decoded, err := url.QueryUnescape(name)
		if found && (err != nil || isCredential(decoded)) {
			parameters[i] = name + "=" + url.QueryEscape(Mask(value))
		}
	}
	return strings.Join(parameters, "&")
}

// isCredential is generous: to mask too much costs nothing here.
func isCredential(name string) bool {
	name = strings.ToLower(name)
	if name == "sec-websocket-key" {
		return false // a nonce
	}
	for _, word := range []string{"auth", "key", "token", "cookie", "secret", "password", "session", "credential", "cert"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// Mask returns the form in which a credential's field value is shown: "Bearer sk-ant-oat… (sha256 1a2b3c4d)". The
// scheme, if there is one, is kept; the digest is of what follows it.
func Mask(value string) string {
	scheme, secret, found := strings.Cut(value, " ")
	if !found || strings.ContainsAny(scheme, "=;,") {
		scheme, secret = "", value
	} else {
		scheme += " "
	}
	digest := sha256.Sum256([]byte(secret))
	shown := secret[:min(10, len(secret)/3)]
	return fmt.Sprintf("%s%s… (sha256 %s)", scheme, shown, hex.EncodeToString(digest[:4]))
}
