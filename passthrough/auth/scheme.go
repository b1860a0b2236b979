package auth

import (
	"encoding/base64"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/headersafe/headersafe/internal/secret"
)

// maxSecretLength is the length in bytes above which a secret is malformed.
const maxSecretLength = 4096

// secretFault says why a secret cannot be a credential's, or nothing.
func secretFault(s string) string {
	switch {
	case len(s) < secret.MinLength:
		return "is shorter than 6 bytes"
	case len(s) > maxSecretLength:
		return "is longer than 4096 bytes"
	case hasControl(s):
		return "holds a control character"
	}
	return ""
}

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// splitScheme splits the value of an Authorization field into the scheme, in lower case, and all that
// follows it. The scheme ends where its token ends, not at a space alone: "Bearer\tkey" is malformed by
// RFC 9110 section 11.4, but of the Bearer scheme, and somebody will read it so.
func splitScheme(value string) (scheme, rest string) {
	value = strings.Trim(value, " \t")
	end := strings.IndexFunc(value, func(r rune) bool { return !httpguts.IsTokenRune(r) })
	if end < 0 {
		end = len(value)
	}
	return strings.ToLower(value[:end]), value[end:]
}

// joined reports whether, after a comma, another credential follows of a scheme that is a carrier: what a
// proxy makes of two Authorization lines (RFC 9110 section 5.3).
func joined(rest string, takes func(scheme string) bool) bool {
	_, rest, more := strings.Cut(rest, ",")
	for more {
		var member string
		member, rest, more = strings.Cut(rest, ",")
		if scheme, _ := splitScheme(member); takes(scheme) {
			return true
		}
	}
	return false
}

// parseKey reads a field that holds the bare key, or the key after "Bearer ".
func parseKey(value string) presented {
	value = strings.Trim(value, " \t")
	if len(value) >= len("bearer") && strings.EqualFold(value[:len("bearer")], "bearer") {
		if scheme, rest := splitScheme(value); scheme == "bearer" {
			return parseBearer(rest)
		}
	}
	return parseToken(value)
}

// parseProxy reads Proxy-Authorization of either scheme.
func parseProxy(value string) presented {
	switch scheme, rest := splitScheme(value); scheme {
	case "bearer":
		return parseBearer(rest)
	case "basic":
		return parseBasic(rest)
	}
	return presented{fault: "is of neither the Bearer nor the Basic scheme"}
}

// parseBearer reads what follows "Bearer".
func parseBearer(rest string) presented {
	if !strings.HasPrefix(rest, " ") {
		return presented{fault: "does not follow its scheme after a space"}
	}
	return parseToken(strings.Trim(rest, " "))
}

func parseToken(s string) presented {
	if strings.ContainsAny(s, " \t") {
		return presented{secret: s, fault: "holds white space"}
	}
	return presented{secret: s}
}

// parseBasic reads what follows "Basic" (RFC 7617 section 2).
func parseBasic(rest string) presented {
	if !strings.HasPrefix(rest, " ") {
		return presented{fault: "does not follow its scheme after a space"}
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(strings.Trim(rest, " "))
	if err != nil {
		return presented{fault: "is not in base64"}
	}
	user, password, ok := strings.Cut(string(decoded), ":")
	switch {
	case !ok:
		return presented{fault: "has no colon between user name and password"}
	case len(user) > maxSecretLength || hasControl(user):
		return presented{secret: password, fault: "has a user name that is too long or holds a control character"}
	case password == "":
		return presented{secret: user}
	}
	return presented{username: user, secret: password}
}
