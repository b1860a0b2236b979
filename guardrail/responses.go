package guardrail

import (
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Responses says who judges what the upstream answers, and when it is released to the client. The zero Responses lets
// answers pass unread. See the package documentation, "Answers".
type Responses struct {
	_ [0]func()

	// Guards judge the texts of answers, all at the same time. [WithDeadline], [FailOpen] and [InMode] with [Observe] set
	// what is particular to one. Required.
	Guards []Guard

	// Mode says when an event stream is released: [Hold], [Window] or [Observe]. There is no default. JSON answers are held
	// whole in the first two, and passed on at once in the third.
	Mode Mode

	// WindowSize is how many bytes of text that nobody has judged yet, in all choices and blocks of a stream together,
	// bring about a hearing in mode Window: 1024 by default.
	WindowSize int

	// WindowOverlap is how many bytes at the end of each text stay held, and are shown again with what follows, in mode
	// Window: 256 by default, at most WindowSize. No byte of what a guard blocks leaves if it is no longer than that.
	WindowOverlap int

	// MaxHold is how long text that doesn't fill a window waits until it is judged all the same, in mode Window: a second by
	// default. Negative means for as long as it takes. The overlap stays held. Since a stream is released in order, a text
	// that has gone quiet and has not ended holds up all that comes after it.
	MaxHold time.Duration

	// KeepAlive is after how much silence a comment goes to the client while events of a stream are held: 10 seconds by
	// default. Negative means never.
	KeepAlive time.Duration

	// MaxBody is how many bytes a JSON answer may have, and how many of a stream may be held at one time: 32 MiB by default.
	MaxBody int64

	// MaxEvent is how many bytes one event of a stream may have: 8 MiB by default.
	MaxEvent int

	// DangerouslyAllowOpaque is the written reason why answers may hold what no guard can read: images, audio, files. By
	// default they are refused. The record lists them.
	DangerouslyAllowOpaque string
}

// The defaults of [Responses].
const (
	DefaultWindowSize    = 1024
	DefaultWindowOverlap = 256
	DefaultMaxHold       = time.Second
	DefaultKeepAlive     = 10 * time.Second
	DefaultMaxEvent      = 8 << 20
)

// IsZero reports whether nothing in r has been set.
func (r Responses) IsZero() bool { return reflect.ValueOf(r).IsZero() }

// responses is a compiled [Responses].
type responses struct {
	seats       []*seat
	mode        Mode
	size        int
	overlap     int
	maxHold     time.Duration // 0 for no bound
	keepAlive   time.Duration // 0 for none
	maxBody     int64
	maxEvent    int
	allowOpaque bool
	wantRequest bool // a guard wants to see the request's texts
}

// compileResponses returns nil where answers are not read.
func (g *Guardrail) compileResponses(c Config, mistake func(field, value, reason string)) *responses {
	r := c.Responses
	if r.IsZero() {
		return nil
	}
	out := &responses{
		mode: r.Mode, size: r.WindowSize, overlap: r.WindowOverlap, maxHold: r.MaxHold, keepAlive: r.KeepAlive,
		maxBody: r.MaxBody, maxEvent: r.MaxEvent, allowOpaque: r.DangerouslyAllowOpaque != "",
	}
	if len(r.Guards) == 0 {
		mistake("Responses.Guards", "", "are missing: nobody would judge what is answered")
	}
	out.seats = g.compileSeats(r.Guards, "Responses.Guards", c.Cache, mistake)
	for i, s := range out.seats {
		at := "Responses.Guards[" + strconv.Itoa(i) + "]"
		if s.mode == Alongside {
			mistake(at, s.Name, "is in mode alongside, which is for requests: the answer is there already")
		}
		if _, ok := s.guard.(documentGuard); ok {
			mistake(at, s.Name, "judges the documents of requests, and has nothing to say of answers")
		}
		if r.Mode == Observe {
			s.mode = Observe
		}
		out.wantRequest = out.wantRequest || s.WantsRequest
	}
	if r.Mode != Hold && r.Mode != Window && r.Mode != Observe {
		mistake("Responses.Mode", r.Mode.String(), "is none of Hold, Window and Observe: say which, there is no default")
	}
	out.compileWindow(r, mistake)
	switch {
	case r.MaxBody < 0:
		mistake("Responses.MaxBody", "", "is negative")
	case r.MaxBody == 0:
		out.maxBody = DefaultMaxBody
	}
	switch {
	case r.MaxEvent < 0:
		mistake("Responses.MaxEvent", "", "is negative")
	case r.MaxEvent == 0:
		out.maxEvent = int(min(DefaultMaxEvent, out.maxBody))
	case int64(r.MaxEvent) > out.maxBody:
		mistake("Responses.MaxEvent", strconv.Itoa(r.MaxEvent), "is larger than Responses.MaxBody: such an event could not be held")
	}
	checkReason(r.DangerouslyAllowOpaque, "Responses.DangerouslyAllowOpaque", mistake)
	return out
}

func (r *responses) compileWindow(c Responses, mistake func(field, value, reason string)) {
	if c.Mode != Window {
		for _, f := range []struct {
			field string
			given bool
		}{{"WindowSize", c.WindowSize != 0}, {"WindowOverlap", c.WindowOverlap != 0}, {"MaxHold", c.MaxHold != 0}} {
			if f.given {
				mistake("Responses."+f.field, "", "is for mode Window alone")
			}
		}
	}
	if c.WindowSize < 0 {
		mistake("Responses.WindowSize", strconv.Itoa(c.WindowSize), "is negative")
	}
	if c.WindowOverlap < 0 {
		mistake("Responses.WindowOverlap", strconv.Itoa(c.WindowOverlap), "is negative")
	}
	if r.size == 0 {
		r.size = max(DefaultWindowSize, r.overlap)
	}
	if r.overlap == 0 {
		r.overlap = min(DefaultWindowOverlap, r.size)
	}
	if r.overlap > r.size {
		mistake("Responses.WindowOverlap", strconv.Itoa(c.WindowOverlap), "is larger than the window: most of each would be shown more than twice")
	}
	r.maxHold, r.keepAlive = orDefault(c.MaxHold, DefaultMaxHold), orDefault(c.KeepAlive, DefaultKeepAlive)
	if c.Mode != Window {
		r.maxHold = 0
	}
}

// orDefault returns the preset for zero, and zero for what is negative.
func orDefault(d, preset time.Duration) time.Duration {
	switch {
	case d == 0:
		return preset
	case d < 0:
		return 0
	}
	return d
}

// checkReason reports a reason that says nothing.
func checkReason(reason, field string, mistake func(field, value, reason string)) {
	if reason != "" && strings.TrimSpace(reason) == "" {
		mistake(field, "", "is blank: write down why there may be what no guard can read")
	}
}
