package headerpolicy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A proxy before the gateway may join two lines of Authorization into one, with a comma between them: neither
// credential of such a value crosses. In other schemes a comma stands between parameters of one credential.
func TestJoinedCredentials(t *testing.T) {
	const refused = "Bad Request: repeated-field Authorization"
	for _, test := range []struct{ line, want string }{
		{"Authorization: Bearer sk-one, Bearer sk-two", refused},
		{"Authorization: Bearer sk-one,Bearer sk-two", refused},
		{"Authorization: Bearer sk-one, Basic dTpw", refused},
		{"Authorization: Bearer sk-one, sk-two", refused},
		{"Authorization: Bearer sk-one,", refused},
		{"Authorization: Bearer , Bearer sk-two", refused},
		{"Authorization: bEARER sk-one, Bearer sk-two", refused},
		{"Authorization: Basic dTpw, Bearer sk-one", refused},
		{"Authorization: Bearer\tsk-one, Bearer sk-two", refused},
		{"Authorization: Basic\tdTpw,Bearer\tsk-one", refused},
		{"Authorization: Bearer\tsk-one", "Authorization forwarded"},
		{"Authorization: Bearer sk-one", "Authorization forwarded"},
		{"Authorization: Basic dTpw", "Authorization forwarded"},
		{`Authorization: Digest username="u", realm="r", nonce="n"`, "Authorization forwarded"},
		{"Authorization: AWS4-HMAC-SHA256 Credential=AK/20261123/r/s/aws4_request, SignedHeaders=host, Signature=ab", "Authorization forwarded"},
		{"X-Api-Key: one,two", "X-Api-Key forwarded"},
	} {
		t.Run(test.line, func(t *testing.T) {
			p := mustNew(t, Config{Request: Request{Credentials: []Credential{{OneOf: []CredentialField{{Name: "Authorization"}, {Name: "X-Api-Key"}}}}}})
			if diff := cmp.Diff(test.want, outcome(p.Request(t.Context(), RequestInput{Header: header(test.line)}))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A joined value is refused even where another field holds a credential that could cross.
func TestJoinedCredentialBesideAnother(t *testing.T) {
	p := mustNew(t, Config{Request: Request{Credentials: []Credential{{OneOf: []CredentialField{{Name: "X-Api-Key"}, {Name: "Authorization"}}, PreferFirst: true}}}})
	got := outcome(p.Request(t.Context(), RequestInput{Header: header("X-Api-Key: sk-one", "Authorization: Bearer sk-one, Bearer sk-two")}))
	if diff := cmp.Diff("Bad Request: repeated-field Authorization", got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
