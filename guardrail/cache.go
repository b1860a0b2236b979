package guardrail

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"time"
)

// Cache says how the verdicts of [PerText] guards are kept. Every turn of a conversation sends all turns before it
// again; what a guard has let pass once it need not be shown again.
//
// Kept is only that a text passed: never a block, which is judged anew each time, and never an error or a request that
// failed open. A verdict is kept for the guard's name and version, the caller, the endpoint, and the text's kind,
// role and spelling in the body, a request or an answer, under a keyed hash of all these: the store holds no text, and without the key nobody
// can tell which texts it knows, nor make up an entry.
type Cache struct {
	_ [0]func()

	// TTL is how long a verdict is kept: an hour by default. A negative TTL keeps none.
	TTL time.Duration

	// Entries bounds the store in memory: 65,536 by default, of about 100 bytes each.
	Entries int

	// Store replaces the store in memory, such as for one that several gateways share.
	Store Store

	// Key keys the hash. It must be given with a Store, and have at least 32 bytes; by default it is random.
	Key []byte
}

// The defaults of [Cache].
const (
	DefaultCacheTTL     = time.Hour
	DefaultCacheEntries = 1 << 16
)

// Key is what a verdict is kept under.
type Key [sha256.Size]byte

// Store keeps keys. It must be safe for concurrent use and honour ctx. Whatever goes wrong with it makes texts be judged
// again, and nothing else: an error, a panic, or no answer within a quarter of the guard's deadline counts as not found.
type Store interface {
	// Get reports for each key whether it has been put and has not expired.
	Get(ctx context.Context, keys []Key) ([]bool, error)
	// Put keeps the keys for at most the given time.
	Put(ctx context.Context, keys []Key, ttl time.Duration) error
}

const minCacheKey = 32

// cache is a compiled [Cache]. A nil one keeps nothing.
type cache struct {
	store  Store
	prompt bool // the store answers at once
	ttl    time.Duration
	key    []byte
}

func compileCache(c Cache, mistake func(field, value, reason string)) *cache {
	if c.TTL < 0 {
		return nil
	}
	out := &cache{store: c.Store, ttl: c.TTL, key: append([]byte(nil), c.Key...)}
	if out.ttl == 0 {
		out.ttl = DefaultCacheTTL
	}
	if len(c.Key) > 0 && len(c.Key) < minCacheKey {
		mistake("Cache.Key", "", "is shorter than 32 bytes")
	}
	if c.Entries < 0 {
		mistake("Cache.Entries", "", "is negative; to keep no verdicts, set a negative TTL")
		return nil
	}
	if len(c.Key) == 0 {
		if c.Store != nil {
			mistake("Cache.Key", "", "is missing: with a random one, no other process would find what this one put into the Store")
		}
		out.key = make([]byte, minCacheKey)
		_, _ = rand.Read(out.key) // never fails
	}
	if out.store == nil {
		entries := c.Entries
		if entries == 0 {
			entries = DefaultCacheEntries
		}
		out.store, out.prompt = newMemory(entries), true
	}
	return out
}

// guardKey is what sets the keys of one guard apart.
func (c *cache) guardKey(d Description) Key {
	h := hmac.New(sha256.New, c.key)
	writeSized(h, "guard")
	writeSized(h, d.Name)
	writeSized(h, d.Version)
	return Key(h.Sum(nil))
}

// keys returns the keys of the given guard for all texts of d.
func (c *cache) keys(d *document, in Input, guard Key) []Key {
	digests := c.digests(d, in)
	keys := make([]Key, len(digests))
	var both [2 * sha256.Size]byte
	copy(both[:], guard[:])
	for i := range digests {
		copy(both[sha256.Size:], digests[i][:])
		keys[i] = sha256.Sum256(both[:])
	}
	return keys
}

// digests returns the keyed hashes of all texts of d, with everything that a verdict on them may rest on. They are made once.
func (c *cache) digests(d *document, in Input) []Key {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.digests != nil {
		return d.digests
	}
	h := hmac.New(sha256.New, c.key)
	writeSized(h, in.Direction.String())
	writeSized(h, in.Caller)
	writeSized(h, in.Endpoint)
	request := h.Sum(nil)

	digests := make([]Key, d.count())
	var head []byte
	digest := func(i int, role string, kind Kind, text []byte) {
		head = append(head[:0], request...)
		head = binary.BigEndian.AppendUint64(head, uint64(len(role)))
		head = append(append(head, role...), byte(kind))
		h.Reset()
		_, _ = h.Write(head)
		_, _ = h.Write(text)
		h.Sum(digests[i][:0])
	}
	if d.tape == nil {
		for i, t := range d.texts {
			digest(i, t.Role, t.Kind|unescaped, []byte(t.Value))
		}
	} else {
		for i, it := range d.found.items {
			digest(i, d.role(it), d.kind(it), it.raw(d.tape)) // the spelling stands for the value: it has no other reading
		}
	}
	d.digests = digests
	return digests
}

// unescaped marks a text that is kept by its value rather than by its spelling in JSON: these are two languages.
const unescaped Kind = 0x80

// writeSized writes s so that no two sequences of strings are written alike.
func writeSized(h hash.Hash, s string) {
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(s)))
	_, _ = h.Write(size[:])
	_, _ = h.Write([]byte(s))
}

// missing returns the indexes of the keys that have not passed before, as far as can be told within the given time.
func (c *cache) missing(ctx context.Context, keys []Key, within time.Duration) []int {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	found := c.get(ctx, keys)
	missing := make([]int, 0, len(keys))
	for i := range keys {
		if i >= len(found) || !found[i] {
			missing = append(missing, i)
		}
	}
	return missing
}

func (c *cache) get(ctx context.Context, keys []Key) (found []bool) {
	defer func() {
		if recover() != nil {
			found = nil
		}
	}()
	found, err := c.store.Get(ctx, keys)
	if err != nil || len(found) != len(keys) {
		return nil
	}
	return found
}

// maxPut bounds how long a store may take to keep something.
const maxPut = 10 * time.Second

// put keeps what passed.
func (c *cache) put(ctx context.Context, keys []Key, passed []int) {
	defer func() { _ = recover() }() // a store can't hurt, other than by its cost
	kept := make([]Key, len(passed))
	for i, index := range passed {
		kept[i] = keys[index]
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxPut)
	defer cancel()
	_ = c.store.Put(ctx, kept, c.ttl)
}
