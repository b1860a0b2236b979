package auth_test

import (
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/passthrough/auth"
)

// who verifies a secret and says who it is, or the error.
func who(t *testing.T, k *auth.Keyring, value string) string {
	t.Helper()
	c, err := k.Verify(t.Context(), auth.NewCredential("header X", "", value))
	if err != nil {
		if !errors.Is(err, auth.ErrDenied) || c.ID != "" {
			t.Errorf("caller %q with error %v", c.ID, err)
		}
		return err.Error()
	}
	return c.ID
}

func TestKeyring(t *testing.T) {
	k, err := auth.NewKeyring(
		auth.Key{ID: "alice", Secret: auth.NewSecret(aliceKey)},
		auth.Key{ID: "alice", Secret: auth.NewSecret("alice-second")},
		auth.Key{ID: "bob", Digest: sha256.Sum256([]byte(bobKey))},
		auth.Key{ID: "carol", Secret: auth.NewSecret(carolKey), Expires: time.Unix(0, 0)},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, secret, want string }{
		{"secret", aliceKey, "alice"},
		{"second secret", "alice-second", "alice"},
		{"digest", bobKey, "bob"},
		{"expired", carolKey, "auth: denied: expired key of carol, at 1970-01-01T00:00:00Z"},
		{"unknown", "mallory-secret", "auth: denied: unknown key"},
		{"beginning of one", aliceKey[:10], "auth: denied: unknown key"},
		{"other case", strings.ToUpper(aliceKey), "auth: denied: unknown key"},
		{"empty", "", "auth: denied: unknown key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := who(t, k, tt.secret); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestZeroKeyringDenies(t *testing.T) {
	var k auth.Keyring
	if got := who(t, &k, aliceKey); got != "auth: denied: unknown key" {
		t.Errorf("zero: %q", got)
	}
	if _, err := auth.NewKeyring(); err == nil || err.Error() != "auth: keys: none: nobody could call; new(Keyring) is one to be filled later" {
		t.Errorf("no keys: %v", err)
	}
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		expires := time.Now().Add(time.Hour)
		k, err := auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret(aliceKey), Expires: expires})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour - time.Nanosecond)
		if got := who(t, k, aliceKey); got != "alice" {
			t.Errorf("a nanosecond before: %q", got)
		}
		time.Sleep(time.Nanosecond)
		if got := who(t, k, aliceKey); !strings.Contains(got, "expired") {
			t.Errorf("at the time: %q", got)
		}
	})
}

func TestReplaceIsAllOrNothing(t *testing.T) {
	k := keyring(t)
	keys := []auth.Key{{ID: "dora", Secret: auth.NewSecret("dora-secret")}, {ID: "eve", Secret: auth.NewSecret("short")}}
	err := k.Replace(keys...)
	if diff := cmp.Diff([]string{"keys[1].Secret: it is shorter than 6 bytes"}, mistakes(t, err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := who(t, k, aliceKey) + ", " + who(t, k, "dora-secret"); got != "alice, auth: denied: unknown key" {
		t.Errorf("after a replacement that failed: %s", got)
	}
	keys = keys[:1]
	if err := k.Replace(keys...); err != nil {
		t.Fatal(err)
	}
	keys[0] = auth.Key{ID: "mallory"}
	if got := who(t, k, aliceKey) + ", " + who(t, k, "dora-secret"); got != "auth: denied: unknown key, dora" {
		t.Errorf("after a replacement: %s", got)
	}
	if err := k.Replace(); err != nil {
		t.Fatal(err)
	}
	if got := who(t, k, "dora-secret"); got != "auth: denied: unknown key" {
		t.Errorf("without keys: %s", got)
	}
}

// TestReplaceWhileVerifying shows under the race detector that nobody locks, and that every lookup sees one whole set
// of keys: the two sets give the same secret different IDs.
func TestReplaceWhileVerifying(t *testing.T) {
	sets := [2][]auth.Key{
		{{ID: "a0", Secret: auth.NewSecret("secret-of-a")}, {ID: "b0", Secret: auth.NewSecret("secret-of-b")}},
		{{ID: "a1", Secret: auth.NewSecret("secret-of-a")}, {ID: "c1", Secret: auth.NewSecret("secret-of-c")}},
	}
	k, err := auth.NewKeyring(sets[0]...)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				if got := who(t, k, "secret-of-a"); got != "a0" && got != "a1" {
					t.Errorf("got %q", got)
				}
			}
		})
	}
	for i := range 200 {
		if err := k.Replace(sets[i%2]...); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}
