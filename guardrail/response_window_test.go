package guardrail

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// saidBy returns what clients put together of a stream, or of the first part of one, by block or choice.
func saidBy(t testing.TB, stream string) map[int]string {
	t.Helper()
	all := make(map[int]string)
	for _, event := range eventsOf(stream) {
		_, data, found := strings.Cut(event, "data: ")
		if !found || strings.HasPrefix(data, "[DONE]") {
			continue
		}
		var ev struct {
			Index int
			Delta struct {
				Text    string
				Partial string `json:"partial_json"`
			}
			Choices []struct {
				Index int
				Delta struct{ Content string }
			}
		}
		if err := json.Unmarshal([]byte(data), &ev); err != nil {
			t.Fatalf("%q: %v", event, err)
		}
		all[ev.Index] += ev.Delta.Text + ev.Delta.Partial
		for _, c := range ev.Choices {
			all[c.Index] += c.Delta.Content
		}
	}
	return all
}

// kept checks what a window promises of one answer: a phrase that is said is found, and no event with any byte of it has left;
// where it is not said, everything has left as it came. Phrases that begin in what no event says are not looked for.
func kept(t testing.TB, g *Guardrail, path, stream, phrase string) {
	t.Helper()
	got, rec := ask(g, path, answers(typeStream, stream))
	where, at := -1, 0
	for channel, text := range saidBy(t, stream) {
		if i := strings.Index(text, phrase); i >= 0 {
			where, at = channel, i
		}
	}
	if where < 0 {
		if rec.Outcome != Passed || got.Body != stream {
			t.Fatalf("%s blocks what does not say it: %+v\n%s", path, rec, got.Body)
		}
		return
	}
	if rec.Outcome != Blocked {
		t.Fatalf("%s passes what says it: %+v\n%s", path, rec, stream)
	}
	if rec.Released == 0 {
		return
	}
	released := got.Body[:rec.Released]
	if !strings.HasPrefix(stream, released) {
		t.Fatalf("released is %q", released)
	}
	if said := saidBy(t, released)[where]; len(said) > at {
		t.Fatalf("%s: said %q at %d, and released %q", path, phrase, at, said)
	}
}

// Wherever the phrase stands, in pieces of whatever size, under whatever windows.
func TestWindowsKeepBack(t *testing.T) {
	filler := "lorem ipsum dolor sit amet consectetur "
	for _, w := range []Responses{
		{WindowSize: 16, WindowOverlap: 15}, {WindowSize: 24, WindowOverlap: 15}, {WindowSize: 40, WindowOverlap: 20}, {WindowSize: 100, WindowOverlap: 64},
	} {
		w.Mode = Window
		g := must(t, judging(w))
		for at := range len(filler) {
			text := filler[:at] + word + filler[at:] + filler
			for piece := 1; piece <= 9; piece += 2 {
				kept(t, g, "/anthropic", anthropic(letters(text, piece)), word)
				kept(t, g, "/anthropic", anthropicTool(letters(`{"a":`+quoted(text)+`}`, piece)...), word)
				var pieces []said
				for _, p := range letters(text, piece) {
					pieces = append(pieces, said{0, "und so weiter "}, said{1, p})
				}
				kept(t, g, "/chat", chatStream(pieces...), word)
			}
		}
	}
	drained(t, sharedBudget)
}

// What is said over the seam between two texts is found before either half has left.
func TestWindowsKeepSeams(t *testing.T) {
	patterns, err := Patterns("seams", word)
	if err != nil {
		t.Fatal(err)
	}
	w := Responses{Mode: Window, WindowSize: 40, WindowOverlap: 20, Guards: []Guard{patterns}}
	g := must(t, judging(w))
	filler := "lorem ipsum dolor sit amet consectetur "
	for cut := 1; cut < len(word); cut++ {
		for n := range 2 * len(filler) { // so that a window ends at every place around the seam
			before := (filler + filler)[:n]
			for _, after := range []string{"", filler + filler} {
				stream := anthropic(letters(before+word[:cut], 3), letters(word[cut:]+after, 3))
				got, rec := ask(g, "/anthropic", answers(typeStream, stream))
				if rec.Outcome != Blocked {
					t.Fatalf("cut at %d: %+v", cut, rec)
				}
				if rec.Released > 0 {
					if said := saidBy(t, got.Body[:rec.Released]); len(said[0]) > len(before) || said[1] != "" {
						t.Fatalf("cut at %d: released %v", cut, said)
					}
				}
			}
		}
		// Three texts, and one that is not a part of it between.
		stream := anthropic([]string{filler, word[:cut]}, []string{word[cut : cut+1]}, []string{word[cut+1:], filler})
		if _, rec := ask(g, "/anthropic", answers(typeStream, stream)); rec.Outcome != Blocked {
			t.Fatalf("over three, cut at %d: %+v", cut, rec)
		}
	}
	if got, rec := ask(g, "/anthropic", answers(typeStream, anthropic([]string{filler, word[:9]}, []string{"and " + word[9:], filler}))); rec.Outcome != Passed {
		t.Errorf("%+v\n%s", rec, got.Body)
	}
}

