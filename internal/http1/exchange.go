package http1

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"time"
)

// exchange is one request and its response on one connection, in one allocation.
type exchange struct {
	client *Client
	conn   *conn
	req    *http.Request
	trace  *httptrace.ClientTrace // may be nil
	stop   func() bool            // ends the watch over the request's context
	upload *upload                // nil where the request has no body
	wrote  bool                   // a byte of a request without a body
	torn   bool                   // such a request has not been written to its end
	in     headReader
	res    http.Response
	body   body
}

func newExchange(c *Client, conn *conn, req *http.Request, content io.ReadCloser, trace *httptrace.ClientTrace) *exchange {
	x := &exchange{client: c, conn: conn, req: req, trace: trace}
	x.in.allowed = c.cfg.MaxResponseHeader
	x.body.exchange = x
	if length := outgoingLength(req); length != 0 {
		x.upload = &upload{conn: conn, body: content, left: length, trace: trace}
	}
	return x
}

// roundTrip sends the request and reads the response up to its body. A context that ends closes the connection, and so wakes
// whoever reads from it or writes to it.
func (x *exchange) roundTrip() (*http.Response, error) {
	x.gotConn()
	ctx := x.req.Context()
	x.stop = context.AfterFunc(ctx, x.conn.abort)
	x.send()
	kind, err := x.receive()
	if err != nil {
		x.finish(false)
		return nil, x.explain(err)
	}
	x.res.Request, x.res.TLS = x.req, x.conn.state
	if kind == noBody {
		x.res.Body = http.NoBody
		// RFC 9112 section 6.1 forbids chunks in a 204, and servers send them: there is no body, but an empty one may come.
		odd := x.res.StatusCode == http.StatusNoContent && x.res.TransferEncoding != nil
		x.finish(!x.res.Close && !odd)
		return &x.res, nil
	}
	x.body.framing, x.body.left = kind, x.res.ContentLength
	x.res.Body = &x.body
	return &x.res, nil
}

// send writes the request, or leaves that to the upload. An error is not told: the server may have answered all the same, and
// if it has not, reading fails, too.
func (x *exchange) send() {
	x.in.buf = getBuffer()
	if x.upload == nil {
		n, err := x.conn.Write(appendHead(x.in.buf[:0], x.req))
		x.wrote, x.torn = n > 0, err != nil
		x.in.data = x.in.buf[:0]
		wroteRequest(x.trace, err)
		return
	}
	x.in.data = x.in.buf[:0]
	buf := getBuffer()
	x.upload.start(buf, appendHead(buf[:0], x.req))
}

// receive reads heads until the final response's has come, and says how its body ends.
func (x *exchange) receive() (framing, error) {
	for first := true; ; first = false {
		head, lines, err := x.in.next(x.conn)
		if err != nil {
			return noBody, err
		}
		if first && x.trace != nil && x.trace.GotFirstResponseByte != nil {
			x.trace.GotFirstResponseByte()
		}
		if err := parseHead(head, lines, &x.res); err != nil {
			return noBody, err
		}
		kind, err := frame(&x.res, x.req.Method)
		switch status := x.res.StatusCode; {
		case err != nil:
			return noBody, err
		case status == http.StatusSwitchingProtocols:
			return noBody, malformed(UnaskedSwitching)
		case status >= 200:
			return kind, nil
		}
		if x.trace != nil && x.trace.Got1xxResponse != nil {
			if err := x.trace.Got1xxResponse(x.res.StatusCode, textproto.MIMEHeader(x.res.Header)); err != nil {
				return noBody, err
			}
		}
		x.res = http.Response{}
	}
}

// finish is called once, when the exchange is over. A connection on which it ended cleanly can be used again if all of the
// request was sent, nothing came beyond the response (RFC 9112 section 9.2 to 9.4), and nothing closes it meanwhile.
func (x *exchange) finish(clean bool) {
	clean = clean && !x.torn && len(x.in.data) == 0 && x.conn.probe != nil && x.upload.complete()
	clean = x.stop() && clean
	x.in.release()
	if clean && x.conn.drained() && x.client.pool.put(x.conn) {
		if x.trace != nil && x.trace.PutIdleConn != nil {
			x.trace.PutIdleConn(nil)
		}
		return
	}
	_ = x.conn.Close()
}

// explain returns the reason behind err where it has one: the connection fails when it has been closed for it.
func (x *exchange) explain(err error) error {
	if x.req.Context().Err() != nil {
		return context.Cause(x.req.Context())
	}
	if fault := x.upload.failure(); fault != nil {
		return fault
	}
	return err
}

// mayRetry reports whether a request that failed on a connection used before may be sent again: the server has closed the
// connection, most likely while the request was on its way. It is no more than what net/http does (RFC 9110 section 9.2.2 and
// RFC 9112 section 9.3.1): not a byte of a response has come, and either not a byte of the request has left or it may
// be repeated.
func (x *exchange) mayRetry() bool {
	if x.in.began || x.req.Context().Err() != nil || x.upload.failure() != nil {
		return false
	}
	if replayable(x.req) {
		return true
	}
	if x.upload != nil {
		return x.upload.nothingSent()
	}
	return !x.wrote
}

func (x *exchange) gotConn() {
	if x.trace == nil || x.trace.GotConn == nil {
		return
	}
	info := httptrace.GotConnInfo{Conn: x.conn.Conn, Reused: x.conn.used, WasIdle: x.conn.used}
	if info.WasIdle {
		info.IdleTime = time.Since(x.conn.idle)
	}
	x.trace.GotConn(info)
}

func wroteRequest(trace *httptrace.ClientTrace, err error) {
	if trace == nil {
		return
	}
	if err == nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	if trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
}
