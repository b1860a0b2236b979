package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Reader reads messages from one connection, one after the other: [Reader.Head] and then [Reader.Next] until io.EOF.
type Reader struct {
	from       io.Reader
	buf        []byte
	start, end int // of what is read and not yet handed out

	body     framing
	left     int64 // of the body, or of the chunk
	chunkEnd bool  // the end of a chunk comes next
}

type framing uint8

const (
	byLength framing = iota
	byChunks
	byClose
)

// NewReader returns a Reader with a buffer of so many bytes, in which a head must fit.
func NewReader(from io.Reader, size int) *Reader {
	return &Reader{from: from, buf: make([]byte, size)}
}

// Head reads a request's or a response's head. What it returns stands in the buffer until the next call. io.EOF means
// that the connection ended between two messages.
func (r *Reader) Head() (Head, error) {
	scanned := 0
	for {
		if i := bytes.Index(r.buf[r.start+scanned:r.end], []byte("\r\n\r\n")); i >= 0 {
			raw := r.buf[r.start : r.start+scanned+i+2]
			r.start += scanned + i + 4
			return r.parse(raw)
		}
		scanned = max(0, r.end-r.start-3)
		if err := r.fill(); err != nil {
			if errors.Is(err, io.EOF) && r.end > r.start {
				err = io.ErrUnexpectedEOF
			}
			return Head{}, err
		}
	}
}

func (r *Reader) parse(raw []byte) (Head, error) {
	h, err := parseHead(raw)
	if err != nil {
		return Head{}, err
	}
	switch {
	case h.chunked:
		r.body, r.left, r.chunkEnd = byChunks, 0, false
	case h.Length >= 0:
		r.body, r.left = byLength, h.Length
	case h.response():
		r.body = byClose
	default:
		r.body, r.left = byLength, 0
	}
	return h, nil
}

// Next returns the next piece of the body, as much as is there; it stands in the buffer until the next call. io.EOF
// means that the body is complete, io.ErrUnexpectedEOF that the connection ended before.
func (r *Reader) Next() ([]byte, error) {
	switch r.body {
	case byLength:
		if r.left == 0 {
			return nil, io.EOF
		}
	case byChunks:
		if r.left == 0 {
			if err := r.chunk(); err != nil {
				return nil, unexpected(err)
			}
			if r.left == 0 {
				r.body = byLength // there is nothing after the last chunk
				return nil, io.EOF
			}
		}
	case byClose:
		if r.start == r.end {
			if err := r.fill(); err != nil {
				return nil, err
			}
		}
		piece := r.buf[r.start:r.end]
		r.start = r.end
		return piece, nil
	}
	if r.start == r.end {
		if err := r.fill(); err != nil {
			return nil, unexpected(err)
		}
	}
	n := int(min(int64(r.end-r.start), r.left))
	piece := r.buf[r.start : r.start+n]
	r.start += n
	r.left -= int64(n)
	r.chunkEnd = r.left == 0
	return piece, nil
}

// Body calls f with each piece of the body until its end.
func (r *Reader) Body(f func(piece []byte) error) error {
	for {
		piece, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f(piece); err != nil {
			return err
		}
	}
}

// Discard reads the rest of the body and counts it.
func (r *Reader) Discard() (n int64, err error) {
	err = r.Body(func(piece []byte) error {
		n += int64(len(piece))
		return nil
	})
	return n, err
}

// fill reads more behind what is there.
func (r *Reader) fill() error {
	if r.start > 0 {
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	if r.end == len(r.buf) {
		return fmt.Errorf("wire: more than %d bytes without an end", len(r.buf))
	}
	n, err := r.from.Read(r.buf[r.end:])
	r.end += n
	if n > 0 {
		return nil
	}
	return err
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

var errChunk = errors.New("wire: malformed chunk")

// chunk reads what stands before the next chunk: the end of the one before it, and its size. After the last chunk it
// reads the trailer, too, and leaves a size of zero.
func (r *Reader) chunk() error {
	if r.chunkEnd {
		line, err := r.line()
		if err != nil {
			return err
		}
		if len(line) > 0 {
			return errChunk
		}
		r.chunkEnd = false
	}
	line, err := r.line()
	if err != nil {
		return err
	}
	size, _, _ := bytes.Cut(line, []byte(";"))
	n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 62)
	if err != nil {
		return errChunk
	}
	if r.left = int64(n); n > 0 {
		return nil
	}
	for {
		if line, err := r.line(); err != nil || len(line) == 0 {
			return err
		}
	}
}

// line reads a line and returns it without its end.
func (r *Reader) line() ([]byte, error) {
	for {
		if i := bytes.IndexByte(r.buf[r.start:r.end], '\n'); i >= 0 {
			line := r.buf[r.start : r.start+i]
			r.start += i + 1
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// Reset forgets what was read, for another connection.
func (r *Reader) Reset() {
	r.start, r.end, r.body, r.left = 0, 0, byLength, 0
}
