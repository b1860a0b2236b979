package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// running is a gateway under test.
type running struct {
	url    string
	stderr *syncBuffer
	stop   func() error // as Ctrl-C does; returns what run returned
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func start(t *testing.T, env map[string]string, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdout, w := io.Pipe()
	g := &running{stderr: new(syncBuffer)}
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-listen", "127.0.0.1:0"}, args...), func(k string) string { return env[k] }, w, g.stderr)
		_ = w.CloseWithError(io.EOF)
		ended <- err
	}()
	g.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = g.stop() })

	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		t.Fatalf("nothing on standard output; run returned %v", g.stop())
	}
	url, ok := strings.CutPrefix(lines.Text(), "listening on ")
	if !ok {
		t.Fatalf("the first line is %q", lines.Text())
	}
	g.url = url
	go func() {
		for lines.Scan() {
			t.Errorf("more on standard output: %q", lines.Text())
		}
	}()
	return g
}

// recording is an upstream that keeps the last header it got.
type recording struct {
	*httptest.Server
	mu   sync.Mutex
	last http.Header
	hits int
}

func record(t *testing.T) *recording {
	u := &recording{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.mu.Lock()
		u.last, u.hits = r.Header, u.hits+1
		u.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(u.Close)
	return u
}

func (u *recording) header() (http.Header, int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.last, u.hits
}

func send(t *testing.T, method, url string, header map[string]string, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

func TestFoundingCase(t *testing.T) {
	anthropic, openai := record(t), record(t)
	g := start(t, map[string]string{"GATEWAY_KEYS": "alice=secret1,bob=secret2", "OPENAI_UPSTREAM_KEY": "sk-upstream-key"},
		"-anthropic", anthropic.URL, "-openai", openai.URL)

	type m = map[string]string
	for _, c := range []struct {
		name     string
		path     string
		header   m
		status   int
		upstream m // "" means absent; nil: not reached
	}{
		{"token forwarded, key consumed", "/anthropic/v1/messages?beta=true", m{"X-Gateway-Key": "secret1", "Authorization": "Bearer sk-ant-oat01-own", "Anthropic-Version": "2023-06-01", "Cookie": "a=b", "X-Other": "1"}, 200,
			m{"Authorization": "Bearer sk-ant-oat01-own", "Anthropic-Version": "2023-06-01", "X-Gateway-Key": "", "Cookie": "", "X-Other": ""}},
		{"key after Bearer", "/anthropic/v1/messages", m{"X-Gateway-Key": "Bearer secret2", "X-Api-Key": "sk-ant-api-own"}, 200, m{"X-Api-Key": "sk-ant-api-own", "X-Gateway-Key": ""}},
		{"two credentials that differ", "/anthropic/v1/messages", m{"X-Gateway-Key": "secret1", "Authorization": "Bearer one", "X-Api-Key": "two"}, 400, nil},
		{"one credential twice", "/anthropic/v1/messages", m{"X-Gateway-Key": "secret1", "Authorization": "Bearer same-one", "X-Api-Key": "same-one"}, 200, m{"Authorization": "Bearer same-one", "X-Api-Key": ""}},
		{"no credential of one's own", "/anthropic/v1/messages", m{"X-Gateway-Key": "secret1"}, 400, nil},
		{"no key", "/anthropic/v1/messages", m{"Authorization": "Bearer sk-ant-oat01-own"}, 401, nil},
		{"wrong key", "/anthropic/v1/messages", m{"X-Gateway-Key": "secret9", "Authorization": "Bearer sk-ant-oat01-own"}, 401, nil},
		{"the key again as credential", "/anthropic/v1/messages", m{"X-Gateway-Key": "secret1", "Authorization": "Bearer secret1"}, 400, nil},
		{"openai, key as bearer", "/openai/v1/models", m{"Authorization": "Bearer secret1"}, 200, m{"Authorization": "Bearer sk-upstream-key"}},
		{"openai, key in its field", "/openai/v1/models", m{"X-Gateway-Key": "secret1"}, 200, m{"Authorization": "Bearer sk-upstream-key", "X-Gateway-Key": ""}},
		{"openai, two that disagree", "/openai/v1/models", m{"X-Gateway-Key": "secret1", "Authorization": "Bearer sk-own"}, 400, nil},
		{"openai, unknown bearer", "/openai/v1/models", m{"Authorization": "Bearer sk-own"}, 401, nil},
		{"traversal", "/anthropic/v1/%2e%2e/x", m{"X-Gateway-Key": "secret1", "Authorization": "Bearer own-token"}, 400, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			up, shape := anthropic, `{"type":"error","error":{"type":"`
			if strings.HasPrefix(c.path, "/openai") {
				up, shape = openai, `{"error":{"message":"`
			}
			_, before := up.header()
			status, body := send(t, "POST", g.url+c.path, c.header, "{}")
			got, hits := up.header()
			if status != c.status {
				t.Fatalf("status %d, want %d: %s", status, c.status, body)
			}
			if c.upstream == nil {
				if hits != before {
					t.Errorf("the upstream was reached with %v", got)
				}
				if !strings.HasPrefix(body, shape) {
					t.Errorf("the error is not in the provider's shape: %s", body)
				}
				return
			}
			for name, want := range c.upstream {
				if have := got.Get(name); have != want {
					t.Errorf("upstream got %s: %q, want %q", name, have, want)
				}
			}
		})
	}
	if err := g.stop(); err != nil {
		t.Errorf("run returned %v", err)
	}
	for _, secret := range []string{"secret1", "secret2", "sk-upstream-key", "sk-ant-oat01-own", "sk-ant-api-own"} {
		if strings.Contains(g.stderr.String(), secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
	if !strings.Contains(g.stderr.String(), "caller=alice") {
		t.Error("no record of alice in the log")
	}
}

func TestEmbeddedUpstream(t *testing.T) {
	g := start(t, nil, "-log", "json")
	status, body := send(t, "POST", g.url+"/anthropic/v1/messages", map[string]string{
		"X-Gateway-Key": demoKey, "Authorization": "Bearer sk-ant-oat01-own", "Anthropic-Version": "2023-06-01", "Content-Type": "application/json",
	}, `{"model":"claude","max_tokens":64,"messages":[{"role":"user","content":"hello"}]}`)
	if status != 200 || !strings.Contains(body, "Anthropic-Version") || strings.Contains(body, demoKey) {
		t.Errorf("%d %s", status, body)
	}
	status, body = send(t, "POST", g.url+"/openai/v1/chat/completions", map[string]string{
		"Authorization": "Bearer " + demoKey, "Content-Type": "application/json",
	}, `{"model":"gpt","stream":true,"messages":[{"role":"user","content":"hello"}]}`)
	if status != 200 || !strings.Contains(body, "data: [DONE]") || strings.Contains(body, demoKey) || strings.Contains(body, demoUpstreamKey) {
		t.Errorf("%d %s", status, body)
	}
	if err := g.stop(); err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(g.stderr.String()) {
		if strings.HasPrefix(line, "{") {
			var record struct{ Msg, Outcome string }
			if err := json.Unmarshal([]byte(line), &record); err != nil || record.Msg != "exchange" || record.Outcome != "forwarded" {
				t.Errorf("%v: %s", err, line)
			}
		}
	}
}

func TestWebSocketOnBothRoutes(t *testing.T) {
	g := start(t, nil)
	addr := strings.TrimPrefix(g.url, "http://")
	for _, head := range []string{
		"GET /anthropic/v1/ws HTTP/1.1\r\nX-Gateway-Key: " + demoKey + "\r\nAuthorization: Bearer own-token\r\nAnthropic-Version: 2023-06-01\r\n",
		"GET /openai/v1/realtime?model=gpt HTTP/1.1\r\nAuthorization: Bearer " + demoKey + "\r\n",
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, head+"Host: g\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
		r := bufio.NewReader(conn)
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != 101 || res.Header.Get("Sec-Websocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
			t.Errorf("%s: %d %v", head[:20], res.StatusCode, res.Header)
		}
		_ = conn.Close()
	}
}

func TestGuards(t *testing.T) {
	flagged := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		switch bad := strings.Contains(string(body), "badword"); {
		case r.URL.Path == "/v2/guard" && r.Header.Get("Authorization") == "Bearer lakera-key":
			fmt.Fprintf(w, `{"flagged":%v}`, bad)
		case r.URL.Path == "/v1/moderations" && r.Header.Get("Authorization") == "Bearer moderation-key":
			var in struct{ Input []string }
			_ = json.Unmarshal(body, &in)
			results := make([]string, len(in.Input))
			for i, text := range in.Input {
				results[i] = fmt.Sprintf(`{"flagged":%v,"categories":{},"category_scores":{}}`, strings.Contains(text, "badword"))
			}
			fmt.Fprintf(w, `{"id":"m","model":"m","results":[%s]}`, strings.Join(results, ","))
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(flagged.Close)

	type m = map[string]string
	for _, c := range []struct {
		name string
		env  m
		args []string
	}{
		{"pattern", m{}, []string{"-block", "never-there", "-block", "bad[a-z]+"}},
		{"lakera", m{"LAKERA_API_KEY": "lakera-key", "LAKERA_BASE_URL": flagged.URL}, nil},
		{"moderation", m{"OPENAI_MODERATION_KEY": "moderation-key", "OPENAI_MODERATION_BASE_URL": flagged.URL + "/v1"}, nil},
		{"size", m{}, []string{"-max-body", "120"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			anthropic, openai := record(t), record(t)
			c.env["GATEWAY_KEYS"], c.env["OPENAI_UPSTREAM_KEY"] = "alice=secret1", "sk-upstream-key"
			g := start(t, c.env, append(c.args, "-anthropic", anthropic.URL, "-openai", openai.URL)...)
			for _, r := range []struct {
				path   string
				header m
				up     *recording
			}{
				{"/anthropic/v1/messages", m{"X-Gateway-Key": "secret1", "X-Api-Key": "sk-own-key", "Content-Type": "application/json"}, anthropic},
				{"/openai/v1/chat/completions", m{"Authorization": "Bearer secret1", "Content-Type": "application/json"}, openai},
			} {
				ask := func(text string) (int, string) {
					return send(t, "POST", g.url+r.path, r.header, `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"`+text+`"}]}`)
				}
				if status, body := ask("a good word"); status != 200 {
					t.Errorf("%s: a good word: %d %s", r.path, status, body)
				}
				want := 400
				if c.name == "size" {
					want = 413
				}
				if status, body := ask("a badword " + strings.Repeat("x", 60)); status != want {
					t.Errorf("%s: a bad one: %d %s", r.path, status, body)
				}
				if _, hits := r.up.header(); hits != 1 {
					t.Errorf("%s: the upstream was reached %d times, want once", r.path, hits)
				}
			}
		})
	}
}

func TestRefusesToStart(t *testing.T) {
	for _, c := range []struct {
		name string
		env  map[string]string
		args []string
		want string
	}{
		{"real upstream, no keys", nil, []string{"-anthropic", "http://127.0.0.1:1"}, "GATEWAY_KEYS"},
		{"real OpenAI, no key of its own", map[string]string{"GATEWAY_KEYS": "a=secret1"}, []string{"-openai", "http://127.0.0.1:1"}, "OPENAI_UPSTREAM_KEY"},
		{"malformed keys", map[string]string{"GATEWAY_KEYS": "secret1"}, nil, "GATEWAY_KEYS"},
		{"bad log", nil, []string{"-log", "xml"}, "-log"},
		{"bad URL", map[string]string{"GATEWAY_KEYS": "a=secret1"}, []string{"-anthropic", "ftp://x"}, "Upstream.URL"},
		{"bad pattern", nil, []string{"-block", "("}, "-block"},
		{"negative bound", nil, []string{"-max-body", "-1"}, "-max-body"},
		{"argument", nil, []string{"x"}, "unknown argument"},
	} {
		err := run(t.Context(), append([]string{"-listen", "127.0.0.1:0"}, c.args...), func(k string) string { return c.env[k] }, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want it to name %s", c.name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret1") {
			t.Errorf("%s: the error repeats a key: %v", c.name, err)
		}
	}
}
