package proxies

import (
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/headersafe/headersafe/internal/bench/proc"
)

// Serve runs a proxy by its name, and the debug endpoint beside it, until one of them fails.
func Serve(name, listen, debug, upstream string) error {
	proxy, ok := All[name]
	if !ok {
		return fmt.Errorf("proxies: no proxy %q", name)
	}
	to, err := url.Parse(upstream)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	debugListener, err := net.Listen("tcp", debug)
	if err != nil {
		return err
	}
	ended := make(chan error, 2)
	go func() { ended <- http.Serve(debugListener, proc.DebugHandler()) }() //nolint:gosec // on loopback, for the length of a measurement
	go func() { ended <- proxy(listener, to) }()
	return <-ended
}