// A word that is cut by an event or by a window is no other word.
func TestWindowsKeepWords(t *testing.T) {
	patterns, err := Patterns("words", `\bass\b`, `\bcat`, `(?i)\bever\b`)
	if err != nil {
		t.Fatal(err)
	}
	text := "please assist the bobcat and assess whatever classes concatenate; forever, however, assets and passes. "
	for size := 8; size < 60; size++ {
		for _, overlap := range []int{size / 2, size} {
			g := must(t, judging(Responses{Mode: Window, WindowSize: size, WindowOverlap: overlap, Guards: []Guard{patterns}}))
			for piece := 1; piece < 7; piece++ {
				stream := anthropic(letters(text+text, piece))
				if got, rec := ask(g, "/anthropic", answers(typeStream, stream)); rec.Outcome != Passed || got.Body != stream {
					t.Fatalf("a window of %d, %d, in pieces of %d: %+v", size, overlap, piece, rec)
				}
			}
		}
	}
}

// What is shown is every text from its beginning to its end, in windows that overlap, and each hearing has something new.
func TestWindowsShowEverything(t *testing.T) {
	guard := &fake{name: "answers", scope: WholeConversation}
	g := must(t, judging(Responses{Mode: Window, WindowSize: 32, WindowOverlap: 16, Guards: []Guard{guard}}))
	text := ""
	for i := range 100 {
		text += fmt.Sprintf("word%d — ", i)
	}
	_, rec := ask(g, "/anthropic", answers(typeStream, anthropic(strings.SplitAfter(text, " "))))
	if rec.Outcome != Passed || rec.Hearings != guard.calls() || rec.Hearings < len(text)/40 {
		t.Fatalf("%+v, %d calls", rec, guard.calls())
	}
	so := ""
	for _, in := range guard.seen {
		if len(in.Texts) != 1 || in.Texts[0].Role != "assistant" || in.Texts[0].Kind != Prompt || in.Direction != DirectionResponse {
			t.Fatalf("%+v", in)
		}
		window := in.Texts[0].Value
		if !utf8.ValidString(window) || len(window) > 32+16+2*maxWord {
			t.Errorf("the window is %q", window)
		}
		n := min(len(so), len(window))
		for n >= 0 && !strings.HasSuffix(so, window[:n]) {
			n--
		}
		if n < min(len(so), 16) || n == len(window) {
			t.Errorf("after %q comes %q", so, window)
		}
		so += window[n:]
	}
	if so != text {
		t.Errorf("shown is %q", so)
	}
}

// FuzzWindows reads a text in random pieces under a random window. The oracle is that of kept.
func FuzzWindows(f *testing.F) {
	f.Add("lorem ipsum the banned word dolor", uint64(1), byte(16), byte(15))
	f.Add("the banned wordthe banned word", uint64(2), byte(40), byte(30))
	f.Add("ä the banned\n \"word\" the banned word\U0001F600", uint64(3), byte(0), byte(0))
	f.Add(strings.Repeat("x", 200)+word, uint64(4), byte(50), byte(16))
	f.Fuzz(func(t *testing.T, text string, seed uint64, size, overlap byte) {
		if !utf8.ValidString(text) || len(text) == 0 || strings.ContainsRune(text, 0) {
			t.Skip()
		}
		back := max(len(word), int(overlap))
		g := must(t, judging(Responses{Mode: Window, WindowSize: back + int(size), WindowOverlap: back}))
		random := rand.New(rand.NewPCG(seed, 1))
		var deltas []string
		var pieces []said
		for rest := []rune(text); len(rest) > 0; {
			n := 1 + random.IntN(min(len(rest), 12))
			deltas = append(deltas, string(rest[:n]))
			pieces = append(pieces, said{random.IntN(3), string(rest[:n])})
			rest = rest[n:]
		}
		kept(t, g, "/anthropic", anthropic(deltas), word)
		kept(t, g, "/chat", chatStream(pieces...), word)
		var input []string
		for rest := quoted(text); rest != ""; { // escapes are cut, too
			n := 1 + random.IntN(min(len(rest), 12))
			for !utf8.RuneStart((rest + "x")[n]) {
				n++
			}
			input = append(input, rest[:n])
			rest = rest[n:]
		}
		stream := anthropicTool(input...)
		if got, rec := ask(g, "/anthropic", answers(typeStream, stream)); strings.Contains(text, word) != (rec.Outcome == Blocked) || rec.Outcome == Passed && got.Body != stream {
			t.Fatalf("a tool's input, %q: %+v", input, rec)
		}
		drained(t, sharedBudget)
	})
}
