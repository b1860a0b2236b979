package auth

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// ParseKeys reads keys, one a line:
//
//	# a comment, on a line of its own
//	alice=vdTkN8qkM2Jxw5rS
//	bob=sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
//	bob=hQ4yZr7LmW0uXc1e expires=2027-01-31T00:00:00Z
//
// Blank lines do not count. An id may come again, with another secret; a secret may not. A line has less than
// 64 KiB. The error joins one [*ConfigError] for each wrong line, which says its number and nothing that stands
// there, and the reader's own error.
func ParseKeys(r io.Reader) ([]Key, error) {
	var (
		keys  []Key
		errs  []error
		lines = bufio.NewScanner(r)
		first = make(map[[sha256.Size]byte]int)
		n     int
	)
	for lines.Scan() {
		n++
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		at := fmt.Sprintf("line %d", n)
		key, mistake := parseKeyLine(at, fields)
		if mistake == nil {
			mistake = key.fault(at)
		}
		if before, ok := first[key.digest()]; ok && mistake == nil {
			mistake = &ConfigError{Field: at, Reason: fmt.Sprintf("the secret of line %d again: two keys cannot share one", before)}
		}
		if mistake != nil {
			errs = append(errs, mistake)
			continue
		}
		first[key.digest()] = n
		keys = append(keys, key)
	}
	if err := lines.Err(); err != nil {
		errs = append(errs, fmt.Errorf("auth: line %d: %w", n+1, err))
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	return keys, nil
}

func parseKeyLine(at string, fields []string) (Key, *ConfigError) {
	id, value, ok := strings.Cut(fields[0], "=")
	if !ok {
		return Key{}, &ConfigError{Field: at, Reason: "id=secret is wanted, without white space"}
	}
	key := Key{ID: id}
	if digits, ok := strings.CutPrefix(value, "sha256:"); ok {
		digest, err := hex.DecodeString(digits)
		if err != nil || len(digest) != sha256.Size {
			return Key{}, &ConfigError{Field: at, Reason: "64 hexadecimal digits are wanted after sha256:"}
		}
		key.Digest = [sha256.Size]byte(digest)
	} else {
		key.Secret = NewSecret(value)
	}
	switch len(fields) {
	case 1:
		return key, nil
	case 2:
		if text, ok := strings.CutPrefix(fields[1], "expires="); ok {
			expires, err := time.Parse(time.RFC3339, text)
			if err != nil || expires.IsZero() {
				return Key{}, &ConfigError{Field: at, Reason: "expires= wants a time of RFC 3339, such as 2027-01-31T00:00:00Z"}
			}
			key.Expires = expires
			return key, nil
		}
	}
	return Key{}, &ConfigError{Field: at, Reason: "only expires= can follow the secret; a comment has a line of its own"}
}
