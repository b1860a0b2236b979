package guardrail

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// What clients don't show, or not there, parts no two texts, however long it is and whoever is said to say it.
func TestNothingPartsTexts(t *testing.T) {
	patterns, err := Patterns("seams", word)
	if err != nil {
		t.Fatal(err)
	}
	const second = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1"
	stream := anthropic([]string{"lorem ipsum the ban"}, []string{"ned word dolor sit"})
	long := strings.Repeat("so be it ", 40)
	ping := func(members string) string { return "event: ping\ndata: {\"type\":\"ping\"," + members + "}\n\n" }
	for name, between := range map[string]string{
		"nothing":                       "",
		"a comment":                     ": a b\n",
		"a long comment":                ": " + long + "\n",
		"many comments":                 strings.Repeat(": "+long[:36]+"\n\n", 20),
		"an ID":                         "id: " + long + "\n",
		"a ping":                        ping(`"a":"` + long + `"`),
		"a ping with a name":            ping(`"` + long + `":1`),
		"a ping in another role":        ping(`"role":"user","a":"a b"`),
		"a ping of two, in other roles": ping(`"role":"user","a":{"role":"x","a b":"` + long + `"}`),
	} {
		for _, r := range []Responses{{Mode: Hold}, {Mode: Window, WindowSize: 40, WindowOverlap: 20}} {
			r.Guards = []Guard{patterns}
			got, rec := ask(must(t, judging(r)), "/anthropic", answers(typeStream, strings.Replace(stream, second, between+second, 1)))
			if rec.Outcome != Blocked || strings.Contains(got.Body, "the ban") {
				t.Errorf("%s in mode %s: %+v\n%s", name, r.Mode, rec, got.Body)
			}
		}
	}
}

// However many texts stand in events by themselves, a hearing is about those of a window and an overlap, and not about
// all since the last text that went on.
func TestHearingsOnCommentsAreBounded(t *testing.T) {
	guard := &fake{name: "answers", scope: WholeConversation}
	r := Responses{Mode: Window, WindowSize: 64, WindowOverlap: 32, Guards: []Guard{guard}}
	const second = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1"
	stream := anthropic([]string{long}, []string{long})
	for _, before := range []string{"event: message_start", second} {
		guard.seen = nil
		got, rec := ask(must(t, judging(r)), "/anthropic", answers(typeStream, strings.Replace(stream, before, strings.Repeat(": so be it\n", 2000)+before, 1)))
		if rec.Outcome != Passed || int64(len(got.Body)) != rec.Read || guard.calls() < 100 {
			t.Fatalf("%d calls, %+v", guard.calls(), rec)
		}
		for _, in := range guard.seen {
			size := 0
			for _, text := range in.Texts {
				size += len(text.Value)
			}
			if size > 64+2*32+len(long) {
				t.Fatalf("%d bytes in a hearing", size)
			}
		}
	}
}

// Small texts count for what they take in memory, which is more than their bytes.
func TestSmallTextsAreCounted(t *testing.T) {
	const comments = 10_000
	least := map[Mode]int64{Hold: comments * (streamTextCost + heldEventCost + needCost), Observe: comments * streamTextCost}
	stream := strings.Repeat(": a b\n", comments) + saying("")
	for _, r := range []Responses{{Mode: Hold, MaxBody: 1 << 20}, {Mode: Observe, MaxBody: 1 << 20}} {
		most := int64(0)
		c := judging(r)
		c.MaxBody, c.Budget = 1<<20, NewBudget(16<<20)
		_, rec := ask(must(t, c), "/anthropic", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", typeStream)
			_, _ = io.WriteString(w, stream)
			most = c.Budget.InUse()
		}))
		if rec.Outcome != Passed || most < least[r.Mode] {
			t.Errorf("mode %s: %d bytes of the budget, and not %d: %+v", r.Mode, most, least[r.Mode], rec)
		}
		drained(t, c.Budget)
	}
}

// What has ended is kept until as much has been judged of what follows: an overlap of bytes that a guard has seen.
func TestWindowsKeepWhatEnded(t *testing.T) {
	patterns, err := Patterns("seams", word)
	if err != nil {
		t.Fatal(err)
	}
	r := Responses{Mode: Window, WindowSize: 40, WindowOverlap: 30, Guards: []Guard{patterns}}
	const block = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":"
	start, rest, _ := strings.Cut(anthropic(nil, []string{"ned word dolor sit"}), block+"0")
	_, rest, _ = strings.Cut(rest, block+"1") // the first block stands in the start
	whole := strings.Replace(start, `"content":[]`, `"content":[{"type":"text","text":"`+long+` the ban"}]`, 1) + block + "1" + rest
	for name, stream := range map[string]string{
		"before a long word, which is judged late": anthropic([]string{"lorem ipsum the banned "}, letters(word[len(word)-4:]+strings.Repeat("x", 55)+" dolor sit", 4)),
		"whole": whole,
	} {
		if got, rec := ask(must(t, judging(r)), "/anthropic", answers(typeStream, stream)); rec.Outcome != Blocked || strings.Contains(got.Body, "the ban") {
			t.Errorf("%s: %+v\n%s", name, rec, got.Body)
		}
	}
}

