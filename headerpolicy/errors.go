package headerpolicy

import (
	"fmt"
	"strconv"
	"strings"
)

// ConfigError is one mistake in a [Config].
type ConfigError struct {
	Field  string // where it stands: "Request.Forward[2]"
	Value  string // what stands there; empty if that is, or could be, a secret
	Reason string // what is wrong with it, and the way out
}

// Error returns the three parts in one line.
func (e *ConfigError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("headerpolicy: %s: %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("headerpolicy: %s %q: %s", e.Field, e.Value, e.Reason)
}

// Refusal says that a request or a response does not cross, and why. It can be shown to the caller: it holds
// names, never values.
type Refusal struct {
	Status int    // the HTTP status to answer with: 400, 403, 415, 431, 502 or 503
	Code   string // stable and machine-readable: "alias"
	Name   string // the field, cookie or parameter that it is about; empty if it is about none
	Reason string // a sentence
}

// Error returns the reason and the code.
func (r *Refusal) Error() string { return "headerpolicy: " + r.Reason + " (" + r.Code + ")" }

// The codes of refusals.
const (
	codeAlias           = "alias"
	codeInvalid         = "invalid-field"
	codeRepeated        = "repeated-field"
	codeNominated       = "nominated-field"
	codeConnection      = "invalid-connection"
	codeEncoding        = "content-encoding-not-named"
	codeNoCredential    = "missing-credential"
	codeCompeting       = "competing-credentials"
	codeNotAccepted     = "credential-not-accepted"
	codeBound           = "connection-bound-credential"
	codeDisguised       = "credential-in-disguise"
	codeCookieRepeated  = "repeated-cookie"
	codeCookieAmbiguous = "ambiguous-cookie"
	codeQueryNotNamed   = "query-not-named"
	codeQueryInvalid    = "query-invalid"
	codeQueryRepeated   = "query-repeated"
	codeQueryTooMany    = "query-too-many"
	codeMissing         = "missing-field"
	codeTooMany         = "too-many-fields"
	codeTooLarge        = "fields-too-large"
	codeSecret          = "secret-unavailable"
	codeUpgrade         = "upgrade-not-relayed"
)

// printable returns a name that a caller chose in a form fit for messages and logs. Whoever writes a key where a
// name belongs must not find it in a log: long or unusual names are not repeated.
func printable(name string) string {
	const longest = 64
	if name == "" || len(name) > longest {
		return ""
	}
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("-_.[]", rune(c)) {
			return ""
		}
	}
	return name
}

// about returns noun and the quoted name, or the noun alone where the name is not fit to print.
func about(noun, name string) string {
	if name = printable(name); name == "" {
		return noun
	}
	return noun + " " + strconv.Quote(name)
}
