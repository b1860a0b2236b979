package passthrough

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headersafe/headersafe/internal/secret"
)

// Reasons why a request body ends early.
var (
	errBodyRead      = errors.New("passthrough: the request's body has been read in part")
	errBodyStopped   = errors.New("passthrough: the exchange ended before its request body")
	errSealedBody    = errors.New("passthrough: the gateway's credential stands in the request's body")
	errSealedTrailer = errors.New("passthrough: the gateway's credential stands in the request's trailers")
)

// requestBody hands a client's body to the HTTP client that writes it upstream.
//
// It gives its own end of file at Content-Length: a further read on net/http's server body, after the server has
// closed it, would fail and take the upstream connection with it, in the middle of the response. It survives
// the handler: a client writes bodies from a goroutine of its own, which can still be at it when the response
// is complete. And it is where the seal reads the body: a literal occurrence of the gateway's credential ends
// the upload before its last byte leaves.
type requestBody struct {
	src     io.ReadCloser
	left    int64               // bytes until Content-Length; negative where that is unknown
	client  http.ResponseWriter // of the client's connection
	clock   *clock
	trailer func() error  // fills in the trailers at the end; may be nil
	failed  func(error)   // told the first error that is the client's doing, or the seal's; ends the exchange
	sought  secret.Value  // the gateway's credential; empty where there is none to look for
	search  *bodySearch   // nil until the body turns out to come in more than one piece
	gate    *continueGate // nil where the client does not wait to be asked
	over    chan struct{} // closed by stop, if somebody can wait for it: where there is a gate

	count   atomic.Int64
	fault   atomic.Pointer[error]
	whole   atomic.Bool // the client has sent all of it
	stopped atomic.Bool
	mu      sync.Mutex // held while reading from src
	err     error      // sticky
	first   attempt    // most bodies are sent once
	current *attempt   // the only one that may read

	waking  sync.Mutex // guards what follows
	waiting bool       // for the client's next byte
	woken   bool       // and told to give up
}

// attempt is the body of one try at sending the request. The HTTP client tries again where a pooled connection
// turned out to be dead before anything was written; the first attempt is over then, however late it closes.
type attempt struct {
	body   *requestBody
	closed chan struct{} // closed by Close, if somebody can wait for it: where there is a gate
	once   sync.Once
}

func (a *attempt) Read(p []byte) (int, error) { return a.body.readAs(a, p) }

// Close tells that no more is wanted. The source stays the server's to close: its Close waits for a Read in
// progress, and would keep the HTTP client waiting with it.
func (a *attempt) Close() error {
	if a.closed != nil {
		a.once.Do(func() { close(a.closed) })
	}
	return nil
}

// open returns the body for another attempt. The error says that some of it has been read: it cannot be sent twice.
func (b *requestBody) open() (io.ReadCloser, error) {
	if !b.mu.TryLock() {
		return nil, errBodyRead
	}
	defer b.mu.Unlock()
	if b.count.Load() > 0 || b.err != nil {
		return nil, errBodyRead
	}
	if b.current == nil {
		b.current = &b.first
	} else {
		b.current = new(attempt)
	}
	b.current.body = b
	if b.gate != nil {
		b.current.closed = make(chan struct{})
	}
	return b.current, nil
}

func (b *requestBody) readAs(a *attempt, p []byte) (int, error) {
	if !b.gate.pass(a.closed, b.over) {
		return 0, errBodyStopped
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped.Load() || b.current != a {
		return 0, errBodyStopped
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.read(p)
	b.count.Add(int64(n))
	if err != nil {
		b.err = err
	}
	return n, err
}

func (b *requestBody) read(p []byte) (int, error) {
	switch {
	case b.sought.Empty() || len(p) == 0:
		return b.readSource(p)
	case b.search == nil:
		n, err := b.readSource(p)
		if errors.Is(err, io.EOF) && !holds(p[:n], b.sought) {
			return n, err // all in one piece
		}
		b.search = &bodySearch{secret: b.sought}
		if n, more := b.search.sift(p[:n], err); !more {
			return n, b.sealed(b.search.err)
		}
	}
	n, err := b.search.read(p, b.readSource)
	return n, b.sealed(err)
}

// sealed notes the error if it is the search's finding, and returns it.
func (b *requestBody) sealed(err error) error {
	if errors.Is(err, errSealedBody) {
		b.fail(err)
	}
	return err
}

func (b *requestBody) readSource(p []byte) (int, error) {
	if b.left >= 0 && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	if b.left == 0 {
		return 0, b.end(io.EOF)
	}
	n, err := b.readClient(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	switch {
	case err == nil && b.left == 0:
		err = b.end(io.EOF)
	case errors.Is(err, io.EOF):
		if b.left > 0 {
			err = io.ErrUnexpectedEOF
			b.fail(err)
			break
		}
		err = b.end(err)
	case errors.Is(err, errBodyStopped):
	case err != nil:
		b.fail(err)
	default:
		b.clock.uploading()
	}
	return n, err
}

// readClient reads from the source, unless nobody wants it any more.
func (b *requestBody) readClient(p []byte) (int, error) {
	b.waking.Lock()
	if b.woken || b.stopped.Load() {
		b.waking.Unlock()
		return 0, errBodyStopped
	}
	b.waiting = true
	b.waking.Unlock()

	n, err := b.src.Read(p)

	b.waking.Lock()
	woken := b.woken
	b.waiting = woken // it was waiting when it was woken: see awaitsClient
	b.waking.Unlock()
	if woken {
		_ = http.NewResponseController(b.client).SetReadDeadline(time.Time{}) // so that the server can still tidy the connection up
		return 0, errBodyStopped
	}
	return n, err
}

// wake ends a Read that waits for the client's next byte, by a deadline in the past. It is called when the exchange has
// been cancelled, or is over: an HTTP client waits for its own Read before it reports an error, and a client that
// stopped in the middle of its upload would hold up both for ever. Where the Read is in net/http's HTTP/1 server,
// the request's context ends with it.
func (b *requestBody) wake() {
	b.waking.Lock()
	defer b.waking.Unlock()
	if !b.waiting || b.woken {
		return
	}
	b.woken = true
	if err := http.NewResponseController(b.client).SetReadDeadline(time.Unix(1, 0)); err != nil {
		_ = b.src.Close() // no deadline to be had: not a connection of net/http's; closing is what is left
	}
}

// end is called once the whole body has been read.
func (b *requestBody) end(eof error) error {
	b.whole.Store(true)
	b.clock.waiting()
	if b.trailer != nil {
		if err := b.trailer(); err != nil {
			b.fail(err)
			return err
		}
		b.trailer = nil
	}
	return eof
}

// failure returns the error, if any, with which the client's side or the seal ended the body.
func (b *requestBody) failure() error {
	if cause := b.fault.Load(); cause != nil {
		return *cause
	}
	return nil
}

func (b *requestBody) fail(err error) {
	if b.fault.CompareAndSwap(nil, &err) {
		b.failed(err)
	}
}

// awaitsClient reports whether the client's next byte is being waited for, or was when the exchange was cancelled.
func (b *requestBody) awaitsClient() bool {
	b.waking.Lock()
	defer b.waking.Unlock()
	return b.waiting
}

// stop ends the reading for good: when it returns, nothing reads from the source any more.
func (b *requestBody) stop() {
	if b.stopped.Swap(true) {
		return
	}
	if b.over != nil {
		close(b.over)
	}
	b.gate.answered()
	b.wake()
	b.mu.Lock() // until the Read has returned
	defer b.mu.Unlock()
}
