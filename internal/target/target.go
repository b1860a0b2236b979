// Package target joins an inbound request's path to an upstream's base URL, keeping the escaped path
// as it came, and refuses every path that two parsers could take to different places.
package target

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/headersafe/headersafe/internal/percent"
)

// Base is an upstream's base URL. The zero Base joins nothing.
type Base struct {
	scheme, host  string
	path, escaped string // without a trailing slash
	raw           bool   // the escaped path is not what url.URL makes of the path by itself
}

// ParseBase parses an absolute http or https URL without user information, query or fragment.
func ParseBase(raw string) (Base, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return Base{}, errors.New("is not a URL") // url.Error quotes the input, which may hold a password
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return Base{}, errors.New("must begin with https:// or http://")
	case u.User != nil:
		return Base{}, errors.New("must not hold user information: set the upstream's credential in the header policy")
	case u.Hostname() == "":
		return Base{}, errors.New("must name a host")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(raw, "#"):
		return Base{}, errors.New("must have no query and no fragment")
	}
	if u.Path != "" {
		if err := CheckPath(u); err != nil {
			return Base{}, fmt.Errorf("has an unusable path: %w", err)
		}
	}
	return Base{
		scheme:  u.Scheme,
		host:    u.Host,
		path:    strings.TrimRight(u.Path, "/"),
		escaped: strings.TrimRight(u.EscapedPath(), "/"),
		raw:     u.RawPath != "",
	}, nil
}

// Host returns the host, with the port where one was given.
func (b Base) Host() string { return b.host }

// Plaintext reports whether requests would travel unencrypted to another machine: http to anything but a
// loopback address or localhost.
func (b Base) Plaintext() bool {
	if b.scheme == "https" {
		return false
	}
	host := b.host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if addr, err := netip.ParseAddr(host); err == nil {
		return !addr.IsLoopback()
	}
	return !strings.EqualFold(host, "localhost")
}

// Join returns the upstream URL for r: the base, then r's escaped path and query as they came.
// The error says in public words what is wrong with the request's target.
func (b Base) Join(r *http.Request) (url.URL, error) {
	if b.host == "" {
		return url.URL{}, errors.New("no upstream")
	}
	u := r.URL
	if u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return url.URL{}, errors.New("the request target must be in origin form, a path") // RFC 9112 section 3.2.1
	}
	if u.Fragment != "" || u.RawFragment != "" || strings.Contains(r.RequestURI, "#") {
		return url.URL{}, errors.New("the request target must not hold a fragment")
	}
	if err := CheckPath(u); err != nil {
		return url.URL{}, err
	}
	joined := url.URL{
		Scheme:     b.scheme,
		Host:       b.host,
		Path:       b.path + u.Path,
		RawQuery:   u.RawQuery,
		ForceQuery: u.ForceQuery,
	}
	if b.raw || u.RawPath != "" {
		joined.RawPath = b.escaped + u.EscapedPath()
	}
	return joined, nil
}

// maxLayers is how many layers of percent-encoding are looked through. A path that still changes after that
// hides something.
const maxLayers = 4

// CheckPath says in public words what is wrong with the path of u, in whatever layer of percent-encoding: an empty or dot
// segment, a backslash, a control character. nil means that every parser finds the same path.
func CheckPath(u *url.URL) error {
	escaped := u.EscapedPath()
	if u.RawPath != "" && u.RawPath != escaped {
		return errors.New("the path holds characters that must be percent-encoded")
	}
	if !strings.HasPrefix(escaped, "/") {
		return errors.New("the path must begin with a slash")
	}
	if _, err := url.PathUnescape(escaped); err != nil {
		return errors.New("the path is not percent-encoded correctly")
	}
	for range maxLayers {
		if err := checkSegments(escaped); err != nil {
			return err
		}
		decoded, changed := percent.Decode(escaped)
		if !changed {
			return nil
		}
		escaped = decoded
	}
	return errors.New("the path is percent-encoded too many times")
}

// checkSegments refuses, in one layer of decoding, what an upstream could normalise into another path. Path
// parameters (";…") are looked through: some servers drop them before they resolve dots.
func checkSegments(path string) error {
	if strings.Contains(path, "//") {
		return errors.New("the path must not hold empty segments")
	}
	if !utf8.ValidString(path) { // an overlong encoding of a dot or a slash, among others
		return errors.New("the path must be UTF-8 where it is decoded")
	}
	for i := range len(path) {
		switch c := path[i]; {
		case c == '\\':
			return errors.New("the path must not hold a backslash")
		case c < ' ' || c == 0x7f:
			return errors.New("the path must not hold control characters")
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		name, _, _ := strings.Cut(segment, ";")
		if name = strings.TrimRight(name, " "); name == "." || name == ".." {
			return errors.New("the path must not hold dot segments")
		}
	}
	return nil
}
