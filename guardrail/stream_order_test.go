package guardrail

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/sse"
)

// named returns an event whose name is its type.
func named(data string) string {
	eventType, _, _ := strings.Cut(strings.TrimPrefix(data, `{"type":"`), `"`)
	return "event: " + eventType + "\ndata: " + data + "\n\n"
}

// unnamed returns an event without a name.
func unnamed(data string) string { return "data: " + data + "\n\n" }

// What is out of order, unknown, or not the same to all clients is refused.
func TestStream_Refuses(t *testing.T) {
	const (
		start      = `{"type":"message_start","message":{"id":"m","content":[]}}`
		block      = `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`
		delta      = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"q z"}}`
		stopBlock  = `{"type":"content_block_stop","index":0}`
		stop       = `{"type":"message_stop"}`
		failure    = `{"type":"error","error":{"type":"x","message":"q z"}}`
		chunk      = `{"choices":[{"index":0,"delta":{"content":"q z"}}]}`
		finished   = `{"choices":[{"index":0,"delta":{"content":"q z"},"finish_reason":"stop"}]}`
		created    = `{"type":"response.created","response":{"id":"r"}}`
		added      = `{"type":"response.output_item.added","output_index":0,"item":{"id":"i","type":"message","content":[]}}`
		textDelta  = `{"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":0,"delta":"q z"}`
		textIsDone = `{"type":"response.output_text.done","item_id":"i","output_index":0,"content_index":0,"text":"q z"}`
		itemIsDone = `{"type":"response.output_item.done","output_index":0,"item":{"id":"i"}}`
		completed  = `{"type":"response.completed","response":{"id":"r","output":[]}}`
	)
	call := func(calls string) string { return `{"choices":[{"index":0,"delta":{"tool_calls":[` + calls + `]}}]}` }
	for _, c := range []struct {
		name   string
		stream Stream
		says   string // "" for a stream that is read
		events []string
	}{
		{"nothing", AnthropicMessageStream, "ended before", nil},
		{"whole", AnthropicMessageStream, "", []string{named(start), named(block), named(delta), named(stopBlock), named(stop)}},
		{"q zlock left open", AnthropicMessageStream, "", []string{named(start), named(block), named(delta), named(stop)}},
		{"no message_stop", AnthropicMessageStream, "ended before", []string{named(start), named(block), named(delta), named(stopBlock)}},
		{"message_start twice", AnthropicMessageStream, "twice", []string{named(start), named(start)}},
		{"no message_start", AnthropicMessageStream, "before message_start", []string{named(block)}},
		{"ping first", AnthropicMessageStream, "", []string{named(`{"type":"ping"}`), named(start), named(stop)}},
		{"error first", AnthropicMessageStream, "", []string{named(failure)}},
		{"after the end", AnthropicMessageStream, "follows", []string{named(start), named(stop), named(`{"type":"ping"}`)}},
		{"after an error", AnthropicMessageStream, "follows", []string{named(start), named(failure), named(block)}},
		{"comment after the end", AnthropicMessageStream, "", []string{named(start), named(stop), ": q z\n\n"}},
		{"delta without q zlock", AnthropicMessageStream, "not open", []string{named(start), named(delta)}},
		{"delta after its block", AnthropicMessageStream, "not open", []string{named(start), named(block), named(stopBlock), named(delta)}},
		{"block twice", AnthropicMessageStream, "out of order", []string{named(start), named(block), named(block)}},
		{"block left out", AnthropicMessageStream, "out of order", []string{named(start), named(strings.Replace(block, `:0`, `:1`, 1))}},
		{"block behind those of the start", AnthropicMessageStream, "out of order", []string{named(`{"type":"message_start","message":{"content":[{"type":"text","text":"q z"}]}}`), named(block)}},
		{"delta for one of the start", AnthropicMessageStream, "not open", []string{named(`{"type":"message_start","message":{"content":[{"type":"text","text":"q z"}]}}`), named(delta)}},
		{"delta for a block that another follows", AnthropicMessageStream, "another one follows", []string{
			named(start), named(block), named(strings.Replace(block, `:0`, `:1`, 1)), named(delta),
		}},
		{"two blocks at once", AnthropicMessageStream, "", []string{
			named(start), named(block), named(delta), named(strings.Replace(block, `:0`, `:1`, 1)), named(strings.Replace(delta, `:0`, `:1`, 1)), named(stopBlock), named(stop),
		}},
		{"a text in message_delta", AnthropicMessageStream, "goes on with none", []string{named(start), named(`{"type":"message_delta","delta":{"text":"q z"}}`)}},
		{"a text in a ping", AnthropicMessageStream, "goes on with none", []string{named(start), named(`{"type":"ping","delta":{"text":"q z"}}`)}},
		{"a delta in a start", AnthropicMessageStream, "goes on with none", []string{named(start), named(strings.Replace(block, `"index"`, `"delta":{"text":"q z"},"index"`, 1))}},
		{"index in another case", AnthropicMessageStream, "case is folded", []string{named(start), named(strings.Replace(block, `"index":0`, `"index":0,"Index":1`, 1))}},
		{"stop twice", AnthropicMessageStream, "not open", []string{named(start), named(block), named(stopBlock), named(stopBlock)}},
		{"stop without q zlock", AnthropicMessageStream, "not open", []string{named(start), named(stopBlock)}},
		{"unknown event", AnthropicMessageStream, "unknown", []string{named(start), named(`{"type":"message_note"}`)}},
		{"unknown delta", AnthropicMessageStream, "unknown type", []string{named(start), named(block), named(strings.Replace(delta, "text_delta", "note_delta", 1))}},
		{"delta without a type", AnthropicMessageStream, "unknown type", []string{named(start), named(block), named(strings.Replace(delta, `"type":"text_delta",`, "", 1))}},
		{"delta that is a string", AnthropicMessageStream, "unknown", []string{named(start), named(block), named(`{"type":"content_block_delta","index":0,"delta":"q z"}`)}},
		{"no index", AnthropicMessageStream, "index", []string{named(start), named(strings.Replace(block, `"index":0,`, "", 1))}},
		{"index in another form", AnthropicMessageStream, "index", []string{named(start), named(strings.Replace(block, `:0`, `:0.0`, 1))}},
		{"index as a string", AnthropicMessageStream, "index", []string{named(start), named(strings.Replace(block, `:0`, `:"0"`, 1))}},
		{"negative index", AnthropicMessageStream, "index", []string{named(start), named(strings.Replace(block, `:0`, `:-1`, 1))}},
		{"another name", AnthropicMessageStream, "name", []string{"event: ping\ndata: " + start + "\n\n"}},
		{"no name", AnthropicMessageStream, "name", []string{unnamed(start)}},
		{"no type", AnthropicMessageStream, "unknown", []string{"event: ping\ndata: {}\n\n"}},
		{"type as a number", AnthropicMessageStream, "name", []string{"event: ping\ndata: {\"type\":1}\n\n"}},
		{"[DONE]", AnthropicMessageStream, "[DONE]", []string{named(start), named(stop), unnamed("[DONE]")}},
		{"duplicate name", AnthropicMessageStream, "duplicate", []string{"event: ping\ndata: {\"type\":\"ping\",\"type\":\"ping\"}\n\n"}},
		{"no JSON", AnthropicMessageStream, "json", []string{"event: ping\ndata: {\n\n"}},
		{"no object", AnthropicMessageStream, "no JSON object", []string{"event: ping\ndata: []\n\n"}},
		{"empty data", AnthropicMessageStream, "empty", []string{"event: ping\ndata\n\n"}},
		{"a name in another case", AnthropicMessageStream, "taken for another", []string{named(start), named(block), named(strings.Replace(delta, `"text":"q z"`, `"Text":"q z"`, 1))}},
		{"CR", AnthropicMessageStream, "differently", []string{strings.ReplaceAll(named(start), "\n", "\r")}},
		{"CRLF", AnthropicMessageStream, "", []string{strings.ReplaceAll(named(start)+named(stop), "\n", "\r\n")}},
		{"byte order mark", AnthropicMessageStream, "differently", []string{"\uFEFF" + named(start)}},
		{"unknown field", AnthropicMessageStream, "differently", []string{"x: y\n" + named(start)}},
		{"event without data", AnthropicMessageStream, "differently", []string{"event: ping\n\n"}},
		{"two names", AnthropicMessageStream, "differently", []string{"event: ping\n" + named(start)}},
		{"data in two lines", AnthropicMessageStream, "", []string{strings.Replace(named(start)+named(stop), `,"message"`, ",\ndata: \"message\"", 1)}},
		{"data in two lines, one by itself JSON", AnthropicMessageStream, "differently", []string{"event: message_start\ndata: {\"type\":\"message_start\",\"message\":\ndata: {}\ndata: }\n\n"}},
		{"data and an empty line", AnthropicMessageStream, "", []string{strings.Replace(named(start), "\n\n", "\ndata: \n\n", 1), named(stop)}},

		{"completion", AnthropicCompletionStream, "", []string{named(`{"type":"completion","completion":" q z","stop_reason":"x"}`)}},
		{"completion without an end", AnthropicCompletionStream, "ended before", []string{named(`{"type":"completion","completion":" q z","stop_reason":null}`)}},
		{"completion after its end", AnthropicCompletionStream, "follows", []string{named(`{"type":"completion","completion":" q z","stop_reason":"x"}`), named(`{"type":"completion","completion":" q z"}`)}},
		{"message in a completion", AnthropicCompletionStream, "unknown", []string{named(start)}},

		{"chat", OpenAIChatStream, "", []string{unnamed(chunk), unnamed(finished), unnamed("[DONE]")}},
		{"chat without a finish", OpenAIChatStream, "", []string{unnamed(chunk), unnamed("[DONE]")}},
		{"chat without an end", OpenAIChatStream, "ended before", []string{unnamed(chunk), unnamed(finished)}},
		{"chat after its end", OpenAIChatStream, "follows", []string{unnamed("[DONE]"), unnamed(chunk)}},
		{"[DONE] twice", OpenAIChatStream, "[DONE]", []string{unnamed("[DONE]"), unnamed("[DONE]")}},
		{"[DONE] with a name", OpenAIChatStream, "json", []string{"event: x\ndata: [DONE]\n\n"}},
		{"[DONE] and more", OpenAIChatStream, "json", []string{unnamed("[DONE] q z")}},
		{"text after the finish", OpenAIChatStream, "after its end", []string{unnamed(finished), unnamed(chunk)}},
		{"nothing after the finish", OpenAIChatStream, "", []string{unnamed(finished), unnamed(`{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}`), unnamed("[DONE]")}},
		{"no choices", OpenAIChatStream, "unknown", []string{unnamed(`{"id":"x"}`)}},
		{"choices an object", OpenAIChatStream, "unknown", []string{unnamed(`{"choices":{}}`)}},
		{"choice without an index", OpenAIChatStream, "index", []string{unnamed(`{"choices":[{"delta":{"content":"q z"}}]}`)}},
		{"choice that is a string", OpenAIChatStream, "index", []string{unnamed(`{"choices":["q z"]}`)}},
		{"the 129th choice", OpenAIChatStream, "index", []string{unnamed(`{"choices":[{"index":128}]}`)}},
		{"tool call with an odd index", OpenAIChatStream, "index", []string{unnamed(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":"0","function":{"name":"q z"}}]}}]}`)}},
		{"choice twice", OpenAIChatStream, "twice", []string{unnamed(`{"choices":[{"index":0,"delta":{"content":"q z"}},{"index":0,"delta":{"content":"q z"}}]}`)}},
		{"choice again", OpenAIChatStream, "", []string{unnamed(chunk), unnamed(chunk), unnamed("[DONE]")}},
		{"index of a tool call in another case", OpenAIChatStream, "lack an index", []string{unnamed(call(`{"\u0049ndex":1,"function":{"arguments":"q z"}}`))}},
		{"tool calls by index and by none", OpenAIChatStream, "lack an index", []string{
			unnamed(call(`{"index":0,"function":{"arguments":"q z"}}`)), unnamed(call(`{"function":{"arguments":"q z"}}`)),
		}},
		{"tool calls by none and by index", OpenAIChatStream, "lack an index", []string{
			unnamed(call(`{"function":{"arguments":"q z"}}`)), unnamed(call(`{"index":0,"function":{"arguments":"q z"}}`)),
		}},
		{"tool calls by none", OpenAIChatStream, "", []string{unnamed(call(`{"function":{"arguments":"q z"}}`)), unnamed(call(`{"function":{"arguments":"q z"}}`)), unnamed("[DONE]")}},
		{"two tool calls by none", OpenAIChatStream, "lack an index", []string{unnamed(call(`{"function":{"arguments":"q z"}},{"function":{"arguments":"q z"}}`))}},
		{"reasoning by index and by none", OpenAIChatStream, "lack an index", []string{
			unnamed(`{"choices":[{"index":0,"delta":{"reasoning_details":[{"index":0,"text":"q z"}]}}]}`), unnamed(`{"choices":[{"index":0,"delta":{"reasoning_details":[{"text":"q z"}]}}]}`),
		}},
		{"chat with a name", OpenAIChatStream, "name", []string{"event: thread.run\ndata: " + chunk + "\n\n"}},
		{"chat named message", OpenAIChatStream, "", []string{"event: message\ndata: " + chunk + "\n\n", unnamed("[DONE]")}},
		{"chat named error", OpenAIChatStream, "name", []string{"event: error\ndata: " + chunk + "\n\n"}},
		{"error with a name", OpenAIChatStream, "", []string{"event: error\ndata: {\"error\":{\"message\":\"q z\"}}\n\n"}},
		{"error as a string", OpenAIChatStream, "", []string{unnamed(`{"error":"q z"}`)}},
		{"error that is null", OpenAIChatStream, "ended before", []string{unnamed(`{"error":null,"choices":[]}`)}},
		{"chat after an error", OpenAIChatStream, "follows", []string{unnamed(`{"error":"q z"}`), unnamed(chunk)}},
		{"reasoning after content", OpenAIChatStream, "after its end", []string{unnamed(chunk), unnamed(`{"choices":[{"index":0,"delta":{"reasoning":"q z"}}]}`)}},
		{"other reasoning after content", OpenAIChatStream, "after its end", []string{unnamed(chunk), unnamed(`{"choices":[{"index":0,"delta":{"reasoning_content":"q z"}}]}`)}},
		{"a name after its arguments", OpenAIChatStream, "after its end", []string{
			unnamed(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"a","arguments":"{"}}]}}]}`),
			unnamed(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"b","arguments":"}"}}]}}]}`),
		}},

		{"response", OpenAIResponseStream, "", []string{named(created), named(added), named(textDelta), named(textIsDone), named(itemIsDone), named(completed)}},
		{"response and [DONE]", OpenAIResponseStream, "", []string{named(created), named(completed), unnamed("[DONE]")}},
		{"response and two [DONE]", OpenAIResponseStream, "[DONE]", []string{named(created), named(completed), unnamed("[DONE]"), unnamed("[DONE]")}},
		{"response and [DONE] too early", OpenAIResponseStream, "[DONE]", []string{named(created), unnamed("[DONE]")}},
		{"response taken up in the middle", OpenAIResponseStream, "", []string{named(added), named(textDelta), named(completed)}},
		{"response without names", OpenAIResponseStream, "", []string{unnamed(created), unnamed(added), unnamed(textDelta), unnamed(completed)}},
		{"response with another name", OpenAIResponseStream, "name", []string{"event: error\ndata: " + created + "\n\n"}},
		{"response without an end", OpenAIResponseStream, "ended before", []string{named(created), named(added)}},
		{"response after its end", OpenAIResponseStream, "follows", []string{named(completed), named(created)}},
		{"created twice", OpenAIResponseStream, "twice", []string{named(created), named(created)}},
		{"unknown event of a response", OpenAIResponseStream, "unknown", []string{named(`{"type":"response.note"}`)}},
		{"item twice", OpenAIResponseStream, "twice", []string{named(added), named(added)}},
		{"item again", OpenAIResponseStream, "twice", []string{named(added), named(itemIsDone), named(added)}},
		{"another item of the same ID", OpenAIResponseStream, "two names", []string{named(added), named(strings.Replace(added, `:0`, `:1`, 1))}},
		{"a long ID", OpenAIResponseStream, "", []string{named(strings.Replace(added, `"i"`, `"`+strings.Repeat("i", maxItemID)+`"`, 1)), named(completed)}},
		{"an ID that is too long", OpenAIResponseStream, "not open", []string{named(strings.Replace(added, `"i"`, `"`+strings.Repeat("i", maxItemID+1)+`"`, 1)), named(completed)}},
		{"delta without an item", OpenAIResponseStream, "not open", []string{named(textDelta)}},
		{"delta after its item", OpenAIResponseStream, "not open", []string{named(added), named(itemIsDone), named(textDelta)}},
		{"delta after its text", OpenAIResponseStream, "after its end", []string{named(added), named(textDelta), named(textIsDone), named(textDelta)}},
		{"delta for another ID", OpenAIResponseStream, "two names", []string{named(added), named(strings.Replace(textDelta, `"i"`, `"j"`, 1))}},
		{"delta without a part", OpenAIResponseStream, "index", []string{named(added), named(strings.Replace(textDelta, `"content_index":0,`, "", 1))}},
		{"delta without a delta", OpenAIResponseStream, "lacks", []string{named(added), named(strings.Replace(textDelta, `,"delta":"q z"`, "", 1))}},
		{"item done twice", OpenAIResponseStream, "not open", []string{named(added), named(itemIsDone), named(itemIsDone)}},
		{"after an error of a response", OpenAIResponseStream, "follows", []string{named(`{"type":"error","message":"q z"}`), named(added)}},
		{"failed after an error", OpenAIResponseStream, "", []string{named(`{"type":"error","message":"q z"}`), named(strings.Replace(completed, "completed", "failed", 1))}},
	} {
		t.Run(c.stream.String()+"/"+c.name, func(t *testing.T) {
			_, err := readStream(t, c.stream, strings.Join(c.events, ""))
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v, want %q", err, c.says)
			}
			if err != nil && strings.Contains(err.Error(), "q z") {
				t.Errorf("the error says what the stream did: %v", err)
			}
		})
	}
}

