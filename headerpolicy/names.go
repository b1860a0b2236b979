package headerpolicy

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/headersafe/headersafe/internal/field"
)

// role is what a policy does with a field of some name.
type role uint8

const (
	unnamed        role = iota
	forwarded           // crosses
	credential          // crosses, if it is the one chosen
	written             // replaced by the gateway's
	cookies             // Cookie or Set-Cookie: crosses in part
	hopByHop            // never crosses
	framing             // never crosses
	alias               // could be taken for a name that matters
	malformed           // no field name
	malformedNamed      // no field name, and yet a prefix matches it
)

// rule is what a policy holds about one field name. It is immutable once the policy is made.
type rule struct {
	name       string // canonical
	role       role
	index      int  // of a credential, among all
	singleton  bool // may stand in one line only
	punctuated bool // holds "_" or ".", so it may be an alias of what auth consumed
	guarded    bool // a caller's Connection field cannot remove it
	protocols  bool // Sec-Websocket-Protocol, where a credential can hide
	twin       bool // another named field has the same folded name
}

// names is a policy's view of the field names of one kind of header. Names that the config lists are known from
// the beginning; what has been found out about others is remembered, up to a bound, because clients send the
// same ones again and again.
type names struct {
	listed   map[string]*rule // by canonical name
	prefixes []string         // canonical, without the "*"
	folds    map[string]bool  // the folded listed names

	seen atomic.Pointer[rules] // listed and learned
	mu   sync.Mutex            // held while learning
}

// What is remembered of names that callers choose is bounded: how many, and of what length in bytes. A header may hold a name
// of a megabyte.
const (
	maxLearned       = 256
	maxLearnedLength = 128
)

// rule returns what is known about a key of a header map, or nil if the key is a valid name and not canonical.
func (n *names) rule(key string) *rule {
	if r := n.seen.Load().of(key); r != nil {
		return r
	}
	return n.learn(key)
}

func (n *names) learn(key string) *rule {
	if !field.IsCanonical(key) {
		return nil
	}
	r := n.classify(key)
	full := func() bool { return len(n.seen.Load().all) >= len(n.listed)+maxLearned }
	if len(key) > maxLearnedLength || full() {
		return r
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !full() {
		n.seen.Store(n.seen.Load().with(r))
	}
	return r
}

// classify finds out about a canonical name that the config does not list. The name is copied: it may be a part of
// a large buffer.
func (n *names) classify(name string) *rule {
	r := &rule{name: strings.Clone(name), punctuated: field.HasAliasPunctuation(name)}
	switch {
	case !field.ValidName(name):
		if r.role = malformed; n.prefix(name) != "" {
			r.role = malformedNamed
		}
	case field.HopByHop(name):
		r.role = hopByHop
	case field.Framing(name):
		r.role = framing
	case n.crosses(name):
		r.role = forwarded
		r.singleton = field.Singleton(name)
		r.protocols = name == protocolField
	case r.punctuated && (n.folds[field.Fold(name)] || field.Credential(name)):
		r.role = alias
	}
	return r
}

// crosses reports whether a prefix names it. What stands behind the prefix must not be open to a second reading.
func (n *names) crosses(name string) bool {
	prefix := n.prefix(name)
	return prefix != "" && !field.HasAliasPunctuation(name[len(prefix):]) && !never(name) && !field.Credential(name)
}

func (n *names) prefix(name string) string {
	for _, prefix := range n.prefixes {
		if strings.HasPrefix(name, prefix) {
			return prefix
		}
	}
	return ""
}

// never reports whether a name, or what it folds to, is one that no policy can name.
func never(name string) bool {
	return field.Framing(name) || field.HasAliasPunctuation(name) && field.Framing(field.Canonical(field.Fold(name)))
}

// newNames returns an empty view.
func newNames() *names {
	n := &names{listed: map[string]*rule{}, folds: map[string]bool{}}
	n.seal()
	return n
}

// list adds a name, or returns the rule that it has already.
func (n *names) list(name string, role role) *rule {
	if r := n.listed[name]; r != nil {
		return r
	}
	r := &rule{
		name:       name,
		role:       role,
		singleton:  field.Singleton(name),
		punctuated: field.HasAliasPunctuation(name),
		protocols:  name == protocolField,
	}
	n.listed[name] = r
	return r
}

// forward adds an entry of a Forward list: a canonical name or prefix.
func (n *names) forward(entry string) {
	if prefix, ok := strings.CutSuffix(entry, "*"); ok {
		if !slices.Contains(n.prefixes, prefix) {
			n.prefixes = append(n.prefixes, prefix)
		}
		return
	}
	n.list(entry, forwarded)
}

// twins returns the listed names that fold to the same name, in groups.
func (n *names) twins() [][]string {
	groups := map[string][]string{}
	for name := range n.listed {
		fold := field.Fold(name)
		groups[fold] = append(groups[fold], name)
	}
	var out [][]string
	for _, fold := range slices.Sorted(maps.Keys(groups)) {
		if group := groups[fold]; len(group) > 1 {
			slices.Sort(group)
			out = append(out, group)
		}
	}
	return out
}

// seal ends the listing.
func (n *names) seal() {
	for name := range n.listed {
		n.folds[field.Fold(name)] = true
	}
	for _, group := range n.twins() {
		for _, name := range group {
			n.listed[name].twin = true
		}
	}
	n.seen.Store(newRules(n.listed))
}

// forwards reports whether a field of this name crosses as it came.
func (n *names) forwards(name string) bool {
	return field.ValidName(name) && n.named(field.Canonical(name), forwarded)
}

// named reports whether the canonical name is listed in one of the roles, or comes under a prefix.
func (n *names) named(name string, roles ...role) bool {
	if r := n.listed[name]; r != nil {
		return slices.Contains(roles, r.role)
	}
	return slices.Contains(roles, forwarded) && n.crosses(name)
}
