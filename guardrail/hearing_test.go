package guardrail

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func passes(context.Context, Input) (Verdict, error) { return Verdict{}, nil }

func fails(context.Context, Input) (Verdict, error) { return Verdict{}, errors.New("down") }

// after returns a check that gives the verdict of another after d, or ends with its context.
func after(d time.Duration, check func(context.Context, Input) (Verdict, error)) func(context.Context, Input) (Verdict, error) {
	return func(ctx context.Context, in Input) (Verdict, error) {
		select {
		case <-time.After(d):
			return check(ctx, in)
		case <-ctx.Done():
			return Verdict{}, ctx.Err()
		}
	}
}

func TestGuardsTogether(t *testing.T) {
	slow := after(time.Minute, passes)
	cases := map[string]struct {
		guards   []Guard
		status   int
		code     string
		took     time.Duration
		outcomes map[string]Outcome
	}{
		"all pass": {
			[]Guard{&fake{name: "a", check: passes}, &fake{name: "b", check: after(time.Second, passes)}},
			200, "", time.Second, map[string]Outcome{"a": Passed, "b": Passed},
		},
		"they run at the same time": {
			[]Guard{&fake{name: "a", check: after(3*time.Second, passes)}, &fake{name: "b", check: after(4*time.Second, passes)}},
			200, "", 4 * time.Second, map[string]Outcome{"a": Passed, "b": Passed},
		},
		"the first block cancels the rest": {
			[]Guard{&fake{name: "a", check: after(time.Second, banned)}, WithDeadline(&fake{name: "b", check: slow}, time.Hour)},
			400, "blocked", time.Second, map[string]Outcome{"a": Blocked, "b": Skipped},
		},
		"so does the first failure": {
			[]Guard{&fake{name: "a", check: fails}, WithDeadline(&fake{name: "b", check: slow}, time.Hour)},
			503, "guard-unavailable", 0, map[string]Outcome{"a": Failed, "b": Skipped},
		},
		"a deadline of one's own": {
			[]Guard{WithDeadline(&fake{name: "a", check: slow}, 2*time.Second)},
			503, "guard-unavailable", 2 * time.Second, map[string]Outcome{"a": Failed},
		},
		"failing open": {
			[]Guard{FailOpen(WithDeadline(&fake{name: "a", check: slow}, time.Second), "a trial"), FailOpen(&fake{name: "b", check: fails}, "a trial")},
			200, "", time.Second, map[string]Outcome{"a": FailedOpen, "b": FailedOpen},
		},
		"failing open does not let a block pass": {
			[]Guard{FailOpen(&fake{name: "a"}, "a trial"), FailOpen(&fake{name: "b", check: fails}, "a trial")},
			400, "blocked", 0, nil,
		},
		"one that fails open is no vote for passing": {
			[]Guard{FailOpen(&fake{name: "a", check: fails}, "a trial"), &fake{name: "b", check: after(time.Second, banned)}},
			400, "blocked", time.Second, map[string]Outcome{"a": FailedOpen, "b": Blocked},
		},
		"an observer blocks nothing": {
			[]Guard{InMode(&fake{name: "a"}, Observe), &fake{name: "b", check: passes}},
			200, "", 0, map[string]Outcome{"a": Blocked, "b": Passed},
		},
		"an observer that fails blocks nothing": {
			[]Guard{InMode(&fake{name: "a", check: fails}, Observe)},
			200, "", 0, map[string]Outcome{"a": Failed},
		},
		"an observer is waited for in the record": {
			[]Guard{InMode(&fake{name: "a", check: after(time.Second, banned)}, Observe)},
			200, "", time.Second, map[string]Outcome{"a": Blocked},
		},
		"alongside, passing": {
			[]Guard{InMode(&fake{name: "a", check: after(time.Second, passes)}, Alongside)},
			200, "", time.Second, map[string]Outcome{"a": Passed},
		},
		"alongside, blocking": {
			[]Guard{InMode(&fake{name: "a", check: after(time.Second, banned)}, Alongside)},
			400, "blocked", time.Second, map[string]Outcome{"a": Blocked},
		},
		"alongside, failing": {
			[]Guard{InMode(&fake{name: "a", check: fails}, Alongside)},
			503, "guard-unavailable", 0, map[string]Outcome{"a": Failed},
		},
		"alongside, failing open": {
			[]Guard{FailOpen(InMode(&fake{name: "a", check: fails}, Alongside), "a trial")},
			200, "", 0, map[string]Outcome{"a": FailedOpen},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := &upstream{}
				budget := NewBudget(64 << 20)
				h := must(t, Config{Endpoints: chat(), Guards: c.guards, Budget: budget}).Wrap(u)
				began := time.Now()
				a, rec := post(h, says(word))
				if a.Status != c.status || a.Code != c.code {
					t.Errorf("answered %d %q: %s", a.Status, a.Code, a.Body)
				}
				if took := time.Since(began); took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				if diff := cmp.Diff(c.outcomes, outcomes(rec)); c.outcomes != nil && diff != "" {
					t.Errorf("outcomes (-want +got):\n%s", diff)
				}
				synctest.Wait()
				drained(t, budget)
			})
		})
	}
}

// A block of any guard that blocks keeps the request from a guard's upstream, also where another one runs alongside.
func TestAlongsideIsAskedTogetherWithTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &upstream{}
		along := &fake{name: "along", check: after(time.Second, passes)}
		h := must(t, Config{Endpoints: chat(), Guards: []Guard{InMode(along, Alongside), &fake{}}}).Wrap(u)
		a, rec := post(h, says(word))
		refused(t, u, a, 400, "blocked")
		if diff := cmp.Diff(map[string]Outcome{"along": Skipped, "fake": Blocked}, outcomes(rec)); diff != "" {
			t.Error(diff)
		}
	})
}

