package http1

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/headersafe/headersafe/internal/field"
)

// framing is how the end of a response's body is found (RFC 9112 section 6.3).
type framing uint8

// The framings.
const (
	noBody     framing = iota
	byLength           // Content-Length
	byChunks           // Transfer-Encoding: chunked
	untilClose         // the connection's end
)

// frame decides how the end of res's body is found, and sets what of res follows from that, as net/http does. The fields that
// say it are taken out of the header where net/http does so.
func frame(res *http.Response, method string) (framing, error) {
	length, err := contentLength(res.Header)
	if err != nil {
		return noBody, err
	}
	chunked, err := transferCoding(res, length)
	if err != nil {
		return noBody, err
	}
	if chunked {
		res.TransferEncoding = []string{"chunked"}
		if res.Trailer, err = announcedTrailers(res.Header); err != nil {
			return noBody, err
		}
	}
	res.Close = wantsClose(res)
	res.ContentLength = length
	switch {
	case method == http.MethodHead:
		return noBody, nil
	case res.StatusCode < 200, res.StatusCode == http.StatusNoContent, res.StatusCode == http.StatusNotModified:
		res.ContentLength = 0
		return noBody, nil
	case chunked:
		return byChunks, nil
	case length == 0:
		return noBody, nil
	case length > 0:
		return byLength, nil
	}
	res.Close = true
	return untilClose, nil
}

// contentLength returns the Content-Length, -1 where there is none. One line with one number is all that will do (RFC 9112
// section 6.3 item 5 lets equal ones pass).
func contentLength(h http.Header) (int64, error) {
	lines := h["Content-Length"]
	if lines == nil {
		return -1, nil
	}
	n, err := strconv.ParseUint(lines[0], 10, 63)
	if len(lines) > 1 || err != nil || !isDigit(lines[0][0]) {
		return -1, malformed(BadLength)
	}
	return int64(n), nil
}

// transferCoding reports whether the body comes in chunks. Where both framings are given, or the coding is another one, the
// end is not certain: that is how one response is made to look like two (RFC 9112 sections 6.1, 6.3 and 11.1).
func transferCoding(res *http.Response, length int64) (chunked bool, err error) {
	lines := res.Header["Transfer-Encoding"]
	switch {
	case lines == nil:
		return false, nil
	case res.ProtoMinor == 0:
		return false, malformed(CodingBefore11)
	case len(lines) != 1 || !strings.EqualFold(lines[0], "chunked"):
		return false, malformed(BadCoding)
	case length >= 0:
		return false, malformed(LengthAndCoding)
	}
	delete(res.Header, "Transfer-Encoding")
	return true, nil
}

// announcedTrailers returns the names in the Trailer field (RFC 9110 section 6.6.2) as keys without values.
func announcedTrailers(h http.Header) (http.Header, error) {
	lines := h["Trailer"]
	if lines == nil {
		return nil, nil
	}
	delete(h, "Trailer")
	var trailer http.Header
	for name := range field.Members(lines) {
		name = field.Canonical(name)
		if !field.ValidName(name) || name == "Transfer-Encoding" || name == "Content-Length" || name == "Trailer" {
			return nil, malformed(BadTrailerNames)
		}
		if trailer == nil {
			trailer = make(http.Header)
		}
		trailer[name] = nil
	}
	return trailer, nil
}

// wantsClose reports whether the connection ends with res (RFC 9112 section 9.3).
func wantsClose(res *http.Response) bool {
	lines := res.Header["Connection"]
	if lines == nil {
		return res.ProtoMinor == 0
	}
	ends := field.HasMember(lines, "close")
	if res.ProtoMinor == 0 {
		return ends || !field.HasMember(lines, "keep-alive")
	}
	if ends {
		delete(res.Header, "Connection")
	}
	return ends
}
