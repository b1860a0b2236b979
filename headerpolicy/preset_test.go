package headerpolicy

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestClients sends what real clients send through the presets: all of it crosses, apart from what is listed.
func TestClients(t *testing.T) {
	own := Config{Request: Request{Set: []Set{{Name: "Authorization", Value: Secret(topSecret).WithScheme("Bearer")}}}}
	tests := []struct {
		name    string
		config  Config
		in      []string
		query   string
		dropped []string
		set     []string
	}{
		{
			name:   "Claude Code 2.1.330",
			config: Anthropic(),
			in: []string{
				"Accept: application/json", "Accept-Encoding: gzip, deflate, br, zstd",
				"Anthropic-Beta: claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27",
				"Anthropic-Dangerous-Direct-Browser-Access: true", "Anthropic-Version: 2023-06-01",
				"Authorization: Bearer sk-ant-oat01-0123456789", "Connection: keep-alive", "Content-Type: application/json",
				"User-Agent: claude-cli/2.1.330 (external, sdk-cli)", "X-App: cli",
				"X-Claude-Code-Session-Id: 4b1f0a52-7c2f-4f0e-9a43-6f7c0f1e2d3c",
				"X-Stainless-Arch: x64", "X-Stainless-Lang: js", "X-Stainless-Os: Linux", "X-Stainless-Package-Version: 0.74.0",
				"X-Stainless-Retry-Count: 0", "X-Stainless-Runtime: node", "X-Stainless-Runtime-Version: v24.3.0", "X-Stainless-Timeout: 600",
			},
			query:   "beta=true",
			dropped: []string{"Connection"},
		},
		{
			name:   "Claude Code, a subagent behind apiKeyHelper",
			config: Anthropic(),
			in: []string{
				"Authorization: Bearer sk-ant-api03-0123456789", "X-Api-Key: sk-ant-api03-0123456789", "Anthropic-Version: 2023-06-01",
				"X-Claude-Code-Agent-Id: a@team", "X-Claude-Code-Parent-Agent-Id: b@team", "X-Client-Request-Id: 1",
				"Accept-Language: *", "Sec-Fetch-Mode: cors",
			},
			dropped: []string{"X-Api-Key", "Accept-Language", "Sec-Fetch-Mode"},
		},
		{
			name:   "anthropic-sdk-go, a list",
			config: Anthropic(),
			in: []string{
				"Accept: application/json", "Anthropic-Version: 2023-06-01", "Anthropic-Workspace-Id: w", "X-Api-Key: sk-ant-api03-0123456789",
				"User-Agent: Anthropic/Go 1.84.0", "X-Stainless-Lang: go", "Idempotency-Key: stainless-go-1",
			},
			query: "beta=true&limit=20&created_at%5Bgte%5D=2026-01-01&statuses[]=a&statuses[]=b&after_id=x&page=p",
		},
		{
			name:   "Codex, HTTP, zstd",
			config: OpenAI().With(own),
			in: []string{
				"Accept: text/event-stream", "Authorization: Bearer gateway-key-of-the-caller", "Content-Encoding: zstd", "Content-Type: application/json",
				"User-Agent: codex_cli_rs/0.58.0 (Debian 12.0.0; x86_64) xterm", "Originator: codex_cli_rs", "Session_id: 019a9544", "Version: 0.58.0",
				"Conversation_id: 019a9544", "Openai-Beta: responses=experimental", "X-Codex-Turn-State: ts", "X-Openai-Subagent: review",
				"Chatgpt-Account-Id: acct",
			},
			dropped: []string{"Chatgpt-Account-Id"},
			set:     []string{"Authorization"},
		},
		{
			name:   "Codex, WebSocket, both spellings",
			config: OpenAI().With(own),
			in: []string{
				"Connection: Upgrade", "Upgrade: websocket", "Sec-Websocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-Websocket-Version: 13",
				"Sec-Websocket-Extensions: permessage-deflate", "Openai-Beta: responses_websockets=2026-02-06", "Originator: codex_exec",
				"Session-Id: 1", "Session_id: 1", "Thread-Id: 2", "Thread_id: 2", "X-Client-Request-Id: 2", "X-Codex-Window-Id: 2:0",
				"X-Codex-Beta-Features: a,b", "X-Responsesapi-Include-Timing-Metrics: true",
			},
			dropped: []string{"Connection", "Upgrade"},
			set:     []string{"Authorization"},
		},
		{
			name:   "openai-python, a list",
			config: OpenAI().With(own),
			in: []string{
				"Accept: application/json", "Accept-Encoding: gzip, deflate", "User-Agent: OpenAI/Python 2.8.0", "X-Stainless-Async: false",
				"X-Stainless-Raw-Response: true", "Openai-Beta: assistants=v2", "Openai-Organization: org-other", "Openai-Project: p",
			},
			query:   "limit=20&order=desc&include[]=a&include[]=b&metadata%5Btopic%5D=x&after=run_1",
			dropped: []string{"Openai-Organization", "Openai-Project"},
			set:     []string{"Authorization"},
		},
		{
			name:   "google-genai, a stream",
			config: Gemini(),
			in: []string{
				"Content-Type: application/json", "User-Agent: google-genai-sdk/1.30.0 gl-python/3.13", "X-Goog-Api-Client: google-genai-sdk/1.30.0 gl-python/3.13",
				"X-Goog-Api-Key: AIza0123456789", "X-Server-Timeout: 600",
			},
			query: "alt=sse&pageSize=10&pageToken=abc",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := header(test.in...)
			d, err := mustNew(t, test.config).Request(t.Context(), RequestInput{Header: in, RawQuery: test.query})
			if err != nil {
				t.Fatal(err)
			}
			want := in.Clone()
			for _, name := range test.dropped {
				if in[name] == nil {
					t.Errorf("%s is not sent", name)
				}
				delete(want, name)
			}
			got := d.Header.Clone()
			for _, name := range test.set {
				if got.Get(name) == in.Get(name) {
					t.Errorf("%s is not set", name)
				}
				delete(got, name)
				delete(want, name)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\n%s", diff, d)
			}
		})
	}
}

