package auth_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/passthrough/auth"
)

// TestMistakesHoldNoSecret puts a secret into every place of a key and of a line.
func TestMistakesHoldNoSecret(t *testing.T) {
	const hidden = "s3cr3t-v4lu3"
	s := auth.NewSecret(hidden)
	var errs []error
	for _, keys := range [][]auth.Key{
		{{ID: hidden, Secret: s}}, {{ID: hidden, Secret: auth.NewSecret("alice")}}, {{ID: hidden}}, {{ID: hidden + "\n", Secret: s}},
		{{ID: "a", Secret: s}, {ID: "b", Secret: s}}, {{ID: "a", Secret: auth.NewSecret(hidden + " ")}},
	} {
		_, err := auth.NewKeyring(keys...)
		errs = append(errs, err)
	}
	for _, text := range []string{
		hidden, "a=" + hidden + " " + hidden, hidden + "=alice", "a=" + hidden + "\nb=" + hidden, "a=sha256:" + hidden,
		"a=alice-secret expires=" + hidden, "a = " + hidden,
	} {
		_, err := auth.ParseKeys(strings.NewReader(text))
		errs = append(errs, err)
	}
	for i, err := range errs {
		if err == nil || strings.Contains(err.Error(), hidden) {
			t.Errorf("case %d: %v", i, err)
		}
	}
}

// TestSecretsAreUnprintable prints all that holds a secret, also where fmt reads it by reflection.
func TestSecretsAreUnprintable(t *testing.T) {
	const hidden = "s3cr3t-v4lu3"
	key := auth.Key{ID: "alice", Secret: auth.NewSecret(hidden)}
	credential := auth.NewCredential("basic", "me", hidden)
	type service struct {
		keys       []auth.Key
		key        *auth.Key
		credential auth.Credential
		any        any
	}
	var out bytes.Buffer
	text, structured := slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range []any{
		key, &key, []auth.Key{key}, map[string]auth.Key{"k": key}, key.Secret, &key.Secret, credential, &credential,
		service{[]auth.Key{key}, &key, credential, key.Secret}, &service{any: credential}, fmt.Errorf("%v: %w", key, auth.ErrDenied),
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		text.Info("", "v", v)
		structured.Info("", "v", v)
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(encoded)
	}
	for _, form := range []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden), fmt.Sprintf("%d", []byte(hidden))} {
		if strings.Contains(out.String(), form) {
			t.Errorf("printed %q:\n%s", form, &out)
		}
	}
	if got := fmt.Sprintf("%v %d", credential, credential); got != "basic [redacted] basic [redacted]" {
		t.Errorf("a credential prints as %s", got)
	}
	if credential.Digest() != sha256.Sum256([]byte(hidden)) {
		t.Error("wrong digest")
	}
}
