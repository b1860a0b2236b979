package wire

import (
	"bytes"
	"fmt"
	"strconv"
)

// Head is a request's or a response's head.
type Head struct {
	First  []byte // the request line or the status line
	Length int64  // Content-Length, or -1
	Close  bool   // the connection ends with this message

	fields  []byte // the lines after the first, each with its end
	chunked bool
}

// Status is the status of a response, or 0.
func (h Head) Status() int {
	if !h.response() || len(h.First) < len("HTTP/1.1 200") {
		return 0
	}
	n, err := strconv.Atoi(string(h.First[9:12]))
	if err != nil {
		return 0
	}
	return n
}

func (h Head) response() bool { return bytes.HasPrefix(h.First, []byte("HTTP/1.1 ")) }

// Target is the target of a request.
func (h Head) Target() []byte {
	_, rest, _ := bytes.Cut(h.First, []byte(" "))
	target, _, _ := bytes.Cut(rest, []byte(" "))
	return target
}

// Field returns the value of the first line of that name.
func (h Head) Field(name string) []byte {
	for fields := h.fields; len(fields) > 0; {
		var line []byte
		line, fields = cutLine(fields)
		if value, ok := valueOf(line, name); ok {
			return value
		}
	}
	return nil
}

// parseHead looks at no more than it must: it runs once or twice for each exchange that is measured.
func parseHead(raw []byte) (Head, error) {
	h := Head{Length: -1}
	h.First, h.fields = cutLine(raw)
	for fields := h.fields; len(fields) > 0; {
		var line []byte
		line, fields = cutLine(fields)
		if len(line) == 0 {
			continue
		}
		switch line[0] | 0x20 {
		case 'c':
			if value, ok := valueOf(line, "Content-Length"); ok {
				n, err := strconv.ParseUint(string(value), 10, 62)
				if err != nil {
					return Head{}, fmt.Errorf("wire: Content-Length %q", value)
				}
				h.Length = int64(n)
			} else if value, ok := valueOf(line, "Connection"); ok {
				h.Close = bytes.EqualFold(value, []byte("close"))
			}
		case 't':
			if value, ok := valueOf(line, "Transfer-Encoding"); ok {
				h.chunked = bytes.EqualFold(value, []byte("chunked"))
			}
		}
	}
	return h, nil
}

func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

func valueOf(line []byte, name string) ([]byte, bool) {
	if len(line) <= len(name) || line[len(name)] != ':' || !bytes.EqualFold(line[:len(name)], []byte(name)) {
		return nil, false
	}
	return bytes.TrimSpace(line[len(name)+1:]), true
}
