package leaktest

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Credential is a secret and the place of a request that holds it. It comes from [Header], [Bearer], [Basic],
// [Query] or [Cookie]; the zero Credential means that there is none. It prints without the secret.
type Credential struct {
	kind   carrier
	name   string // of the field, parameter or cookie
	secret string
}

type carrier uint8

const (
	inField carrier = iota + 1
	asBearer
	asBasic
	inQuery
	inCookie
)

// Header is a secret alone in the field of this name.
func Header(name, secret string) Credential { return Credential{inField, name, secret} }

// Bearer is a secret in Authorization, after "Bearer " (RFC 6750 section 2.1).
func Bearer(secret string) Credential { return Credential{asBearer, "Authorization", secret} }

// Basic is a secret as the password in Authorization, after "Basic " (RFC 7617). The user name is "leaktest".
func Basic(secret string) Credential { return Credential{asBasic, "Authorization", secret} }

// Query is a secret in the query parameter of this name.
func Query(name, secret string) Credential { return Credential{inQuery, name, secret} }

// Cookie is a secret in the cookie of this name.
func Cookie(name, secret string) Credential { return Credential{inCookie, name, secret} }

// String names the place.
func (c Credential) String() string {
	switch c.kind {
	case inField, asBearer, asBasic:
		return "field " + c.name
	case inQuery:
		return "parameter " + c.name
	case inCookie:
		return "cookie " + c.name
	}
	return "none"
}

// Format writes what String returns, for every verb.
func (c Credential) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

func (c Credential) none() bool { return c.kind == 0 }

// line is the field line that holds the credential, or "" where it stands in the query or nowhere.
func (c Credential) line() string {
	switch c.kind {
	case inField:
		return c.name + ": " + c.secret
	case asBearer:
		return "Authorization: Bearer " + c.secret
	case asBasic:
		return "Authorization: Basic " + basic(c.secret)
	case inCookie:
		return "Cookie: " + c.name + "=" + c.secret
	}
	return ""
}

// field is the name of that field, or "".
func (c Credential) field() string {
	name, _, _ := strings.Cut(c.line(), ":")
	return name
}

func basic(secret string) string {
	return base64.StdEncoding.EncodeToString([]byte("leaktest:" + secret))
}