func TestPresetsRefuse(t *testing.T) {
	tests := []struct {
		name   string
		config Config
		in     []string
		query  string
		want   string
	}{
		{"R7: two Anthropic credentials", Anthropic(), []string{"Authorization: Bearer sk-ant-oat01-0123", "X-Api-Key: sk-ant-api03-0123"}, "", "Bad Request: competing-credentials X-Api-Key"},
		{"no Anthropic credential", Anthropic(), nil, "", "Bad Request: missing-credential Authorization"},
		{"a Gemini key in the query", Gemini(), []string{"X-Goog-Api-Key: AIza0123456789"}, "key=AIza", "Bad Request: query-not-named key"},
		{"an OpenAI key in a subprotocol", OpenAI(), []string{"Sec-Websocket-Protocol: realtime, openai-insecure-api-key.sk-1"}, "", "Bad Request: credential-in-disguise Sec-Websocket-Protocol"},
		{"an OpenAI tenant in a subprotocol", OpenAI(), []string{"Sec-Websocket-Protocol: realtime, openai-organization.org-1"}, "", "Bad Request: credential-in-disguise Sec-Websocket-Protocol"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := outcome(mustNew(t, test.config).Request(t.Context(), RequestInput{Header: header(test.in...), RawQuery: test.query})); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	d, err := mustNew(t, OpenAI()).Request(t.Context(), RequestInput{Header: header("Authorization: Bearer the-callers-own", "Api-Key: k", "Accept: a")})
	if got, want := outcome(d, err), "Accept forwarded; Api-Key dropped: not named; Authorization dropped: not named"; got != want {
		t.Errorf("R4, R6: OpenAI() names no credential: got %s, want %s", got, want)
	}
}

func TestPresetResponses(t *testing.T) {
	d, err := mustNew(t, Anthropic()).Response(anthropicResponse())
	if err != nil {
		t.Fatal(err)
	}
	want := http.Header{}
	for name, lines := range anthropicResponse() {
		switch name {
		case "Connection", "Strict-Transport-Security", "X-Robots-Tag", "Cf-Cache-Status", "Cf-Ray", "Server", "Vary", "X-Envoy-Upstream-Service-Time":
		default:
			want[name] = lines
		}
	}
	if diff := cmp.Diff(want, d.Header); diff != "" {
		t.Error(diff)
	}
	d, err = mustNew(t, OpenAI()).Response(header("Content-Type: text/event-stream", "X-Request-Id: r", "Openai-Organization: acme", "Openai-Processing-Ms: 7",
		"X-Ratelimit-Limit-Requests: 9", "Set-Cookie: __cf_bm=x", "Location: https://api.openai.com/", "X-Codex-Turn-State: s"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(header("Content-Type: text/event-stream", "X-Request-Id: r", "Openai-Processing-Ms: 7", "X-Ratelimit-Limit-Requests: 9", "X-Codex-Turn-State: s"), d.Header); diff != "" {
		t.Error(diff)
	}
}

// TestPresetParameters checks that each parameter of a preset's list does cross, in the encoded form that the SDKs
// send: an entry that could never match would be a mistake nobody notices.
func TestPresetParameters(t *testing.T) {
	for name, c := range map[string]Config{"Anthropic": Anthropic(), "OpenAI": OpenAI(), "Gemini": Gemini()} {
		p := mustNew(t, c)
		for _, parameter := range c.Request.Query.Forward {
			raw := url.Values{parameter: {"1"}}.Encode()
			b := p.request.build(nil, false)
			if b.query(&p.request.query, raw); b.refusal != nil {
				t.Errorf("%s: %s: %v", name, raw, b.refusal)
			}
		}
	}
}
