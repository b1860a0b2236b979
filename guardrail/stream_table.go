package guardrail

import "slices"

// eventTable says what the strings of one API's events are.
type eventTable struct {
	rule     *rule
	extends  int       // the first so many of the rule's selectors are of texts that go on from event to event
	wordings []wording // by selector
	repeats  bool      // a text that goes on may stand in another event besides, repeated whole
}

// newEventTable makes a table of the texts that go on, of the paths of what is a JSON text or a piece of one, and of
// everything else: of the rest, Text is what stands in one event whole.
func newEventTable(goOn []Selector, escaped []string, rest ...Response) *eventTable {
	all := Response{Text: goOn}
	for _, more := range rest {
		all = both(all, more)
	}
	t := &eventTable{extends: len(goOn)}
	t.rule = compileRule(all.endpoint(""), "events", func(field, value, reason string) {
		panic("guardrail: " + field + " " + value + ": " + reason) // the tables are the package's own
	})
	for _, s := range t.rule.text {
		t.wordings = append(t.wordings, wording{kind: s.Kind, escapes: slices.Contains(escaped, s.Path)})
	}
	return t
}

// both returns the paths of a, and then those of b.
func both(a, b Response) Response {
	return Response{
		Text:      slices.Concat(a.Text, b.Text),
		NotText:   slices.Concat(a.NotText, b.NotText),
		Opaque:    slices.Concat(a.Opaque, b.Opaque),
		Sealed:    slices.Concat(a.Sealed, b.Sealed),
		Reference: slices.Concat(a.Reference, b.Reference),
		Refuse:    slices.Concat(a.Refuse, b.Refuse),
		Names:     slices.Concat(a.Names, b.Names),
	}
}
