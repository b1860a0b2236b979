package guardrail

import (
	"bytes"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/jsonscan"
	"github.com/headersafe/headersafe/internal/race"
	"github.com/headersafe/headersafe/internal/sse"
)

// eventsIn returns the events of a stream, with bytes of their own.
func eventsIn(t testing.TB, stream string) []sse.Event {
	t.Helper()
	var all []sse.Event
	if err := sse.NewReader(sse.Limits{}).Feed([]byte(stream), func(ev sse.Event) error {
		ev.Raw, ev.Name, ev.Data, ev.Aside = bytes.Clone(ev.Raw), bytes.Clone(ev.Name), bytes.Clone(ev.Data), bytes.Clone(ev.Aside)
		all = append(all, ev)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// Whatever the stream: it is refused, or each of its strings that does not look like an identifier or like base64 is in
// a text, and reading it again gives the same.
func FuzzStream(f *testing.F) {
	for name, s := range recordedStreams {
		f.Add(uint8(s), []byte(recordedStream(f, name)))
	}
	f.Add(uint8(OpenAIChatStream), []byte("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":[{\"a b\":\"c d\"}]}}]}\n\n"))
	f.Fuzz(func(t *testing.T, which uint8, stream []byte) {
		s := Stream(which)
		if s == NoStream || !s.valid() {
			return
		}
		read := func() (texts []string, places []string, err error) {
			reader := s.reader(0)
			open := map[int]int{}
			err = sse.NewReader(sse.Limits{MaxEvent: 1 << 16}).Feed(stream, func(ev sse.Event) error {
				p, err := reader.event(ev)
				if err != nil {
					return err
				}
				for _, f := range p.fragments {
					if _, ok := open[f.channel]; !ok {
						open[f.channel] = len(texts)
						texts, places = append(texts, ""), append(places, reader.channel(f.channel).place)
					}
					texts[open[f.channel]] += string(f.value)
				}
				for _, i := range p.closed {
					delete(open, i)
				}
				if ev.Dispatched && string(ev.Data) != "[DONE]" {
					eachStringIsRead(t, ev.Data, texts)
				}
				return nil
			})
			return texts, places, err
		}
		first, places, err := read()
		again, placesAgain, errAgain := read()
		if strings.Join(first, "\x00") != strings.Join(again, "\x00") || strings.Join(places, "\x00") != strings.Join(placesAgain, "\x00") || (err == nil) != (errAgain == nil) {
			t.Fatalf("%q %v, and again %q %v", first, err, again, errAgain)
		}
	})
}

// eachStringIsRead fails unless each string of data is in one of the texts.
func eachStringIsRead(t *testing.T, data []byte, texts []string) {
	t.Helper()
	tape, err := jsonscan.Scan(data, jsonscan.Limits{}, nil)
	if err != nil {
		t.Fatalf("an event was read whose data are %q: %v", data, err)
	}
	defer tape.Release()
	for n := jsonscan.Root; int(n) < tape.Len(); n++ {
		value := tape.String(n)
		if value == "" || looksLikeIdentifier([]byte(value)) || looksOpaque([]byte(value)) || strings.Contains(value, `\`) {
			continue
		}
		found := false
		for _, text := range texts {
			found = found || strings.Contains(text, value)
		}
		if !found {
			t.Fatalf("%q passed unread", value)
		}
	}
}

// A delta costs no memory of its own.
func TestStream_Allocations(t *testing.T) {
	if race.Enabled {
		t.Skip("allocations differ under the race detector")
	}
	for _, c := range streamBenchmarks {
		t.Run(c.name, func(t *testing.T) {
			reader, delta := c.begin(t)
			if n := testing.AllocsPerRun(100, func() {
				if _, err := reader.event(delta); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

type streamBenchmark struct {
	name          string
	stream        Stream
	before, event string
}

// streamBenchmarks are streams and the event that comes most often in each.
var streamBenchmarks = []streamBenchmark{
	{
		"anthropic text", AnthropicMessageStream,
		named(`{"type":"message_start","message":{}}`) + named(`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`),
		named(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello there"}}`),
	},
	{
		"anthropic tool input", AnthropicMessageStream,
		named(`{"type":"message_start","message":{}}`) + named(`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use"}}`),
		named(`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\\\"Hello\\n there"}}`),
	},
	{
		"openai chat", OpenAIChatStream, "",
		unnamed(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1694268190,"model":"gpt-4o-mini","service_tier":"default",` +
			`"system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,"delta":{"content":" there"},"logprobs":null,"finish_reason":null}],` +
			`"usage":null,"obfuscation":"g1Pwz3Y"}`),
	},
	{
		"openai responses", OpenAIResponseStream,
		named(`{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_67c9","type":"message","content":[]}}`),
		named(`{"type":"response.output_text.delta","item_id":"msg_67c9","output_index":0,"content_index":0,"delta":" there!","logprobs":[],` +
			`"obfuscation":"4Xw2k9","sequence_number":7}`),
	},
}

func (c *streamBenchmark) begin(t testing.TB) (streamReader, sse.Event) {
	t.Helper()
	reader := c.stream.reader(0)
	for _, ev := range eventsIn(t, c.before) {
		if _, err := reader.event(ev); err != nil {
			t.Fatal(err)
		}
	}
	delta := eventsIn(t, c.event)[0]
	for range 100 { // until buffers have their size
		if _, err := reader.event(delta); err != nil {
			t.Fatal(err)
		}
	}
	return reader, delta
}

func BenchmarkStream(b *testing.B) {
	for _, c := range streamBenchmarks {
		b.Run(c.name, func(b *testing.B) {
			reader, delta := c.begin(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := reader.event(delta); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
