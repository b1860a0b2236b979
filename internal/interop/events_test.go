package interop

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"

	"github.com/headersafe/headersafe/guardrail"
)

type object = map[string]any

// eventStream is a union of the SDKs' that is held against the table for an endpoint's event streams.
type eventStream struct {
	pattern string
	name    string // of the golden file
	events  []reflect.Type
	errors  []reflect.Type // of events that end a stream early, and are in no union
	// around returns the events that must come before and after one, so that the stream is whole.
	around func(event object) (before, after []object)
	// done is what comes after the last event.
	done string
	// needed says what must stay as it is, lest the event be for something else.
	needed []string
}

var eventStreams = []eventStream{
	{
		pattern: "POST /v1/messages", name: "anthropic-messages",
		events: types(reflect.TypeFor[anthropic.MessageStreamEventUnion](), reflect.TypeFor[anthropic.BetaRawMessageStreamEventUnion]()),
		errors: anthropicErrors, around: aroundMessageEvent, needed: []string{"$['type']", "$['delta']['type']"},
	},
	{
		pattern: "POST /v1/complete", name: "anthropic-complete",
		events: types(reflect.TypeFor[anthropic.Completion]()),
		errors: anthropicErrors, around: alone, needed: []string{"$['type']"},
	},
	{
		pattern: "POST /v1/chat/completions", name: "openai-chat",
		events: types(reflect.TypeFor[openai.ChatCompletionChunk]()),
		errors: openAIErrors, around: alone, done: "data: [DONE]\n\n",
	},
	{
		pattern: "POST /v1/completions", name: "openai-completions",
		events: types(reflect.TypeFor[openai.Completion]()),
		errors: openAIErrors, around: alone, done: "data: [DONE]\n\n",
	},
	{pattern: "POST /v1/responses", name: "openai-responses", events: responseEvents, around: aroundResponseEvent, needed: responseEventNeeds},
	{
		pattern: "GET /v1/responses/{response_id}", name: "openai-responses",
		events: responseEvents, around: aroundResponseEvent, needed: responseEventNeeds,
	},
}

var (
	responseEvents     = types(reflect.TypeFor[responses.ResponseStreamEventUnion](), reflect.TypeFor[openai.BetaResponseStreamEventUnion]())
	responseEventNeeds = []string{"$['type']", "$['item_id']"}
)

func alone(object) (before, after []object) { return nil, nil }

func aroundMessageEvent(event object) (before, after []object) {
	start := object{"type": "message_start", "message": object{"id": "msg_1", "type": "message", "role": "assistant", "content": []any{}}}
	startBlock := object{"type": "content_block_start", "index": 0, "content_block": object{"type": "text", "text": ""}}
	stopBlock := object{"type": "content_block_stop", "index": 0}
	stop := object{"type": "message_stop"}
	switch event["type"] {
	case "message_start":
		return nil, []object{stop}
	case "content_block_start":
		return []object{start}, []object{stopBlock, stop}
	case "content_block_delta":
		return []object{start, startBlock}, []object{stopBlock, stop}
	case "content_block_stop":
		return []object{start, startBlock}, []object{stop}
	case "message_stop":
		return []object{start}, nil
	}
	return []object{start}, []object{stop}
}

const itemID = "item_1"

func aroundResponseEvent(event object) (before, after []object) {
	response := object{"id": "resp_1", "object": "response", "output": []any{}}
	created := object{"type": "response.created", "response": response}
	added := object{"type": "response.output_item.added", "output_index": 0, "item": object{"id": itemID, "type": "message", "content": []any{}}}
	completed := object{"type": "response.completed", "response": response}
	_, ofItem := event["output_index"]
	switch event["type"] {
	case "response.created":
		return nil, []object{completed}
	case "response.completed", "response.failed", "response.incomplete":
		return []object{created}, nil
	case "response.output_item.added":
		return []object{created}, []object{completed}
	}
	if ofItem {
		return []object{created, added}, []object{completed}
	}
	return []object{created}, []object{completed}
}

// samples returns the events of a stream.
func (s eventStream) samples(of reflect.Type) []object {
	var all []object
	for _, v := range answers(of) {
		event, ok := v.(object)
		if !ok {
			continue
		}
		if _, ok := event["item_id"]; ok {
			event["item_id"] = itemID
		}
		all = append(all, event)
	}
	return all
}

// stream returns a whole stream with the event in it. Another one may be sent in its place.
func (s eventStream) stream(t *testing.T, event object, sent any) string {
	t.Helper()
	before, after := s.around(event)
	done := s.done
	if _, failed := event["error"]; failed || event["type"] == "error" {
		after, done = nil, ""
	}
	var b strings.Builder
	write := func(event, sent any) {
		if name, ok := event.(object)["type"].(string); ok {
			fmt.Fprintf(&b, "event: %s\n", name)
		}
		fmt.Fprintf(&b, "data: %s\n\n", encode(t, sent))
	}
	for _, e := range before {
		write(e, e)
	}
	write(event, sent)
	for _, e := range after {
		write(e, e)
	}
	return b.String() + done
}

