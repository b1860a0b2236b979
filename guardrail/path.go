package guardrail

import (
	"slices"
	"strconv"

	"github.com/headersafe/headersafe/internal/jsonpath"
	"github.com/headersafe/headersafe/internal/jsonscan"
)

// normalizedPath returns the normalized path of n (RFC 9535 section 2.7). Given a rule, it is fit for records: names that
// the rule doesn't know, and that could be a secret or a piece of text, are left out.
func normalizedPath(t *jsonscan.Tape, n jsonscan.Node, r *rule) string {
	if r == nil {
		return jsonpath.Normalized(t, n)
	}
	var nodes []jsonscan.Node
	for at, ok := n, true; ok; at, ok = t.Parent(at) {
		nodes = append(nodes, at)
	}
	path := []byte("$")
	var name []byte
	for _, at := range slices.Backward(nodes[:len(nodes)-1]) {
		if index, ok := t.Index(at); ok {
			path = append(strconv.AppendInt(append(path, '['), int64(index), 10), ']')
			continue
		}
		if raw, _ := t.Name(at); len(raw) > maxRawName {
			path = append(path, "['…']"...)
			continue
		}
		name = t.AppendName(name[:0], at)
		if _, known := r.paths.known[string(name)]; !known && !harmlessName(name) {
			path = append(path, "['…']"...)
			continue
		}
		path = append(append(append(path, "['"...), name...), "']"...)
	}
	return string(path)
}

// maxRawName is how long a name may be, in bytes and with its escapes, to be looked at: none that a rule knows is longer.
const maxRawName = 1024

// harmlessName reports whether a name that a client made up reads like one, and not like a sentence or a credential.
func harmlessName(name []byte) bool {
	if len(name) == 0 || len(name) > 32 {
		return false
	}
	digits := 0
	lower := false
	for _, c := range name {
		switch {
		case 'a' <= c && c <= 'z':
			lower = true
		case '0' <= c && c <= '9':
			digits++
		case !isAlphanumeric(c) && c != '_' && c != '-':
			return false
		}
	}
	return lower && digits <= 2
}

// sortByNode keeps the order in which the paths stand for a node that several select.
func sortByNode(marks []slowMark) {
	slices.SortStableFunc(marks, func(a, b slowMark) int { return int(a.node) - int(b.node) })
}
