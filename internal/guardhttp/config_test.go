package guardhttp_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/guardhttp"
	"github.com/headersafe/headersafe/internal/secret"
)

func discard() *log.Logger { return log.New(io.Discard, "", 0) }

func TestNewRefusesMistakes(t *testing.T) {
	tests := []struct {
		name string
		cfg  guardhttp.Config
		want []string
	}{
		{"nothing", guardhttp.Config{}, []string{"BaseURL", "APIKey"}},
		{"https", guardhttp.Config{BaseURL: "https://vendor.example/v1", Key: secret.New(key)}, nil},
		{"loopback", guardhttp.Config{BaseURL: "http://127.0.0.1:8080", Key: secret.New(key)}, nil},
		{"loopback of IPv6", guardhttp.Config{BaseURL: "http://[::1]:8080", Key: secret.New(key)}, nil},
		{"localhost", guardhttp.Config{BaseURL: "http://LOCALHOST", Key: secret.New(key)}, nil},
		{"plain", guardhttp.Config{BaseURL: "http://vendor.example", Key: secret.New(key)}, []string{"BaseURL"}},
		{"plain, like loopback", guardhttp.Config{BaseURL: "http://127.0.0.1.example", Key: secret.New(key)}, []string{"BaseURL"}},
		{"plain, no reason", guardhttp.Config{BaseURL: "http://vendor.example", Key: secret.New(key), Plaintext: " "}, []string{"BaseURL"}},
		{"plain, for a reason", guardhttp.Config{BaseURL: "http://vendor.example", Key: secret.New(key), Plaintext: "TLS ends at the sidecar"}, nil},
		{"another scheme", guardhttp.Config{BaseURL: "ftp://vendor.example", Key: secret.New(key)}, []string{"BaseURL"}},
		{"no scheme", guardhttp.Config{BaseURL: "vendor.example", Key: secret.New(key)}, []string{"BaseURL"}},
		{"no host", guardhttp.Config{BaseURL: "https:///v1", Key: secret.New(key)}, []string{"BaseURL"}},
		{"opaque", guardhttp.Config{BaseURL: "https:vendor", Key: secret.New(key)}, []string{"BaseURL"}},
		{"credentials", guardhttp.Config{BaseURL: "https://user:" + key + "@vendor.example", Key: secret.New(key)}, []string{"BaseURL"}},
		{"no URL", guardhttp.Config{BaseURL: "https://" + key + "\x7f", Key: secret.New(key)}, []string{"BaseURL"}},
		{"query", guardhttp.Config{BaseURL: "https://vendor.example?key=" + key, Key: secret.New(key)}, []string{"BaseURL"}},
		{"fragment", guardhttp.Config{BaseURL: "https://vendor.example#", Key: secret.New(key)}, []string{"BaseURL"}},
		{"line feed", guardhttp.Config{BaseURL: "https://vendor.example", Key: secret.New(key + "\n")}, []string{"APIKey"}},
		{"placeholder", guardhttp.Config{BaseURL: "https://vendor.example", Key: secret.New("os.environ/KEY")}, []string{"APIKey"}},
		{"the word None", guardhttp.Config{BaseURL: "https://vendor.example", Key: secret.New("None")}, []string{"APIKey"}},
		{"short", guardhttp.Config{BaseURL: "https://vendor.example", Key: secret.New("abc")}, []string{"APIKey"}},
		{"key field", guardhttp.Config{BaseURL: "https://vendor.example", Key: secret.New(key), KeyField: "a b"}, []string{"KeyField"}},
		{"key field of the connection", guardhttp.Config{BaseURL: "https://vendor.example", Key: secret.New(key), KeyField: "te"}, []string{"KeyField"}},
		{"bounds", guardhttp.Config{BaseURL: "https://vendor.example", Key: secret.New(key), Deadline: -1, MaxReply: -1}, []string{"Deadline", "MaxReply"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, faults := guardhttp.New(tt.cfg)
			var fields []string
			for _, f := range faults {
				fields = append(fields, f.Field)
				if strings.Contains(fmt.Sprint(f), key) {
					t.Errorf("the fault shows the key: %v", f)
				}
			}
			if diff := cmp.Diff(tt.want, fields); diff != "" || (c == nil) != (tt.want != nil) {
				t.Errorf("faults %v (-want +got):\n%s", faults, diff)
			}
		})
	}
}

func TestClientIsUnprintable(t *testing.T) {
	c := mustNew(t, guardhttp.Config{BaseURL: "https://vendor.example"})
	holder := struct{ c any }{*c}
	if shown := fmt.Sprintf("%v %+v %#v", holder, holder, holder); strings.Contains(shown, key) {
		t.Errorf("printed as %s", shown)
	}
}

func TestNewLeavesTheClientAlone(t *testing.T) {
	client := &http.Client{}
	mustNew(t, guardhttp.Config{BaseURL: "https://vendor.example", Client: client})
	if client.CheckRedirect != nil {
		t.Error("the user's client was changed")
	}
}

func TestNames(t *testing.T) {
	var many []string
	for i := range 20 {
		many = append(many, fmt.Sprintf("d%02d", i))
	}
	tests := []struct {
		names []string
		want  string
	}{
		{nil, ""},
		{[]string{"pii/email", "prompt_attack", "pii/email"}, "pii/email, prompt_attack"},
		{[]string{"", "a\nb", "é", "<b>", strings.Repeat("x", 65), "ok"}, "ok"},
		{many, strings.Join(many[:16], ", ")},
	}
	for _, tt := range tests {
		if got := guardhttp.Names(tt.names); got != tt.want {
			t.Errorf("Names(%q) = %q, want %q", tt.names, got, tt.want)
		}
	}
}
