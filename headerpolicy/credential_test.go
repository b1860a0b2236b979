package headerpolicy

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCredentials(t *testing.T) {
	const auth, sameKey, otherKey = "Authorization: Bearer sk-12345678", "X-Api-Key: sk-12345678", "X-Api-Key: sk-87654321"
	oauth := CredentialField{Name: "Authorization", Accept: BearerPrefix("sk-ant-oat")}
	both := []CredentialField{{Name: "Authorization"}, {Name: "X-Api-Key"}}
	tests := []struct {
		name string
		cred Credential
		in   []string
		want string
	}{
		{"none", Credential{OneOf: both}, nil, "Bad Request: missing-credential Authorization"},
		{"none, optional", Credential{OneOf: both, Optional: true}, nil, ""},
		{"first", Credential{OneOf: both}, []string{auth}, "Authorization forwarded"},
		{"second", Credential{OneOf: both}, []string{otherKey}, "X-Api-Key forwarded"},
		{"apiKeyHelper sends one secret twice", Credential{OneOf: both}, []string{auth, sameKey}, "Authorization forwarded; X-Api-Key dropped: not chosen (Authorization comes first)"},
		{"R7: two that differ", Credential{OneOf: both}, []string{auth, otherKey}, "Bad Request: competing-credentials X-Api-Key"},
		{"two that differ, first preferred", Credential{OneOf: both, PreferFirst: true}, []string{auth, otherKey}, "Authorization forwarded; X-Api-Key dropped: not chosen (Authorization comes first)"},
		{"R15: repeated", Credential{OneOf: both}, []string{auth, auth}, "Bad Request: repeated-field Authorization"},
		{"empty", Credential{OneOf: both}, []string{"Authorization: ", otherKey}, "Authorization dropped: invalid (empty); X-Api-Key forwarded"},
		{"scheme without a token", Credential{OneOf: both}, []string{"Authorization: bearer", otherKey}, "Authorization dropped: invalid (empty); X-Api-Key forwarded"},
		{"empty alone", Credential{OneOf: both}, []string{"X-Api-Key: "}, "Bad Request: missing-credential Authorization"},
		{"invalid", Credential{OneOf: both}, []string{"Authorization: Bearer a\x01b"}, "Bad Request: invalid-field Authorization"},
		{"S9: NTLM", Credential{OneOf: both}, []string{"Authorization: NTLM TlRMTVNTUAAB"}, "Bad Request: connection-bound-credential Authorization"},
		{"S9: NTLM, with a tab", Credential{OneOf: both}, []string{"Authorization: NTLM\tTlRMTVNTUAAB"}, "Bad Request: connection-bound-credential Authorization"},
		{"S9: negotiate", Credential{OneOf: both}, []string{"Authorization: negotiate YII="}, "Bad Request: connection-bound-credential Authorization"},
		{"accepted", Credential{OneOf: []CredentialField{oauth}}, []string{"Authorization: Bearer sk-ant-oat01-x"}, "Authorization forwarded"},
		{"scheme in another case", Credential{OneOf: []CredentialField{oauth}}, []string{"Authorization: bearer sk-ant-oat01-x"}, "Authorization forwarded"},
		{"not accepted", Credential{OneOf: []CredentialField{oauth}}, []string{auth}, "Forbidden: credential-not-accepted Authorization"},
		{"not accepted, optional", Credential{OneOf: []CredentialField{oauth}, Optional: true}, []string{auth}, "Forbidden: credential-not-accepted Authorization"},
		{"not accepted beside another", Credential{OneOf: []CredentialField{oauth, {Name: "X-Api-Key"}}}, []string{auth, otherKey}, "Authorization dropped: not chosen (not accepted); X-Api-Key forwarded"},
		{"the prefix alone", Credential{OneOf: []CredentialField{oauth}}, []string{"Authorization: Bearer sk-ant-oat"}, "Forbidden: credential-not-accepted Authorization"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := mustNew(t, Config{Request: Request{Credentials: []Credential{test.cred}}})
			got := outcome(p.Request(t.Context(), RequestInput{Header: header(test.in...)}))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestManyCredentials(t *testing.T) {
	var groups []Credential
	in := http.Header{}
	for _, name := range []string{"A", "B", "C", "D", "E", "F"} {
		groups = append(groups, Credential{OneOf: []CredentialField{{Name: name}}})
		in[name] = []string{"secret-" + name}
	}
	d, err := mustNew(t, Config{Request: Request{Credentials: groups}}).Request(t.Context(), RequestInput{Header: in})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, d.Header); diff != "" {
		t.Error(diff)
	}
}

func TestDisguisedCredentials(t *testing.T) {
	const tenant = "OpenAI-Organization"
	tests := []struct {
		name    string
		forward []string
		value   string
		refused bool
	}{
		{"a protocol", nil, "realtime", false},
		{"OpenAI key", nil, "realtime, openai-insecure-api-key.sk-123", true},
		{"in another case", nil, "OpenAI-Insecure-API-Key.sk-123", true},
		{"Kubernetes token", nil, "base64url.bearer.authorization.k8s.io.abc", true},
		{"tenant", nil, "realtime, openai-organization.org-1", true},
		{"project", []string{tenant}, "openai-project.p", true},
		{"a tenant that may cross", []string{tenant}, "openai-organization.org-1", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := mustNew(t, WebSocket().With(Config{Request: Request{Forward: test.forward}}))
			d, err := p.Request(t.Context(), RequestInput{Header: header("Sec-Websocket-Protocol: " + test.value)})
			if got := err != nil; got != test.refused {
				t.Errorf("got %s, want refused %v", outcome(d, err), test.refused)
			}
		})
	}
	// Under a prefix, too.
	p := mustNew(t, Config{Request: Request{Forward: []string{"Sec-Websocket-*"}}})
	got := outcome(p.Request(t.Context(), RequestInput{Header: header("Sec-Websocket-Protocol: openai-insecure-api-key.sk-1")}))
	if want := "Bad Request: credential-in-disguise Sec-Websocket-Protocol"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
