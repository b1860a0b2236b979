package leaktest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
)

// serve puts a handler on loopback, with HTTP/1.1 and HTTP/2 by prior knowledge, and returns its address.
func serve(b *bench, h http.Handler, errors io.Writer) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatalf("leaktest: %v", err)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: h, Protocols: protocols, ErrorLog: log.New(errors, "", 0)} //nolint:gosec // it serves this kit's own client alone
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	b.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return listener.Addr().String()
}

// around puts what a case asks for around the gateway.
func (v *vector) around(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, line := range v.outer {
			name, value, _ := strings.Cut(line, ":")
			w.Header().Add(name, strings.TrimSpace(value))
		}
		if v.bare {
			r = r.WithContext(bareContext{r.Context()})
		}
		h.ServeHTTP(w, r)
	})
}

// bareContext knows nothing of a server, as the contexts of some frameworks and tests.
type bareContext struct{ context.Context }

// Value hides the server.
func (c bareContext) Value(key any) any {
	if key == http.ServerContextKey || key == http.LocalAddrContextKey {
		return nil
	}
	return c.Context.Value(key)
}
