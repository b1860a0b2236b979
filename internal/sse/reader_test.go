package sse_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/race"
	"github.com/headersafe/headersafe/internal/sse"
)

// One line a rule. The pieces are spelled raw=name|data|aside, "-" for one that is not dispatched.
func TestReader(t *testing.T) {
	for _, c := range []struct {
		rule, stream string
		want         []string
		rest         string
		quirks       sse.Quirks // of all pieces together
	}{
		{"LF", "data: a\n\ndata: b\n\n", []string{"|a|", "|b|"}, "", 0},
		{"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", []string{"|a|", "-", "|b|", "-"}, "", 0},
		{"CR", "data: a\r\rdata: b\r\r", []string{"|a|", "|b|"}, "", sse.LoneCR},
		{"mixed ends", "data: a\r\ndata: b\n\n", []string{"|a\nb|"}, "", 0},
		{"LF after a CR that ends an event", "data: a\n\r\ndata: b\n\n", []string{"|a|", "-", "|b|"}, "", 0},
		{"blank lines", "\n\r\n\ndata: a\n\n\n", []string{"-", "-", "-", "-", "|a|", "-"}, "", 0},
		{"byte order mark", "\uFEFFdata: a\n\n", []string{"|a|"}, "", sse.BOM},
		{"byte order mark alone", "\uFEFF\n", []string{"-"}, "", sse.BOM},
		{"a second byte order mark", "\uFEFF\uFEFFdata: a\n\n", []string{"-||\uFEFFdata: a"}, "", sse.BOM | sse.UnknownField | sse.NoData},
		{"byte order mark later", "\n\uFEFFdata: a\n\n", []string{"-", "-||\uFEFFdata: a"}, "", sse.UnknownField | sse.NoData},
		{"several data", "data: a\ndata:b\ndata\ndata: c\n\n", []string{"|a\nb\n\nc|"}, "", 0},
		{"one space is taken away", "data:  a \n\n", []string{"| a |"}, "", 0},
		{"no space", "data:a\n\n", []string{"|a|"}, "", 0},
		{"a tab stays", "data:\ta\n\n", []string{"|\ta|"}, "", 0},
		{"colons in the value", "data::a:\n\n", []string{"|:a:|"}, "", 0},
		{"empty data", "data\n\n", []string{"||"}, "", 0},
		{"empty data with a colon", "data:\n\n", []string{"||"}, "", 0},
		{"two empty data", "data\ndata\n\n", []string{"|\n|"}, "", 0},
		{"event", "event: x\ndata: a\n\ndata: b\n\n", []string{"x|a|", "|b|"}, "", 0},
		{"event after data", "data: a\nevent: x\n\n", []string{"x|a|"}, "", 0},
		{"event twice", "event: x\nevent: y\ndata: a\n\n", []string{"y|a|x"}, "", sse.RepeatedEvent},
		{"event without data", "event: x\n\n", []string{"-x||"}, "", sse.NoData},
		{"comment", ": hello\n", []string{"-|| hello"}, "", 0},
		{"empty comment", ":\n\n", []string{"-", "-"}, "", 0},
		{"comment inside", "event: x\n:c\ndata: a\n:d\n\n", []string{"x|a|c\nd"}, "", 0},
		{"comment before", ":c\ndata: a\n\n", []string{"-||c", "|a|"}, "", 0},
		{"id", "id: 7\ndata: a\n\n", []string{"|a|7"}, "", 0},
		{"id alone", "id: 7\n\n", []string{"-||7"}, "", sse.NoData},
		{"id with NUL", "id: 7\x00\ndata: a\n\n", []string{"|a|7\x00"}, "", sse.NUL},
		{"NUL in data", "data: \x00\n\n", []string{"|\x00|"}, "", sse.NUL},
		{"retry", "retry: 10\ndata: a\n\n", []string{"|a|10"}, "", 0},
		{"retry that is no number", "retry: soon\ndata: a\n\n", []string{"|a|soon"}, "", 0},
		{"unknown field", "foo: 7\ndata: a\n\n", []string{"|a|foo: 7"}, "", sse.UnknownField},
		{"unknown field without colon", "foo\ndata: a\n\n", []string{"|a|foo"}, "", sse.UnknownField},
		{"another case", "Data: b\ndata: a\n\n", []string{"|a|Data: b"}, "", sse.UnknownField},
		{"a space before", " data: b\ndata: a\n\n", []string{"|a| data: b"}, "", sse.UnknownField},
		{"U+2028 in data", "data: a\u2028b\n\n", []string{"|a\u2028b|"}, "", 0},
		{"U+2028 in a comment", ": a\u2028data: b\n", []string{"-|| a\u2028data: b"}, "", sse.Separator},
		{"U+2029 in a name", "event: a\u2029\ndata: a\n\n", []string{"a\u2029|a|"}, "", sse.Separator},
		{"U+0085 in an id", "id: a\u0085\ndata: a\n\n", []string{"|a|a\u0085"}, "", sse.Separator},
		{"VT in an unknown field", "x: \v\ndata: a\n\n", []string{"|a|x: \v"}, "", sse.Separator | sse.UnknownField},
		{"FS in a comment", ":\x1c\n", []string{"-||\x1c"}, "", sse.Separator},
		{"what looks like a separator", ": \u0084\u00c2\u2027\u202a\u3028é\n", []string{"-|| \u0084\u00c2\u2027\u202a\u3028é"}, "", 0},
		{"unfinished line", "data: a\n\ndata: b", []string{"|a|"}, "data: b", 0},
		{"unfinished event", "data: a\n\ndata: b\n", []string{"|a|"}, "data: b\n", 0},
		{"comment behind a field, unfinished", "data: b\n:c\n", nil, "data: b\n:c\n", 0},
		{"nothing", "", nil, "", 0},
	} {
		t.Run(c.rule, func(t *testing.T) {
			pieces, rest, err := read(sse.Limits{}, []byte(c.stream))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			quirks := sse.Quirks(0)
			for _, p := range pieces {
				s := p.Name + "|" + p.Data + "|" + p.Aside
				if !p.Dispatched {
					s = strings.TrimSuffix("-"+s, "||")
					if p.Name != "" {
						s = "-" + p.Name + "|" + p.Data + "|" + p.Aside
					}
				}
				got = append(got, s)
				quirks |= p.Quirks
			}
			if diff := cmp.Diff(c.want, got); diff != "" || rest != c.rest || quirks != c.quirks {
				t.Errorf("rest %q, quirks %q, want %q, %q\n%s", rest, quirks, c.rest, c.quirks, diff)
			}
			everyCut(t, c.stream)
		})
	}
}

