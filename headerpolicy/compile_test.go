package headerpolicy

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// mistakes returns the fields of the ConfigErrors in err, and checks that nothing else is in it.
func mistakes(t *testing.T, err error) []string {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		if err != nil {
			t.Fatalf("the error is not a joined one: %v", err)
		}
		return nil
	}
	var fields []string
	for _, e := range joined.Unwrap() {
		var mistake *ConfigError
		if !errors.As(e, &mistake) {
			t.Fatalf("not a ConfigError: %v", e)
		}
		if mistake.Reason == "" || !strings.Contains(mistake.Error(), mistake.Field) {
			t.Errorf("an error without a reason or place: %v", mistake)
		}
		fields = append(fields, mistake.Field)
	}
	return fields
}

func TestConfigErrors(t *testing.T) {
	t.Setenv("HEADERSAFE_EMPTY", "")
	forward := func(names ...string) Config { return Config{Request: Request{Forward: names}} }
	set := func(name string, s Source) Config { return Config{Request: Request{Set: []Set{{name, s}}}} }
	oneOf := func(names ...string) Config {
		var fields []CredentialField
		for _, name := range names {
			fields = append(fields, CredentialField{Name: name})
		}
		return Config{Request: Request{Credentials: []Credential{{OneOf: fields}}}}
	}
	tests := []struct {
		name   string
		config Config
		at     string // the place of the mistake; empty for none
		says   string
	}{
		{"nothing named", Config{}, "", ""},
		{"the same name twice", forward("Accept", "accept", "Acc*"), "", ""},
		{"two spellings", forward("Session-Id", "session_id"), "", ""},

		{"everything", forward("*"), "Request.Forward[0]", "every field"},
		{"star within", forward("X-*-Y"), "Request.Forward[0]", "end alone"},
		{"no token", forward("Accept", "X Y"), "Request.Forward[1]", "not a field name"},
		{"empty", forward(""), "Request.Forward[0]", "not a field name"},
		{"hop-by-hop", forward("connection"), "Request.Forward[0]", "never crosses"},
		{"proxy authorization", forward("Proxy-Authorization"), "Request.Forward[0]", "never crosses"},
		{"framing", forward("Host"), "Request.Forward[0]", "never crosses"},
		{"alias of framing", forward("Content_Length"), "Request.Forward[0]", "never crosses"},
		{"credential", forward("authorization"), "Request.Forward[0]", "Request.Credentials"},
		{"credential, aliased", forward("X_Api_Key"), "Request.Forward[0]", "Request.Credentials"},
		{"credential, by its ending", forward("Acme-Api-Key"), "Request.Forward[0]", "Request.Credentials"},
		{"credential, as a prefix", forward("X-Api-Key*"), "Request.Forward[0]", "Request.Credentials"},
		{"cookie", forward("Cookie"), "Request.Forward[0]", "Request.Cookies"},

		{"credential group without fields", oneOf(), "Request.Credentials[0].OneOf", "names no field"},
		{"credential prefix", oneOf("X-*"), "Request.Credentials[0].OneOf[0]", "exact"},
		{"credential cookie", oneOf("Cookie"), "Request.Credentials[0].OneOf[0]", "Request.Cookies"},
		{"credential twice", oneOf("X-Api-Key", "x-api-key"), "Request.Credentials[0].OneOf[1]", "named in Request.Credentials[0].OneOf[0] too"},
		{"credential and its alias", oneOf("X-Api-Key", "X_Api_Key"), "Request", "take one for the other"},
		{"credential and set", oneOf("X-Api-Key").With(set("X-Api-Key", Secret("sk-12345678"))), "Request.Set[0]", "one place"},
		{"preset's credential and set", Anthropic().With(set("Authorization", Secret("sk-12345678"))), "Request.Set[0]", "one place"},
		{"set field and its alias", forward("X_Org").With(set("X-Org", Static("o"))), "Request", "take one for the other"},
		{"cookies and set", Config{Request: Request{Cookies: []string{"a"}}}.With(set("Cookie", Secret("a=123456"))), "Request.Cookies", "one place"},
		{"set and forwarded", forward("User-Agent").With(set("User-Agent", Static("gateway/1"))), "", ""},

		{"set twice", set("A", Static("x")).With(set("a", Static("y"))), "Request.Set[1]", "one place"},
		{"set prefix", set("X-*", Static("x")), "Request.Set[0]", "exact"},
		{"no source", set("A", Source{}), "Request.Set[0]", "is missing"},
		{"nil function", set("A", Func(nil)), "Request.Set[0]", "nil function"},
		{"missing variable", set("Authorization", Env("HEADERSAFE_MISSING")), "Request.Set[0]", `"HEADERSAFE_MISSING", which is missing`},
		{"empty variable", set("Authorization", Env("HEADERSAFE_EMPTY")), "Request.Set[0]", "missing or empty"},
		{"empty secret", set("Authorization", Secret("")), "Request.Set[0]", "is empty"},
		{"empty secret with a scheme", set("Authorization", Secret("").WithScheme("Bearer")), "Request.Set[0]", "is empty"},
		{"short secret", set("Authorization", Secret("12345")), "Request.Set[0]", "fewer than 6"},
		{"short secret behind a scheme", set("Authorization", Secret("Bearer 12345")), "Request.Set[0]", "fewer than 6"},
		{"static credential is a secret", set("X-Api-Key", Static("12345")), "Request.Set[0]", "fewer than 6"},
		{"static is none elsewhere", set("X-Route", Static("a")), "", ""},
		{"line feed at the end", set("Authorization", Secret("sk-12345678\n")), "Request.Set[0]", "line feed"},
		{"R5: os.environ", set("Authorization", Secret("os.environ/OPENAI_API_KEY")), "Request.Set[0]", "placeholder"},
		{"R5: ${}", set("X-Route", Static("${ROUTE}")), "Request.Set[0]", "placeholder"},
		{"R5: None", set("Authorization", Secret("None").WithScheme("Bearer")), "Request.Set[0]", "placeholder"},
		{"R5: undefined", set("Authorization", Secret("Bearer undefined")), "Request.Set[0]", "placeholder"},
		{"R5: changeme", set("Authorization", Secret("ChangeMe")), "Request.Set[0]", "placeholder"},
		{"NTLM", set("Authorization", Secret("NTLM TlRMTVNTUAAB")), "Request.Set[0]", "authenticates a connection"},
		{"NTLM by a function", set("Authorization", Func(func(context.Context) (string, error) { return "", nil }).WithScheme("NTLM")), "Request.Set[0]", "authenticates a connection"},

		{"merge without a forward", Config{Request: Request{Merge: []Merge{{Name: "A", Member: "m"}}}}, "Request.Merge[0]", "name it there"},
		{"merge prefix", Config{Request: Request{Merge: []Merge{{Name: "A*", Member: "m"}}}}, "Request.Merge[0]", "exact"},
		{"merge without a member", forward("A").With(Config{Request: Request{Merge: []Merge{{Name: "A"}}}}), "Request.Merge[0].Member", "one member"},
		{"merge of two members", forward("A").With(Config{Request: Request{Merge: []Merge{{Name: "A", Member: "m,n"}}}}), "Request.Merge[0].Member", "one member"},
		{"merge with a stranger", forward("A").With(Config{Request: Request{Merge: []Merge{{Name: "A", Member: "m", With: CredentialField{Name: "X-Api-Key"}}}}}), "Request.Merge[0].With", "Request.Credentials"},
		{"merge with a nameless predicate", forward("A").With(Config{Request: Request{Merge: []Merge{{Name: "A", Member: "m", With: CredentialField{Accept: BearerPrefix("x")}}}}}), "Request.Merge[0].With", "without a Name"},
		{"require what cannot cross", Config{Request: Request{Require: []string{"A"}}}, "Request.Require[0]", "never cross"},
		{"require a prefix", Config{Request: Request{Require: []string{"A*"}}}, "Request.Require[0]", "exact"},
		{"require under a prefix", forward("A*").With(Config{Request: Request{Require: []string{"A-B", "a-b"}}}), "", ""},

		{"cookie prefix", Config{Request: Request{Cookies: []string{"a*"}}}, "Request.Cookies[0]", "exact name"},
		{"cookie with a space", Config{Response: Response{SetCookies: []string{"a b"}}}, "Response.SetCookies[0]", "exact name"},
		{"query: everything", Config{Request: Request{Query: Query{Forward: []string{"*"}}}}, "", ""},
		{"query: credential", Config{Request: Request{Query: Query{Forward: []string{"key"}}}}, "Request.Query.Forward[0]", "credential"},
		{"query: credential in an array", Config{Request: Request{Query: Query{Forward: []string{"api_key[]"}}}}, "Request.Query.Forward[0]", "credential"},
		{"query: credential prefix", Config{Request: Request{Query: Query{Forward: []string{"access_token*"}}}}, "Request.Query.Forward[0]", "credential"},
		{"query: empty", Config{Request: Request{Query: Query{Forward: []string{""}}}}, "Request.Query.Forward[0]", "parameter name"},
		{"query: star within", Config{Request: Request{Query: Query{Forward: []string{"a*b"}}}}, "Request.Query.Forward[0]", "parameter name"},
		{"query: repeat of a stranger", Config{Request: Request{Query: Query{Repeat: []string{"a"}}}}, "Request.Query.Repeat[0]", "name it there"},
		{"query: repeat, malformed", Config{Request: Request{Query: Query{Repeat: []string{"a\n"}}}}, "Request.Query.Repeat[0]", "parameter name"},
		{"query: repeat of a prefix", Config{Request: Request{Query: Query{Forward: []string{"a*"}, Repeat: []string{"a-*"}}}}, "", ""},

		{"request trailer credential", Config{Request: Request{Trailers: []string{"Authorization"}}}, "Request.Trailers[0]", "trailer"},
		{"request trailer that steers", Config{Request: Request{Trailers: []string{"Content-Type"}}}, "Request.Trailers[0]", "trailer"},
		{"trailer, everything", Config{Response: Response{Trailers: []string{"*"}}}, "Response.Trailers[0]", "every field"},
		{"S5: Set-Cookie", Config{Response: Response{Forward: []string{"Set-Cookie"}}}, "Response.Forward[0]", "Response.SetCookies"},
		{"S5: Proxy-Authenticate", Config{Response: Response{Forward: []string{"Proxy-Authenticate"}}}, "Response.Forward[0]", "never crosses"},
		{"S5: Alt-Svc is a name like others", Config{Response: Response{Forward: []string{"Alt-Svc"}}}, "", ""},
		{"1xx Set-Cookie", Config{Response: Response{Informational: []string{"Set_Cookie"}}}, "Response.Informational[0]", "Response.SetCookies"},
		{"negative limit", Config{Response: Response{Limits: Limits{Bytes: -1}}}, "Response.Limits", "negative"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := New(test.config)
			fields := mistakes(t, err)
			switch {
			case test.at == "" && err != nil:
				t.Fatalf("unexpected: %v", err)
			case test.at == "":
			case p != nil:
				t.Error("New returned a policy with the error")
			case len(fields) != 1 || fields[0] != test.at:
				t.Errorf("got mistakes at %q, want one at %s", fields, test.at)
			case !strings.Contains(err.Error(), test.says):
				t.Errorf("%q does not say %q", err, test.says)
			}
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	const secret = "os.environ/" + "sk-ant-very-secret"
	_, err := New(Config{
		Request: Request{
			Forward:     []string{"*", "Cookie", "Authorization", "Accept"},
			Credentials: []Credential{{}},
			Set:         []Set{{Name: "X-Api-Key", Value: Secret(secret)}},
			Require:     []string{"X-Nowhere"},
			Query:       Query{Forward: []string{"token"}},
		},
		Response: Response{Forward: []string{"Upgrade"}},
	})
	if got := len(mistakes(t, err)); got != 8 {
		t.Errorf("got %d mistakes, want 8: %v", got, err)
	}
	if strings.Contains(err.Error(), "very-secret") {
		t.Errorf("the error repeats a secret: %v", err)
	}
}

func TestWithSharesNothing(t *testing.T) {
	a := Anthropic()
	b := a.With(Config{Request: Request{Limits: Limits{Fields: 7}}, Response: Response{Limits: Limits{Bytes: 8}}})
	before := b.Request.Forward[0]
	a.Request.Forward[0] = "X-Changed"
	a.Request.Credentials[0].OneOf[0].Name = "X-Changed"
	if b.Request.Forward[0] != before || b.Request.Credentials[0].OneOf[0].Name != "Authorization" {
		t.Error("the result shares memory with its origin")
	}
	if b.Request.Limits != (Limits{Fields: 7}) || b.Response.Limits != (Limits{Bytes: 8}) {
		t.Errorf("limits: %+v, %+v", b.Request.Limits, b.Response.Limits)
	}
	if c := b.With(Config{Request: Request{Limits: Limits{Bytes: 9}}}); c.Request.Limits != (Limits{Fields: 7, Bytes: 9}) {
		t.Errorf("limits: %+v", c.Request.Limits)
	}
}

func TestPresetsAreFresh(t *testing.T) {
	for name, preset := range map[string]func() Config{"Anthropic": Anthropic, "OpenAI": OpenAI, "Gemini": Gemini, "WebSocket": WebSocket} {
		mustNew(t, preset())
		c := preset()
		for _, list := range [][]string{c.Request.Forward, c.Request.Query.Forward, c.Response.Forward} {
			for i := range list {
				list[i] = "spoilt"
			}
		}
		again := preset()
		for _, list := range [][]string{again.Request.Forward, again.Request.Query.Forward, again.Response.Forward} {
			for _, entry := range list {
				if entry == "spoilt" {
					t.Fatalf("%s: a caller's change is in the preset", name)
				}
			}
		}
	}
}
