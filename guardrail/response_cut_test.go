package guardrail

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/race"
)

// pathOf is where the streams below testdata/streams are answered, by how their names begin.
var pathOf = map[string]string{
	"anthropic-completion": "/complete", "anthropic": "/anthropic", "openai-completion": "/completions", "openai-chat": "/chat", "openai-responses": "/responses",
}

func recorded(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/streams/*.sse")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	all := make(map[string]string)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".sse")] = string(b)
	}
	return all
}

func streamPath(t testing.TB, name string) string {
	t.Helper()
	longest := ""
	for prefix := range pathOf {
		if strings.HasPrefix(name, prefix) && len(prefix) > len(longest) {
			longest = prefix
		}
	}
	if longest == "" {
		t.Fatalf("no path for %s", name)
	}
	return pathOf[longest]
}

// cutStreams are streams to cut, by names that begin with their path's: those that were recorded, and some that are refused.
func cutStreams(t testing.TB) map[string]string {
	t.Helper()
	streams := recorded(t)
	text := strings.Repeat("one two three ", 5)
	streams["anthropic/small"] = anthropic([]string{"one two", " three"})
	streams["openai-chat/small"] = chatStream(said{0, "one ä"}, said{1, "two"})
	streams["openai-chat/small and blocked"] = chatStream(said{0, "one the banned"}, said{0, " word"})
	streams["anthropic/blocked"] = anthropic(letters(text+word+text, 3))
	streams["anthropic/blocked in a tool"] = anthropicTool(letters(`{"query":"`+text+`the \u0062anned word"}`, 4)...)
	streams["openai-chat/blocked"] = chatStream(said{0, text}, said{1, "the ban"}, said{0, text}, said{1, "ned word"}, said{1, text})
	streams["anthropic/truncated"] = strings.TrimSuffix(anthropic(letters(text, 9)), "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
	streams["anthropic/with an unknown event"] = anthropic(letters(text, 9)) + "event: extra\ndata: {\"type\":\"extra\"}\n\n"
	streams["anthropic/CRLF"] = strings.ReplaceAll(anthropic([]string{"one two", " three"}), "\n", "\r\n")
	return streams
}

var cutModes = []Responses{{Mode: Hold}, {Mode: Window, WindowSize: 32, WindowOverlap: 16}, {Mode: Observe}}

// Wherever a stream is cut into writes, guards are shown the same, and the same is released. Small streams are cut at every
// place, large ones at some: the rest is FuzzCuts's.
func TestCutsChangeNothing(t *testing.T) {
	for name, stream := range cutStreams(t) {
		for _, r := range cutModes {
			t.Run(name+"/"+r.Mode.String(), func(t *testing.T) {
				g := must(t, judging(r))
				path := streamPath(t, name)
				want, wantRecord := ask(g, path, answers(typeStream, stream))
				if wantRecord == nil || wantRecord.Events == 0 || strings.Contains(name, "blocked") && r.Mode != Observe && wantRecord.Outcome != Blocked {
					t.Fatalf("%+v %+v", want, wantRecord)
				}
				step := 1
				if len(stream) > 1500 || race.Enabled {
					step = 1 + len(stream)/50
				}
				for at := 1; at < len(stream); at += step {
					got, gotRecord := ask(g, path, answers(typeStream, stream[:at], stream[at:]))
					sameAnswer(t, fmt.Sprintf("cut at %d", at), want, got, wantRecord, gotRecord)
				}
				got, gotRecord := ask(g, path, answers(typeStream, strings.Split(stream, "")...))
				sameAnswer(t, "byte by byte", want, got, wantRecord, gotRecord)
				drained(t, sharedBudget)
			})
		}
	}
}

// FuzzCuts cuts one of the streams into several writes. The oracle is that of TestCutsChangeNothing.
func FuzzCuts(f *testing.F) {
	streams := cutStreams(f)
	names := slices.Sorted(maps.Keys(streams))
	for i := range names {
		f.Add(uint(i), uint(i), uint64(i))
	}
	f.Fuzz(func(t *testing.T, which, mode uint, seed uint64) {
		name, r := names[which%uint(len(names))], cutModes[mode%uint(len(cutModes))]
		stream, path := streams[name], streamPath(t, name)
		g := must(t, judging(r))
		want, wantRecord := ask(g, path, answers(typeStream, stream))
		random := rand.New(rand.NewPCG(seed, 1))
		var parts []string
		for rest := stream; rest != ""; {
			n := 1 + random.IntN(min(len(rest), 1+random.IntN(2000)))
			parts = append(parts, rest[:n])
			rest = rest[n:]
		}
		got, gotRecord := ask(g, path, answers(typeStream, parts...))
		sameAnswer(t, name, want, got, wantRecord, gotRecord)
		drained(t, sharedBudget)
	})
}
