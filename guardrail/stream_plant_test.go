package guardrail

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/jsonscan"
	"github.com/headersafe/headersafe/internal/race"
	"github.com/headersafe/headersafe/internal/sse"
)

// rawEvents returns the bytes of each event of a stream.
func rawEvents(t testing.TB, stream string) []string {
	t.Helper()
	var all []string
	r := sse.NewReader(sse.Limits{})
	if err := r.Feed([]byte(stream), func(ev sse.Event) error { all = append(all, string(ev.Raw)); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// planting is a value or a name of an event's data, and what the event is with something else in its place.
type planting struct {
	at      string
	replace func(json string) string
	old     string
}

// plantings returns every place of an event's data.
func plantings(t testing.TB, event string) []planting {
	t.Helper()
	before, rest, found := strings.Cut(event, "data: ")
	data, after, _ := strings.Cut(rest, "\n")
	if !found || data == "[DONE]" {
		return nil
	}
	tape, err := jsonscan.Scan([]byte(data), jsonscan.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tape.Release()
	var all []planting
	for n := jsonscan.Root + 1; int(n) < tape.Len(); n++ {
		at := normalizedPath(tape, n, nil)
		start, end := tape.Span(n)
		all = append(all, planting{at, func(json string) string {
			return before + "data: " + data[:start] + json + data[end:] + "\n" + after
		}, data[start:end]})
		if name, _ := tape.Name(n); name != nil {
			nameEnd := nameOffset(tape, n) + 1 + len(name)
			all = append(all, planting{"the name of " + at, func(json string) string {
				return before + "data: " + data[:nameEnd-len(name)-1] + json + data[nameEnd+1:] + "\n" + after
			}, `"` + string(name) + `"`})
		}
	}
	return all
}

// Whatever stands in the place of any value or name of any event is read, or the stream is refused.
func TestStream_NothingIsUnread(t *testing.T) {
	forms := []string{
		`"` + word + `"`, `"the b\u0061nned w\u006frd"`, `["` + word + `"]`, `{"type":"` + word + `","` + word + `":1}`,
	}
	if race.Enabled {
		forms = forms[:1] // the others take long there, and run elsewhere
	}
	for name, s := range recordedStreams {
		t.Run(name, func(t *testing.T) {
			events := rawEvents(t, recordedStream(t, name))
			read, refused := 0, 0
			for i, event := range events {
				for _, p := range plantings(t, event) {
					for _, json := range forms {
						if strings.HasPrefix(p.at, "the name") && json[0] != '"' {
							continue
						}
						changed := strings.Join(events[:i], "") + p.replace(json) + strings.Join(events[i+1:], "")
						got, err := readStream(t, s, changed)
						switch {
						case err != nil:
							refused++
						case got.holds(word):
							read++
						default:
							t.Errorf("event %d, %s instead of %s: it passed unread", i, json, p.at)
						}
						if err != nil && strings.Contains(err.Error(), "banned") {
							t.Errorf("event %d, %s: the error says it: %v", i, p.at, err)
						}
						for _, text := range got.Texts {
							if strings.Contains(text.Place, word) {
								t.Errorf("event %d, %s: the place has the upstream's words: %s", i, p.at, text.Place)
							}
						}
					}
				}
			}
			t.Logf("%d read, %d refused", read, refused)
			if read < refused {
				t.Errorf("%d read, %d refused: that proves little", read, refused)
			}
		})
	}
}

func (s streamed) holds(value string) bool {
	for _, text := range s.Texts {
		if strings.Contains(text.Value, value) {
			return true
		}
	}
	return false
}

// What two events in a row say at the same place is one text, unless each of them says it whole.
func TestStream_SplitBetweenEvents(t *testing.T) {
	for name, s := range recordedStreams {
		t.Run(name, func(t *testing.T) {
			events := rawEvents(t, recordedStream(t, name))
			joined, step := 0, 1
			if race.Enabled {
				step = 5
			}
			for i, event := range events {
				for _, p := range plantings(t, event) {
					if p.old[0] != '"' || strings.HasPrefix(p.at, "the name") {
						continue
					}
					// Where an identifier is passed over, so is a half that looks like one.
					one := strings.Join(events[:i], "") + p.replace(`"identifier1"`) + strings.Join(events[i+1:], "")
					if got, err := readStream(t, s, one); err != nil || !got.goesOn("identifier1") {
						continue
					}
					for cut := 1; cut < len(word); cut += step {
						halves := p.replace(strconv.Quote(word[:cut])) + p.replace(strconv.Quote(word[cut:]))
						got, err := readStream(t, s, strings.Join(events[:i], "")+halves+strings.Join(events[i+1:], ""))
						if err == nil && !got.holds(word) {
							t.Errorf("event %d, %s: cut at %d it passed unread", i, p.at, cut)
						}
						if err == nil {
							joined++
						}
					}
				}
			}
			if joined == 0 && !strings.Contains(name, "error") {
				t.Error("nothing goes on from event to event")
			}
		})
	}
}

// goesOn reports whether value is in a text that goes on from event to event.
func (s streamed) goesOn(value string) bool {
	for _, text := range s.Texts {
		if !text.Whole && strings.Contains(text.Value, value) {
			return true
		}
	}
	return false
}

// An index that clients don't look at parts no text: only tool calls, and details of reasoning, go by one.
func TestStream_IndexesThatSayNothing(t *testing.T) {
	for _, choice := range []string{
		`"delta":{},"logprobs":{"content":[{"index":%d,"token":%q}]}`,
		`"delta":{"content":[{"index":%d,"type":"text","text":%q}]}`,
		`"delta":{"tool_calls":[{"index":0,"function":{"parts":[{"index":%d,"text":%q}]}}]}`,
	} {
		stream := ""
		for i, letter := range letters(word, 1) {
			stream += unnamed(fmt.Sprintf(`{"choices":[{"index":0,`+choice+`}]}`, i%2, letter))
		}
		if got, err := readStream(t, OpenAIChatStream, stream+unnamed("[DONE]")); err != nil || !got.holds(word) {
			t.Errorf("%s: %v\n%s", choice, err, strings.Join(got.lines(), "\n"))
		}
	}
}
