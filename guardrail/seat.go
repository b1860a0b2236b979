package guardrail

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// seat is a guard with its options.
type seat struct {
	Description
	guard     Guard
	mode      Mode
	deadline  time.Duration
	failsOpen bool
	failOpen  string
	cache     *cache // nil where its verdicts are not kept
	key       Key
}

// compileSeats compiles the guards of requests or answers, reporting mistakes under the given name of a field.
func (g *Guardrail) compileSeats(guards []Guard, field string, c Cache, mistake func(field, value, reason string)) []*seat {
	var seats []*seat
	names := make(map[string]bool)
	for i, guard := range guards {
		at := fmt.Sprintf("%s[%d]", field, i)
		o := optionsOf(guard)
		if isNil(o.Guard) {
			mistake(at, "", "is nil")
			continue
		}
		s := &seat{guard: o.Guard, mode: o.mode, deadline: o.deadline, failsOpen: o.failsOpen, failOpen: o.failOpen}
		s.Description = o.Describe()
		switch {
		case strings.TrimSpace(s.Name) == "":
			mistake(at, "", "has no name in its description; it goes into the record")
		case names[s.Name]:
			mistake(at, s.Name, "has the name of another guard")
		}
		names[s.Name] = true
		if !o.hasDeadline {
			s.deadline = DefaultDeadline
		}
		if s.deadline <= 0 {
			mistake(at, s.Name, "has a deadline that has passed; it must be positive")
		}
		if o.failsOpen && o.failOpen == "" {
			mistake(at, s.Name, "fails open without a reason: write down why")
		}
		switch {
		case o.mode == Hold || o.mode == Window:
			mistake(at, s.Name, "is in mode "+o.mode.String()+", which is not a guard's but one of Responses")
		case o.mode >= modes:
			mistake(at, s.Name, "is in an unknown mode")
		}
		switch {
		case s.Scope > WholeConversation:
			mistake(at, s.Name, "has an unknown scope")
		case s.Scope == PerText && s.WantsRequest:
			mistake(at, s.Name, "wants the request, and says that its verdicts rest on each text alone")
		case s.Scope == PerText && g.cache != nil:
			s.cache, s.key = g.cache, g.cache.guardKey(s.Description)
			if c.Store != nil && s.Version == "" {
				mistake(at, s.Name, "has no version in its description: in a Store that outlives the process, verdicts of older rules would count")
			}
		}
		seats = append(seats, s)
	}
	return seats
}

// isNil reports whether g is nil, or a nil pointer of a guard's type.
func isNil(g Guard) bool {
	if g == nil {
		return true
	}
	v := reflect.ValueOf(g)
	switch v.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan, reflect.Interface:
		return v.IsNil()
	}
	return false
}
