package http1

import (
	"net/http"
	"strings"
)

// Bounds on what stands between the data of a chunked body.
const (
	maxChunkLine = 1 << 10  // a chunk's size with its extensions
	maxExcess    = 16 << 10 // of what is no data, beyond what small chunks have by nature: net/http's bound
	maxTrailers  = 4 << 10  // the trailer section
)

// chunkState is what the next byte of a chunked body belongs to.
type chunkState uint8

// The states, in the order in which the grammar has them (RFC 9112 section 7.1).
const (
	inSize      chunkState = iota // at the first digit, or at a further one
	inPadding                     // white space after the digits, that some servers send
	inExtension                   // RFC 9112 section 7.1.1: ignored
	atSizeEnd                     // at the LF
	inData
	afterData // at the CR
	atDataEnd // at the LF
	inTrailers
	afterBody
)

// chunkDecoder takes the framing out of a chunked body. It works in the place where the bytes have been read to, and so needs
// none of its own: an open stream costs no buffer.
type chunkDecoder struct {
	state  chunkState
	digits int   // of the size, so far
	line   int   // bytes of the size's line, so far
	left   int64 // bytes of data to come; the size, while that is read
	excess int64

	trailers []byte
	ending   [2]byte // for the usual ones: an empty line
	start    int     // of the last line in trailers
}

// decode moves the data in p to its beginning, and returns how many bytes that is and how many of p it has used: all of them,
// unless the body ended or an error came before. The error comes again if it is called again.
func (d *chunkDecoder) decode(p []byte) (n, used int, err error) {
	for used < len(p) && d.state != afterBody {
		if d.state == inData {
			span := min(int64(len(p)-used), d.left)
			n += copy(p[n:], p[used:used+int(span)])
			used += int(span)
			if d.left -= span; d.left == 0 {
				d.state = afterData
			}
			continue
		}
		if err := d.step(p[used]); err != nil {
			return n, used, err
		}
		used++
	}
	return n, used, nil
}

// step takes one byte that is no data.
func (d *chunkDecoder) step(c byte) error {
	switch d.state {
	case inSize, inPadding, inExtension:
		if d.line++; d.line > maxChunkLine {
			return malformed(BadChunk)
		}
		return d.sizeLine(c)
	case atSizeEnd:
		if c != '\n' {
			return malformed(BadChunk)
		}
		return d.begin()
	case afterData:
		if c != '\r' {
			return malformed(BadChunk)
		}
		d.state = atDataEnd
	case atDataEnd:
		if c != '\n' {
			return malformed(BadChunk)
		}
		d.state, d.digits, d.line, d.left = inSize, 0, 0, 0
	case inTrailers:
		return d.trailer(c)
	}
	return nil
}

// sizeLine takes a byte before the LF of the line with the size.
func (d *chunkDecoder) sizeLine(c byte) error {
	digit, isHex := unhex(c)
	switch {
	case isHex && d.state == inSize:
		if d.digits++; d.digits > 15 { // of 16, the first could be the sign
			return malformed(BadChunk)
		}
		d.left = d.left<<4 | int64(digit)
	case d.digits == 0:
		return malformed(BadChunk)
	case c == '\r':
		d.state = atSizeEnd
	case d.state == inExtension:
		if c < ' ' && c != '\t' || c == 0x7f {
			return malformed(BadChunk)
		}
	case c == ';' && d.state == inSize: // white space before it, which RFC 9112 section 7.1.1 has as "bad", is that to net/http, too
		d.state = inExtension
	case c == ' ', c == '\t':
		d.state = inPadding
	default:
		return malformed(BadChunk)
	}
	return nil
}

// begin is at the end of the line with the size. A server that sends byte by byte is in its rights, one that sends mostly
// extensions wears its clients out: the excess tells one from the other, as in net/http.
func (d *chunkDecoder) begin() error {
	d.excess = max(0, d.excess+int64(d.line)+1-16-2*min(d.left, maxExcess))
	if d.excess > maxExcess {
		return malformed(BadChunk)
	}
	d.state = inData
	if d.left == 0 {
		d.state = inTrailers
		d.trailers = d.ending[:0]
	}
	return nil
}

// trailer takes a byte of the trailer section and the empty line after it (RFC 9112 section 7.1.2).
func (d *chunkDecoder) trailer(c byte) error {
	d.trailers = append(d.trailers, c)
	if len(d.trailers) > maxTrailers {
		return malformed(BadTrailers)
	}
	if c != '\n' {
		return nil
	}
	line := d.trailers[d.start:]
	switch {
	case len(line) < 2 || line[len(line)-2] != '\r':
		return malformed(BadTrailers)
	case len(line) == 2:
		d.state = afterBody
	}
	d.start = len(d.trailers)
	return nil
}

// ended reports whether the body's end has been reached.
func (d *chunkDecoder) ended() bool { return d.state == afterBody }

// merge adds the trailers to those that were announced, as net/http does: also those that were not.
func (d *chunkDecoder) merge(announced http.Header) (http.Header, error) {
	if len(d.trailers) == 2 {
		return announced, nil
	}
	came := make(http.Header)
	for line := range strings.SplitSeq(strings.TrimSuffix(string(d.trailers), "\r\n\r\n"), "\r\n") {
		name, value, err := parseField(line)
		if err != nil {
			return announced, malformed(BadTrailers)
		}
		came[name] = append(came[name], value)
	}
	if announced == nil {
		return came, nil
	}
	for name, values := range came {
		announced[name] = values
	}
	return announced, nil
}

func unhex(c byte) (digit byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
