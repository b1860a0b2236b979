package guardrail

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Alphabets that made-up credentials are drawn from. Keys are put together here, so that no scanner takes
// this file for a leak.
const (
	digits   = "7391820465"
	upper    = "QXZ2WVK7YJT4MNR3HBD5GFP6"
	hex16    = "a3f09c7be41d2586"
	alnum    = "Qx7ZkP2mW9vTb4Rc8Ly1NdJf6Hs3Gg0"
	base64ch = "Qx7/ZkP2+mW9vTb4Rc8Ly1NdJf6Hs3G"
)

// made returns n characters of an alphabet.
func made(alphabet string, n int) string {
	return strings.Repeat(alphabet, n/len(alphabet)+1)[:n]
}

// specimens are credentials of every known kind.
var specimens = []struct{ kind, value string }{
	{"Anthropic key", "sk-ant-" + "api03-" + made(alnum, 93) + "AA"},
	{"Anthropic key", "sk-ant-" + "admin01-" + made(alnum, 93) + "AA"},
	{"Anthropic key", "sk-ant-" + "oat01-" + made(alnum, 80)},
	{"OpenAI key", "sk-" + "proj-" + made(alnum, 74) + "T3BlbkFJ" + made(alnum, 74)},
	{"OpenAI key", "sk-" + "svcacct-" + made(alnum, 58)},
	{"OpenAI key", "sk-" + "admin-" + made(alnum, 58)},
	{"OpenAI key", "sk-" + "or-v1-" + made(hex16, 64)},
	{"OpenAI key", "sk-" + made(alnum, 20) + "T3BlbkFJ" + made(alnum, 20)},
	{"OpenAI key", "sk-" + made(hex16, 32)},
	{"Hugging Face token", "hf_" + made(alnum, 34)},
	{"Hugging Face token", "api_org_" + made(alnum, 34)},
	{"Groq key", "gsk_" + made(alnum, 52)},
	{"xAI key", "xai-" + made(alnum, 80)},
	{"Perplexity key", "pplx-" + made(alnum, 48)},
	{"Replicate token", "r8_" + made(alnum, 37)},
	{"AWS access key", "AKIA" + made(upper, 16)},
	{"AWS access key", "ASIA" + made(upper, 16)},
	{"AWS secret key", "aws_secret_access_key = " + made(base64ch, 40)},
	{"AWS secret key", `AWS_SECRET_ACCESS_KEY="` + made(base64ch, 40) + `"`},
	{"AWS secret key", `{\"SecretAccessKey\": \"` + made(base64ch, 40) + `\"}`},
	{"Amazon Bedrock key", "ABSK" + made(alnum, 120)},
	{"Amazon Bedrock key", "bedrock-api-key-" + made(alnum, 60)},
	{"Google API key", "AIza" + made(alnum, 35)},
	{"Google OAuth token", "ya29." + made(alnum, 120)},
	{"Google OAuth token", "GOCSPX-" + made(alnum, 28)},
	{"Azure key", "AccountName=x;AccountKey=" + made(base64ch, 86) + "==;EndpointSuffix=core.windows.net"},
	{"Azure key", "SharedAccessKey=" + made(base64ch, 43) + "="},
	{"DigitalOcean token", "dop_v1_" + made(hex16, 64)},
	{"DigitalOcean token", "doo_v1_" + made(hex16, 64)},
	{"Databricks token", "dapi" + made(hex16, 32)},
	{"GitHub token", "ghp_" + made(alnum, 36)},
	{"GitHub token", "gho_" + made(alnum, 36)},
	{"GitHub token", "ghs_" + made(alnum, 36)},
	{"GitHub token", "github_pat_" + made(alnum, 22) + "_" + made(alnum, 59)},
	{"GitLab token", "glpat-" + made(alnum, 20)},
	{"GitLab token", "glrt-" + made(alnum, 20)},
	{"GitLab token", "glpat-" + made(alnum, 27) + ".01.0w1abcdef"},
	{"npm token", "npm_" + made(alnum, 36)},
	{"PyPI token", "pypi-AgEIcHlwaS5vcmc" + made(alnum, 60)},
	{"PyPI token", "pypi-AgENdGVzdC5weXBpLm9yZw" + made(alnum, 60)},
	{"RubyGems key", "rubygems_" + made(hex16, 48)},
	{"Docker token", "dckr_pat_" + made(alnum, 27)},
	{"HashiCorp Vault token", "hvs." + made(alnum, 95)},
	{"Grafana token", "glsa_" + made(alnum, 32) + "_" + made(hex16, 8)},
	{"Grafana token", "glc_" + made(alnum, 40)},
	{"Sentry token", "sntryu_" + made(hex16, 64)},
	{"Sentry token", "sntrys_eyJ" + made(alnum, 60)},
	{"Slack token", "xoxb-" + made(digits, 12) + "-" + made(digits, 12) + "-" + made(alnum, 24)},
	{"Slack token", "xoxp-" + made(digits, 12) + "-" + made(digits, 12) + "-" + made(digits, 12) + "-" + made(hex16, 32)},
	{"Slack token", "xoxe.xoxp-1-" + made(alnum, 163)},
	{"Slack token", "xapp-1-" + "A0" + made(upper, 9) + "-" + made(digits, 13) + "-" + made(hex16, 64)},
	{"Slack webhook", "https://hooks.slack.com/services/" + made(alnum, 44)},
	{"Stripe key", "sk_live_" + made(alnum, 24)},
	{"Stripe key", "rk_live_" + made(alnum, 24)},
	{"Stripe key", "whsec_" + made(alnum, 32)},
	{"SendGrid key", "SG." + made(alnum, 22) + "." + made(alnum, 43)},
	{"Twilio key", "SK" + made(hex16, 32)},
	{"Shopify token", "shpat_" + made(hex16, 32)},
	{"Atlassian token", "ATATT3" + made(alnum, 186)},
	{"Notion token", "ntn_" + made(digits, 11) + made(alnum, 35)},
	{"Linear key", "lin_api_" + made(alnum, 40)},
	{"Postman key", "PMAK-" + made(hex16, 24) + "-" + made(hex16, 34)},
	{"1Password token", "ops_eyJ" + made(alnum, 260)},
	{"private key", "-----BEGIN " + "PRIVATE KEY-----\nMIIE"},
	{"private key", "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE"},
	{"private key", "-----BEGIN " + "OPENSSH PRIVATE KEY-----\nb3Bl"},
	{"private key", "-----BEGIN " + "PGP PRIVATE KEY BLOCK-----\n\nlQ"},
	{"private key", "AGE-SECRET-KEY-1" + made("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)},
	{"JSON Web Token", "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + made(alnum, 43)},
}

func mustSecrets(t testing.TB, more ...SecretShape) Guard {
	t.Helper()
	g, err := Secrets(more...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestSecretsFindsEveryKind(t *testing.T) {
	g := mustSecrets(t)
	for _, s := range specimens {
		reason := "The request holds what looks like a credential (" + s.kind + ")."
		for _, text := range []string{
			s.value,
			"my key is " + s.value + ", keep it",
			`{"key":"` + s.value + `"}`,
			"KEY=" + s.value + "\n",
			`first line\n` + s.value + `\nlast line`, // JSON in a string
			`https://example.com/?key%3D` + s.value + `&x=y`,
			`\u003d` + s.value,
			s.value[:len(s.value)/2] + "\u200b" + s.value[len(s.value)/2:],
			strings.Repeat("word ", 1000) + s.value,
		} {
			want := Verdict{Block: true, Reason: reason, Detail: "1 of 2 texts hold one", Matches: []int{1}}
			if diff := cmp.Diff(want, check(t, g, user("hello", text))); diff != "" {
				t.Errorf("%s in %.60q (-want +got):\n%s", s.kind, text, diff)
			}
		}
	}
}

func TestSecretsKnowsASpecimenOfEveryShape(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range specimens {
		for _, starts := range knownShapes.starts {
			for _, c := range starts {
				seen[c.shape.expression] = seen[c.shape.expression] || c.expression.MatchString(s.value[max(0, strings.Index(s.value, c.prefix)):])
			}
		}
	}
	for _, starts := range knownShapes.starts {
		for _, c := range starts {
			if !seen[c.shape.expression] {
				t.Errorf("no specimen of %s, %s", c.shape.kind, c.prefix)
			}
		}
	}
}

func TestSecretsLetsPass(t *testing.T) {
	g := mustSecrets(t)
	for _, text := range []string{
		"",
		"s",
		"How do I rotate an Anthropic key? It starts with sk-ant-api03-.",
		"sk-ant-api03-" + strings.Repeat("x", 95),
		"sk-" + strings.Repeat("x", 40),
		"ghp_" + strings.Repeat("0", 36),
		"AKIA" + "IOSFODNN7EXAMPLE",
		"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		`{"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}`,
		"task-" + made(alnum, 40),
		"MASK" + made(hex16, 32),
		"chef_" + made(alnum, 34),
		"XAKIA" + made(upper, 16),
		"AKIA" + made(upper, 17),
		"x%zzsk-" + made(alnum, 5),
		"-----BEGIN CERTIFICATE-----",
		"-----BEGIN PUBLIC KEY-----",
		strings.Repeat("-", 200),
		"eyJhbGciOiJIUzI1NiJ9",
		"sk_test_" + made(alnum, 24),
		"the hooks.slack.com/services page",
		"aws_secret_access_key = os.environ['AWS_SECRET_ACCESS_KEY']",
	} {
		if v := check(t, g, user(text)); v.Block {
			t.Errorf("%.80q: %s", text, v.Reason)
		}
	}
}

func TestSecretsVerdictOfSeveral(t *testing.T) {
	npm, gh := "npm_"+made(alnum, 36), "ghp_"+made(alnum, 36)
	got := check(t, mustSecrets(t), user(npm+" "+npm+" "+gh, "nothing", gh))
	want := Verdict{
		Block:   true,
		Reason:  "The request holds what looks like a credential (GitHub token, npm token).",
		Detail:  "2 of 3 texts hold one",
		Matches: []int{0, 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
}

func TestSecretsOfTheCaller(t *testing.T) {
	g := mustSecrets(t,
		SecretShape{Kind: "intranet token", Expression: `\bintra-[0-9]{4}\b`, Literal: "intra-"},
		SecretShape{Kind: "badge", Expression: `badge [0-9]+`},
	)
	for text, want := range map[string]string{
		"my intra-1234":       "intranet token",
		"my intra\u200b-1234": "intranet token",
		"my xintra-1234":      "",
		"badge 7":             "badge",
		"badge x":             "",
	} {
		v := check(t, g, user(text))
		if v.Block != (want != "") || !strings.Contains(v.Reason, want) {
			t.Errorf("%q: %+v", text, v)
		}
	}
}

func TestSecretsDescribe(t *testing.T) {
	plain, more := mustSecrets(t).Describe(), mustSecrets(t, SecretShape{Kind: "a", Expression: "b"}).Describe()
	if plain.Name != "secrets" || plain.Scope != PerText {
		t.Errorf("described as %+v", plain)
	}
	if plain.Version == more.Version || plain.Version != mustSecrets(t).Describe().Version {
		t.Errorf("versions %q and %q should differ, and be stable", plain.Version, more.Version)
	}
}

func TestSecretsRefusesMistakes(t *testing.T) {
	g, err := Secrets(SecretShape{Kind: "a", Expression: "("}, SecretShape{Expression: "b*"})
	if g != nil {
		t.Error("a guard came with the error")
	}
	want := []string{"Secrets[0].Expression", "Secrets[1].Kind", "Secrets[1].Expression"}
	if diff := cmp.Diff(want, faultyFields(err)); diff != "" {
		t.Errorf("fields of %v (-want +got):\n%s", err, diff)
	}
}

func TestSecretsHonoursContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mustSecrets(t).Check(ctx, Input{Texts: user("a")}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestSecretsAllocatesNothingThatGrows(t *testing.T) {
	g := mustSecrets(t)
	in := Input{Texts: user(strings.Repeat("Ask the keeper -- do not push pypi, github or skills. ", 1000))}
	if allocs := testing.AllocsPerRun(20, func() {
		if v, err := g.Check(t.Context(), in); v.Block || err != nil {
			t.Fatal(v, err)
		}
	}); allocs > 2 {
		t.Errorf("%v allocations", allocs)
	}
}

// FuzzSecrets: a credential is found whatever stands around it, as long as it starts a word; and nothing that
// was found is repeated in the verdict.
func FuzzSecrets(f *testing.F) {
	f.Add("before ", " after", uint8(0))
	f.Add("\xff\u200b", "\\n", uint8(30))
	f.Add("%3", "", uint8(7))
	g := mustSecrets(f)
	f.Fuzz(func(t *testing.T, before, after string, which uint8) {
		s := specimens[int(which)%len(specimens)]
		v := check(t, g, user(before+" "+s.value+" "+after))
		if !v.Block || !strings.Contains(v.Reason, s.kind) {
			t.Errorf("%q, %q: %+v", before, after, v)
		}
		if strings.Contains(v.Reason+v.Detail, s.value) {
			t.Errorf("the verdict repeats it: %+v", v)
		}
	})
}

func BenchmarkSecrets(b *testing.B) {
	bodies := map[string]string{
		"prose":    strings.Repeat("The quick brown fox asks for a key and does not get it from github. ", 3000),
		"prefixes": strings.Repeat("-eyJ-eyJ-SG.-sk-AKIA", 10000),
	}
	for name, body := range bodies {
		b.Run(name, func(b *testing.B) {
			g := mustSecrets(b)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			texts := user(body)
			for b.Loop() {
				if v := check(b, g, texts); v.Block {
					b.Fatal(v)
				}
			}
		})
	}
}
