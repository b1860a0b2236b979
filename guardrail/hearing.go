package guardrail

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// Why a guard's context ends.
var (
	errDecided  = errors.New("guardrail: a guard has blocked the exchange")
	errOver     = errors.New("guardrail: the exchange has ended")
	errDeadline = errors.New("no verdict within the deadline")
	errNoReturn = errors.New("the guard ended its goroutine without a verdict")
)

// hearing is the guards' work on one request, or on a part of one answer: all are asked at once, and each gives a verdict, or
// has none by its deadline. It is safe for concurrent use.
type hearing struct {
	seats   []*seat
	doc     *document
	in      Input           // without texts
	request context.Context // the client's
	end     context.CancelCauseFunc

	mu      sync.Mutex
	started time.Time
	records []GuardRecord
	pending [modes]int           // guards that have not settled
	heard   [modes]chan struct{} // closed when none is pending, or when the request is denied
	denied  *Denial
	blocked func() // called once when it is denied; may be nil
}

// hear begins a hearing.
func hear(ctx context.Context, seats []*seat, doc *document, in Input) *hearing {
	h := &hearing{seats: seats, doc: doc, in: in, request: ctx, started: time.Now(), records: make([]GuardRecord, len(seats))}
	for i, s := range seats {
		h.records[i] = GuardRecord{Name: s.Name, Mode: s.mode}
		h.pending[s.mode]++
	}
	for m := range h.heard {
		h.heard[m] = make(chan struct{})
		if h.pending[m] == 0 {
			close(h.heard[m])
		}
	}
	// An observer's work goes on when the client has left; the verdict of the others is for this exchange alone.
	detached, end := context.WithCancelCause(context.WithoutCancel(ctx))
	attached, endAttached := context.WithCancelCause(ctx)
	h.end = func(cause error) {
		endAttached(cause)
		if !errors.Is(cause, errOver) {
			end(cause)
		}
	}
	for i, s := range seats {
		if s.mode == Observe {
			h.ask(detached, i)
		} else {
			h.ask(attached, i)
		}
	}
	return h
}

// answer is what came of asking a guard.
type answer struct {
	verdict Verdict
	err     error
	texts   []Text // what it was shown
	cached  int
	keep    func() // keeps the verdict; may be nil
}

// ask asks the guard of seat i, in a goroutine of its own. A guard that ignores its context keeps that goroutine and
// its document; the hearing goes on without it.
func (h *hearing) ask(ctx context.Context, i int) {
	s := h.seats[i]
	ctx, cancel := context.WithTimeoutCause(ctx, s.deadline, errDeadline)
	stop := context.AfterFunc(ctx, func() { h.settle(i, answer{err: context.Cause(ctx)}) })
	h.doc.hold()
	go func() {
		a := answer{err: errNoReturn}
		defer func() { // also for runtime.Goexit
			if p := recover(); p != nil {
				a.err = panicError(p)
			}
			stop()
			h.settle(i, a)
			if a.keep != nil {
				a.keep()
			}
			cancel()
			h.doc.letGo()
		}()
		s.judge(ctx, h.doc, h.in, &a)
	}()
}

// panicError does not repeat what a guard panicked with, which could be text; what the runtime says holds none.
func panicError(p any) error {
	if err, ok := p.(runtime.Error); ok {
		return fmt.Errorf("the guard panicked: %w", err)
	}
	return fmt.Errorf("the guard panicked with a %T", p)
}

// judge has the guard judge what it has not judged before.
func (s *seat) judge(ctx context.Context, d *document, in Input, a *answer) {
	if own, ok := s.guard.(documentGuard); ok {
		a.verdict, a.err = own.checkDocument(ctx, d.tape)
		return
	}
	var keys []Key
	var missing []int
	if s.cache != nil {
		keys = s.cache.keys(d, in, s.key)
		missing = s.cache.missing(ctx, keys, s.deadline/4)
		a.texts, a.cached = d.some(missing), len(keys)-len(missing)
	} else {
		a.texts = d.all()
	}
	if len(a.texts) == 0 {
		a.err = nil
		return
	}
	in.Texts = a.texts
	if !s.WantsRequest {
		in.Request = nil
	}
	a.verdict, a.err = s.guard.Check(ctx, in)
	if s.cache == nil || a.err != nil || a.verdict.Block {
		return
	}
	if s.cache.prompt {
		s.cache.put(ctx, keys, missing)
		return
	}
	a.keep = func() { s.cache.put(ctx, keys, missing) }
}

