package http1

import (
	"errors"
	"io"
)

// MalformedError says that what came is not a response in HTTP/1.1, or one whose end cannot be found with certainty. It
// holds nothing of what came.
type MalformedError struct{ Reason Reason }

// Error returns the reason, as a sentence.
func (e *MalformedError) Error() string { return "http1: malformed response: " + string(e.Reason) }

// Reason is why a response is malformed.
type Reason string

// The reasons.
const (
	BareLineFeed     Reason = "a line ends without CRLF"                                // RFC 9112 section 2.2
	BadStatusLine    Reason = "the status line is not HTTP/1.1's"                       // section 4
	BadStatus        Reason = "the status is not a number of three digits, 100 or more" // section 4
	BadFieldName     Reason = "a field name is not a token"                             // sections 5 and 5.1
	BadFieldValue    Reason = "a field value holds a control character"                 // RFC 9110 section 5.5
	FoldedField      Reason = "a field line is folded"                                  // section 5.2
	TooManyFields    Reason = "too many field lines"                                    // RFC 9110 section 5.4
	HeaderTooLarge   Reason = "the header is too large"                                 // RFC 9110 section 5.4
	BadLength        Reason = "the Content-Length is not one number"                    // section 6.3
	BadCoding        Reason = "the Transfer-Encoding is not chunked"                    // sections 6.1 and 7
	LengthAndCoding  Reason = "Content-Length and Transfer-Encoding stand together"     // section 6.3
	CodingBefore11   Reason = "a Transfer-Encoding in HTTP/1.0"                         // section 6.1
	BadTrailerNames  Reason = "a field is announced as a trailer that cannot be one"    // RFC 9110 section 6.5.1
	BadChunk         Reason = "a chunk is malformed"                                    // section 7.1
	BadTrailers      Reason = "the trailers are malformed"                              // section 7.1.2
	UnaskedSwitching Reason = "the protocol was switched unasked"                       // RFC 9110 section 15.2.2
)

func malformed(reason Reason) error { return &MalformedError{reason} }

var (
	errClosed      = errors.New("http1: read from a closed response body")
	errBodyLonger  = errors.New("http1: the request's body is longer than its Content-Length")
	errBodyShorter = errors.New("http1: the request's body is shorter than its Content-Length")
	errSpeaksHTTP2 = errors.New("http1: the server chose HTTP/2")
)

// unexpected turns the end of a connection into that of an unfinished message.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
