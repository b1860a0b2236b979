package guardhttp

import (
	"slices"
	"strings"
)

// Names returns names that a service gave (of detectors, of categories) in a form fit for a record: sorted, each once,
// sixteen at most. A name that is longer than 64 bytes or holds more than letters, digits and "-_./ " is left out.
func Names(names []string) string {
	const most = 16
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return name == "" || len(name) > 64 || strings.IndexFunc(name, func(r rune) bool {
			letter := 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9'
			return !letter && !strings.ContainsRune("-_./ ", r)
		}) >= 0
	})
	slices.Sort(names)
	names = slices.Compact(names)
	return strings.Join(names[:min(len(names), most)], ", ")
}
