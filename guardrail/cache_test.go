package guardrail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headersafe/headersafe/internal/stage"
)

// conversation is the body of turn n: n messages, of which all but the last have been sent before.
func conversation(n int) string {
	messages := make([]string, n)
	for i := range messages {
		messages[i] = fmt.Sprintf(`{"role":%q,"content":"turn \u0023%d \"said\""}`, [...]string{"user", "assistant"}[i%2], i)
	}
	return `{"messages":[` + strings.Join(messages, ",") + `]}`
}

func TestConversationCostsOnlyWhatIsNew(t *testing.T) {
	const turns = 20
	perText := &fake{name: "per text"}
	whole := &fake{name: "whole", scope: WholeConversation}
	h := must(t, Config{Endpoints: chat(), Guards: []Guard{perText, whole}}).Wrap(&upstream{})
	for n := 1; n <= turns; n++ {
		a, rec := post(h, conversation(n))
		if a.Status != 200 {
			t.Fatalf("turn %d: %d %s", n, a.Status, a.Body)
		}
		if g := rec.Guards[0]; g.Judged != 1 || g.Cached != n-1 {
			t.Errorf("turn %d: %d judged, %d cached", n, g.Judged, g.Cached)
		}
		if g := rec.Guards[1]; g.Judged != n || g.Cached != 0 {
			t.Errorf("turn %d, whole: %d judged, %d cached", n, g.Judged, g.Cached)
		}
	}
	if n := perText.shown(); n != turns {
		t.Errorf("the per-text guard was shown %d texts, want %d", n, turns)
	}
	if n := whole.shown(); n != turns*(turns+1)/2 {
		t.Errorf("the other was shown %d texts, want %d", n, turns*(turns+1)/2)
	}
	calls := perText.calls()
	if a, rec := post(h, conversation(turns)); a.Status != 200 || perText.calls() != calls || rec.Guards[0].Outcome != Passed {
		t.Errorf("a repeated request: %d, %d calls, %+v", a.Status, perText.calls()-calls, rec.Guards[0])
	}
}

// asCaller is an auth stage that lets everybody in.
func asCaller(id string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l, r, err := stage.Enter(r, stage.Auth)
		if err == nil {
			err = l.Pass(stage.Auth, stage.AuthNote{Caller: id})
		}
		if err != nil {
			panic(err)
		}
		next.ServeHTTP(w, r)
	})
}

// A verdict is kept for exactly what it rests on.
func TestCacheKey(t *testing.T) {
	guard := &fake{}
	endpoints := append(chat(), EveryString("POST /v2/messages")...)
	g := must(t, Config{Endpoints: endpoints, Guards: []Guard{guard}})
	h := asCaller("alice", g.Wrap(&upstream{}))
	message := func(role, content string) string {
		return fmt.Sprintf(`{"messages":[{"role":%q,"content":"%s"}]}`, role, content)
	}
	post(h, message("user", "hello"))
	cases := []struct {
		what string
		h    http.Handler
		path string
		body string
		hit  bool
	}{
		{"the same", h, "/v1/messages", message("user", "hello"), true},
		{"elsewhere in the document", h, "/v1/messages", `{"system":[],"messages":[{"role":"user","content":[{"text":"hello"}]}]}`, true},
		{"another text", h, "/v1/messages", message("user", "hallo"), false},
		{"another role", h, "/v1/messages", message("assistant", "hello"), false},
		{"another kind", h, "/v1/messages", `{"system":"hello","messages":"x"}`, false},
		{"another caller", asCaller("bob", g.Wrap(&upstream{})), "/v1/messages", message("user", "hello"), false},
		{"another endpoint", h, "/v2/messages", message("user", "hello"), false},
		{"a name", h, "/v1/messages", `{"messages":[{"role":"user","hello":1,"content":[{"text":"hello"}]}]}`, false},
	}
	for _, c := range cases {
		a, rec := send(c.h, "POST", c.path, asJSON, strings.NewReader(c.body))
		if a.Status != 200 || (rec.Guards[0].Judged == 0) != c.hit {
			t.Errorf("%s: %d, %d judged, %d cached", c.what, a.Status, rec.Guards[0].Judged, rec.Guards[0].Cached)
		}
	}
}

func TestOnlyPassesAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, check := range map[string]func(context.Context, Input) (Verdict, error){
			"an error": fails,
			"a block":  banned,
			"a panic":  func(context.Context, Input) (Verdict, error) { panic(1) },
		} {
			guard := &fake{check: check}
			h := must(t, Config{Endpoints: chat(), Guards: []Guard{FailOpen(guard, "a trial")}}).Wrap(&upstream{})
			for range 3 {
				post(h, says(word))
			}
			if n := guard.shown(); n != 3 {
				t.Errorf("after %s the text was shown %d times, want 3", name, n)
			}
		}
	})
}

func TestCacheExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		guard := &fake{}
		h := must(t, Config{Endpoints: chat(), Guards: []Guard{guard}, Cache: Cache{TTL: time.Minute}}).Wrap(&upstream{})
		for _, wait := range []time.Duration{0, 59 * time.Second, time.Second, 0} {
			time.Sleep(wait)
			post(h, says("hello"))
		}
		if n := guard.shown(); n != 2 {
			t.Errorf("shown %d times, want 2", n)
		}
	})
}

func TestCacheOff(t *testing.T) {
	guard := &fake{}
	h := must(t, Config{Endpoints: chat(), Guards: []Guard{guard}, Cache: Cache{TTL: -1}}).Wrap(&upstream{})
	post(h, says("hello"))
	post(h, says("hello"))
	if n := guard.shown(); n != 2 {
		t.Errorf("shown %d times, want 2", n)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m := newMemory(8)
	key := func(i int) Key { return Key{byte(i), byte(i >> 8)} }
	hot := []Key{key(10_000)}
	_ = m.Put(t.Context(), hot, time.Hour)
	for i := range 1000 {
		_ = m.Put(t.Context(), []Key{key(i)}, time.Hour)
		if found, _ := m.Get(t.Context(), hot); !found[0] {
			t.Fatalf("what is asked for all the time was forgotten at %d", i)
		}
	}
	if len(m.index) > 8 || len(m.slots) > 8 {
		t.Errorf("%d keys in %d slots", len(m.index), len(m.slots))
	}
	if found, _ := m.Get(t.Context(), []Key{key(999), key(1)}); !found[0] || found[1] {
		t.Errorf("found %v", found)
	}
}

// store is a Store of which parts can be replaced.
type store struct {
	*memory
	get  func(context.Context, []Key) ([]bool, error)
	put  func(context.Context, []Key, time.Duration) error
	mu   sync.Mutex
	keys []Key
}

func (s *store) Get(ctx context.Context, keys []Key) ([]bool, error) {
	if s.get != nil {
		return s.get(ctx, keys)
	}
	return s.memory.Get(ctx, keys)
}

func (s *store) Put(ctx context.Context, keys []Key, ttl time.Duration) error {
	s.mu.Lock()
	s.keys = append(s.keys, keys...)
	s.mu.Unlock()
	if s.put != nil {
		return s.put(ctx, keys, ttl)
	}
	return s.memory.Put(ctx, keys, ttl)
}

func TestStoreThatFails(t *testing.T) {
	broken := map[string]*store{
		"an error": {get: func(context.Context, []Key) ([]bool, error) { return []bool{true}, errors.New("down") }},
		"a panic":  {get: func(context.Context, []Key) ([]bool, error) { panic("down") }},
		"nothing":  {get: func(context.Context, []Key) ([]bool, error) { return nil, nil }},
		"too many": {get: func(context.Context, []Key) ([]bool, error) { return []bool{true, true, true}, nil }},
		"a late answer": {get: func(ctx context.Context, keys []Key) ([]bool, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}},
		"a put that panics": {put: func(context.Context, []Key, time.Duration) error { panic("down") }},
	}
	for name, s := range broken {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s.memory = newMemory(8)
				u := &upstream{}
				h := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}, Cache: Cache{Store: s, Key: make([]byte, 32)}}).Wrap(u)
				a, _ := post(h, says(word))
				synctest.Wait()
				refused(t, u, a, 400, "blocked")
				if a, _ := post(h, says("hello")); a.Status != 200 {
					t.Errorf("%d %s", a.Status, a.Body)
				}
			})
		})
	}
}

// A store that is shared is of use to another process with the same key, and to nobody without it.
func TestStoreIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{memory: newMemory(100)}
		ask := func(key byte) int {
			guard := &fake{}
			c := Cache{Store: s, Key: bytes.Repeat([]byte{key}, 32)}
			post(must(t, Config{Endpoints: chat(), Guards: []Guard{guard}, Cache: c}).Wrap(&upstream{}), says("hello"))
			synctest.Wait()
			return guard.shown()
		}
		if first, again, other := ask(1), ask(1), ask(2); first != 1 || again != 0 || other != 1 {
			t.Errorf("shown %d, %d, %d texts; want 1, 0, 1", first, again, other)
		}
	})
}
