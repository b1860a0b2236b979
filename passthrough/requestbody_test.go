package passthrough

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func bodyOf(t *testing.T, src io.Reader, length int64) *requestBody {
	t.Helper()
	return &requestBody{
		src: io.NopCloser(src), left: length, over: make(chan struct{}),
		control: http.NewResponseController(httptest.NewRecorder()), failed: func(error) {},
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

var errFailing = errors.New("failing")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errFailing }
