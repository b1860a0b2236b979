package headerpolicy

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/secret"
)

// Source is where the value of a [Set] comes from. No printer shows what it holds. The zero Source is a config
// error.
type Source struct {
	kind   sourceKind
	text   secret.Value // the value, or the environment variable's name
	call   func(context.Context) (string, error)
	scheme string
}

type sourceKind uint8

const (
	noSource sourceKind = iota
	staticSource
	secretSource
	envSource
	funcSource
)

// Static returns a value that is no secret, unless the name that it is set under carries credentials.
func Static(value string) Source { return Source{kind: staticSource, text: secret.New(value)} }

// Secret returns a secret value. It must have at least six bytes, and must not look like a placeholder that
// nobody filled in ("os.environ/KEY", "${KEY}", "None").
func Secret(value string) Source { return Source{kind: secretSource, text: secret.New(value)} }

// Env returns a secret that [New] reads from the environment. Missing or empty is a config error.
func Env(name string) Source { return Source{kind: envSource, text: secret.New(name)} }

// Func returns a secret that f is asked for on every request, so that it can be rotated. f must be quick, safe for
// concurrent use, and obey its context. An error, or a value that [Secret] would not take, refuses the request
// (503); the error's text goes nowhere.
func Func(f func(context.Context) (string, error)) Source { return Source{kind: funcSource, call: f} }

// WithScheme returns a Source for the value after an authentication scheme and a space: "Bearer " + value.
// What must not come back from the upstream is the value without the scheme.
func (s Source) WithScheme(scheme string) Source {
	s.scheme = scheme
	return s
}

// String returns the kind of source, without what it holds.
func (s Source) String() string {
	switch s.kind {
	case staticSource:
		return "headerpolicy.Static(" + secret.Redacted + ")"
	case secretSource:
		return "headerpolicy.Secret(" + secret.Redacted + ")"
	case envSource:
		return "headerpolicy.Env(" + strconv.Quote(s.text.Reveal()) + ")"
	case funcSource:
		return "headerpolicy.Func(…)"
	}
	return "headerpolicy.Source{}"
}

// Format writes what String returns, for every verb.
func (s Source) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText returns what String does.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns what String does.
func (s Source) LogValue() slog.Value { return slog.StringValue(s.String()) }

// prepared is a value to set, with what must be kept from the client.
type prepared struct {
	line    secret.Value // as it goes in the field line
	needles []*secret.Needle
}

// resolve reads a source that does not depend on the request. Its error holds no value.
func (s Source) resolve(name string) (prepared, error) {
	sensitive := s.kind != staticSource || field.Credential(name)
	text := s.text.Reveal()
	switch s.kind {
	case noSource:
		return prepared{}, errors.New("is missing; give Static, Secret, Env or Func")
	case envSource:
		variable := text
		if text = os.Getenv(variable); text == "" {
			return prepared{}, errors.New("comes from the environment variable " + strconv.Quote(variable) + ", which is missing or empty")
		}
	}
	return prepare(text, s.scheme, sensitive)
}

// prepare checks a value and prepares it for the wire. Its error holds no value.
func prepare(text, scheme string, sensitive bool) (prepared, error) {
	line := text
	if scheme != "" {
		line = scheme + " " + text
	}
	bare := withoutScheme(line)
	switch {
	case text == "":
		return prepared{}, errors.New("is empty")
	case !field.ValidValue(line) || !field.ValidValue(text):
		return prepared{}, errors.New("has characters that cannot stand in a field, or white space at an end (a line feed from a file?)")
	case connectionBound(line):
		return prepared{}, errors.New("is in a scheme that authenticates a connection, and connections to the upstream are shared")
	case strings.Contains(line, "os.environ/"), strings.Contains(line, "${"):
		return prepared{}, errors.New("looks like a placeholder that was never filled in")
	case !sensitive:
		return prepared{line: secret.New(line)}, nil
	case slices.Contains(placeholders, strings.ToLower(bare)), slices.Contains(placeholders, strings.ToLower(text)):
		return prepared{}, errors.New("looks like a placeholder that was never filled in")
	case len(bare) < secret.MinLength:
		return prepared{}, fmt.Errorf("is a secret of fewer than %d bytes", secret.MinLength)
	}
	return prepared{line: secret.New(line), needles: needles(line, bare)}, nil
}

// placeholders are what other programs write where a secret was missing.
var placeholders = []string{"none", "null", "nil", "undefined", "changeme"}

// needles returns what finds the secret in a response: the secret without its scheme and, as Basic credentials
// are but an encoding (RFC 7617), the password that they hold.
func needles(line, bare string) []*secret.Needle {
	out := []*secret.Needle{secret.NewNeedle(secret.New(bare))}
	if scheme, encoded, ok := strings.Cut(line, " "); ok && strings.EqualFold(scheme, "Basic") {
		decoded, err := base64.StdEncoding.DecodeString(encoded)
		if _, password, ok := strings.Cut(string(decoded), ":"); err == nil && ok && len(password) >= secret.MinLength {
			out = append(out, secret.NewNeedle(secret.New(password)))
		}
	}
	return out
}

// whiteSpace is what can stand between the parts of a field value (RFC 9110 section 5.6.3).
const whiteSpace = " \t"

// cutScheme splits a credential at the first white space in it: what stands before that is the authentication scheme, if
// anything follows (RFC 9110 section 11.4).
func cutScheme(value string) (scheme, rest string) {
	value = strings.TrimLeft(value, whiteSpace)
	end := strings.IndexAny(value, whiteSpace)
	if end < 0 {
		return value, ""
	}
	return value[:end], strings.TrimLeft(value[end:], whiteSpace)
}

// withoutScheme returns a credential without the authentication scheme before it, if there is one.
func withoutScheme(value string) string {
	if scheme, rest := cutScheme(value); rest != "" && field.ValidName(scheme) {
		return rest
	}
	return value
}

// connectionBound reports whether a credential is in a scheme that authenticates the connection it is sent on,
// rather than the request.
func connectionBound(value string) bool {
	scheme, _ := cutScheme(value)
	for _, bound := range []string{"NTLM", "Negotiate", "Kerberos"} {
		if strings.EqualFold(scheme, bound) {
			return true
		}
	}
	return false
}
