package wire

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFieldCounts(t *testing.T) {
	for name, c := range map[string]struct {
		head []byte
		want int
	}{
		"request": {RequestHead("gateway", "", "", 10), 26},
		"answer":  {AnswerHead("application/json", 10), 19},
		"stream":  {AnswerHead("text/event-stream", -1), 19},
	} {
		// The first line, the fields, and the empty line.
		if got := bytes.Count(c.head, []byte("\r\n")) - 2; got != c.want {
			t.Errorf("%s: %d fields, not %d", name, got, c.want)
		}
	}
}

func TestArrival(t *testing.T) {
	const length = 3000
	request := bytes.Replace(Request("gateway", "/prefix", Report, length), []byte(Authorization), []byte("Bearer another"), 1)
	r := NewReader(bytes.NewReader(request), 2048)
	head, err := r.Head()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(head.Target()), "/prefix/v1/messages/report?beta=true"; got != want {
		t.Errorf("target %q, not %q", got, want)
	}
	got := NewArrival(head)
	if err := got.Read(r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Arrival{Authorization: "Bearer another", Length: length, Sum: Sum(Body(length))}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBody(t *testing.T) {
	for _, length := range []int{0, 1, 100, 4096} {
		if got := len(Body(length)); got != length {
			t.Errorf("%d bytes, not %d", got, length)
		}
	}
	if !json.Valid(Body(4096)) {
		t.Error("a body is no JSON")
	}
}

func TestStamps(t *testing.T) {
	sent := []time.Time{time.Unix(1_700_000_000, 1), time.Unix(1_700_000_001, 999_999_999), time.Unix(1_800_000_000, 0)}
	var body []byte
	for _, at := range sent {
		chunk := Chunk()
		Stamp(chunk, at)
		event := strings.TrimSuffix(strings.TrimPrefix(string(chunk), "80\r\n"), "\r\n")
		if len(event) != EventLength {
			t.Fatalf("an event of %d bytes: %q", len(event), event)
		}
		data, _ := strings.CutPrefix(strings.TrimSpace(strings.Split(event, "\n")[1]), "data: ")
		if !json.Valid([]byte(data)) {
			t.Errorf("no JSON: %s", data)
		}
		body = append(body, event...)
	}
	for _, size := range []int{1, 7, EventLength, EventLength + 1, len(body)} {
		var stamps Stamps
		var got []time.Time
		for rest := body; len(rest) > 0; {
			n := min(size, len(rest))
			if err := stamps.Add(rest[:n], func(at time.Time) { got = append(got, at) }); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if diff := cmp.Diff(sent, got); diff != "" || !stamps.Complete() {
			t.Errorf("in pieces of %d bytes (-want +got):\n%s", size, diff)
		}
	}
	var stamps Stamps
	if err := stamps.Add(bytes.Repeat([]byte("x"), EventLength), func(time.Time) {}); err == nil {
		t.Error("what is no event was taken for one")
	}
}