// However long a stream, what is open is bounded, and numbers of channels are used again.
func TestStream_IsBounded(t *testing.T) {
	start := named(`{"type":"message_start","message":{}}`)
	t.Run("blocks one after the other", func(t *testing.T) {
		reader := AnthropicMessageStream.reader(0)
		highest := 0
		feed(t, reader, start, &highest)
		for i := range 2000 {
			feed(t, reader, named(fmt.Sprintf(`{"type":"content_block_start","index":%d,"content_block":{"type":"tool_use","name":"q z"}}`, i)), &highest)
			feed(t, reader, named(fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":{"type":"input_json_delta","partial_json":"\\n"}}`, i)), &highest)
			feed(t, reader, named(fmt.Sprintf(`{"type":"content_block_stop","index":%d}`, i)), &highest)
		}
		if highest > 3 {
			t.Errorf("numbers went up to %d", highest)
		}
	})
	t.Run("items one after the other", func(t *testing.T) {
		reader := OpenAIResponseStream.reader(0)
		for i := range maxOpenChannels + 2 {
			for _, event := range []string{
				`{"type":"response.output_item.added","output_index":%d,"item":{"id":"i%[1]d","type":"message","content":[]}}`,
				`{"type":"response.output_text.delta","item_id":"i%[1]d","output_index":%[1]d,"content_index":0,"delta":"q z"}`,
				`{"type":"response.output_text.done","item_id":"i%[1]d","output_index":%[1]d,"content_index":0,"text":"q z"}`,
				`{"type":"response.output_item.done","output_index":%d,"item":{"id":"i%[1]d"}}`,
			} {
				feed(t, reader, named(fmt.Sprintf(event, i)), new(int))
			}
		}
	})
	t.Run("texts done in one item", func(t *testing.T) {
		stream := named(`{"type":"response.output_item.added","output_index":0,"item":{"id":"i","type":"message","content":[]}}`)
		for i := range maxOpenChannels + 1 {
			stream += named(fmt.Sprintf(`{"type":"response.output_text.done","item_id":"i","output_index":0,"content_index":%d,"text":"q z"}`, i))
		}
		if _, err := readStream(t, OpenAIResponseStream, stream); err == nil || !strings.Contains(err.Error(), "too many") {
			t.Error(err)
		}
	})
	t.Run("blocks at once", func(t *testing.T) {
		stream := start
		for i := range maxOpenBlocks + 1 {
			stream += named(fmt.Sprintf(`{"type":"content_block_start","index":%d,"content_block":{"type":"text","text":"q z"}}`, i))
		}
		if _, err := readStream(t, AnthropicMessageStream, stream); err == nil || !strings.Contains(err.Error(), "too many") {
			t.Error(err)
		}
	})
	t.Run("tool calls at once", func(t *testing.T) {
		stream := ""
		for i := range maxOpenChannels + 1 {
			stream += unnamed(fmt.Sprintf(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":%d,"function":{"name":"q z"}}]}}]}`, i))
		}
		if _, err := readStream(t, OpenAIChatStream, stream); err == nil || !strings.Contains(err.Error(), "too many") {
			t.Error(err)
		}
	})
	t.Run("texts in one event", func(t *testing.T) {
		_, err := readStream(t, OpenAIChatStream, unnamed(`{"choices":[],"x":[`+strings.Repeat(`"q z",`, maxEventTexts+1)+`"q z"]}`))
		if err == nil || !strings.Contains(err.Error(), "too many texts are in one event") {
			t.Error(err)
		}
	})
	t.Run("texts below a long name", func(t *testing.T) {
		long := strings.Repeat("so ", 100_000)
		_, err := readStream(t, OpenAIChatStream, unnamed(`{"choices":[{"index":0,"`+long+`":["q z"]}]}`))
		if err == nil || !strings.Contains(err.Error(), "too deep") {
			t.Error(err)
		}
		got, err := readStream(t, OpenAIChatStream, unnamed(`{"choices":[],"`+long+`":["q z"]}`)+unnamed("[DONE]"))
		if err != nil || !got.holds("q z") || !got.holds(long) || got.Texts[1].Place != "$['…'][0]" {
			t.Errorf("%.300v %v", got, err)
		}
	})
	t.Run("texts in an element with many members", func(t *testing.T) {
		const n = 10_000
		var members, texts strings.Builder
		for i := range n {
			fmt.Fprintf(&members, `"a%d":%[1]d,`, i)
			texts.WriteString(`"b z",`)
		}
		took := func(texts string) time.Duration {
			best := time.Duration(math.MaxInt64)
			for range 3 {
				reader, started := OpenAIChatStream.reader(0), time.Now()
				feed(t, reader, unnamed(`{"choices":[{"index":0,"delta":{"tool_calls":[{`+members.String()+`"b":[`+texts+`"b z"],"index":0}]}}]}`), new(int))
				best = min(best, time.Since(started))
			}
			return best
		}
		if one, many := took(""), took(texts.String()); many > 20*one {
			t.Errorf("it takes %v with one text, and %v with many", one, many)
		}
	})
	t.Run("one large event", func(t *testing.T) {
		reader := OpenAIChatStream.reader(0)
		highest := 0
		feed(t, reader, unnamed(`{"choices":[],"x":[`+strings.Repeat(`"q z",`, 50_000)+`"q z"]}`), &highest)
		feed(t, reader, unnamed(`{"choices":[]}`), &highest)
		r, _ := reader.(*eventReader)
		if highest < 50_000 || cap(r.piece.fragments) > maxKept || len(r.channels.slots) > maxKept {
			t.Errorf("%d texts, of which %d fragments and %d slots are kept", highest+1, cap(r.piece.fragments), len(r.channels.slots))
		}
	})
}

// feed reads events, and keeps the highest number of a channel.
func feed(t *testing.T, reader streamReader, events string, highest *int) {
	t.Helper()
	if err := sse.NewReader(sse.Limits{}).Feed([]byte(events), func(ev sse.Event) error {
		p, err := reader.event(ev)
		for _, f := range p.fragments {
			*highest = max(*highest, f.channel)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// A denial in the form of each API: JSON in one line, whatever the message.
func TestStream_Refuse(t *testing.T) {
	message := "It says \"no\"\nand\u2028more \x00 <b>"
	quoted, _ := json.Marshal(message)
	for s, want := range map[Stream]string{
		AnthropicMessageStream:    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":%s}}\n\n",
		AnthropicCompletionStream: "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":%s}}\n\n",
		OpenAIChatStream:          "data: {\"error\":{\"message\":%s,\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"blocked\"}}\n\n",
		OpenAICompletionStream:    "data: {\"error\":{\"message\":%s,\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"blocked\"}}\n\n",
		OpenAIResponseStream: "event: error\ndata: {\"type\":\"error\",\"code\":\"blocked\",\"message\":%[1]s,\"param\":null,\"sequence_number\":1," +
			"\"error\":{\"message\":%[1]s,\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"blocked\"}}\n\n",
	} {
		got := string(s.reader(0).refuse("blocked", message))
		if diff := cmp.Diff(fmt.Sprintf(want, quoted), got); diff != "" {
			t.Errorf("%s: %s", s, diff)
		}
		if again, err := readStream(t, s, got); err != nil || !again.Failed || !again.holds(message) {
			t.Errorf("%s: read again it is %+v, %v", s, again, err)
		}
	}
	reader := OpenAIResponseStream.reader(0)
	feed(t, reader, named(`{"type":"response.created","response":{},"sequence_number":41}`)+named(`{"type":"keepalive","sequence_number":7}`), new(int))
	if got := string(reader.refuse("busy", "x")); !strings.Contains(got, `"sequence_number":42`) || !strings.Contains(got, "server_error") {
		t.Error(got)
	}
}

func TestStream_Constants(t *testing.T) {
	for s := range streamEnd + 1 {
		if (s.reader(0) != nil) != (s != NoStream && s.valid()) || (s.String() == "unknown") == s.valid() {
			t.Errorf("%d: %s", s, s)
		}
	}
}
