package jsonscan

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/headersafe/headersafe/internal/jsonscan/bodies"
	"github.com/headersafe/headersafe/internal/race"
)

// hostile are texts that would be expensive for a scanner that recurses, compares names pairwise, or hashes them predictably. n
// is about their number of values.
var hostile = []struct {
	name string
	n    int
	text func(n int) string
}{
	{"one object of many names", 1_000_000, func(n int) string { return object(n, func(i int) string { return fmt.Sprint("k", i) }) }},
	{"many objects of one name", 500_000, func(n int) string { return "[" + strings.Repeat(`{"a":1},`, n-1) + `{"a":1}]` }},
	{"names with the same ends", 200_000, func(n int) string {
		return object(n, func(i int) string { return fmt.Sprintf("aaaaaaaa%09dzzzzzzzz", i) })
	}},
	{"names that differ in bit 5", 65_536, func(n int) string {
		return object(n, func(i int) string {
			name := make([]byte, 16)
			for bit := range name {
				name[bit] = "@`"[i>>bit&1]
			}
			return string(name)
		})
	}},
	{"escaped names", 100_000, func(n int) string {
		return object(n, func(i int) string { return fmt.Sprintf(`\u%04x\u%04x`, 0x3400+i&0xfff, 0x3400+i>>12) })
	}},
	{"many objects of sixteen alike names", 200_000, func(n int) string {
		one := object(smallObject, func(i int) string { return fmt.Sprintf("aaaaaaaa%09dzzzzzzzz", i) })
		return "[" + strings.Repeat(one+",", n/17) + "1]"
	}},
	{"nested objects", 1_000_000, func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }},
	{"nested arrays", 5_600_000, func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }},
}