// What has been released is held no more: a stream may be longer than what may be held of it.
func TestWindowsLetGo(t *testing.T) {
	c := judging(Responses{Mode: Window, WindowSize: 64, WindowOverlap: 32, MaxBody: 4000})
	c.MaxBody, c.Budget = 4000, NewBudget(64<<10)
	stream := anthropic(letters(strings.Repeat(long, 100), 9))
	if got, rec := ask(must(t, c), "/anthropic", answers(typeStream, eventsOf(stream)...)); rec.Outcome != Passed || got.Body != stream {
		t.Errorf("%+v", rec)
	}
	drained(t, c.Budget)
}

// What is held at one time is bounded, events that say nothing among it, and so is what observers are shown.
func TestHeldIsBounded(t *testing.T) {
	text, pings := saying(""), strings.Repeat("event: ping\ndata: {\"type\":\"ping\"}\n\n", 500)
	for name, tt := range map[string]struct {
		r       Responses
		stream  string
		outcome Outcome
	}{
		"hold, text":          {Responses{Mode: Hold, MaxBody: 1000}, text, Failed},
		"hold, pings":         {Responses{Mode: Hold, MaxBody: 10_000}, pings + text, Failed},
		"observe, text":       {Responses{Mode: Observe, MaxBody: 600}, anthropic(letters(strings.Repeat(long, 7), 20)), Failed},
		"observe, pings":      {Responses{Mode: Observe, MaxBody: 10_000}, pings + text, Passed},
		"window, pings":       {Responses{Mode: Window, MaxBody: 10_000, WindowSize: 32, WindowOverlap: 16}, pings + text, Passed},
		"window, behind text": {Responses{Mode: Window, MaxBody: 10_000, WindowSize: 32, WindowOverlap: 16}, strings.Replace(text, "event: content_block_stop", pings+"event: content_block_stop", 1), Failed},
	} {
		c := judging(tt.r)
		c.MaxBody = tt.r.MaxBody
		got, rec := ask(must(t, c), "/anthropic", answers(typeStream, tt.stream))
		if rec.Outcome != tt.outcome || tt.outcome == Failed && !strings.Contains(rec.Detail, "Responses.MaxBody") || tt.r.Mode == Observe && got.Body != tt.stream {
			t.Errorf("%s: %+v", name, rec)
		}
		drained(t, sharedBudget)
	}
}

// Reasoning ends where content begins: its end is not kept until the choice is over.
func TestReasoningEnds(t *testing.T) {
	for _, reasoning := range []string{`"reasoning":"so be it"`, `"reasoning_content":"so be it"`, `"reasoning_details":[{"index":0,"text":"so be it"}]`} {
		stream := unnamed(`{"choices":[{"index":0,"delta":{`+reasoning+`}}]}`) + chatStream(said{0, long}, said{0, long}, said{0, word})
		if _, rec := ask(must(t, judging(windowed())), "/chat", answers(typeStream, eventsOf(stream)...)); rec.Outcome != Blocked || rec.Released == 0 {
			t.Errorf("%s: %+v", reasoning, rec)
		}
	}
}

// So do the tokens of a text that is done.
func TestTokensEnd(t *testing.T) {
	delta := func(part int, text, tokens string) string {
		return named(fmt.Sprintf(`{"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":%d,"delta":%q,"logprobs":[%s]}`, part, text, tokens))
	}
	stream := named(`{"type":"response.output_item.added","output_index":0,"item":{"id":"i","type":"message","content":[]}}`) +
		delta(0, "so be it", `{"token":"so be it","logprob":-1,"top_logprobs":[]}`) +
		named(`{"type":"response.output_text.done","item_id":"i","output_index":0,"content_index":0,"text":"so be it"}`)
	first := int64(len(stream))
	stream += delta(1, long, "") + delta(1, long, "") + delta(1, word+" ", "") + delta(1, long, "")
	if _, rec := ask(must(t, judging(windowed())), "/responses", answers(typeStream, eventsOf(stream)...)); rec.Outcome != Blocked || rec.Released < first {
		t.Errorf("%d are to be released at least: %+v", first, rec)
	}
}

// A text that has ended is kept while the one behind it has hardly begun, whatever another choice says meanwhile.
func TestWindowsKeepWhatEndedBesideOthers(t *testing.T) {
	patterns, err := Patterns("seams", word)
	if err != nil {
		t.Fatal(err)
	}
	delta := func(choice int, member, text string) string {
		return unnamed(fmt.Sprintf(`{"choices":[{"index":%d,"delta":{%q:%q}}]}`, choice, member, text))
	}
	r := Responses{Mode: Window, WindowSize: 40, WindowOverlap: 20, Guards: []Guard{patterns}}
	for cut := 5; cut < len(word); cut++ {
		stream := delta(1, "reasoning", long) + delta(1, "reasoning_content", long) + delta(1, "content", long+long) + delta(1, "content", long) +
			delta(0, "reasoning", "lorem ipsum "+word[:4]) + delta(0, "content", word[4:cut]) +
			delta(1, "content", long) + delta(1, "content", long) + delta(0, "content", word[cut:]+" dolor sit") + delta(1, "content", long) + unnamed("[DONE]")
		if got, rec := ask(must(t, judging(r)), "/chat", answers(typeStream, stream)); rec.Outcome != Blocked || rec.Released == 0 || strings.Contains(got.Body, "ipsum") {
			t.Errorf("cut at %d: %+v\n%s", cut, rec, got.Body)
		}
	}
}
