package guardrail

import (
	"bytes"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// openAIResponseEvents are those of ResponseStreamEventUnion, a response that is built up item by item.
type openAIResponseEvents struct {
	created bool
	items   int            // the lowest index that no item has had
	open    map[int][]byte // the IDs of the items that are not done, by index
	number  int64          // the highest sequence number
	doneToo bool           // a [DONE] has come
}

func newOpenAIResponseEvents() *openAIResponseEvents {
	return &openAIResponseEvents{open: make(map[int][]byte)}
}

// maxItemID is the length in bytes of the longest ID of an item.
const maxItemID = 512

func (e *openAIResponseEvents) read(r *eventReader, name []byte) error {
	eventType, err := r.eventType(name, true) // clients that go by names see nothing of an event without one
	if err != nil {
		return err
	}
	e.count(r)
	as, known := openAIResponseEventTypes[string(eventType)]
	switch {
	case !known:
		return errUnknownEvent
	case r.failed && as.role != responseEnds:
		return fault("an event follows an error")
	}
	switch as.role {
	case responseCreated:
		if e.created {
			return fault("response.created comes twice")
		}
		e.created = true
	case responseEnds:
		r.finish()
	case responseFails:
		r.fail()
	case itemAdded:
		return e.add(r)
	case itemDone:
		return e.itemDone(r)
	case textGoesOn, partAdded:
		return e.goOn(r, as)
	case textDone, partDone:
		return e.textDone(r, as)
	}
	return nil
}

// count keeps the number of the event, from which that of an error event is made.
func (e *openAIResponseEvents) count(r *eventReader) {
	n, ok := memberOf(r.tape, jsonscan.Root, "sequence_number")
	if !ok || r.tape.Type(n) != jsonscan.Number {
		return
	}
	number := int64(0)
	for _, c := range r.tape.Raw(n) {
		if c < '0' || c > '9' || number > 1<<52 {
			return
		}
		number = 10*number + int64(c-'0')
	}
	e.number = max(e.number, number)
}

// add begins an item. What it holds already is gone on with.
func (e *openAIResponseEvents) add(r *eventReader) error {
	index, err := r.index(jsonscan.Root, "output_index")
	if err != nil {
		return err
	}
	item, ok := memberOf(r.tape, jsonscan.Root, "item")
	switch {
	case !ok || r.tape.Type(item) != jsonscan.Object:
		return errUnknownEvent
	case index < e.items:
		return fault("an output item is added twice, or out of order")
	case len(e.open) == maxOpenBlocks:
		return errTooManyOpen
	}
	var id []byte
	if member, ok := memberOf(r.tape, item, "id"); ok {
		id = r.string(member)
	}
	for _, other := range e.open {
		if len(id) > 0 && bytes.Equal(other, id) {
			return errItem
		}
	}
	if len(id) > maxItemID {
		return errItem
	}
	e.items, e.open[index] = index+1, bytes.Clone(id)
	for _, member := range []string{"arguments", "input", "code"} {
		if n, ok := memberOf(r.tape, item, member); ok && r.tape.Type(n) == jsonscan.String {
			r.within(n, r.place("output", index, ".", none, member), itemWording[member])
		}
	}
	if operation, ok := memberOf(r.tape, item, "operation"); ok {
		if n, ok := memberOf(r.tape, operation, "diff"); ok && r.tape.Type(n) == jsonscan.String {
			r.within(n, r.place("output", index, ".operation.diff", none, ""), codeWording)
		}
	}
	for _, list := range []string{"content", "summary"} {
		parts, ok := memberOf(r.tape, item, list)
		if !ok || r.tape.Type(parts) != jsonscan.Array {
			continue
		}
		for part := range r.tape.Children(parts) {
			position, _ := r.tape.Index(part)
			e.part(r, part, index, list, position)
		}
	}
	return nil
}

// part says that a part's texts are gone on with.
func (e *openAIResponseEvents) part(r *eventReader, part jsonscan.Node, index int, list string, position int) {
	for _, member := range []string{"text", "refusal", "transcript"} {
		if n, ok := memberOf(r.tape, part, member); ok && r.tape.Type(n) == jsonscan.String {
			r.within(n, r.placeIn("output", index, list, position, member), saidWording)
		}
	}
}

var errItem = fault("an event names an output item that is not open, or by two names")

// item returns the index of the open item that the event is for.
func (e *openAIResponseEvents) item(r *eventReader) (int, error) {
	index, err := r.index(jsonscan.Root, "output_index")
	if err != nil {
		return 0, err
	}
	id, ok := e.open[index]
	if !ok {
		return 0, errItem
	}
	// The events of shell calls have no ID.
	if member, ok := memberOf(r.tape, jsonscan.Root, "item_id"); ok && !bytes.Equal(r.string(member), id) {
		return 0, errItem
	}
	return index, nil
}

// place returns the key of the text that an event goes on with, or ends.
func (e *openAIResponseEvents) place(r *eventReader, as responseEvent) (keySpan, error) {
	if as.list == "" && as.of == "" {
		return r.place(as.whole, none, "", none, ""), nil
	}
	index, err := e.item(r)
	if err != nil {
		return keySpan{}, err
	}
	if as.list == "" {
		return r.place("output", index, ".", none, as.of), nil
	}
	position, err := r.index(jsonscan.Root, as.index)
	if err != nil {
		return keySpan{}, err
	}
	return r.placeIn("output", index, as.list, position, as.of), nil
}

// goOn says which text the event goes on with.
func (e *openAIResponseEvents) goOn(r *eventReader, as responseEvent) error {
	if as.role == partAdded && as.member == "part" {
		index, err := e.item(r)
		if err != nil {
			return err
		}
		position, err := r.index(jsonscan.Root, as.index)
		if err != nil {
			return err
		}
		if part, ok := memberOf(r.tape, jsonscan.Root, "part"); ok {
			e.part(r, part, index, as.list, position)
		}
		return nil
	}
	key, err := e.place(r, as)
	if err != nil {
		return err
	}
	n, ok := memberOf(r.tape, jsonscan.Root, as.member)
	if !ok {
		return errUnknownEvent
	}
	r.within(n, key, as.wording)
	if tokens, ok := memberOf(r.tape, jsonscan.Root, "logprobs"); ok && r.tape.Count(tokens) > 0 {
		r.within(tokens, r.further(key, ".logprobs"), saidWording)
	}
	return nil
}

// textDone ends what the event says is done. It says the text once more, whole.
func (e *openAIResponseEvents) textDone(r *eventReader, as responseEvent) error {
	key, err := e.place(r, as)
	if err != nil {
		return err
	}
	if as.role == partDone {
		r.endBelow(key)
		return nil
	}
	r.endBelow(r.further(key, ".")) // its tokens
	r.endLast(key)
	return nil
}

// itemDone ends an item, and all of its texts.
func (e *openAIResponseEvents) itemDone(r *eventReader) error {
	index, err := r.index(jsonscan.Root, "output_index")
	if err != nil {
		return err
	}
	if _, ok := e.open[index]; !ok {
		return errItem
	}
	delete(e.open, index)
	r.endBelow(r.place("output", index, ".", none, ""))
	return nil
}

// done lets a [DONE] pass after the terminal event: some servers send one.
func (e *openAIResponseEvents) done(r *eventReader) error {
	if !r.over && !r.failed || e.doneToo {
		return errDone
	}
	e.doneToo = true
	r.piece.terminal = true
	return nil
}

func (e *openAIResponseEvents) refuse(code, message string) []byte {
	return openAIResponseError(code, message, e.number+1)
}
