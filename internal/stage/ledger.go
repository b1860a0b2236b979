// Package stage is the ledger of the stages that a request has passed. It travels in the request's
// context under a key of this package's own, so nothing outside the module can write it: what the
// forwarder reads there did happen, once each and in order.
package stage

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/headersafe/headersafe/internal/denial"
)

// Stage is one piece of the chain. Their order is the order of the constants.
type Stage uint8

// The stages, outermost first.
const (
	Observe Stage = iota // optional: begins the exchange record, sets the shape of denials
	Auth
	HeaderPolicy
	Guardrail
	Forward
	count
)

// String returns the name by which the stage goes in records and errors.
func (s Stage) String() string {
	switch s {
	case Observe:
		return "observe"
	case Auth:
		return "auth"
	case HeaderPolicy:
		return "headerpolicy"
	case Guardrail:
		return "guardrail"
	case Forward:
		return "forwarder"
	}
	return fmt.Sprintf("stage(%d)", uint8(s))
}

// Ledger is the state of one exchange. A stage enters it, does its work, and passes; only then does it call
// the next handler. It is safe for concurrent use.
type Ledger struct {
	mu      sync.Mutex
	passed  [count]bool
	entered [count]time.Time
	notes   [count]any
	shape   denial.Shape
	denied  *denial.Denial
	by      Stage
	observe bool
}

type contextKey struct{}

// From returns the ledger of ctx, or nil.
func From(ctx context.Context) *Ledger {
	l, _ := ctx.Value(contextKey{}).(*Ledger)
	return l
}

// OrderError says that a stage was repeated or came in the wrong place, or that one is missing.
type OrderError struct {
	At     Stage   // where it was noticed
	Passed []Stage // what had been passed by then
	Want   []Stage // what should have been; nil where At itself is out of order
}

func (e *OrderError) Error() string {
	if e.Want != nil {
		return fmt.Sprintf("%s wants the stages %s before it, and got %s", e.At, join(e.Want), join(e.Passed))
	}
	return fmt.Sprintf("%s came after %s", e.At, join(e.Passed))
}

func join(stages []Stage) string {
	if len(stages) == 0 {
		return "none"
	}
	names := make([]string, len(stages))
	for i, s := range stages {
		names[i] = s.String()
	}
	return strings.Join(names, ", ")
}

// Enter begins stage s for r and returns the ledger with a request that carries it: r itself where it
// already did. The error, an [*OrderError], says that s or a later stage has been passed before.
func Enter(r *http.Request, s Stage) (*Ledger, *http.Request, error) {
	l := From(r.Context())
	if l == nil {
		l = &Ledger{}
		r = r.WithContext(context.WithValue(r.Context(), contextKey{}, l))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for later := s; later < count; later++ {
		if l.passed[later] {
			return l, r, &OrderError{At: s, Passed: l.list()}
		}
	}
	l.entered[s] = time.Now()
	return l, r, nil
}

// Pass records that stage s let the request through, with the note it leaves. The error, an [*OrderError],
// says that another copy of the request got there first.
func (l *Ledger) Pass(s Stage, note any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for later := s; later < count; later++ {
		if l.passed[later] {
			return &OrderError{At: s, Passed: l.list()}
		}
	}
	l.passed[s] = true
	l.notes[s] = note
	return nil
}

// Complete checks that exactly the wanted stages have been passed; [Observe], which decides nothing, may
// be there or not. The error is an [*OrderError].
func (l *Ledger) Complete(at Stage, want ...Stage) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range count {
		if s != Observe && l.passed[s] != slices.Contains(want, s) {
			return &OrderError{At: at, Passed: l.list(), Want: slices.Clone(want)}
		}
	}
	return nil
}

func (l *Ledger) list() []Stage {
	var stages []Stage
	for s := range count {
		if l.passed[s] {
			stages = append(stages, s)
		}
	}
	return stages
}

// Note returns what stage s left behind, or nil.
func (l *Ledger) Note(s Stage) any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.notes[s]
}

// SetNote replaces the note of a stage, passed or not: a refusal leaves its reasons too.
func (l *Ledger) SetNote(s Stage, note any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notes[s] = note
}

// Entered returns when stage s began; zero if it did not.
func (l *Ledger) Entered(s Stage) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entered[s]
}

// Observed reports whether somebody wants the exchange's record, and so its reasons.
func (l *Ledger) Observed() bool { return l != nil && l.observe }

// Begin sets the shape of denials and whether a record is wanted. The observe stage calls it before any other
// stage can see the ledger.
func (l *Ledger) Begin(shape denial.Shape, observed bool) {
	l.shape, l.observe = shape, observed
}

// Denied returns the denial that answered the exchange and the stage that gave it; nil if none did.
func (l *Ledger) Denied() (*denial.Denial, Stage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.denied, l.by
}

// Deny answers w with d on behalf of stage s, in the shape that the exchange was given, and records it.
func Deny(w http.ResponseWriter, r *http.Request, s Stage, d denial.Denial) {
	var shape denial.Shape
	if l := From(r.Context()); l != nil {
		l.mu.Lock()
		if l.denied == nil {
			l.denied, l.by = &d, s
		}
		shape = l.shape
		l.mu.Unlock()
	}
	denial.Write(w, shape, d)
}

// Misassembled is the denial for a chain that was put together wrongly: 500, with the reason in the record alone.
func Misassembled(err error) denial.Denial {
	return denial.Denial{
		Status:  http.StatusInternalServerError,
		Code:    "misassembled",
		Message: "The gateway's request pipeline is misconfigured; the request was not forwarded.",
		Detail:  err.Error(),
	}
}