// A denial ends the work of the others at once, however long the handler takes.
func TestDenialCancelsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var ended time.Duration
		other := &fake{name: "other", check: func(ctx context.Context, _ Input) (Verdict, error) {
			<-ctx.Done()
			ended = time.Since(began)
			return Verdict{}, ctx.Err()
		}}
		guards := []Guard{InMode(&fake{check: after(time.Second, banned)}, Alongside), WithDeadline(InMode(other, Alongside), time.Hour)}
		h := must(t, Config{Endpoints: chat(), Guards: guards}).Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			time.Sleep(time.Minute)
		}))
		if a, _ := post(h, says(word)); a.Status != 400 || ended != time.Second {
			t.Errorf("%d, the other guard ended after %v", a.Status, ended)
		}
	})
}

func TestClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &upstream{}
		open := FailOpen(&fake{check: after(time.Second, passes)}, "a trial")
		g := must(t, Config{Endpoints: chat(), Guards: []Guard{open}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		r, _ := http.NewRequestWithContext(ctx, "POST", "/v1/messages", strings.NewReader(says("hello")))
		r.Header = asJSON.Clone()
		a, _ := serve(g.Wrap(u), r)
		refused(t, u, a, 503, "guard-unavailable")
	})
}

func TestRecord(t *testing.T) {
	u := &upstream{}
	guard := &fake{name: "words", check: func(_ context.Context, in Input) (Verdict, error) {
		return Verdict{Block: true, Reason: "a\nreason\u200b", Detail: "a detail", Matches: []int{-1, 0, 2, 99}}, nil
	}}
	secret := "sk-ant-0123456789"
	h := must(t, Config{Endpoints: chat(), Guards: []Guard{guard}, DangerouslyAllowOpaque: "a test"}).Wrap(u)
	body := `{"messages":[{"role":"user","content":[{"source":{"data":"aGVsbG8="},"text":"hello"},{"input":{"` + secret + `":"v","plain_name":"w"}}]}]}`
	a, rec := post(h, body)
	refused(t, u, a, 400, "blocked")
	rec.Guards[0].Duration = 0
	want := &Record{
		Endpoint: "POST /v1/messages", Bytes: int64(len(body)), Texts: 6,
		Opaque: []string{"$['messages'][0]['content'][0]['source']['data']"},
		Guards: []GuardRecord{{
			Name: "words", Mode: Block, Outcome: Blocked, Judged: 6, Reason: "a reason", Detail: "a detail",
			Matches: []string{"$['messages'][0]['content'][0]['text']", "$['messages'][0]['content'][1]['input']['…']"},
		}},
	}
	if diff := cmp.Diff(want, rec); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	encoded, err := json.Marshal(rec)
	if err != nil || strings.Contains(string(encoded), secret) || strings.Contains(string(encoded), "hello") {
		t.Errorf("%s %v", encoded, err)
	}
	if strings.Contains(a.Body, "detail\":\"a detail") || strings.Contains(a.Body, "words") {
		t.Errorf("the client was told %s", a.Body)
	}
}

// A guard that outstays its deadline still reads its own request, and what it holds on to is given back when it ends.
func TestGuardOutstaysItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := NewBudget(64 << 20)
		var late []string
		guard := &fake{check: func(_ context.Context, in Input) (Verdict, error) {
			time.Sleep(time.Hour)
			for _, text := range in.Texts {
				late = append(late, text.Path()+"="+text.Value)
			}
			return Verdict{Block: true, Matches: []int{0}}, nil
		}}
		h := must(t, Config{Endpoints: chat(), Guards: []Guard{guard}, Budget: budget}).Wrap(&upstream{})
		post(h, says("the first"))
		for range 20 {
			post(must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{check: passes}}, Budget: budget}).Wrap(&upstream{}), says("another"))
		}
		if budget.InUse() == 0 {
			t.Error("the document was taken from under the guard")
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if diff := cmp.Diff([]string{"$['messages'][0]['content']=the first"}, late); diff != "" {
			t.Error(diff)
		}
		drained(t, budget)
	})
}

func TestTextsKeptTooLong(t *testing.T) {
	var kept Input
	h := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{check: func(_ context.Context, in Input) (Verdict, error) {
		kept = in
		return Verdict{}, nil
	}}}}).Wrap(&upstream{})
	post(h, says("hello"))
	for range polls { // the guard's goroutine lets go after its verdict
		if kept.Texts[0].Path() == "" {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("the path is still there: %s", kept.Texts[0].Path())
}

func TestNoGoroutineIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails for goroutines that stay
		guards := []Guard{
			&fake{name: "a"},
			InMode(&fake{name: "b", check: after(time.Second, passes)}, Alongside),
			InMode(&fake{name: "c", check: after(time.Minute, passes)}, Observe),
		}
		h := must(t, Config{Endpoints: chat(), Guards: guards}).Wrap(&upstream{})
		for _, body := range []string{says("hello"), says(word), `{`, ``} {
			post(h, body)
		}
	})
}

func TestNamesOfModesAndKinds(t *testing.T) {
	encoded, err := json.Marshal([]any{Block, Alongside, Observe, Mode(9), Other, Name, Kind(99)})
	if want := `["block","alongside","observe","unknown","other","name","unknown"]`; string(encoded) != want || err != nil {
		t.Errorf("%s %v", encoded, err)
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                     "plain",
		" a\tb\nc\x00d\u202ee\xff ": "a b cde",
		strings.Repeat("x", 600):    strings.Repeat("x", maxReason) + "…",
		"größer 東京":                 "größer 東京",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
