package leaktest

import (
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"os"
	"strconv"
	"strings"

	"golang.org/x/net/http2"

	"github.com/headersafe/headersafe/internal/rawhttp"
)

// clientH2 speaks HTTP/2 with prior knowledge on one connection.
type clientH2 struct {
	bench   *bench
	conn    *rawhttp.H2Conn
	stream  *rawhttp.Stream
	message h2Message
	open    bool // more of the request may follow
	began   bool // the head has been sent
	sent    int  // bytes of the body
	inbox   *inbox
	done    chan struct{}
	left    bool
}

func dialH2(b *bench, addr string) (c *clientH2, err error) {
	probe, err := b.dial(addr) // an error, where the kit would have a panic
	if err != nil {
		return nil, err
	}
	_ = probe.Close()
	return &clientH2{bench: b, conn: rawhttp.DialH2(b, addr)}, nil
}

func (c *clientH2) start(steps []step) error {
	message, err := toH2(sent(steps))
	if err != nil {
		return err
	}
	c.message, c.began, c.sent = message, false, 0
	c.inbox, c.done = newInbox(), make(chan struct{})
	c.open = message.body != "" || message.trailers != nil || message.unfinished
	c.stream = c.conn.Open(!c.open, message.fields...)
	stream, inbox, done := c.stream, c.inbox, c.done
	go func() {
		defer close(done)
		defer inbox.end()
		for {
			e := stream.Next()
			if len(e.Fields) > 0 { // set off as in HTTP/1.1, for who reads it
				fmt.Fprint(inbox, "\r\n", strings.Join(e.Fields, "\r\n"), "\r\n\r\n")
			}
			fmt.Fprint(inbox, e.Data)
			if e.End || e.Kind == rawhttp.ResetEvent || e.Kind == rawhttp.ClosedEvent {
				return
			}
		}
	}()
	return nil
}

// send sends what text has of the body. The head has gone with start, and the trailers go with the last of it.
func (c *clientH2) send(text string) {
	if !c.began {
		_, text, _ = strings.Cut(text, "\r\n\r\n")
		c.began = true
	}
	if !c.open || text == "" && c.message.body != "" {
		return
	}
	if c.message.decoded { // chunked in HTTP/1.1: its body is sent as a whole
		text = c.message.body
	}
	c.sent += len(text)
	last := c.sent >= len(c.message.body) && !c.message.unfinished
	if text != "" {
		c.stream.Data(last && c.message.trailers == nil, text)
	}
	if last && c.message.trailers != nil {
		c.stream.Headers(true, c.message.trailers...)
	}
	c.open = !last
}

func (c *clientH2) await(text string) bool { return c.inbox.await(text, c.bench.patience) }

func (c *clientH2) leave() {
	c.left = true
	c.stream.Reset(http2.ErrCodeCancel)
}

func (c *clientH2) halfClose() {
	if c.open {
		c.stream.Data(true, "")
	}
}

func (c *clientH2) finish() reply {
	if !c.left {
		<-c.done // the patience of Next ends it
	}
	m := c.stream.Received()
	r := reply{
		status: m.Status(), informational: m.Informational, fields: m.Header, trailers: m.Trailers, body: m.Body,
		err: m.Err, left: c.left,
	}
	if !m.Ended && r.err == nil {
		r.err = os.ErrDeadlineExceeded
	}
	if length := m.Header.Get("content-length"); m.Ended && length != "" && length != strconv.Itoa(len(m.Body)) && !bodyless(m.Status()) {
		r.err = errors.New("the body is not as long as its content-length says") // RFC 9113 section 8.1.1: malformed
	}
	r.text = c.inbox.text()
	return r
}

// bodyless reports whether a response with this status has no body, whatever its Content-Length says.
func bodyless(status int) bool { return status == 204 || status == 304 }

// h2Message is a request as HTTP/2 has it.
type h2Message struct {
	fields   []string
	body     string
	trailers []string
	decoded  bool // the body was chunked
	// unfinished means that the body is shorter than its Content-Length.
	unfinished bool
}

// In the text of a request for HTTP/2 these stand for bytes inside a field that would otherwise end its line.
const carriageReturn, lineFeed = "\ue00d", "\ue00a"

// toH2 translates a request in the form of HTTP/1.1; one that begins with a pseudo-header field is taken as it
// stands.
func toH2(text string) (m h2Message, err error) {
	defer func() {
		for i, line := range m.fields {
			m.fields[i] = strings.NewReplacer(carriageReturn, "\r", lineFeed, "\n").Replace(line)
		}
	}()
	head, body, ok := strings.Cut(text, "\r\n\r\n")
	if !ok {
		return h2Message{}, errors.New("the request's head does not end")
	}
	lines := strings.Split(head, "\r\n")
	if strings.HasPrefix(lines[0], ":") {
		return h2Message{fields: lines, body: body}, nil
	}
	method, rest, _ := strings.Cut(lines[0], " ")
	target := strings.TrimSuffix(rest, " HTTP/1.1")
	m = h2Message{body: body, fields: []string{":method: " + method, ":scheme: http", ":path: " + target}}
	chunked := false
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		switch name = strings.ToLower(name); name {
		case "host":
			m.fields = append(m.fields[:1], append([]string{":authority:" + value}, m.fields[1:]...)...)
		case "transfer-encoding":
			chunked = true
		default:
			m.fields = append(m.fields, name+":"+value)
		}
		if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && name == "content-length" {
			m.unfinished = n > len(body)
		}
	}
	if chunked {
		m.decoded = true
		return m, m.dechunk()
	}
	return m, nil
}

// dechunk takes the chunks' framing off the body, and the trailers out of it.
func (m *h2Message) dechunk() error {
	data, trailers, ok := strings.Cut("\r\n"+m.body, "\r\n0\r\n")
	if !ok {
		return errors.New("the request's last chunk is missing")
	}
	decoded, err := io.ReadAll(httputil.NewChunkedReader(strings.NewReader(strings.TrimPrefix(data, "\r\n") + "\r\n0\r\n")))
	if err != nil {
		return err
	}
	m.body = string(decoded)
	for line := range strings.SplitSeq(strings.TrimSpace(trailers), "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			m.trailers = append(m.trailers, strings.ToLower(name)+":"+value)
		}
	}
	return nil
}