// everyCut shows that it is the same whether a stream comes at once, in two parts cut anywhere, or byte by byte; that the
// bytes are all there; and that the reference reads it in the same way.
func everyCut(t *testing.T, stream string) {
	t.Helper()
	want, wantRest, invalid := reference(stream)
	check := func(how string, chunks [][]byte) {
		t.Helper()
		got, rest, err := read(sse.Limits{}, chunks...)
		if e, ok := errors.AsType[*sse.Error](err); invalid != (ok && e.Kind == sse.KindUTF8) || err != nil && !ok {
			t.Fatalf("%s: %v; want invalid UTF-8: %t", how, err, invalid)
		}
		var raw strings.Builder
		for _, p := range got {
			raw.WriteString(p.Raw)
		}
		if err == nil && raw.String()+rest != stream {
			t.Fatalf("%s: the bytes are %q and %q", how, raw.String(), rest)
		}
		if diff := cmp.Diff(want, got); diff != "" || rest != wantRest {
			t.Fatalf("%s: rest %q, want %q\n%s", how, rest, wantRest, diff)
		}
	}
	var everywhere []int
	for at := range len(stream) {
		check(fmt.Sprintf("cut at %d", at), cut(stream, at))
		everywhere = append(everywhere, at)
	}
	check("byte by byte", cut(stream, everywhere...))
	check("at once", cut(stream))
}

