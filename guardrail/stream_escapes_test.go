package guardrail

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func decodeCut(text string, places ...int) string {
	var e escapes
	var out []byte
	last := 0
	for _, at := range append(places, len(text)) {
		out = e.decode(out, []byte(text[last:at]))
		last = at
	}
	return string(append(out, e.flush()...))
}

// Escapes are undone wherever the text is cut.
func TestEscapes(t *testing.T) {
	for text, want := range map[string]string{
		``:                      "",
		`plain é`:               "plain é",
		`\"\\\/\b\f\n\r\t`:      "\"\\/\b\f\n\r\t",
		`b\u0061nned \u00E9`:    "banned é",
		`\ud83d\ude00!`:         "😀!",
		`\uD83D\uDE00\u0021`:    "😀!",
		`\ud83d`:                `\ud83d`, // it was never complete
		`\ud83dx`:               "\uFFFDx",
		`\ud83d\n`:              "\uFFFD\n",
		`\ud83d\u0041`:          "\uFFFDA",
		`\ud83d\ud83d\ude00`:    "\uFFFD😀",
		`\ude00`:                "\uFFFD",
		`\ude00\ud83d!`:         "\uFFFD\uFFFD!",
		`\ud83d\uzzzz`:          "\uFFFD\\uzzzz",
		`\x41`:                  `\x41`,
		`\u12G4 \u12`:           `\u12G4 \u12`,
		`\u\u0041`:              `\uA`,
		`\`:                     `\`,
		`\\u0041`:               `\u0041`,
		`C:\\new`:               `C:\new`,
		"\\\u00e9 \\u\u00e9000": "\\\u00e9 \\u\u00e9000",
	} {
		var everywhere []int
		for at := range text {
			everywhere = append(everywhere, at)
			if got := decodeCut(text, at); got != want {
				t.Errorf("%s, cut at %d: %q, want %q", text, at, got, want)
			}
		}
		if got := decodeCut(text, everywhere...); got != want {
			t.Errorf("%s, character by character: %q, want %q", text, got, want)
		}
	}
}

// A string in JSON, cut anywhere, decodes to what encoding/json says it is; anything else to the same as when it is not
// cut.
func FuzzEscapes(f *testing.F) {
	f.Add(`b\u0061nned \ud83d\ude00 \\n`, uint16(3), uint16(9))
	f.Add(`\ud83d\ud83d`, uint16(3), uint16(9))
	f.Add(`\u12\\`, uint16(3), uint16(4))
	f.Fuzz(func(t *testing.T, text string, first, second uint16) {
		if !utf8.ValidString(text) {
			return
		}
		whole := decodeCut(text)
		if !utf8.ValidString(whole) {
			t.Fatalf("%q decodes to %q", text, whole)
		}
		i, j := int(first)%(len(text)+1), int(second)%(len(text)+1)
		for i < len(text) && !utf8.RuneStart(text[i]) {
			i++
		}
		for j < len(text) && !utf8.RuneStart(text[j]) {
			j++
		}
		if got := decodeCut(text, min(i, j), max(i, j)); got != whole {
			t.Fatalf("%q cut at %d and %d: %q, and %q as a whole", text, i, j, got, whole)
		}
		var want string
		text += "." // so that nothing is left open
		if got := decodeCut(text); json.Unmarshal([]byte(`"`+text+`"`), &want) == nil && got != want {
			t.Fatalf("%q decodes to %q, want %q", text, got, want)
		}
	})
}

// From its first escape on a text is shown as it came as well, with what stood before.
func TestStream_TextAsItCame(t *testing.T) {
	const overlap = 300
	reader := AnthropicMessageStream.reader(overlap)
	texts := map[string]string{}
	before := strings.Repeat("é234567 ", 200)
	for _, event := range []string{
		named(`{"type":"message_start","message":{}}`),
		named(`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use"}}`),
		named(`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"` + before[:len(before)/2] + `"}}`),
		named(`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"` + before[len(before)/2:] + `"}}`),
		named(`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"a\\"}}`),
		named(`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"u006"}}`),
		named(`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"2 c \\u00"}}`),
		named(`{"type":"message_stop"}`),
	} {
		for _, ev := range eventsIn(t, event) {
			p, err := reader.event(ev)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range p.fragments {
				texts[reader.channel(f.channel).place] += string(f.value)
			}
		}
	}
	if got, want := texts["content[0].partial_json"], before+`ab c \u00`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	raw := texts["content[0].partial_json as it came"]
	head, ok := strings.CutSuffix(raw, `a\u0062 c \u00`)
	if !ok || !strings.HasSuffix(before, head) || len(head) < overlap {
		t.Errorf("as it came: %q", raw)
	}
}

// A text ends together with the same text as it came.
func TestStream_TextAsItCameEnds(t *testing.T) {
	reader := OpenAIResponseStream.reader(0)
	open := map[string]bool{}
	for _, ev := range eventsIn(t, named(`{"type":"response.output_item.added","output_index":0,"item":{"id":"i","arguments":""}}`)+
		named(`{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"i","delta":"a\\n"}`)+
		named(`{"type":"response.function_call_arguments.done","output_index":0,"item_id":"i","arguments":"a\\n"}`)) {
		p, err := reader.event(ev)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range p.fragments {
			open[reader.channel(f.channel).place] = true
		}
		for _, i := range p.closed {
			open[reader.channel(i).place] = false
		}
	}
	want := map[string]bool{
		"output[0].arguments": false, "output[0].arguments as it came": false, "arguments": false, "arguments unescaped": false,
	}
	if diff := cmp.Diff(want, open); diff != "" {
		t.Error(diff)
	}
}
