package http1

import (
	"net/http"
	"strings"

	"github.com/headersafe/headersafe/internal/field"
)

// maxFields is how many lines a head may have.
const maxFields = 1000

const versionPrefix = "HTTP/1."

// parseHead reads a head (RFC 9112 sections 4 and 5), whose lines end in CRLF, into res.
func parseHead(head []byte, lines int, res *http.Response) error {
	text := string(head) // the only copy: all values are parts of it
	line, rest, _ := strings.Cut(text, "\r\n")
	if err := parseStatusLine(line, res); err != nil {
		return err
	}
	header := make(http.Header, lines-1)
	places := make([]string, lines-1)
	for {
		line, rest, _ = strings.Cut(rest, "\r\n")
		if line == "" {
			break
		}
		name, value, err := parseField(line)
		if err != nil {
			return err
		}
		if earlier := header[name]; earlier != nil {
			header[name] = append(earlier, value)
			continue
		}
		places[0] = value
		header[name], places = places[:1:1], places[1:]
	}
	// As net/http has it (RFC 9111 section 5.4).
	if pragma := header["Pragma"]; len(pragma) > 0 && pragma[0] == "no-cache" && header["Cache-Control"] == nil {
		header["Cache-Control"] = []string{"no-cache"}
	}
	res.Header = header
	return nil
}

// parseStatusLine reads "HTTP/1.1 200 OK". The space before an absent reason is often absent, too.
func parseStatusLine(line string, res *http.Response) error {
	const after = len(versionPrefix)
	if len(line) < after+5 || line[:after] != versionPrefix || !isDigit(line[after]) || line[after+1] != ' ' {
		return malformed(BadStatusLine)
	}
	status := line[after+2:]
	if !isDigit(status[0]) || !isDigit(status[1]) || !isDigit(status[2]) || status[0] == '0' {
		return malformed(BadStatus)
	}
	if len(status) > 3 && (status[3] != ' ' || !field.ValidValue(strings.Trim(status[4:], " \t"))) {
		return malformed(BadStatusLine)
	}
	res.Proto, res.Status = "HTTP/1.1", status
	if line[after] != '1' {
		res.Proto = strings.Clone(line[:after+1])
	}
	res.ProtoMajor, res.ProtoMinor = 1, int(line[after]-'0')
	res.StatusCode = int(status[0]-'0')*100 + int(status[1]-'0')*10 + int(status[2]-'0')
	return nil
}

// parseField reads a field line (RFC 9112 section 5) and returns the name in the form in which net/http keys a header.
func parseField(line string) (name, value string, err error) {
	if line[0] == ' ' || line[0] == '\t' {
		return "", "", malformed(FoldedField)
	}
	name, value, _ = strings.Cut(line, ":")
	if len(name) == len(line) || !field.ValidName(name) { // white space before the colon is no token's (section 5.1)
		return "", "", malformed(BadFieldName)
	}
	if value = strings.Trim(value, " \t"); !field.ValidValue(value) {
		return "", "", malformed(BadFieldValue)
	}
	if known, ok := commonNames[name]; ok {
		return known, value, nil
	}
	if field.IsCanonical(name) {
		return strings.Clone(name), value, nil
	}
	return field.Canonical(name), value, nil // in a string of its own
}

// commonNames are returned as they stand here. A name outlives its field in what is noted about exchanges, and must not keep the
// whole header in memory.
var commonNames = func() map[string]string {
	names := make(map[string]string)
	for name := range strings.FieldsSeq(`Access-Control-Allow-Origin Age Alt-Svc Cache-Control Cf-Ray Connection Content-Encoding
		Content-Length Content-Type Date Etag Expires Last-Modified Link Location Pragma Request-Id Retry-After Server
		Set-Cookie Strict-Transport-Security Trailer Transfer-Encoding Vary Via X-Content-Type-Options X-Request-Id`) {
		names[name], names[strings.ToLower(name)] = name, name
	}
	return names
}()
