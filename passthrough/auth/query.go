package auth

import (
	"net/http"
	"net/url"
	"strings"
)

// fromQuery reads the parameters that are carriers. The whole query must parse, or another parser could
// see a parameter that the gate does not: a semicolon separates for some, and a bad triplet ends a value.
func (g *Gate) fromQuery(f *found, r *http.Request) *Denial {
	if len(g.query) == 0 || r.URL == nil {
		return nil
	}
	seen := make([]bool, len(g.query))
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if strings.Contains(pair, ";") {
			return unparsableQuery()
		}
		name, value, err := parsePair(pair)
		if err != nil {
			return unparsableQuery()
		}
		for i := range g.query {
			p := &g.query[i]
			same, alias := p.is(name)
			switch {
			case alias:
				return aliased("a parameter", p.carrier)
			case same && seen[i]:
				return ambiguous(p.carrier + " is repeated")
			case same:
				seen[i] = true
				if denied := f.add(p.carrier, presented{secret: value}); denied != nil {
					return denied
				}
			}
		}
	}
	return nil
}

func parsePair(pair string) (name, value string, err error) {
	name, value, _ = strings.Cut(pair, "=")
	if name, err = url.QueryUnescape(name); err != nil {
		return "", "", err
	}
	value, err = url.QueryUnescape(value)
	return name, value, err
}

// withoutParameters returns raw without the parameters that are carriers; the others stay as they are,
// byte for byte.
func (g *Gate) withoutParameters(raw string) string {
	return remove(raw, "&", func(pair string) bool {
		name, _, err := parsePair(pair)
		return err == nil && holds(g.query, name)
	})
}

// remove returns list without the members of which drop is true.
func remove(list, separator string, drop func(member string) bool) string {
	var kept []string
	members := 0
	for member := range strings.SplitSeq(list, separator) {
		members++
		if !drop(member) {
			kept = append(kept, member)
		}
	}
	if len(kept) == members {
		return list
	}
	return strings.Join(kept, separator)
}

func holds(places []place, name string) bool {
	for i := range places {
		if places[i].name == name {
			return true
		}
	}
	return false
}
