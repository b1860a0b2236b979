package guardrail

import (
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
	const comments, least = 10_000, 10_000 * (112 + 16 + 16) // a text, its event, and what that waits for
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
		if want := int64(least); rec.Outcome != Passed || r.Mode == Hold && most < want || most < want*112/144 {
			t.Errorf("mode %s: %d bytes of the budget, and not %d: %+v", r.Mode, most, want, rec)
		}
		drained(t, c.Budget)
	}
}
