package stage

import (
	"context"
	"net/http"
)

// Handler is a stage as the stage right before it calls it, when nothing of anybody else's stands between the two. Each
// stage hands on a changed request, and to its own kind it says the change in place of making a copy that nobody but the
// next stage would see. What is decided, and by which code, is the same either way.
//
// Only this module has handlers of the kind: nobody else can name the Ledger.
type Handler interface {
	http.Handler

	// ServeStage is ServeHTTP for a request whose context is ctx, which carries the ledger, whatever r says. The header of
	// r can still hold the fields that [AuthNote] says are consumed, and after the header policy what [PolicyNote] does
	// not name: the handler takes nothing from there that the notes do not give it.
	ServeStage(ctx context.Context, l *Ledger, w http.ResponseWriter, r *http.Request)
}

// Next is the handler after a stage.
type Next struct {
	handler http.Handler
	stage   Handler // the same, if it is a stage
}

// NextOf returns h as a Next.
func NextOf(h http.Handler) Next {
	s, _ := h.(Handler)
	return Next{h, s}
}

// Missing reports whether there is no handler.
func (n Next) Missing() bool { return n.handler == nil }

// Stage returns the handler as a stage, or nil if it is anything else, and so must see in the request itself what was
// decided.
func (n Next) Stage() Handler { return n.stage }

// Serve calls the handler with r, which is fit for anybody to see.
func (n Next) Serve(ctx context.Context, l *Ledger, w http.ResponseWriter, r *http.Request) {
	if n.stage != nil {
		n.stage.ServeStage(ctx, l, w, r)
		return
	}
	n.handler.ServeHTTP(w, l.carry(ctx, r))
}
