package guardrail

// eventOnly begins the keys of texts that end with the event. No key of another text begins like that.
const eventOnly = "="

// text returns the text of an item, unescaped.
func (r *eventReader) text(it item) []byte {
	raw, escaped := it.spelling(r.tape)
	if !escaped {
		return raw
	}
	start := len(r.value)
	r.value = it.appendTo(r.value, r.tape)
	return r.value[start:]
}

// whole adds a text that stands in this event in full.
func (r *eventReader) whole(value []byte, c channel) {
	if len(value) == 0 {
		return
	}
	c.whole = true
	i := r.channels.take(c, nil)
	r.piece.fragments = append(r.piece.fragments, fragment{i, value})
	r.piece.closed = append(r.piece.closed, i)
}

// wholeUnescaped adds a JSON text that stands in this event in full once more, without escapes, where that makes a
// difference.
func (r *eventReader) wholeUnescaped(it item) {
	var e escapes
	text := r.text(it)
	if !e.differs(text) {
		return
	}
	start := len(r.value)
	r.value = e.decode(r.value, text)
	r.value = append(r.value, e.flush()...)
	c := r.describe(it)
	c.place += " unescaped"
	r.whole(r.value[start:], c)
}

func (r *eventReader) describe(it item) channel {
	d := document{rule: r.table.rule, tape: r.tape}
	c := channel{kind: d.kind(it), role: r.role(it)}
	if it.selector >= 0 {
		c.place = r.table.rule.text[it.selector].Path
	} else {
		c.place = normalizedPath(r.tape, it.node, r.table.rule)
	}
	return c
}

// modelRole is who speaks in a stream, unless an event says otherwise.
const modelRole = "assistant"

// role is that of an enclosing object, else that of the model. What the table doesn't know is the model's, whatever
// stands beside it: guards read over the seam between two texts of one role, and something in another role that clients
// look at nowhere must not part them.
func (r *eventReader) role(it item) string {
	if it.name || it.selector < 0 {
		return modelRole
	}
	d := document{rule: r.table.rule, tape: r.tape}
	if role := d.role(it); role != "" {
		return role
	}
	return modelRole
}
