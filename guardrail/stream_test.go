package guardrail

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/sse"
)

// recordedStreams are the streams below testdata/streams, in the framing of their vendors.
var recordedStreams = map[string]Stream{
	"anthropic-text":         AnthropicMessageStream,
	"anthropic-tools":        AnthropicMessageStream,
	"anthropic-error":        AnthropicMessageStream,
	"anthropic-completion":   AnthropicCompletionStream,
	"openai-chat":            OpenAIChatStream,
	"openai-chat-others":     OpenAIChatStream,
	"openai-chat-error":      OpenAIChatStream,
	"openai-completion":      OpenAICompletionStream,
	"openai-responses-text":  OpenAIResponseStream,
	"openai-responses-tools": OpenAIResponseStream,
	"openai-responses-error": OpenAIResponseStream,
}

func recordedStream(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "streams", name+".sse"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// streamed is what was read from a stream.
type streamed struct {
	Texts  []streamedText // in the order in which they began
	Opaque []string
	Events int
	Failed bool
}

type streamedText struct {
	Place, Role, Value string
	Kind               Kind
	Whole, Closed      bool
}

// readStream reads a stream to its end, and checks what holds for every reader: fragments are whole characters, none is
// empty, and channels are closed once.
func readStream(t testing.TB, s Stream, stream string) (streamed, error) {
	t.Helper()
	reader := s.reader(0)
	events := sse.NewReader(sse.Limits{})
	var out streamed
	open := map[int]int{}
	err := events.Feed([]byte(stream), func(ev sse.Event) error {
		p, err := reader.event(ev)
		if err != nil {
			return err
		}
		for _, f := range p.fragments {
			if len(f.value) == 0 || !utf8.Valid(f.value) {
				t.Errorf("a fragment is %q", f.value)
			}
			at, ok := open[f.channel]
			if !ok {
				c := reader.channel(f.channel)
				at = len(out.Texts)
				open[f.channel] = at
				out.Texts = append(out.Texts, streamedText{Place: c.place, Role: c.role, Kind: c.kind, Whole: c.whole})
			}
			out.Texts[at].Value += string(f.value)
		}
		for _, i := range p.closed {
			at, ok := open[i]
			if !ok {
				t.Errorf("channel %d is closed, and was not open", i)
				continue
			}
			if c := reader.channel(i); c.place != out.Texts[at].Place {
				t.Errorf("channel %d is now %q, and was %q", i, c.place, out.Texts[at].Place)
			}
			out.Texts[at].Closed = true
			delete(open, i)
		}
		out.Opaque = append(out.Opaque, p.opaque...)
		out.Failed = out.Failed || p.failed
		if p.dispatched {
			out.Events++
		}
		return nil
	})
	if err == nil {
		err = events.Close()
	}
	if err == nil {
		err = reader.end()
	}
	return out, err
}

// lines returns the texts, one a line: place, kind, role, value; "…" behind those that never ended.
func (s streamed) lines() []string {
	var lines []string
	for _, text := range s.Texts {
		line := fmt.Sprintf("%s: %s %s %q", text.Place, text.Kind, text.Role, text.Value)
		if !text.Closed {
			line += "…"
		}
		lines = append(lines, line)
	}
	for _, place := range s.Opaque {
		lines = append(lines, "opaque: "+place)
	}
	return lines
}

// What is read of the recorded streams, in full, is in a file beside each. With UPDATE set the files are written anew.
func TestStream_Recorded(t *testing.T) {
	for name, s := range recordedStreams {
		t.Run(name, func(t *testing.T) {
			got, err := readStream(t, s, recordedStream(t, name))
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "streams", name+".texts")
			text := strings.Join(got.lines(), "\n") + "\n"
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(golden, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), text); diff != "" {
				t.Error(diff)
			}
		})
	}
}
