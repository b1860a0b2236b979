package stage_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/denial"
	"github.com/headersafe/headersafe/internal/stage"
)

var (
	all  = []stage.Stage{stage.Observe, stage.Auth, stage.HeaderPolicy, stage.Guardrail, stage.Forward}
	want = []stage.Stage{stage.Auth, stage.HeaderPolicy, stage.Guardrail}
)

func request() *http.Request { return httptest.NewRequest(http.MethodGet, "/", nil) }

// sequences yields every sequence of up to n stages: each order, omission and repeat.
func sequences(n int, yield func([]stage.Stage)) {
	var extend func(prefix []stage.Stage)
	extend = func(prefix []stage.Stage) {
		yield(prefix)
		if len(prefix) < n {
			for _, s := range all {
				extend(append(slices.Clip(prefix), s))
			}
		}
	}
	extend(nil)
}

// TestEverySequence runs chains of up to five stages. A stage is let in exactly if neither it nor a later one has passed;
// and the chain is complete exactly if the wanted stages have passed, with or without an observer.
func TestEverySequence(t *testing.T) {
	total, complete := 0, 0
	sequences(5, func(chain []stage.Stage) {
		total++
		r := request()
		var passed []stage.Stage
		for _, s := range chain {
			l, in, err := stage.Enter(r, s)
			ordered := len(passed) == 0 || passed[len(passed)-1] < s
			if (err == nil) != ordered {
				t.Fatalf("%v: %s after %v: %v", chain, s, passed, err)
			}
			if stage.From(in.Context()) != l {
				t.Fatalf("%v: the request carries another ledger", chain)
			}
			if err != nil {
				var order *stage.OrderError
				if !errors.As(err, &order) || order.At != s || !slices.Equal(order.Passed, passed) || order.Want != nil {
					t.Fatalf("%v: %#v", chain, err)
				}
				if err := l.Pass(s, nil); err == nil {
					t.Fatalf("%v: %s passes without having entered", chain, s)
				}
				return // refused: nothing follows
			}
			if err := l.Pass(s, nil); err != nil {
				t.Fatalf("%v: %v", chain, err)
			}
			passed = append(passed, s)
			r = in
		}
		l, _, _ := stage.Enter(r, stage.Forward)
		decided := slices.DeleteFunc(slices.Clone(passed), func(s stage.Stage) bool { return s == stage.Observe })
		err := l.Complete(stage.Forward, want...)
		if (err == nil) != slices.Equal(decided, want) {
			t.Fatalf("%v: complete: %v", chain, err)
		}
		if err == nil {
			complete++
		}
	})
	if total != 1+5+25+125+625+3125 || complete != 2 {
		t.Errorf("%d chains, %d of them complete", total, complete)
	}
}

func TestOrderError(t *testing.T) {
	l, r, err := stage.Enter(request(), stage.Auth)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ got, want string }{
		{l.Complete(stage.Forward, want...).Error(), "forwarder wants the stages auth, headerpolicy, guardrail before it, and got none"},
		{fmt.Sprint(l.Pass(stage.HeaderPolicy, nil)), "<nil>"},
		{l.Complete(stage.Forward, want...).Error(), "forwarder wants the stages auth, headerpolicy, guardrail before it, and got headerpolicy"},
		{l.Pass(stage.Auth, nil).Error(), "auth came after headerpolicy"},
		{stage.Stage(9).String(), "stage(9)"},
		{fmt.Sprint(all), "[observe auth headerpolicy guardrail forwarder]"},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if _, same, err := stage.Enter(r, stage.Auth); same != r || err == nil {
		t.Errorf("a request with a ledger is copied (%t), or let in: %v", same != r, err)
	}
}

