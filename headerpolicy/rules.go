package headerpolicy

import "maps"

// rules finds rules by canonical name. It is immutable.
//
// Every field of every message is looked up here. A map alone spends most of that time on its hash, which must be good
// whatever the keys. Here a poor one is enough: names that share a slot are found in the map.
type rules struct {
	all  map[string]*rule
	slot [256]*rule // the last of those that belong there
}

func newRules(all map[string]*rule) *rules {
	r := &rules{all: maps.Clone(all)}
	for name, rule := range r.all {
		r.slot[slotOf(name)] = rule
	}
	return r
}

// with returns r and one more.
func (r *rules) with(one *rule) *rules {
	out := &rules{all: maps.Clone(r.all), slot: r.slot}
	out.all[one.name], out.slot[slotOf(one.name)] = one, one
	return out
}

// of returns the rule of a name, or nil.
func (r *rules) of(name string) *rule {
	if rule := r.slot[slotOf(name)]; rule != nil && rule.name == name {
		return rule
	}
	return r.all[name]
}

// slotOf tells names apart by their ends: many begin alike. What overflows does not matter.
func slotOf(name string) uint8 {
	n := len(name)
	if n == 0 {
		return 0
	}
	return uint8(n) + 3*name[n-1] + 13*name[n*3/4] + 23*name[n/2]
}
