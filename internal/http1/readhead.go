package http1

import (
	"bytes"
	"io"
)

// headReader reads the heads of responses (RFC 9112 section 2.1) into a buffer, and keeps what has come beyond them.
type headReader struct {
	buf     *[bufferSize]byte // nil once it has been given back
	data    []byte            // what has come and is not used: in buf, or in a larger place that is nobody else's
	line    int               // where the line begins that is being looked at
	scanned int               // up to where there is no further line's end
	allowed int               // how many bytes of heads may still come
	began   bool              // a byte of the response has come
}

// next returns the next head with its empty line, and how many lines it has. It is valid until the next call.
func (h *headReader) next(from io.Reader) (head []byte, lines int, err error) {
	h.line, h.scanned = 0, 0
	for {
		end, err := h.scan(&lines)
		switch {
		case err != nil:
			return nil, 0, err
		case end > h.allowed:
			return nil, 0, malformed(HeaderTooLarge)
		case end > 0:
			head, h.data = h.data[:end], h.data[end:]
			h.allowed -= end
			return head, lines, nil
		case len(h.data) >= h.allowed:
			return nil, 0, malformed(HeaderTooLarge)
		}
		if err := h.more(from); err != nil {
			return nil, 0, err
		}
	}
}

// scan goes on to look for the end of the head, 0 if it has not come yet, and counts its lines. What is not HTTP is found
// out as early as can be.
func (h *headReader) scan(lines *int) (end int, err error) {
	if n := min(len(h.data), len(versionPrefix)); string(h.data[:n]) != versionPrefix[:n] {
		return 0, malformed(BadStatusLine)
	}
	for {
		i := bytes.IndexByte(h.data[h.scanned:], '\n')
		if i < 0 {
			h.scanned = len(h.data)
			return 0, nil
		}
		i += h.scanned
		if i == h.line || h.data[i-1] != '\r' {
			return 0, malformed(BareLineFeed)
		}
		empty := i-1 == h.line
		h.line, h.scanned = i+1, i+1
		if empty {
			return i + 1, nil
		}
		if *lines++; *lines > maxFields {
			return 0, malformed(TooManyFields)
		}
	}
}

// more reads what has come, after making room for it.
func (h *headReader) more(from io.Reader) error {
	if len(h.data) == cap(h.data) {
		place := h.buf[:]
		if len(h.data) > len(place)/2 {
			place = make([]byte, min(2*len(h.data), h.allowed+bufferSize))
		}
		h.data = place[:copy(place, h.data)]
	}
	n, err := from.Read(h.data[len(h.data):cap(h.data)])
	h.data = h.data[:len(h.data)+n]
	if n > 0 {
		h.began = true
		return nil // an error comes again
	}
	if err == nil {
		return nil
	}
	if h.began {
		return unexpected(err)
	}
	return err
}

// release gives the buffer back: what data holds is lost.
func (h *headReader) release() {
	if h.buf != nil {
		putBuffer(h.buf)
	}
	h.buf, h.data = nil, nil
}
