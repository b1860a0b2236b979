package wire

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// message is what is read of one message.
type message struct {
	First, Body string
	Err         error
}

func readAll(r *Reader) []message {
	var messages []message
	for {
		head, err := r.Head()
		if err != nil {
			if err != io.EOF {
				messages = append(messages, message{Err: err})
			}
			return messages
		}
		m := message{First: string(head.First)}
		for m.Err == nil {
			var piece []byte
			piece, m.Err = r.Next()
			m.Body += string(piece)
		}
		messages = append(messages, m)
		if m.Err != io.EOF {
			return messages
		}
	}
}

func TestReader(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []message
	}{
		"length, twice": {
			"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			[]message{{"HTTP/1.1 200 OK", "abc", io.EOF}, {"HTTP/1.1 200 OK", "", io.EOF}},
		},
		"chunks, and a message after them": {
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
			[]message{{"HTTP/1.1 200 OK", "abcde", io.EOF}, {"HTTP/1.1 204 No Content", "", io.EOF}},
		},
		"until the end": {"HTTP/1.1 200 OK\r\n\r\nabc", []message{{"HTTP/1.1 200 OK", "abc", io.EOF}}},
		"request without a body": {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", []message{
			{"GET / HTTP/1.1", "", io.EOF}, {"GET /2 HTTP/1.1", "", io.EOF},
		}},
		"truncated head":      {"HTTP/1.1 200 OK\r\nContent-Le", []message{{Err: io.ErrUnexpectedEOF}}},
		"truncated by length": {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", []message{{"HTTP/1.1 200 OK", "abc", io.ErrUnexpectedEOF}}},
		"no last chunk": {
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
			[]message{{"HTTP/1.1 200 OK", "abc", io.ErrUnexpectedEOF}},
		},
		"half a last chunk": {
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
			[]message{{"HTTP/1.1 200 OK", "abc", io.ErrUnexpectedEOF}},
		},
		"malformed chunk": {
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
			[]message{{"HTTP/1.1 200 OK", "abc", errChunk}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for pieces, from := range map[string]io.Reader{
				"at once": strings.NewReader(c.text), "byte by byte": iotest.OneByteReader(strings.NewReader(c.text)),
			} {
				got := readAll(NewReader(from, 128))
				if diff := cmp.Diff(c.want, got, cmp.Comparer(errors.Is)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", pieces, diff)
				}
			}
		})
	}
}

func TestReaderIsBounded(t *testing.T) {
	_, err := NewReader(strings.NewReader("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 200)+"\r\n\r\n"), 128).Head()
	if err == nil {
		t.Error("a head larger than the buffer was read")
	}
}