// TestUnforgeable: a ledger comes from this package alone, and a nil one is no ledger.
func TestUnforgeable(t *testing.T) {
	if l := stage.From(context.Background()); l != nil || l.Observed() {
		t.Errorf("from nowhere: %v", l)
	}
	type contextKey struct{} // of the same name, in another package
	r := request()
	r = r.WithContext(context.WithValue(r.Context(), contextKey{}, &stage.Ledger{}))
	if stage.From(r.Context()) != nil {
		t.Error("a ledger under a key of somebody else's")
	}
	_, in, err := stage.Enter(r, stage.Auth)
	if err != nil || in == r || stage.From(r.Context()) != nil {
		t.Errorf("the first request was changed: %v", err)
	}
}

// TestUnprintable: the ledger is a context that anybody may print, and has the header as it came.
func TestUnprintable(t *testing.T) {
	l, r, err := stage.Enter(request(), stage.Auth)
	if err != nil {
		t.Fatal(err)
	}
	secret := "alice-secret"
	for _, err := range []error{
		l.PassAuth(stage.AuthNote{Caller: secret}),
		l.PassPolicy(stage.PolicyNote{Inbound: http.Header{"X-Gateway-Key": {secret}}, RawQuery: secret}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	within, cancel := context.WithCancel(r.Context())
	defer cancel()
	var printed strings.Builder
	for _, ctx := range []context.Context{r.Context(), within} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&printed, verb, ctx)
		}
		for _, handler := range []slog.Handler{slog.NewTextHandler(&printed, nil), slog.NewJSONHandler(&printed, nil)} {
			slog.New(handler).Info("a line", "context", ctx)
		}
	}
	if text := printed.String(); strings.Contains(text, secret) || strings.Contains(text, hex.EncodeToString([]byte(secret))) {
		t.Errorf("printed:\n%s", text)
	}
	if got := fmt.Sprint(r.Context(), " ", within); got != "headersafe.exchange headersafe.exchange.WithCancel" {
		t.Errorf("printed as %s", got)
	}
}

// TestCopiesShareTheLedger: what one copy of a request has passed, another has not passed yet.
func TestCopiesShareTheLedger(t *testing.T) {
	_, r, err := stage.Enter(request(), stage.Auth)
	if err != nil {
		t.Fatal(err)
	}
	var passes, refusals atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			l, in, err := stage.Enter(r.Clone(r.Context()), stage.Auth)
			if err == nil {
				err = l.Pass(stage.Auth, stage.AuthNote{Caller: "alice"})
			}
			if err == nil {
				passes.Add(1)
			} else {
				refusals.Add(1)
			}
			// Whatever the outcome, everybody may look.
			_, _ = l.Note(stage.Auth).(stage.AuthNote)
			_, _ = l.Denied()
			_ = l.Entered(stage.Auth)
			_ = l.Complete(stage.Forward, want...)
			l.SetNote(stage.Guardrail, 1)
			stage.Deny(httptest.NewRecorder(), in, stage.Auth, denial.Denial{Status: 400})
		})
	}
	wg.Wait()
	if passes.Load() != 1 || refusals.Load() != 15 {
		t.Errorf("%d passed, %d were refused", passes.Load(), refusals.Load())
	}
}

