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

// Ledger is the state of one exchange, and the context that carries it: what [Open] gives out is one allocation. A stage
// enters it, does its work, and passes; only then does it call the next handler. It is safe for concurrent use.
//
// It is never used again for another exchange: the HTTP client, a verifier or anybody's middleware may keep the context.
type Ledger struct {
	context.Context // of the request as it came to the first stage

	shape   denial.Shape
	entered *[count]time.Time // nil where nobody observes

	mu      sync.Mutex
	passed  [count]bool
	by      Stage
	denied  *denial.Denial
	auth    AuthNote
	policy  PolicyNote
	guard   any
	forward any
}

type contextKey struct{}

// Value returns the ledger itself for the key of this package, and what the request's context has for any other.
func (l *Ledger) Value(key any) any {
	if key == (contextKey{}) {
		return l
	}
	return l.Context.Value(key)
}

// String names the ledger as contexts name themselves. The notes hold the request's header as it came, and whoever has the
// context may print it.
func (l *Ledger) String() string { return "headersafe.exchange" }

// Format writes what String returns, for every verb.
func (l *Ledger) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(l.String())) }

// From returns the ledger of ctx, or nil.
func From(ctx context.Context) *Ledger {
	l, _ := ctx.Value(contextKey{}).(*Ledger)
	return l
}

// Open returns the ledger of r's exchange, a new one where r carries none, and the context that carries it.
func Open(r *http.Request) (*Ledger, context.Context) {
	ctx := r.Context()
	if l := From(ctx); l != nil {
		return l, ctx
	}
	l := &Ledger{Context: ctx}
	return l, l
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
	l, ctx := Open(r)
	return l, l.carry(ctx, r), l.Enter(s)
}

// carry returns r with ctx, which carries the ledger: r itself if it does already.
func (l *Ledger) carry(ctx context.Context, r *http.Request) *http.Request {
	if From(r.Context()) == l {
		return r
	}
	return r.WithContext(ctx)
}

// Enter begins stage s. The error, an [*OrderError], says that s or a later stage has been passed before.
func (l *Ledger) Enter(s Stage) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.order(s); err != nil {
		return err
	}
	if l.entered != nil {
		l.entered[s] = time.Now()
	}
	return nil
}

func (l *Ledger) order(s Stage) error {
	for later := s; later < count; later++ {
		if l.passed[later] {
			return &OrderError{At: s, Passed: l.list()}
		}
	}
	return nil
}

// Pass records that stage s let the request through, with the note it leaves. The error, an [*OrderError],
// says that another copy of the request got there first.
func (l *Ledger) Pass(s Stage, note any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.order(s); err != nil {
		return err
	}
	l.passed[s] = true
	l.setNote(s, note)
	return nil
}

// PassAuth is Pass for [Auth]. It and PassPolicy put no note into an interface, which would be an allocation.
func (l *Ledger) PassAuth(note AuthNote) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.order(Auth); err != nil {
		return err
	}
	l.passed[Auth], l.auth = true, note
	return nil
}

// PassPolicy is Pass for [HeaderPolicy].
func (l *Ledger) PassPolicy(note PolicyNote) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.order(HeaderPolicy); err != nil {
		return err
	}
	l.passed[HeaderPolicy], l.policy = true, note
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

// Auth returns what the auth stage left behind; the zero note where there is none.
func (l *Ledger) Auth() AuthNote {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.auth
}

// Policy returns what the headerpolicy stage left behind; the zero note where there is none.
func (l *Ledger) Policy() PolicyNote {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.policy
}

// Note returns what stage s left behind: of [Auth] and [HeaderPolicy], which have methods of their own that do not
// allocate, the zero note where there is none; nil of any other.
func (l *Ledger) Note(s Stage) any {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch s {
	case Auth:
		return l.auth
	case HeaderPolicy:
		return l.policy
	case Guardrail:
		return l.guard
	case Forward:
		return l.forward
	}
	return nil
}

// SetNote replaces the note of a stage, passed or not: a refusal leaves its reasons too.
func (l *Ledger) SetNote(s Stage, note any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.setNote(s, note)
}

func (l *Ledger) setNote(s Stage, note any) {
	switch s {
	case Auth:
		l.auth, _ = note.(AuthNote)
	case HeaderPolicy:
		l.policy, _ = note.(PolicyNote)
	case Guardrail:
		l.guard = note
	case Forward:
		l.forward = note
	}
}

// Entered returns when stage s began; zero if it did not, or nobody observes.
func (l *Ledger) Entered(s Stage) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entered == nil {
		return time.Time{}
	}
	return l.entered[s]
}

// Observed reports whether somebody wants the exchange's record, and so its reasons and times.
func (l *Ledger) Observed() bool { return l != nil && l.entered != nil }

// Begin sets the shape of denials and whether a record is wanted. The observe stage calls it when it has entered, before any
// other stage can see the ledger.
func (l *Ledger) Begin(shape denial.Shape, observed bool) {
	l.shape = shape
	if observed {
		l.entered = &[count]time.Time{Observe: time.Now()}
	}
}

// Denied returns the denial that answered the exchange and the stage that gave it; nil if none did.
func (l *Ledger) Denied() (*denial.Denial, Stage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.denied, l.by
}

// Deny answers w with d on behalf of stage s, in the shape that the exchange was given, and records it.
func (l *Ledger) Deny(w http.ResponseWriter, s Stage, d denial.Denial) {
	l.mu.Lock()
	if l.denied == nil {
		l.denied, l.by = &d, s
	}
	shape := l.shape
	l.mu.Unlock()
	denial.Write(w, shape, d)
}

// Deny is [Ledger.Deny] for the exchange of r, if there is one.
func Deny(w http.ResponseWriter, r *http.Request, s Stage, d denial.Denial) {
	if l := From(r.Context()); l != nil {
		l.Deny(w, s, d)
		return
	}
	denial.Write(w, nil, d)
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
