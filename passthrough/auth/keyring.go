package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Keyring is a [Verifier] that knows a set of keys by their digests. The keys can be replaced while it is
// in use; a lookup takes no lock, and costs the same for one key and for a million. A Basic user name is not
// looked at: the key alone says who calls. The zero Keyring knows no key, so it denies, until
// [Keyring.Replace].
type Keyring struct {
	keys atomic.Pointer[map[[sha256.Size]byte]entry]
}

// entry is a key as the keyring holds it: without its secret.
type entry struct {
	digest  [sha256.Size]byte
	id      string
	expires time.Time
}

// NewKeyring returns a Keyring of the keys. The error joins one [*ConfigError] for each mistake; to have no
// keys is one.
func NewKeyring(keys ...Key) (*Keyring, error) {
	if len(keys) == 0 {
		return nil, &ConfigError{Field: "keys", Reason: "none: nobody could call; new(Keyring) is one to be filled later"}
	}
	k := new(Keyring)
	if err := k.Replace(keys...); err != nil {
		return nil, err
	}
	return k, nil
}

// Replace puts the keys in the place of all that the keyring knows, at once for every request that is
// verified after it, or, where it returns an error, not at all. Without keys it denies everybody. The error
// joins one [*ConfigError] for each mistake.
func (k *Keyring) Replace(keys ...Key) error {
	var errs []error
	entries := make(map[[sha256.Size]byte]entry, len(keys))
	first := make(map[[sha256.Size]byte]int, len(keys))
	for i, key := range keys {
		if mistake := key.fault(fmt.Sprintf("keys[%d]", i)); mistake != nil {
			errs = append(errs, mistake)
			continue
		}
		digest := key.digest()
		if before, ok := first[digest]; ok {
			errs = append(errs, &ConfigError{
				Field:  fmt.Sprintf("keys[%d]", i),
				Reason: fmt.Sprintf("the secret of keys[%d] again: two keys cannot share one", before),
			})
			continue
		}
		first[digest] = i
		entries[digest] = entry{digest, key.ID, key.Expires}
	}
	if errs != nil {
		return errors.Join(errs...)
	}
	k.keys.Store(&entries)
	return nil
}

// Verify returns the caller whose key the credential is. The error wraps [ErrDenied].
//
// Finding the key takes time that depends on the digest of what was presented, not on its likeness to a
// key: the map compares digests, and to choose an input whose digest shares its beginning with a key's is
// to invert SHA-256 on as many bits without knowing them. So nothing can be learnt byte by byte. The last
// comparison is in constant time all the same, and is made for an unknown key too.
func (k *Keyring) Verify(_ context.Context, c Credential) (Caller, error) {
	digest := c.Digest()
	var e entry
	if keys := k.keys.Load(); keys != nil {
		e = (*keys)[digest]
	}
	if subtle.ConstantTimeCompare(digest[:], e.digest[:]) != 1 {
		return Caller{}, errUnknown
	}
	if !e.expires.IsZero() && !time.Now().Before(e.expires) {
		return Caller{}, &expiredError{e.id, e.expires}
	}
	return Caller{ID: e.id}, nil
}

var errUnknown = fmt.Errorf("%w: unknown key", ErrDenied)

// expiredError is the private reason for denying a key that was valid once.
type expiredError struct {
	id string
	at time.Time
}

func (e *expiredError) Error() string {
	return fmt.Sprintf("%v: expired key of %s, at %s", ErrDenied, e.id, e.at.UTC().Format(time.RFC3339))
}

func (*expiredError) Unwrap() error { return ErrDenied }