// documentGuard is a guard of this package that judges the document rather than its texts: numbers, names, counts. It is
// asked for every body, with texts or without.
type documentGuard interface {
	Guard
	checkDocument(ctx context.Context, t *jsonscan.Tape) (Verdict, error)
}

// settle records what came of asking guard i, and decides what follows from it. Only the first call counts.
func (h *hearing) settle(i int, a answer) {
	s := h.seats[i]
	matches := a.matches()
	h.mu.Lock()
	defer h.mu.Unlock()
	rec := &h.records[i]
	if rec.Outcome != "" {
		return
	}
	rec.Duration = time.Since(h.started)
	rec.Judged, rec.Cached = len(a.texts), a.cached
	var denied *Denial
	switch {
	case a.err != nil && (h.denied != nil || errors.Is(a.err, errOver) || errors.Is(a.err, errDecided)):
		rec.Outcome = Skipped
	case a.err != nil && s.failsOpen && h.request.Err() == nil:
		rec.Outcome, rec.FailOpen, rec.Detail = FailedOpen, s.failOpen, printable(a.err.Error())
	case a.err != nil:
		rec.Outcome, rec.Detail = Failed, printable(a.err.Error())
		denied = h.in.Direction.unavailable("the guard " + s.Name + " gave no verdict: " + rec.Detail)
	case a.verdict.Block:
		rec.Outcome, rec.Matches = Blocked, matches
		rec.Reason, rec.Detail = printable(a.verdict.Reason), printable(a.verdict.Detail)
		denied = h.in.Direction.blocked(rec.Reason, "by the guard "+s.Name)
	default:
		rec.Outcome, rec.Detail = Passed, printable(a.verdict.Detail)
	}
	if h.pending[s.mode]--; h.pending[s.mode] == 0 {
		h.close(s.mode)
	}
	if denied != nil && s.mode != Observe && h.denied == nil {
		h.denied = denied
		h.close(Block)
		h.close(Alongside)
		h.end(errDecided)
		if h.blocked != nil {
			h.blocked()
		}
	}
}

func (h *hearing) close(m Mode) {
	select {
	case <-h.heard[m]:
	default:
		close(h.heard[m])
	}
}

// matches returns the paths of what a verdict rests on.
func (a answer) matches() []string {
	if !a.verdict.Block {
		return nil
	}
	var paths []string
	for _, index := range a.verdict.Matches {
		if index >= 0 && index < len(a.texts) && len(paths) < maxPaths {
			paths = append(paths, a.texts[index].place().recordPath())
		}
	}
	return paths
}

// await waits for all guards of a mode, or for a denial, and returns the latter. No verdict when ctx ends is a denial.
func (h *hearing) await(ctx context.Context, m Mode) *Denial { return h.awaitWith(ctx, m, nil, nil) }

// awaitWith is await that calls beat at the times that tick gives. Both may be nil.
func (h *hearing) awaitWith(ctx context.Context, m Mode, tick <-chan time.Time, beat func()) *Denial {
	for waiting := true; waiting; {
		select {
		case <-h.heard[m]:
			waiting = false
		case <-tick:
			beat()
		case <-ctx.Done():
			select {
			case <-h.heard[m]:
				waiting = false
			default:
				return h.in.Direction.unavailable("the exchange ended before the verdict")
			}
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.denied
}

// decided reports whether the request has been denied.
func (h *hearing) decided() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.denied != nil
}

// onDenied has f called when the request is denied, or at once if it has been.
func (h *hearing) onDenied(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.denied != nil {
		f()
		return
	}
	h.blocked = f
}

// snapshot returns what has been recorded so far. With last, who has not settled is skipped.
func (h *hearing) snapshot(last bool) []GuardRecord {
	h.mu.Lock()
	defer h.mu.Unlock()
	records := append([]GuardRecord(nil), h.records...)
	for i := range records {
		if last && records[i].Outcome == "" {
			records[i].Outcome = Skipped
		}
	}
	return records
}
