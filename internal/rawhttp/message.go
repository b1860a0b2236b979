package rawhttp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// CRLF returns text with every line's end as CRLF, whether it was written "\n" or "\r\n".
func CRLF(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
}

// Fields are field lines verbatim and in the order of arrival, without their CRLF. In HTTP/2 they are
// written "name: value", pseudo-header fields among them.
type Fields []string

// Values returns the values of the lines with this name, in order, compared without case and stripped
// of the white space around them. Nil means that there is no such line.
func (f Fields) Values(name string) []string {
	var values []string
	for _, line := range f {
		if n, v := split(line); strings.EqualFold(n, name) {
			values = append(values, strings.Trim(v, " \t"))
		}
	}
	return values
}

// Get returns the value of the first line with this name, or "".
func (f Fields) Get(name string) string {
	if values := f.Values(name); values != nil {
		return values[0]
	}
	return ""
}

// Has reports whether a line has this name.
func (f Fields) Has(name string) bool { return f.Values(name) != nil }

// Names returns the name of every line, as spelled and in order, repeats included.
func (f Fields) Names() []string {
	names := make([]string, 0, len(f))
	for _, line := range f {
		n, _ := split(line)
		names = append(names, n)
	}
	return names
}

// split cuts a line at its first colon, other than one that begins a pseudo-header field's name.
func split(line string) (name, value string) {
	if line == "" {
		return "", ""
	}
	name, value, _ = strings.Cut(line[1:], ":")
	return line[:1] + name, value
}

// Head is what stands before a body: the request line or status line, and the fields.
type Head struct {
	Start  string
	Fields Fields
}

// Status returns the status code of a response's head, or 0.
func (h Head) Status() int {
	version, rest, _ := strings.Cut(h.Start, " ")
	code, _, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(code)
	if err != nil || !strings.HasPrefix(version, "HTTP/") {
		return 0
	}
	return n
}

// Method returns the first word of a request's head.
func (h Head) Method() string {
	method, _, _ := strings.Cut(h.Start, " ")
	return method
}

// Target returns the second word of a request's head: the request target as it came.
func (h Head) Target() string {
	_, rest, _ := strings.Cut(h.Start, " ")
	target, _, _ := strings.Cut(rest, " ")
	return target
}

// String returns the head as on the wire, with "\n" for a line's end.
func (h Head) String() string {
	return h.Start + "\n" + strings.Join(h.Fields, "\n") + "\n"
}

// Framing is how a body's end is found (RFC 9112 section 6.3).
type Framing string

// The framings.
const (
	NoBody  Framing = "no body"
	Length  Framing = "content-length"
	Chunked Framing = "chunked"
	Close   Framing = "close" // the body of a response that ends with the connection
)

// requestFraming returns the framing of a request with this head, and its length where it has one.
func requestFraming(h Head) (Framing, int64, error) {
	if te := h.Fields.Values("Transfer-Encoding"); te != nil {
		if strings.EqualFold(te[len(te)-1], "chunked") {
			return Chunked, 0, nil
		}
		return NoBody, 0, fmt.Errorf("rawhttp: Transfer-Encoding %q", te)
	}
	if cl := h.Fields.Values("Content-Length"); cl != nil {
		n, err := strconv.ParseInt(cl[0], 10, 64)
		return Length, n, err
	}
	return NoBody, 0, nil
}

// responseFraming is requestFraming for the response to a request with this method.
func responseFraming(h Head, method string) (Framing, int64, error) {
	status := h.Status()
	if status < 200 || status == 204 || status == 304 || method == "HEAD" || method == "CONNECT" && status < 300 {
		return NoBody, 0, nil
	}
	framing, n, err := requestFraming(h)
	if framing == NoBody && err == nil {
		framing = Close
	}
	return framing, n, err
}

// reader reads the parts of HTTP/1.1 messages. An end of the stream inside a part is
// io.ErrUnexpectedEOF; before a part's first byte it is io.EOF.
type reader struct{ *bufio.Reader }

// line reads one line and removes its CRLF.
func (r reader) line() (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		if errors.Is(err, io.EOF) && line != "" {
			err = io.ErrUnexpectedEOF
		}
		return line, err
	}
	bare, ok := strings.CutSuffix(line, "\r\n")
	if !ok {
		return line, fmt.Errorf("rawhttp: line %q ends in a bare LF", line)
	}
	return bare, nil
}

// head reads a start line and the fields after it.
func (r reader) head() (h Head, err error) {
	if h.Start, err = r.line(); err != nil {
		return h, err
	}
	h.Fields, err = r.fields()
	return h, err
}

// fields reads field lines up to and with the empty line.
func (r reader) fields() (Fields, error) {
	var fields Fields
	for {
		line, err := r.line()
		switch {
		case err != nil:
			return fields, unexpected(err)
		case line == "":
			return fields, nil
		}
		fields = append(fields, line)
	}
}

// chunk reads one chunk; last reports that it was the one of length 0, after which trailers follow.
func (r reader) chunk() (data []byte, last bool, err error) {
	line, err := r.line()
	if err != nil {
		return nil, false, unexpected(err)
	}
	size, _, _ := strings.Cut(line, ";")
	n, err := strconv.ParseUint(size, 16, 31)
	if err != nil {
		return nil, false, fmt.Errorf("rawhttp: chunk size %q", line)
	}
	if n == 0 {
		return nil, true, nil
	}
	if data, err = r.exactly(int64(n)); err != nil {
		return data, false, err
	}
	if end, err := r.line(); err != nil || end != "" {
		return data, false, errors.Join(unexpected(err), fmt.Errorf("rawhttp: chunk followed by %q", end))
	}
	return data, false, nil
}

// body reads a whole body and the trailers after it. With an error it returns what had come.
func (r reader) body(framing Framing, length int64) (body []byte, trailers Fields, err error) {
	switch framing {
	case Length:
		body, err = r.exactly(length)
	case Close:
		body, err = io.ReadAll(r)
	case Chunked:
		for {
			data, last, err := r.chunk()
			body = append(body, data...)
			if err != nil {
				return body, nil, err
			}
			if last {
				trailers, err = r.fields()
				return body, trailers, err
			}
		}
	}
	return body, nil, err
}

// exactly reads n bytes, or as many as came before the error.
func (r reader) exactly(n int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, n))
	if err == nil && int64(len(data)) < n {
		err = io.ErrUnexpectedEOF
	}
	return data, err
}

// unexpected turns the end of the stream into io.ErrUnexpectedEOF.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