// An event is there with the byte that ends it: nobody waits for the LF that may follow a CR.
func TestReader_DispatchesAtOnce(t *testing.T) {
	for _, stream := range []string{"data: a\n\n", "data: a\r\r", "data: a\r\n\r", "data: a\n\r"} {
		events := 0
		r := sse.NewReader(sse.Limits{})
		for i := range len(stream) {
			if events != 0 {
				t.Errorf("%q: an event before its end", stream)
			}
			if err := r.Feed([]byte{stream[i]}, func(sse.Event) error { events++; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if events != 1 || len(r.Rest()) > 0 || r.Close() != nil {
			t.Errorf("%q: %d events, rest %q, %v", stream, events, r.Rest(), r.Close())
		}
	}
}

func TestReader_Refuses(t *testing.T) {
	limits := sse.Limits{MaxLine: 10, MaxEvent: 30}
	long := "data: 7890"
	for _, c := range []struct {
		name, stream string
		want         *sse.Error
	}{
		{"a line as long as may be", long + "\n\n", nil},
		{"a line too long", "\n" + long + "1\n\n", &sse.Error{Offset: 11, Kind: sse.KindLine}},
		{"a line too long, unfinished", "\n" + long + "1", &sse.Error{Offset: 11, Kind: sse.KindLine}},
		{"a comment too long", ":" + long + "\n", &sse.Error{Offset: 10, Kind: sse.KindLine}},
		{"an event as long as may be", long + "\n" + long + "\nid:234\n\n", nil},
		{"an event too long", long + "\n" + long + "\ndata: 6\n\n", &sse.Error{Offset: 30, Kind: sse.KindEvent}},
		{"an event too long by its LF", long + "\r\n" + long + "\r\n12345\r\n\r", &sse.Error{Offset: 30, Kind: sse.KindEvent}},
		{"an event too long, in a line too long", long + "\n" + long + "\n" + long + "1\n\n", &sse.Error{Offset: 30, Kind: sse.KindEvent}},
		{"invalid UTF-8", "data: a\n\n: \xff\n\n", &sse.Error{Offset: 9, Kind: sse.KindUTF8}},
		{"a character cut by a line's end", "data: \xc3\n\xa9\n\n", &sse.Error{Offset: 0, Kind: sse.KindUTF8}},
		{"an encoded surrogate", "id:\xed\xa0\x80\n", &sse.Error{Offset: 0, Kind: sse.KindUTF8}},
		{"an unfinished event", "data: a\n\nid: a\n", &sse.Error{Offset: 9, Kind: sse.KindUnfinished}},
		{"an unfinished line", "data: a\n\nid", &sse.Error{Offset: 9, Kind: sse.KindUnfinished}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, 2, 7, 1000} {
				r := sse.NewReader(limits)
				var err error
				for rest := c.stream; rest != "" && err == nil; {
					n := min(size, len(rest))
					err = r.Feed([]byte(rest[:n]), func(sse.Event) error { return nil })
					rest = rest[n:]
				}
				if err == nil {
					err = r.Close()
				}
				got, _ := errors.AsType[*sse.Error](err)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Fatalf("in chunks of %d:\n%s", size, diff)
				}
				if err != nil {
					if again := r.Feed([]byte("data: b\n\n"), func(sse.Event) error { t.Error("it read on"); return nil }); again != err {
						t.Errorf("then %v", again)
					}
					if strings.Contains(err.Error(), "data") {
						t.Errorf("the error quotes the stream: %v", err)
					}
				}
			}
		})
	}
}

func TestReader_StopsWhereItIsTold(t *testing.T) {
	stop := errors.New("stop")
	r := sse.NewReader(sse.Limits{})
	n := 0
	visit := func(sse.Event) error { n++; return stop }
	for range 2 {
		if err := r.Feed([]byte("data: a\n\ndata: b\n\n"), visit); err != stop {
			t.Error(err)
		}
	}
	if err := r.Close(); err != stop || n != 1 {
		t.Errorf("%v after %d events", err, n)
	}
}

// What a reader holds does not grow with the stream.
func TestReader_MemoryIsBounded(t *testing.T) {
	if race.Enabled {
		t.Skip("allocations differ under the race detector")
	}
	r := sse.NewReader(sse.Limits{})
	events := 0
	visit := func(ev sse.Event) error { events++; return nil }
	stream := []byte(": c\nevent: x\ndata: one\n\nid: 7\ndata: two\ndata: lines\n\ndata: three\r\n\r\n")
	feed := func(size int) func() {
		return func() {
			for rest := stream; len(rest) > 0; {
				n := min(size, len(rest))
				if err := r.Feed(rest[:n], visit); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
		}
	}
	for _, size := range []int{1, 13, len(stream)} {
		if n := testing.AllocsPerRun(100, feed(size)); n != 0 {
			t.Errorf("in chunks of %d: %v allocations", size, n)
		}
	}
	if events == 0 {
		t.Fatal("no events")
	}
}

// The buffer that a large event took goes with it.
func TestReader_GivesUpLargeBuffers(t *testing.T) {
	const size, readers = 4 << 20, 8
	half := strings.Repeat("x", size/2)
	all := make([]*sse.Reader, readers)
	before := heap()
	for i := range all {
		all[i] = sse.NewReader(sse.Limits{})
		for _, part := range []string{"data: " + half, half + "\n\n", ": and on\n", "data: " + half + "\ndata: " + half, "\n\n"} {
			if err := all[i].Feed([]byte(part), func(sse.Event) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	if after := heap(); after > before+size {
		t.Errorf("%d readers hold %d bytes", readers, after-before)
	}
	runtime.KeepAlive(all)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
