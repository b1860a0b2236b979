package auth_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/headersafe/headersafe/passthrough/auth"
)

func ExampleVerifierFunc() {
	verifier := auth.VerifierFunc(func(_ context.Context, c auth.Credential) (auth.Caller, error) {
		switch c.Secret() {
		case "down-for-maintenance":
			return auth.Caller{}, fmt.Errorf("session store: %w", auth.ErrUnavailable)
		case "session-of-bob":
			return auth.Caller{ID: "bob", Attributes: map[string]string{"team": "red"}}, nil
		}
		return auth.Caller{}, auth.ErrDenied
	})
	gate, err := auth.New(auth.Config{Carriers: []auth.Carrier{auth.Bearer()}, Verifier: verifier})
	if err != nil {
		fmt.Println(err)
		return
	}
	send(gate.Wrap(upstream), "/v1", "Authorization: Bearer session-of-bob")
	send(gate.Wrap(upstream), "/v1", "Authorization: Bearer down-for-maintenance")
	// Output:
	// 200 caller "bob", /v1, header map[]
	// 503 {"title":"Service Unavailable","status":503,"detail":"The gateway cannot check credentials at the moment.","code":"auth-unavailable"}
}

// A verifier can be tested without a gate.
func ExampleNewCredential() {
	var keys auth.Keyring
	_, err := keys.Verify(context.Background(), auth.NewCredential("bearer", "", "mallory-secret"))
	fmt.Println(err, errors.Is(err, auth.ErrDenied))
	// Output:
	// auth: denied: unknown key true
}

// A verifier that logs what it is given gives nothing away.
func ExampleCredential() {
	c := auth.NewCredential("header X-Gateway-Key", "", "alice-secret")
	fmt.Printf("%v\n%+v\n%#v\n", c, &c, []auth.Credential{c})
	fmt.Printf("%.4x…\n", c.Digest())
	// Output:
	// header X-Gateway-Key [redacted]
	// header X-Gateway-Key [redacted]
	// []auth.Credential{header X-Gateway-Key [redacted]}
	// 0c848abb…
}

func ExampleNewSecret() {
	s := auth.NewSecret("alice-secret")
	fmt.Println(s)
	slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})).Info("key read", "secret", s)
	// Output:
	// [redacted]
	// level=INFO msg="key read" secret=[redacted]
}

func ExampleCallerFrom() {
	h := alicesGate(auth.Bearer()).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, ok := auth.CallerFrom(r.Context())
		fmt.Fprintln(w, caller.ID, ok)
	}))
	send(h, "/v1", "Authorization: Bearer alice-secret")
	_, ok := auth.CallerFrom(context.Background())
	fmt.Println(ok)
	// Output:
	// 200 alice true
	//
	// false
}

func ExampleNewKeyring() {
	keys, err := auth.NewKeyring(
		auth.Key{ID: "alice", Secret: auth.NewSecret("alice-secret")},
		auth.Key{ID: "bob", Digest: sha256.Sum256([]byte("bob-secret-2"))}, // computed elsewhere, in earnest
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	caller, err := keys.Verify(context.Background(), auth.NewCredential("bearer", "", "bob-secret-2"))
	fmt.Println(caller.ID, err)

	_, err = auth.NewKeyring(auth.Key{ID: "alice", Secret: auth.NewSecret("12345")}, auth.Key{ID: "bob"})
	fmt.Println(err)
	// Output:
	// bob <nil>
	// auth: keys[0].Secret: it is shorter than 6 bytes
	// auth: keys[1]: neither a secret nor a digest
}

// A key is rotated by having two for a while.
func ExampleKeyring_Replace() {
	old := auth.Key{ID: "alice", Secret: auth.NewSecret("alice-secret")}
	keys, err := auth.NewKeyring(old)
	if err != nil {
		fmt.Println(err)
		return
	}
	old.Expires = time.Date(2020, time.January, 31, 0, 0, 0, 0, time.UTC)
	err = keys.Replace(old, auth.Key{ID: "alice", Secret: auth.NewSecret("second-secret")})
	if err != nil {
		fmt.Println(err) // and the keyring is as it was
		return
	}
	for _, value := range []string{"alice-secret", "second-secret"} {
		caller, err := keys.Verify(context.Background(), auth.NewCredential("bearer", "", value))
		fmt.Println(caller.ID, err)
	}
	// Output:
	// auth: denied: expired key of alice, at 2020-01-31T00:00:00Z
	// alice <nil>
}

func ExampleParseKeys() {
	keys, err := auth.ParseKeys(strings.NewReader(`
# who may call
alice=alice-secret   expires=2027-01-31T00:00:00Z
bob=sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
`))
	for _, key := range keys {
		fmt.Println(key.ID, key.Secret, key.Expires.Format(time.DateOnly))
	}
	fmt.Println(err)

	_, err = auth.ParseKeys(strings.NewReader("alice=alice-secret\nbob = bob-secret\nmallory=alice-secret"))
	fmt.Println(err)
	// Output:
	// alice [redacted] 2027-01-31
	// bob [redacted] 0001-01-01
	// <nil>
	// auth: line 2: id=secret is wanted, without white space
	// auth: line 3: the secret of line 1 again: two keys cannot share one
}