func TestNotes(t *testing.T) {
	l, _, err := stage.Enter(request(), stage.Auth)
	if err != nil {
		t.Fatal(err)
	}
	notes := func() string {
		auth, _ := l.Note(stage.Auth).(stage.AuthNote)
		policy, _ := l.Note(stage.HeaderPolicy).(stage.PolicyNote)
		if auth.Caller != l.Auth().Caller || policy.RawQuery != l.Policy().RawQuery {
			t.Errorf("two readings: %q %q, %q %q", auth.Caller, policy.RawQuery, l.Auth().Caller, l.Policy().RawQuery)
		}
		return fmt.Sprint(auth.Caller, " ", policy.RawQuery, " ", l.Note(stage.Guardrail), " ", l.Note(stage.Forward), " ", l.Note(stage.Observe))
	}
	for _, step := range []struct {
		name string
		do   func() error
		fail bool
		want string
	}{
		{"before there are any", func() error { return nil }, false, "  <nil> <nil> <nil>"},
		{"passed", func() error { return l.PassAuth(stage.AuthNote{Caller: "first"}) }, false, "first  <nil> <nil> <nil>"},
		{"passed twice", func() error { return l.Pass(stage.Auth, stage.AuthNote{Caller: "second"}) }, true, "first  <nil> <nil> <nil>"},
		{"passed twice, by another way", func() error { return l.PassAuth(stage.AuthNote{Caller: "second"}) }, true, "first  <nil> <nil> <nil>"},
		{"replaced", func() error { l.SetNote(stage.Auth, stage.AuthNote{Caller: "third"}); return nil }, false, "third  <nil> <nil> <nil>"},
		{"refused", func() error { l.SetNote(stage.Guardrail, "refused"); return nil }, false, "third  refused <nil> <nil>"},
	} {
		if err := step.do(); (err != nil) != step.fail || notes() != step.want {
			t.Errorf("%s: %q, %v", step.name, notes(), err)
		}
	}
	if err := l.Complete(stage.Forward, stage.Auth); err != nil {
		t.Errorf("a note of a stage counts as its passing: %v", err)
	}
	if err := l.PassPolicy(stage.PolicyNote{RawQuery: "a"}); err != nil || notes() != "third a refused <nil> <nil>" {
		t.Errorf("%q, %v", notes(), err)
	}
	if err := l.PassPolicy(stage.PolicyNote{RawQuery: "b"}); err == nil || l.PassAuth(stage.AuthNote{}) == nil {
		t.Error("passed twice, or out of order")
	}
	if err := l.Pass(stage.Forward, 5); err != nil || notes() != "third a refused 5 <nil>" {
		t.Errorf("%q, %v", notes(), err)
	}
}

func TestEntered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, observed := range []bool{true, false} {
			start := time.Now()
			l, r, err := stage.Enter(request(), stage.Observe)
			if err != nil {
				t.Fatal(err)
			}
			l.Begin(nil, observed)
			time.Sleep(time.Second)
			if _, _, err = stage.Enter(r, stage.HeaderPolicy); err != nil {
				t.Fatal(err)
			}
			var times []time.Duration
			for _, s := range all {
				if at := l.Entered(s); !at.IsZero() {
					times = append(times, at.Sub(start))
				}
			}
			want := map[bool][]time.Duration{true: {0, time.Second}}[observed]
			if diff := cmp.Diff(want, times); diff != "" || l.Observed() != observed {
				t.Errorf("observed %t (-want +got):\n%s", observed, diff)
			}
		}
	})
}

func TestDeny(t *testing.T) {
	l, r, err := stage.Enter(request(), stage.Observe)
	if err != nil {
		t.Fatal(err)
	}
	if d, _ := l.Denied(); d != nil || l.Observed() {
		t.Errorf("denied %v, observed %t", d, l.Observed())
	}
	l.Begin(func(d denial.Denial) (string, []byte) { return "text/plain", []byte("shaped " + d.Code) }, true)
	if !l.Observed() {
		t.Error("not observed")
	}
	w := httptest.NewRecorder()
	stage.Deny(w, r, stage.Auth, denial.Denial{Status: 401, Code: "first"})
	if w.Code != 401 || w.Body.String() != "shaped first" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	stage.Deny(httptest.NewRecorder(), r, stage.Forward, denial.Denial{Status: 502, Code: "second"})
	if d, by := l.Denied(); d.Code != "first" || by != stage.Auth {
		t.Errorf("recorded %s by %s", d.Code, by)
	}

	// Without a ledger there is an answer, too.
	w = httptest.NewRecorder()
	stage.Deny(w, request(), stage.Auth, stage.Misassembled(errors.New("private reason")))
	if w.Code != 500 || !strings.Contains(w.Body.String(), `"code":"misassembled"`) || strings.Contains(w.Body.String(), "private") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if d := stage.Misassembled(errors.New("private reason")); d.Detail != "private reason" {
		t.Errorf("detail %q", d.Detail)
	}
}
