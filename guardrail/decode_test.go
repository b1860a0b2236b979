package guardrail

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func gzipped(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGzip(t *testing.T) {
	good := gzipped(t, says("hello"))
	bomb := gzipped(t, `{"messages":"`+strings.Repeat("0", 8<<20)+`"}`)
	nested := gzipped(t, good)
	corrupt := []byte(good)
	corrupt[len(corrupt)-6] ^= 1 // the checksum
	cases := map[string]struct {
		body   string
		coding []string
		status int
		code   string
	}{
		"one member":               {good, []string{"gzip"}, 200, ""},
		"in capitals":              {good, []string{"GZIP"}, 200, ""},
		"by its old name":          {good, []string{"x-gzip"}, 200, ""},
		"identity":                 {says("hello"), []string{"identity"}, 200, ""},
		"the word":                 {gzipped(t, says(word)), []string{"gzip"}, 400, "blocked"},
		"a second member":          {good + gzipped(t, " "), []string{"gzip"}, 400, "undecodable-body"},
		"the word in the second":   {gzipped(t, `{"messages":"`) + gzipped(t, word+`"}`), []string{"gzip"}, 400, "undecodable-body"},
		"an empty second member":   {good + gzipped(t, ""), []string{"gzip"}, 400, "undecodable-body"},
		"a byte after it":          {good + "\x00", []string{"gzip"}, 400, "undecodable-body"},
		"truncated":                {good[:len(good)-9], []string{"gzip"}, 400, "undecodable-body"},
		"without its checksum":     {good[:len(good)-8], []string{"gzip"}, 400, "undecodable-body"},
		"a wrong checksum":         {string(corrupt), []string{"gzip"}, 400, "undecodable-body"},
		"not gzip":                 {says("hello"), []string{"gzip"}, 400, "undecodable-body"},
		"gzip, and not said so":    {good, nil, 400, "ambiguous-json"},
		"gzip twice":               {nested, []string{"gzip, gzip"}, 415, "unsupported-encoding"},
		"gzip twice, on two lines": {nested, []string{"gzip", "gzip"}, 415, "unsupported-encoding"},
		"gzip twice, and one said": {nested, []string{"gzip"}, 400, "ambiguous-json"},
		"an empty coding":          {good, []string{""}, 415, "unsupported-encoding"},
		"identity and another":     {good, []string{"identity", "gzip"}, 415, "unsupported-encoding"},
		"another coding":           {good, []string{"br"}, 415, "unsupported-encoding"},
		"a bomb":                   {bomb, []string{"gzip"}, 413, "body-too-large"},
		"too large when decoded":   {gzipped(t, says(random(2<<20))), []string{"gzip"}, 413, "body-too-large"},
		"ambiguous when decoded":   {gzipped(t, `{"messages":"a","messages":"b"}`), []string{"gzip"}, 400, "ambiguous-json"},
		"a BOM when decoded":       {gzipped(t, "\xef\xbb\xbf"+says("hello")), []string{"gzip"}, 400, "ambiguous-json"},
		"empty when decoded":       {gzipped(t, ""), []string{"gzip"}, 400, "ambiguous-json"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u := &upstream{}
			budget := NewBudget(16 << 20)
			h := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}, MaxBody: 3 << 20 / 2, Budget: budget}).Wrap(u)
			header := http.Header{"Content-Type": {"application/json"}, "Content-Encoding": c.coding}
			if c.coding == nil {
				delete(header, "Content-Encoding")
			}
			a, _ := send(h, "POST", "/v1/messages", header, strings.NewReader(c.body))
			if c.status != 200 {
				refused(t, u, a, c.status, c.code)
			} else if a.Status != 200 || u.bodies[0] != c.body {
				t.Errorf("%d, arrived %q", a.Status, u.bodies)
			}
			drained(t, budget)
		})
	}
}

// random is text that hardly compresses below a half.
func random(n int) string {
	var b strings.Builder
	for x := uint32(1); b.Len() < n; x = x*1664525 + 1013904223 {
		b.WriteByte("0123456789abcdefghijklmnopqrstuv"[x>>27])
	}
	return b.String()
}

func TestDecoders(t *testing.T) {
	var deflated bytes.Buffer
	z := zlib.NewWriter(&deflated)
	_, _ = io.WriteString(z, says("say "+word))
	_ = z.Close()
	plain := func(r io.Reader) (io.Reader, error) { return r, nil }
	cases := map[string]struct {
		decoder Decoder
		body    string
		status  int
		code    string
	}{
		"one that works":       {func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }, deflated.String(), 400, "blocked"},
		"one that passes":      {plain, says("hello"), 200, ""},
		"one that refuses":     {func(io.Reader) (io.Reader, error) { return nil, errors.New("no") }, "x", 400, "undecodable-body"},
		"one that panics":      {func(io.Reader) (io.Reader, error) { panic("no") }, "x", 400, "undecodable-body"},
		"one that fails later": {func(r io.Reader) (io.Reader, error) { return io.MultiReader(r, broken{errors.New("no")}), nil }, says("hello"), 400, "undecodable-body"},
		"one that wraps EOF":   {func(r io.Reader) (io.Reader, error) { return io.MultiReader(r, broken{errors.Join(io.EOF)}), nil }, says("hello"), 400, "undecodable-body"},
		"one that stops early": {func(r io.Reader) (io.Reader, error) { return io.LimitReader(r, int64(len(says("hello")))), nil }, says("hello") + " more", 400, "undecodable-body"},
		"one that stands":      {func(io.Reader) (io.Reader, error) { return broken{}, nil }, "x", 400, "undecodable-body"},
		"one without end":      {func(io.Reader) (io.Reader, error) { return endless{}, nil }, "x", 413, "body-too-large"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u := &upstream{}
			budget := NewBudget(64 << 20)
			g := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}, Budget: budget, Decoders: map[string]Decoder{"x-own": c.decoder}})
			header := http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"X-Own"}}
			a, _ := send(g.Wrap(u), "POST", "/v1/messages", header, strings.NewReader(c.body))
			if c.status != 200 {
				refused(t, u, a, c.status, c.code)
			} else if a.Status != 200 || u.bodies[0] != c.body {
				t.Errorf("%d, arrived %q", a.Status, u.bodies)
			}
			drained(t, budget)
		})
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