func object(n int, name func(int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"` + name(i) + `":0`)
	}
	return "{" + b.String()[1:] + "}"
}

// TestHostileTextsTakeBoundedMemory scans each from a cold start with the bounds out of the way. Appending may copy the
// tape a few times over, at 32 bytes a node, and a table takes at most 32 bytes a name.
func TestHostileTextsTakeBoundedMemory(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			src := []byte(c.text(c.n))
			limits := Limits{MaxDepth: 10_000_000, MaxNodes: 10_000_000}
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			tape, err := Scan(src, limits, nil)
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			defer tape.Release()
			perNode := (after.TotalAlloc - before.TotalAlloc) / uint64(tape.Len())
			if perNode > 32*7 {
				t.Errorf("%d bytes a node", perNode)
			}
		})
	}
}

// TestHostileDepthIsRefusedEarly: with the default bounds nothing of the text is read beyond the 129th bracket.
func TestHostileDepthIsRefusedEarly(t *testing.T) {
	src := []byte(strings.Repeat("[", 5_600_000))
	allocs := testing.AllocsPerRun(10, func() {
		_, err := Scan(src, Limits{}, nil)
		var refusal *Error
		if !errors.As(err, &refusal) || refusal.Offset != 128 || refusal.Kind != KindDepth {
			t.Fatal(err)
		}
	})
	if allocs > 2 && !race.Enabled { // the error, and this test's own
		t.Errorf("%v allocations", allocs)
	}
}

// TestNamesSpreadInTheTable counts work: how far names lie from where their hash sends them. At a load of at most one half, and
// with a good hash, that is below one slot on average, whatever the names.
func TestNamesSpreadInTheTable(t *testing.T) {
	for _, c := range hostile[:5] {
		tape, err := Scan([]byte(c.text(c.n)), Limits{}, nil)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		run, work := 0, 0
		for _, s := range tape.slots {
			if s.node == 0 {
				run = 0
				continue
			}
			run++
			work += run
		}
		if len(tape.slots) > 0 && work > 4*c.n {
			t.Errorf("%s: clusters of %d slots a name", c.name, work/c.n)
		}
		tape.Release()
	}
}

// TestPoolForgetsLargeTapes: a hostile text's memory is not kept.
func TestPoolForgetsLargeTapes(t *testing.T) {
	tape, err := Scan([]byte(hostile[0].text(200_000)), Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	tape.Release()
	if cap(tape.nodes) > maxPooledNodes || cap(tape.slots) > maxPooledSlots || cap(tape.folded) > maxPooledFolded {
		t.Errorf("kept %d nodes, %d slots, %d bytes", cap(tape.nodes), cap(tape.slots), cap(tape.folded))
	}
}

func TestWarmScanAllocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("allocations cannot be counted under the race detector")
	}
	names := NewNames("messages", "content", "system")
	for _, src := range [][]byte{
		bodies.Make(bodies.Strings, 200<<10),
		bodies.Make(bodies.Blocks, 200<<10),
		bodies.Make(bodies.Images, 200<<10),
		[]byte(object(1000, func(i int) string { return fmt.Sprintf(`é\u0041%d`, i) })),
	} {
		allocs := testing.AllocsPerRun(20, func() {
			tape, err := Scan(src, Limits{}, names)
			if err != nil {
				t.Fatal(err)
			}
			tape.Release()
		})
		if allocs >= 1 {
			t.Errorf("%.20s…: %v allocations", src, allocs)
		}
	}
}

// TestFoldIsSimpleFold walks all of Unicode: the representatives partition it as unicode.SimpleFold does.
func TestFoldIsSimpleFold(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if got, want := foldRune(r), representative(r); got != want {
			t.Fatalf("%U: got %U, want %U", r, got, want)
		}
		if foldRune(unicode.SimpleFold(r)) != foldRune(r) {
			t.Fatalf("%U and its fellow %U differ", r, unicode.SimpleFold(r))
		}
		if utf8.RuneLen(foldRune(r)) > max(utf8.RuneLen(r), 1) {
			t.Fatalf("%U grows when folded", r)
		}
	}
}

// TestKeyIsBlindToCase: names that are equal when folded meet, whatever their length.
func TestKeyIsBlindToCase(t *testing.T) {
	for n := range 40 {
		name := strings.Repeat("aBcDxYz", 6)[:n]
		if keyOf([]byte(strings.ToLower(name))) != keyOf([]byte(name)) {
			t.Errorf("length %d", n)
		}
	}
}

// TestValidUTF8 compares with the standard library: all sequences of up to three bytes out of those at the edges of the
// grammar, at every alignment, and random damage to longer texts.
func TestValidUTF8(t *testing.T) {
	edges := []byte{0, 'a', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff}
	check := func(b []byte) {
		if validUTF8(b) != utf8.Valid(b) {
			t.Fatalf("% x: got %v", b, validUTF8(b))
		}
		if i := badUTF8(b); (i == len(b)) != utf8.Valid(b) || !utf8.Valid(b[:i]) {
			t.Fatalf("% x: fault at %d", b, i)
		}
	}
	for _, a := range edges {
		for _, b := range edges {
			for _, c := range edges {
				for _, d := range edges {
					check([]byte{a, b, c, d})
					check([]byte{'x', 'x', 'x', 'x', 'x', 'x', a, b, c, d, 'x', 'x', 'x', 'x', 'x', 'x'})
				}
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		b := []byte("plain text, é, 東京 and 😀; more plain text")
		for range random.IntN(3) {
			b[random.IntN(len(b))] = byte(random.Uint32())
		}
		check(b[random.IntN(8) : len(b)-random.IntN(8)])
	}
}

// TestSpecial compares the word-wide search with a plain one, over words of bytes at the edges.
func TestSpecial(t *testing.T) {
	edges := []byte{0, 0x1f, 0x20, 0x21, '"', 0x23, 0x5b, '\\', 0x5d, 0x7f, 0x80, 0x9f, 0xa0, 0xa2, 0xdc, 0xff, 'a', 'a'}
	random := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		b := make([]byte, 16)
		want := -1
		for i := range b {
			b[i] = edges[random.IntN(len(edges))]
			if want < 0 && (b[i] < 0x20 || b[i] == '"' || b[i] == '\\') {
				want = i
			}
		}
		if want < 0 {
			continue
		}
		// A quote is fine, the others are faults at their offset.
		end, _, kind := scanString(b, 0)
		switch {
		case b[want] == '"' && !utf8.Valid(b[:want]):
			if kind != KindUTF8 {
				t.Fatalf("% x: got %v at %d", b, kind, end)
			}
		case b[want] == '"':
			if end != want || kind != 0 {
				t.Fatalf("% x: got %v at %d", b, kind, end)
			}
		case b[want] < 0x20:
			if end != want || kind != KindControl {
				t.Fatalf("% x: got %v at %d", b, kind, end)
			}
		}
	}
}
