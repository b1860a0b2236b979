package passthrough_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/passthrough"
)

func TestErrorShapes(t *testing.T) {
	d := func(status int) passthrough.Denial {
		return passthrough.Denial{Status: status, Code: "some-code", Message: `It is "so".`, Detail: "private", Header: http.Header{"Private": {"x"}}}
	}
	for _, c := range []struct {
		name   string
		shape  passthrough.ErrorShape
		status int
		media  string
		want   string
	}{
		{"problem", passthrough.ProblemErrors, 400, "application/problem+json", `{"title":"Bad Request","status":400,"detail":"It is \"so\".","code":"some-code"}`},
		{"anthropic", passthrough.AnthropicErrors, 400, "application/json", `{"type":"error","error":{"type":"invalid_request_error","message":"It is \"so\"."}}`},
		{"anthropic", passthrough.AnthropicErrors, 401, "application/json", `{"type":"error","error":{"type":"authentication_error","message":"It is \"so\"."}}`},
		{"anthropic", passthrough.AnthropicErrors, 403, "application/json", `{"type":"error","error":{"type":"permission_error","message":"It is \"so\"."}}`},
		{"anthropic", passthrough.AnthropicErrors, 404, "application/json", `{"type":"error","error":{"type":"not_found_error","message":"It is \"so\"."}}`},
		{"anthropic", passthrough.AnthropicErrors, 405, "application/json", `{"type":"error","error":{"type":"invalid_request_error","message":"It is \"so\"."}}`},
		{"anthropic", passthrough.AnthropicErrors, 413, "application/json", `{"type":"error","error":{"type":"request_too_large","message":"It is \"so\"."}}`},
		{"anthropic", passthrough.AnthropicErrors, 429, "application/json", `{"type":"error","error":{"type":"rate_limit_error","message":"It is \"so\"."}}`},
		{"anthropic", passthrough.AnthropicErrors, 500, "application/json", `{"type":"error","error":{"type":"api_error","message":"It is \"so\"."}}`},
		{"anthropic", passthrough.AnthropicErrors, 502, "application/json", `{"type":"error","error":{"type":"api_error","message":"It is \"so\"."}}`},
		{"anthropic", passthrough.AnthropicErrors, 503, "application/json", `{"type":"error","error":{"type":"overloaded_error","message":"It is \"so\"."}}`},
		{"anthropic", passthrough.AnthropicErrors, 504, "application/json", `{"type":"error","error":{"type":"timeout_error","message":"It is \"so\"."}}`},
		{"openai", passthrough.OpenAIErrors, 400, "application/json", `{"error":{"message":"It is \"so\".","type":"invalid_request_error","param":null,"code":"some-code"}}`},
		{"openai", passthrough.OpenAIErrors, 401, "application/json", `{"error":{"message":"It is \"so\".","type":"authentication_error","param":null,"code":"some-code"}}`},
		{"openai", passthrough.OpenAIErrors, 403, "application/json", `{"error":{"message":"It is \"so\".","type":"permission_error","param":null,"code":"some-code"}}`},
		{"openai", passthrough.OpenAIErrors, 429, "application/json", `{"error":{"message":"It is \"so\".","type":"rate_limit_error","param":null,"code":"some-code"}}`},
		{"openai", passthrough.OpenAIErrors, 502, "application/json", `{"error":{"message":"It is \"so\".","type":"server_error","param":null,"code":"some-code"}}`},
	} {
		media, body := c.shape(d(c.status))
		if media != c.media || string(body) != c.want {
			t.Errorf("%s %d: %s %s, want %s %s", c.name, c.status, media, body, c.media, c.want)
		}
	}
}

// Each stage's refusals go through the route's shape, with what outer middleware has set beside them.
func TestDenialsOnTheWire(t *testing.T) {
	for _, c := range []struct {
		name   string
		call   call
		status int
		fields []string
	}{
		{"auth", call{bare: true}, 401, []string{`www-authenticate: GatewayKey realm="gateway", header="X-Gateway-Key"`}},
		{"headerpolicy", call{bare: true, fields: good[:1]}, 400, nil},
		{"forwarder", call{method: http.MethodTrace}, 405, []string{"allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, w wire) {
				g := newGateway(t, w.startUpstream(t, answer{}), func(c *passthrough.Config) { c.Errors = passthrough.AnthropicErrors }).
					behind(setting("X-Outer: 1", "Content-Encoding: gzip", "Etag: \"x\""))
				r := g.do(w, c.call)
				want := sortedFields(append(c.fields, "cache-control: no-store", "content-type: application/json", "x-content-type-options: nosniff", "x-outer: 1"))
				if diff := difference(want, r.got()); diff != "" || r.status != c.status {
					t.Errorf("%d (-want +got):\n%s", r.status, diff)
				}
				var body struct {
					Error struct{ Type, Message string }
				}
				if err := json.Unmarshal([]byte(r.body), &body); err != nil || body.Error.Type == "" || body.Error.Message == "" {
					t.Errorf("%s: %v", r.body, err)
				}
			})
		})
	}
	t.Run("HEAD has no body", func(t *testing.T) {
		everywhere(t, func(t *testing.T, w wire) {
			g := newGateway(t, w.startUpstream(t, answer{}))
			if w.client == h2 {
				if r := g.do(w, call{bare: true, method: http.MethodHead}); r.status != http.StatusUnauthorized || strings.TrimSpace(r.body) != "" {
					t.Errorf("got %v", r)
				}
			}
		})
	})
}