func typeOf(event object) string {
	if name, ok := event["type"].(string); ok {
		return name
	}
	return "event"
}

// Every event that an SDK knows is known to the table: it passes, and nothing in it is read as something unknown.
func TestEveryEventIsKnown(t *testing.T) {
	for _, s := range eventStreams {
		t.Run(s.pattern, func(t *testing.T) {
			found := findings{}
			for _, of := range slices.Concat(s.events, s.errors) {
				rule := ruleOf(t, s.pattern, s.events[0])
				for _, event := range s.samples(of) {
					stream := s.stream(t, event, event)
					got := listenTo(t, rule, "text/event-stream", stream)
					if got.status != http.StatusOK || got.body != stream {
						found.note(&found.faults, "%v %s: %d %.300s", of, typeOf(event), got.status, got.body)
						continue
					}
					found.hear(of, event, got.heard)
				}
			}
			for _, fault := range sorted(found.faults) {
				t.Error(fault)
			}
			golden(t, "events-"+s.name, sorted(found.lines))
		})
	}
}

var markerText = regexp.MustCompile(`mk\d{6}`)

// hear notes what a guard was shown of an event, and what was passed over.
func (f *findings) hear(of reflect.Type, event object, all []heard) {
	values := map[string]string{}
	var free []string // where the names are the user's
	leaves("$", event, values, &free)
	users := func(path string) bool {
		return slices.ContainsFunc(free, func(p string) bool { return strings.HasPrefix(path, p) })
	}
	shown := map[string]heard{}
	for _, h := range all {
		for _, marker := range markerText.FindAllString(h.value, -1) {
			shown[marker] = h
		}
		if h.kind == guardrail.Name && !markerText.MatchString(h.value) && !slices.Contains(usersNames, h.value) {
			f.note(&f.faults, "%v %s: the table doesn't know the name %s", of, typeOf(event), h.value)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(values)) {
		if !isMarker(values[path]) {
			continue
		}
		h, ok := shown[values[path]]
		if isMarker(h.role) {
			h.role = "(its own)"
		}
		switch general := generalize(path); {
		case users(path) && !ok:
			f.note(&f.faults, "%v %s: passed over, although it is the user's to fill: %s", of, typeOf(event), general)
		case users(path):
		case ok:
			f.note(&f.lines, "%-11s %-15v %-9s %s", "read", h.kind, h.role, general)
		default:
			f.note(&f.lines, "%-11s %-15s %-9s %s", "passed over", "", "", general)
		}
	}
}

// usersNames are the names in objects that are the user's to fill.
var usersNames = func() []string {
	var all []string
	var collect func(v any)
	collect = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				collect(e)
			}
		case object:
			for name, e := range v {
				all = append(all, name)
				collect(e)
			}
		}
	}
	collect((&filler{}).free())
	return all
}()

// What stands in the place of any string of an event is read, and so is what stands beside it; or the stream is refused, where
// it says what the event is for.
func TestNothingIsUnreadInEvents(t *testing.T) {
	tried := map[guardrail.Stream]bool{}
	for _, s := range eventStreams {
		rule := ruleOf(t, s.pattern, s.events[0])
		if tried[rule.Response.Stream] {
			continue
		}
		tried[rule.Response.Stream] = true
		t.Run(s.pattern, func(t *testing.T) {
			for _, of := range slices.Concat(s.events, s.errors) {
				refused := map[string]bool{} // once for each type of events
				for _, event := range s.samples(of) {
					for where, p := range planted(event, func(path string) bool { return slices.Contains(s.needed, path) }) {
						s.checkHeard(t, rule, event, where, p, false)
					}
					for _, needed := range s.needed {
						if refused[typeOf(event)+needed] {
							continue
						}
						refused[typeOf(event)+needed] = true
						p := &planter{at: map[string]string{}}
						value := p.strings(event, "$", func(path, _ string) bool { return path == needed })
						s.checkHeard(t, rule, event, "at "+needed, plantedValue{value, p}, true)
					}
				}
			}
		})
	}
}

// checkHeard checks that a guard is shown what was planted in an event, or that the stream is refused, if it may be.
func (s eventStream) checkHeard(t *testing.T, rule guardrail.Endpoint, event object, where string, p plantedValue, mayRefuse bool) {
	t.Helper()
	stream := s.stream(t, event, p.value)
	got := listenTo(t, rule, "text/event-stream", stream)
	switch {
	case got.status == http.StatusBadGateway && mayRefuse:
	case got.status != http.StatusOK || got.body != stream:
		t.Errorf("%s, texts %s: %d %.300s", typeOf(event), where, got.status, got.body)
	default:
		for _, at := range p.planter.unheard(got.heard) {
			t.Errorf("%s, texts %s: unread: %s", typeOf(event), where, generalize(at))
		}
	}
}
