package auth

import (
	"strings"

	"github.com/headersafe/headersafe/internal/field"
)

// Carrier is one place of a request in which a credential may arrive. It comes from [Header], [Bearer],
// [Basic], [Query], [Cookie] or [ProxyAuthorization]; [New] refuses the zero Carrier.
type Carrier struct {
	kind kind
	name string // canonical for a header field
}

type kind uint8

const (
	inHeader kind = iota + 1
	asBearer
	asBasic
	inQuery
	inCookie
	asProxyAuthorization
)

// Header is the field of this name, holding the bare key or the key after "Bearer ". It is removed
// wholly. Fields that have a carrier or a meaning of their own (Authorization, Cookie, Host, Connection,
// Content-Type, …) are no carriers of this kind.
func Header(name string) Carrier { return Carrier{inHeader, field.Canonical(name)} }

// Bearer is the Authorization field of the Bearer scheme (RFC 6750 section 2.1). A field of another
// scheme is left where it is.
func Bearer() Carrier { return Carrier{kind: asBearer} }

// Basic is the Authorization field of the Basic scheme (RFC 7617). The password is the secret and the
// user name is handed to the verifier; where the password is empty, the user name is the secret, as in
// "curl -u key:". A field of another scheme is left where it is.
func Basic() Carrier { return Carrier{kind: asBasic} }

// Query is the query parameter of this decoded name. A query is easily logged on its way here: prefer
// any other carrier.
func Query(name string) Carrier { return Carrier{inQuery, name} }

// Cookie is the cookie of this name, its value with or without double quotes.
func Cookie(name string) Carrier { return Carrier{inCookie, name} }

// ProxyAuthorization is the Proxy-Authorization field (RFC 9110 section 11.7.2) of the Bearer or the
// Basic scheme. The field is removed from every request, whether it is a carrier or not.
func ProxyAuthorization() Carrier { return Carrier{kind: asProxyAuthorization} }

// String names the carrier: "header X-Gateway-Key", "bearer", "query key".
func (c Carrier) String() string {
	switch c.kind {
	case inHeader:
		return "header " + c.name
	case asBearer:
		return "bearer"
	case asBasic:
		return "basic"
	case inQuery:
		return "query " + c.name
	case inCookie:
		return "cookie " + c.name
	case asProxyAuthorization:
		return "proxy authorization"
	}
	return "no carrier"
}

// fault says why the carrier cannot be configured, or nothing.
func (c Carrier) fault() string {
	switch c.kind {
	case inHeader:
		return headerFault(c.name)
	case inCookie:
		if !field.ValidName(c.name) {
			return "a cookie's name is a token (RFC 6265 section 4.1.1)"
		}
	case inQuery:
		if !visibleASCII(c.name) || strings.ContainsAny(c.name, "&;=+%#") {
			return "a parameter's name is visible ASCII, written decoded, with none of & ; = + % #"
		}
	case asBearer, asBasic, asProxyAuthorization:
	default:
		return "the zero Carrier is no place: use Header, Bearer, Basic, Query, Cookie or ProxyAuthorization"
	}
	return ""
}

func headerFault(name string) string {
	switch {
	case !field.ValidName(name):
		return "a field name is a token (RFC 9110 section 5.1)"
	case name == "Authorization":
		return "use Bearer or Basic, which leave the other schemes alone"
	case name == "Cookie":
		return "use Cookie, which leaves the other cookies alone"
	case name == "Proxy-Authorization":
		return "use ProxyAuthorization"
	case field.Framing(name), field.Singleton(name) && !field.Credential(name):
		return "the field has a meaning of its own, and what carries a credential is removed: choose another name"
	}
	return ""
}

// challenge is the carrier's challenge for WWW-Authenticate (RFC 9110 section 11.6.1). There is no
// registered scheme for a key in a field of its own, in a cookie or in the query; GatewayKey, with the
// place as its parameter, tells a person where it goes.
func (c Carrier) challenge(realm string) string {
	parameters := ` realm="` + realm + `"`
	switch c.kind {
	case asBearer:
		return "Bearer" + parameters
	case asBasic:
		return "Basic" + parameters + `, charset="UTF-8"`
	case inQuery:
		return "GatewayKey" + parameters + `, query="` + quote(c.name) + `"`
	case inCookie:
		return "GatewayKey" + parameters + `, cookie="` + c.name + `"`
	case asProxyAuthorization:
		return "GatewayKey" + parameters + `, header="Proxy-Authorization"`
	default:
		return "GatewayKey" + parameters + `, header="` + c.name + `"`
	}
}

// quote escapes s for a quoted-string (RFC 9110 section 5.6.4).
func quote(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}

func visibleASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
