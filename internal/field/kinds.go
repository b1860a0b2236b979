package field

import "strings"

// Singleton reports whether the canonical name is a field that may stand in a message only once, and
// whose repeats two parsers read differently: first, last, or joined.
func Singleton(canonical string) bool {
	switch canonical {
	case "Authorization", "Proxy-Authorization", "Host", "Content-Type", "Content-Length",
		"Content-Location", "Content-Range", "Content-Disposition", "Content-Encoding", "User-Agent",
		"Referer", "Origin", "From", "Range", "If-Range", "If-Modified-Since", "If-Unmodified-Since",
		"Date", "Expires", "Last-Modified", "Etag", "Location", "Retry-After", "Age", "Server",
		"Max-Forwards", "Idempotency-Key", "Sec-Websocket-Key", "Sec-Websocket-Version",
		"Sec-Websocket-Accept":
		return true
	}
	return Credential(canonical)
}

// Credential reports whether the canonical name is known to carry a credential or a session: of the
// HTTP authentication framework, of a model vendor, of a cloud, or by custom. Aliases count.
// A policy lists such a name only in the place made for credentials.
func Credential(canonical string) bool {
	folded := appendFold(make([]byte, 0, 64), canonical) // on the stack: it is asked of every field that crosses
	switch string(folded) {
	case "authorization", "proxy-authorization", "cookie", "set-cookie", "cookie2", "set-cookie2",
		"x-api-key", "api-key", "apikey", "x-apikey", "x-goog-api-key", "x-goog-iam-authorization-token",
		"x-goog-authenticated-user-jwt", "x-amz-security-token", "x-amzn-oidc-data", "x-amzn-oidc-accesstoken",
		"x-auth-token", "x-auth-key", "x-access-token", "x-authorization", "x-forwarded-authorization",
		"x-original-authorization", "x-serverless-authorization", "x-forwarded-access-token",
		"x-ms-token-aad-access-token", "x-csrf-token", "x-xsrf-token", "x-session-token", "x-session-id",
		"x-gateway-key", "x-litellm-api-key", "x-litellm-key", "x-portkey-api-key", "x-portkey-config",
		"x-vault-token", "x-functions-key", "x-subscription-key", "ocp-apim-subscription-key",
		"x-gitlab-token", "private-token", "job-token", "x-github-token", "x-hub-signature",
		"cf-access-jwt-assertion", "cf-access-client-secret", "x-client-cert", "x-forwarded-client-cert",
		"authentication", "token", "x-token", "x-secret", "x-secret-key", "x-password", "password", "secret":
		return true
	default:
		return endsIn(folded, "-api-key") || endsIn(folded, "-auth-token") ||
			endsIn(folded, "-access-token") || endsIn(folded, "-secret-key")
	}
}

func endsIn(name []byte, suffix string) bool {
	return len(name) >= len(suffix) && string(name[len(name)-len(suffix):]) == suffix
}

// CredentialParameter reports whether a query parameter of this (decoded) name is known to carry a
// credential.
func CredentialParameter(name string) bool {
	switch folded := Fold(name); folded {
	case "key", "token", "secret", "password", "auth", "authorization", "signature", "sig", "apikey",
		"api-key", "access-token", "accesstoken", "id-token", "refresh-token", "client-secret",
		"x-amz-signature", "x-amz-security-token", "x-amz-credential", "x-goog-signature":
		return true
	case "page-token", "next-page-token", "next-token", "continuation-token", "sync-token":
		return false // cursors of list endpoints
	default:
		return strings.HasSuffix(folded, "-key") || strings.HasSuffix(folded, "-token") ||
			strings.HasSuffix(folded, "-secret") || Credential(Canonical(name))
	}
}
