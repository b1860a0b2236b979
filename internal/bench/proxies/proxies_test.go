package proxies

import (
	"errors"
	"net"
	"net/url"
	"testing"

	"github.com/headersafe/headersafe/internal/bench/load"
	"github.com/headersafe/headersafe/internal/bench/upstream"
)

func listen(t *testing.T) net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// Each of them does the work that is measured: credential, body, answer and events arrive.
func TestProxies(t *testing.T) {
	to := listen(t)
	go func() { _ = upstream.Serve(to) }()
	for name, proxy := range All {
		t.Run(name, func(t *testing.T) {
			at := listen(t)
			go func() {
				err := proxy(at, &url.URL{Scheme: "http", Host: to.Addr().String()})
				if err != nil && !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
			}()
			result, err := load.Run(t.Context(), &load.Job{Kind: "check", Address: at.Addr().String(), Body: 4 << 10})
			if err != nil || result.Failed > 0 {
				t.Errorf("%v, %+v", err, result)
			}
		})
	}
}
