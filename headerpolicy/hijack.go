package headerpolicy

import (
	"bufio"
	"net"
	"net/http"
)

// Hijack refuses: a response that is written past the filter is written past the policy. The library's own forwarder,
// which filters the 101 response itself, takes the writer beneath.
func (f *filter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !f.relayed {
		return nil, nil, http.ErrNotSupported
	}
	return http.NewResponseController(f.w).Hijack()
}
