package passthrough

import (
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/internal/secret"
)

func bodyOf(t *testing.T, src io.Reader, length int64) *requestBody {
	t.Helper()
	return &requestBody{
		src: io.NopCloser(src), left: length, client: httptest.NewRecorder(), failed: func(error) {},
	}
}

func TestRequestBodyCanBeSentAgainWhileNothingWasRead(t *testing.T) {
	b := bodyOf(t, strings.NewReader("body"), 4)
	first, err := b.open()
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.open()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := first.Read(make([]byte, 9)); n != 0 || !errors.Is(err, errBodyStopped) {
		t.Errorf("the attempt that is over read %d, %v", n, err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(second); string(got) != "body" || err != nil {
		t.Errorf("the second attempt read %q, %v", got, err)
	}
	if _, err := b.open(); !errors.Is(err, errBodyRead) {
		t.Errorf("a third attempt: %v, want %v", err, errBodyRead)
	}
	b.stop()
	b.stop() // as often as one likes
	if _, err := second.Read(make([]byte, 9)); !errors.Is(err, errBodyStopped) {
		t.Errorf("after the exchange: %v", err)
	}
}

func TestRequestBodyEndsByItself(t *testing.T) {
	for _, c := range []struct {
		name   string
		src    io.Reader
		length int64
		want   string
		err    error
	}{
		{"at Content-Length, whatever follows", strings.NewReader("bodyGET /"), 4, "body", nil},
		{"before Content-Length", strings.NewReader("bo"), 4, "bo", io.ErrUnexpectedEOF},
		{"with its source", strings.NewReader("body"), -1, "body", nil},
		{"with its source's error", io.MultiReader(strings.NewReader("bo"), failing{}), -1, "bo", errFailing},
	} {
		b := bodyOf(t, c.src, c.length)
		a, err := b.open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(a)
		if string(got) != c.want || !errors.Is(err, c.err) || !errors.Is(b.failure(), c.err) {
			t.Errorf("%s: %q, %v, failure %v; want %q, %v", c.name, got, err, b.failure(), c.want, c.err)
		}
	}
}

// The first piece of a body may be the beginning of the gateway's credential, and nothing else.
func TestRequestBodyIsSearchedFromItsFirstByte(t *testing.T) {
	const key = "gw-key-gw-key-1"
	for _, c := range []struct {
		name   string
		pieces []string
		want   string
		err    error
	}{
		{"in one piece", []string{"a " + key}, "", errSealedBody},
		{"in one piece, without it", []string{"a gw-key b"}, "a gw-key b", nil},
		{"from the first piece to the second", []string{key[:9], key[9:] + " b"}, "", errSealedBody},
		{"a first piece that only looks like it", []string{key[:9], " b"}, "gw-key-gw b", nil},
		{"in three", []string{key[:7], key[7:12], key[12:]}, "", errSealedBody},
	} {
		for _, known := range []bool{true, false} {
			whole, readers := "", make([]io.Reader, len(c.pieces))
			for i, piece := range c.pieces {
				whole += piece
				readers[i] = strings.NewReader(piece)
			}
			length := int64(len(whole))
			if !known {
				length = -1
			}
			b := bodyOf(t, io.MultiReader(readers...), length)
			b.sought = secret.New(key)
			a, err := b.open()
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(a)
			if !errors.Is(err, c.err) || c.err == nil && string(got) != c.want || strings.Contains(string(got), key) {
				t.Errorf("%s, length known %t: %q, %v", c.name, known, got, err)
			}
			if c.err != nil && !errors.Is(b.failure(), c.err) {
				t.Errorf("%s: failure %v", c.name, b.failure())
			}
		}
	}
}

var errFailing = errors.New("failing")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errFailing }
