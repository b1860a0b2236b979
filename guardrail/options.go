package guardrail

import (
	"strings"
	"time"
)

// Mode says what a verdict does.
type Mode uint8

// The modes.
const (
	// Block, the default: nothing is forwarded before the verdict.
	Block Mode = iota
	// Alongside asks the upstream at the same time, and holds its whole answer back, status and header included,
	// until the verdict. It saves the guard's time, and lets the upstream see what is then blocked.
	Alongside
	// Observe never blocks. The verdict goes into the record.
	Observe
	// Hold, of [Responses] alone: nothing of an answer is released before all of it has been judged.
	Hold
	// Window, of [Responses] alone: events of a stream are released in order, each as soon as all the text in it has been
	// judged together with what surrounds it.
	Window
	modes
)

var modeNames = [modes]string{"block", "alongside", "observe", "hold", "window"}

// String returns the mode in lower case.
func (m Mode) String() string {
	if m < modes {
		return modeNames[m]
	}
	return "unknown"
}

// MarshalText returns [Mode.String].
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// DefaultDeadline is how long a guard may take for a request.
const DefaultDeadline = 10 * time.Second

// WithDeadline returns g with another deadline than [DefaultDeadline]. When it passes without a verdict, the request
// is blocked.
func WithDeadline(g Guard, d time.Duration) Guard {
	o := optionsOf(g)
	o.deadline, o.hasDeadline = d, true
	return o
}

// InMode returns g in another mode than [Block]: [Observe], or for a request [Alongside].
func InMode(g Guard, m Mode) Guard {
	o := optionsOf(g)
	o.mode = m
	return o
}

// FailOpen returns g such that a request passes when g gives no verdict: when it errs, panics or exceeds its deadline.
// Whoever can bring the guard down, or slow it, then says what they like. The reason is required; it goes into the
// record of each request that passes so.
func FailOpen(g Guard, reason string) Guard {
	o := optionsOf(g)
	o.failOpen, o.failsOpen = strings.TrimSpace(reason), true
	return o
}

// optioned is a guard with options. A wrapper around it that drops them leaves a guard that blocks.
type optioned struct {
	Guard
	deadline    time.Duration
	hasDeadline bool
	mode        Mode
	failOpen    string
	failsOpen   bool
}

func optionsOf(g Guard) *optioned {
	if o, ok := g.(*optioned); ok && o != nil {
		c := *o
		return &c
	}
	return &optioned{Guard: g}
}
