package auth_test

import (
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/passthrough/auth"
)

func TestKeyMistakes(t *testing.T) {
	good := auth.NewSecret(aliceKey)
	digest := sha256.Sum256([]byte(aliceKey))
	const id = ".ID: 1 to 256 visible ASCII characters are wanted"
	for _, tt := range []struct {
		name string
		keys []auth.Key
		want []string
	}{
		{"no ID", []auth.Key{{Secret: good}}, []string{"keys[0]" + id}},
		{"long ID", []auth.Key{{ID: strings.Repeat("a", 257), Secret: good}}, []string{"keys[0]" + id}},
		{"space in ID", []auth.Key{{ID: "a b", Secret: good}}, []string{"keys[0]" + id}},
		{"ID beyond ASCII", []auth.Key{{ID: "zoé", Secret: good}}, []string{"keys[0]" + id}},
		{"nothing", []auth.Key{{ID: "a"}}, []string{"keys[0]: neither a secret nor a digest"}},
		{"empty secret", []auth.Key{{ID: "a", Secret: auth.NewSecret("")}}, []string{"keys[0]: neither a secret nor a digest"}},
		{"both", []auth.Key{{ID: "a", Secret: good, Digest: digest}}, []string{"keys[0]: both a secret and a digest: give one"}},
		{"short", []auth.Key{{ID: "a", Secret: auth.NewSecret("12345")}}, []string{"keys[0].Secret: it is shorter than 6 bytes"}},
		{"long", []auth.Key{{ID: "a", Secret: auth.NewSecret(strings.Repeat("b", 4097))}}, []string{"keys[0].Secret: it is longer than 4096 bytes"}},
		{"space", []auth.Key{{ID: "a", Secret: auth.NewSecret("two words")}}, []string{"keys[0].Secret: it holds white space"}},
		{"line end", []auth.Key{{ID: "a", Secret: auth.NewSecret("secret\n")}}, []string{"keys[0].Secret: it holds white space"}},
		{"no-break space", []auth.Key{{ID: "a", Secret: auth.NewSecret("two\u00a0words")}}, []string{"keys[0].Secret: it holds white space"}},
		{"control", []auth.Key{{ID: "a", Secret: auth.NewSecret("secret\x00")}}, []string{"keys[0].Secret: it holds a control character"}},
		{"secret in the ID", []auth.Key{{ID: "my-" + aliceKey, Secret: good}}, []string{"keys[0].ID: the secret stands in the ID, which is not kept secret"}},
		{"one secret twice", []auth.Key{{ID: "a", Secret: good}, {ID: "a", Digest: digest}}, []string{"keys[1]: the secret of keys[0] again: two keys cannot share one"}},
		{"all at once", []auth.Key{{}, {ID: "a", Secret: good}, {ID: "b"}, {ID: "c", Secret: good}}, []string{
			"keys[0]" + id, "keys[2]: neither a secret nor a digest", "keys[3]: the secret of keys[1] again: two keys cannot share one",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, err := auth.NewKeyring(tt.keys...)
			if k != nil {
				t.Error("a keyring all the same")
			}
			if diff := cmp.Diff(tt.want, mistakes(t, err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseKeys(t *testing.T) {
	const digits = "82e5cf01b7ca4a1edd48b8d1e5bd8a9d8c0cd3bd6e3a0d2a4a4b4b6b3c9a0f55"
	const form = ": id=secret is wanted, without white space"
	const expires = ": expires= wants a time of RFC 3339, such as 2027-01-31T00:00:00Z"
	const rest = ": only expires= can follow the secret; a comment has a line of its own"
	for _, tt := range []struct {
		name, text string
		want       []string // the keys, or the mistakes
	}{
		{"nothing", "", nil},
		{"blank lines and comments", "\n \t\n# a=secret\n  #b\r\n", nil},
		{"one", "alice=alice-secret", []string{"alice"}},
		{"rotation and line ends", "alice=alice-secret\r\nalice=second-secret\r\n", []string{"alice", "alice"}},
		{"digest", "bob=sha256:" + digits, []string{"bob by digest"}},
		{"digest in capitals", "bob=sha256:" + strings.ToUpper(digits), []string{"bob by digest"}},
		{"expires", "alice=alice-secret \t expires=2027-01-31T00:00:00+01:00", []string{"alice until 2027-01-30T23:00:00Z"}},
		{"equals signs and hashes in the secret", "alice==#secret=#", []string{"alice"}},
		{"no secret", "alice", []string{"line 1" + form}},
		{"spaces", "alice = alice-secret", []string{"line 1" + form}},
		{"empty secret", "alice=", []string{"line 1: neither a secret nor a digest"}},
		{"no id", "=alice-secret", []string{"line 1.ID: 1 to 256 visible ASCII characters are wanted"}},
		{"byte order mark", "\ufeffalice=alice-secret", []string{"line 1.ID: 1 to 256 visible ASCII characters are wanted"}},
		{"short", "\n\nalice=12345", []string{"line 3.Secret: it is shorter than 6 bytes"}},
		{"digest too short", "bob=sha256:" + digits[2:], []string{"line 1: 64 hexadecimal digits are wanted after sha256:"}},
		{"digest of no digits", "bob=sha256:" + digits[1:] + "g", []string{"line 1: 64 hexadecimal digits are wanted after sha256:"}},
		{"digest of zeros", "bob=sha256:" + strings.Repeat("0", 64), []string{"line 1: neither a secret nor a digest"}},
		{"expires without a time", "alice=alice-secret expires=", []string{"line 1" + expires}},
		{"expires with a date", "alice=alice-secret expires=2027-01-31", []string{"line 1" + expires}},
		{"expires at the zero time", "alice=alice-secret expires=0001-01-01T00:00:00Z", []string{"line 1" + expires}},
		{"a comment behind", "alice=alice-secret # mine", []string{"line 1" + rest}},
		{"two words", "alice=alice secret", []string{"line 1" + rest}},
		{"one secret twice", "alice=alice-secret\nbob=bob-secret-2\n\nmallory=alice-secret", []string{"line 4: the secret of line 1 again: two keys cannot share one"}},
		{"all at once", "a\nb=1\nc=fine-secret\nd=sha256:", []string{
			"line 1" + form, "line 2.Secret: it is shorter than 6 bytes", "line 4: 64 hexadecimal digits are wanted after sha256:",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keys, err := auth.ParseKeys(strings.NewReader(tt.text))
			if err != nil && keys != nil {
				t.Error("keys and an error")
			}
			got := mistakes(t, err)
			for _, key := range keys {
				text := key.ID
				if key.Secret.Empty() {
					text += " by digest"
				}
				if !key.Expires.IsZero() {
					text += " until " + key.Expires.UTC().Format(time.RFC3339)
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(keys) > 0 {
				if _, err := auth.NewKeyring(keys...); err != nil {
					t.Errorf("what is parsed makes no keyring: %v", err)
				}
			}
		})
	}
}

func TestParseKeysReadError(t *testing.T) {
	broken := errors.New("disk on fire")
	_, err := auth.ParseKeys(io.MultiReader(strings.NewReader("a=fine-secret\nb\n"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "line 2: ") || !strings.Contains(err.Error(), "line 3: ") {
		t.Errorf("got %v", err)
	}
	_, err = auth.ParseKeys(strings.NewReader("a=" + strings.Repeat("x", 1<<16)))
	if err == nil || !strings.Contains(err.Error(), "line 1: ") || strings.Contains(err.Error(), "xx") {
		t.Errorf("a line of 64 KiB: %v", err)
	}
}
