package http1

import (
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
)

// userAgent is net/http's, for requests that do not say theirs.
const userAgent = "Go-http-client/1.1"

// appendHead appends the request line, the fields and the empty line (RFC 9112 sections 3 and 5), in the order in which
// net/http has them. The request is one that the client covers: nothing needs to be checked here.
func appendHead(dst []byte, req *http.Request) []byte {
	u := req.URL
	dst = append(dst, req.Method...)
	dst = append(dst, ' ')
	if path := u.EscapedPath(); path != "" {
		dst = append(dst, path...)
	} else {
		dst = append(dst, '/')
	}
	if u.ForceQuery || u.RawQuery != "" {
		dst = append(dst, '?')
		dst = append(dst, u.RawQuery...)
	}
	dst = append(dst, " HTTP/1.1\r\n"...)

	host := req.Host
	if host == "" {
		host = u.Host
	}
	dst = appendField(dst, "Host", host)
	agent := userAgent
	if lines, ok := req.Header["User-Agent"]; ok {
		agent = ""
		if len(lines) > 0 {
			agent = lines[0]
		}
	}
	if agent != "" {
		dst = appendField(dst, "User-Agent", agent)
	}
	switch length := outgoingLength(req); {
	case length < 0:
		dst = appendField(dst, "Transfer-Encoding", "chunked")
	case length > 0 || req.Method == http.MethodPost || req.Method == http.MethodPut || req.Method == http.MethodPatch:
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, length, 10)
		dst = append(dst, "\r\n"...)
	}
	dst = appendFields(dst, req.Header)
	return append(dst, "\r\n"...)
}

// appendFields appends the fields that are not written from the message itself, sorted by name.
func appendFields(dst []byte, h http.Header) []byte {
	var place [32]string
	names := place[:0]
	for name := range h {
		switch name {
		case "Host", "User-Agent", "Content-Length", "Transfer-Encoding", "Trailer":
		default:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, line := range h[name] {
			dst = appendField(dst, name, line)
		}
	}
	return dst
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, textproto.TrimString(value)...)
	return append(dst, "\r\n"...)
}
