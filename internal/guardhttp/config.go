package guardhttp

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/headersafe/headersafe/internal/field"
	"github.com/headersafe/headersafe/internal/jsonscan"
	"github.com/headersafe/headersafe/internal/secret"
)

// Defaults of [Config].
const (
	DefaultDeadline = 5 * time.Second
	DefaultMaxReply = 1 << 20
	DefaultRetries  = 2
)

// Config says whom to ask, and how.
type Config struct {
	_ [0]func()

	Service  string       // for errors: "lakera"
	BaseURL  string       // https, or http to a loopback address
	Path     string       // below BaseURL: "/v2/guard"
	Key      secret.Value // must not be empty
	KeyField string       // the field that carries the key alone; empty for Authorization with the scheme Bearer
	// ReplyNames are the member names that are looked for in a reply. One that equals them only when case is
	// folded makes the reply ambiguous, and an error.
	ReplyNames []string

	Client    *http.Client  // nil for one of its own
	Deadline  time.Duration // 0 for DefaultDeadline
	MaxReply  int64         // 0 for DefaultMaxReply
	Retries   int           // 0 for DefaultRetries, negative for none
	Plaintext string        // the reason why plain HTTP will do
}

// Fault is one mistake in a [Config], in terms of the adapters' field names.
type Fault struct{ Field, Value, Reason string }

// New returns a Client, or everything that is wrong with the config. No Fault holds a secret.
func New(cfg Config) (*Client, []Fault) {
	var faults []Fault
	fault := func(field, value, reason string) { faults = append(faults, Fault{field, value, reason}) }

	target, reason := join(cfg.BaseURL, cfg.Path, cfg.Plaintext)
	if reason != "" {
		fault("BaseURL", harmless(cfg.BaseURL), reason)
	}
	if reason := keyFault(cfg.Key.Reveal()); reason != "" {
		fault("APIKey", "", reason)
	}
	if name := field.Canonical(cfg.KeyField); name != "" && (!field.ValidName(name) || field.Framing(name)) {
		fault("KeyField", "", "is not the name of a field that can carry a key")
	}
	if cfg.Deadline < 0 {
		fault("Deadline", cfg.Deadline.String(), "is negative; leave it 0 for "+DefaultDeadline.String())
	}
	if cfg.MaxReply < 0 {
		fault("MaxReply", fmt.Sprint(cfg.MaxReply), fmt.Sprintf("is negative; leave it 0 for %d bytes", DefaultMaxReply))
	}
	if len(faults) > 0 {
		return nil, faults
	}

	c := &Client{
		service:  cfg.Service,
		url:      target,
		keyField: "Authorization",
		keyLine:  secret.New("Bearer " + cfg.Key.Reveal()),
		names:    jsonscan.NewNames(cfg.ReplyNames...),
		client:   withoutRedirects(cfg.Client),
		deadline: cfg.Deadline,
		maxReply: cfg.MaxReply,
		retries:  max(cfg.Retries, 0),
	}
	if cfg.KeyField != "" {
		c.keyField, c.keyLine = field.Canonical(cfg.KeyField), cfg.Key
	}
	if c.deadline == 0 {
		c.deadline = DefaultDeadline
	}
	if c.maxReply == 0 {
		c.maxReply = DefaultMaxReply
	}
	if cfg.Retries == 0 {
		c.retries = DefaultRetries
	}
	return c, nil
}

// join returns the URL to post to, or what is wrong with the base.
func join(base, path, plaintext string) (target, reason string) {
	if base == "" {
		return "", "is empty"
	}
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return "", "is not a URL" // the error would repeat it
	case u.User != nil:
		return "", "holds credentials; give the key as APIKey"
	case u.Scheme != "https" && u.Scheme != "http":
		return "", `must begin with "https://"`
	case u.Hostname() == "" || u.Opaque != "":
		return "", "names no host"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(base, "#"):
		return "", "has a query or a fragment; a base ends with its path"
	case u.Scheme == "http" && !loopback(u.Hostname()) && strings.TrimSpace(plaintext) == "":
		return "", "would send the key and the texts in plain HTTP; use https, or give the reason in DangerouslyPlaintext"
	}
	return u.JoinPath(path).String(), ""
}

// harmless returns a URL in a form fit for an error.
func harmless(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return ""
	}
	return base
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// placeholders are what other programs write where a key was missing.
var placeholders = []string{"none", "null", "nil", "undefined", "changeme"}

func keyFault(key string) string {
	switch {
	case key == "":
		return "is empty (an environment variable that is not set?)"
	case !field.ValidValue(key):
		return "has characters that cannot stand in a field, or white space at an end (a line feed from a file?)"
	case strings.HasPrefix(key, "os.environ/"), strings.Contains(key, "${"), slices.Contains(placeholders, strings.ToLower(key)):
		return "looks like a placeholder that was never filled in"
	case len(key) < secret.MinLength:
		return fmt.Sprintf("has fewer than %d bytes", secret.MinLength)
	}
	return ""
}

// withoutRedirects returns a copy of the client that takes a redirect as the reply. A nil client stands for one
// with connections of its own, many of them to one host, and small bounds.
func withoutRedirects(client *http.Client) *http.Client {
	if client == nil {
		client = &http.Client{Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			ForceAttemptHTTP2:      true,
			MaxIdleConns:           128,
			MaxIdleConnsPerHost:    128,
			IdleConnTimeout:        90 * time.Second,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		}}
	}
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}
