package fakeupstream_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/examples/internal/fakeupstream"
	"github.com/headersafe/headersafe/internal/rawhttp"
)

const (
	claude = "Host: h\nX-Api-Key: sk-ant-api03-0123456789\nAnthropic-Version: 2023-06-01\n"
	openai = "Host: h\nAuthorization: Bearer sk-proj-0123456789\n"

	messages  = `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hello"}]}`
	chat      = `{"model":"m","messages":[{"role":"system","content":"no"},{"role":"user","content":[{"type":"text","text":"hello"}]},{"role":"assistant","content":"yes"}]}`
	responses = `{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"hello"}]}]}`
)

func streamed(body string) string { return strings.Replace(body, "{", `{"stream":true,`, 1) }

func serve(t *testing.T, h http.Handler) string {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// post returns the response to a chunked POST, so that Content-Length is not among the fields.
func post(t *testing.T, h http.Handler, path, fields, body string) *rawhttp.Response {
	t.Helper()
	chunks := ""
	if body != "" {
		chunks = hex(len(body)) + "\n" + body + "\n"
	}
	return rawhttp.Do(t, serve(t, h), "POST "+path+" HTTP/1.1\n"+fields+"Transfer-Encoding: chunked\n\n"+chunks+"0\n\n")
}

func hex(n int) string {
	const digits = "0123456789abcdef"
	if n < 16 {
		return digits[n : n+1]
	}
	return hex(n/16) + digits[n%16:n%16+1]
}

func decode(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return o
}

// at walks down objects and lists; an index is a number of the path.
func at(o any, path ...any) any {
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := o.(map[string]any)
			o = m[s]
		case int:
			list, _ := o.([]any)
			if s >= len(list) {
				return nil
			}
			o = list[s]
		}
	}
	return o
}

func TestWhatReachedItIsTold(t *testing.T) {
	r := rawhttp.Do(t, serve(t, fakeupstream.Anthropic()), "POST /v1/messages?beta=true&key=abcdefghi HTTP/1.1\nHost: h\n"+
		"authorization: Bearer sk-ant-oat01-0123456789abcdefghij\nanthropic-version: 2023-06-01\nX-A: 1\nX-A: 2\n"+
		"Trailer: X-T\nTransfer-Encoding: chunked\n\n"+hex(len(messages))+"\n"+messages+"\n0\nX-T: token\n\n")
	o := decode(t, r.Body)
	want := map[string]any{
		"method": "POST", "path": "/v1/messages", "query": "beta=true&key=abc%E2%80%A6+%28sha256+19cc02f2%29",
		"headers": map[string]any{
			"Host": []any{"h"}, "Authorization": []any{"Bearer sk-ant-oat… (sha256 4bb03833)"},
			"Anthropic-Version": []any{"2023-06-01"}, "X-A": []any{"1", "2"},
		},
		"trailers": map[string]any{"X-T": []any{"token"}},
	}
	if diff := cmp.Diff(want, o["headersafe_received"]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	wantText := "This request reached the upstream with the headers: Anthropic-Version: 2023-06-01, " +
		"Authorization: Bearer sk-ant-oat… (sha256 4bb03833), Host: h, X-A: 1, X-A: 2. You said: hello"
	if diff := cmp.Diff(wantText, at(o, "content", 0, "text")); diff != "" {
		t.Errorf("text (-want +got)\n%s", diff)
	}
}

func TestMaskNeverShowsMuch(t *testing.T) {
	for _, c := range []struct{ value, shown string }{
		{"", "…"},
		{"ab", "…"},
		{"secret1", "se…"},
		{"sk-ant-oat01-0123456789abcdefghij", "sk-ant-oat…"},
		{"Bearer sk-ant-oat01-0123456789abcdefghij", "Bearer sk-ant-oat…"},
		{"Bearer ", "Bearer …"},
		{"sid=secret; other=secret", "sid=secr…"},
	} {
		got, _, _ := strings.Cut(fakeupstream.Mask(c.value), " (sha256 ")
		if got != c.shown {
			t.Errorf("Mask(%q) shows %q, want %q", c.value, got, c.shown)
		}
	}
}

// Every endpoint answers in its provider's shape: a value at a path, and what reached the upstream.
func TestReplies(t *testing.T) {
	for _, c := range []struct {
		name          string
		handler       http.Handler
		path          string
		fields, body  string
		where         []any
		want          any
		responseField string
	}{
		{"messages", fakeupstream.Anthropic(), "/v1/messages", claude, messages, []any{"stop_reason"}, "end_turn", "Request-Id"},
		{"count_tokens", fakeupstream.Anthropic(), "/v1/messages/count_tokens", claude, messages, []any{"input_tokens"}, 18.0, "Anthropic-Ratelimit-Requests-Limit"},
		{"chat", fakeupstream.OpenAI(), "/v1/chat/completions", openai, chat, []any{"choices", 0, "finish_reason"}, "stop", "X-Request-Id"},
		{"responses", fakeupstream.OpenAI(), "/v1/responses", openai, responses, []any{"output", 0, "content", 0, "type"}, "output_text", "X-Ratelimit-Limit-Tokens"},
		{"embeddings", fakeupstream.OpenAI(), "/v1/embeddings", openai, `{"model":"m","input":["a","b"]}`, []any{"data", 1, "embedding"}, []any{0.6, 0.8, 0.0}, "X-Request-Id"},
		{"embeddings as SDKs ask", fakeupstream.OpenAI(), "/v1/embeddings", openai, `{"model":"m","input":"a","encoding_format":"base64"}`, []any{"data", 0, "embedding"}, "mpkZP83MTD8AAAAA", "X-Request-Id"},
		{"moderations", fakeupstream.OpenAI(), "/v1/moderations", openai, `{"input":["a","b"]}`, []any{"results", 1, "flagged"}, false, "X-Request-Id"},
		{"unreadable coding", fakeupstream.OpenAI(), "/v1/responses", openai + "Content-Encoding: zstd\n", "?", []any{"status"}, "completed", "X-Request-Id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := post(t, c.handler, c.path, c.fields, c.body)
			o := decode(t, r.Body)
			if diff := cmp.Diff(c.want, at(o, c.where...)); diff != "" || r.Status() != 200 {
				t.Errorf("%v (-want +got)\n%s%s", c.where, diff, r)
			}
			if at(o, "headersafe_received", "path") != c.path || !r.Fields.Has(c.responseField) || !r.Fields.Has("Set-Cookie") {
				t.Errorf("%s", r)
			}
		})
	}
}

func TestModels(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.Handler
		fields  string
	}{{"anthropic", fakeupstream.Anthropic(), claude}, {"openai", fakeupstream.OpenAI(), openai}} {
		t.Run(c.name, func(t *testing.T) {
			url := serve(t, c.handler)
			list := decode(t, rawhttp.Do(t, url, "GET /v1/models HTTP/1.1\n"+c.fields+"\n").Body)
			id, _ := at(list, "data", 0, "id").(string)
			one := decode(t, rawhttp.Do(t, url, "GET /v1/models/"+id+" HTTP/1.1\n"+c.fields+"\n").Body)
			delete(one, "headersafe_received")
			if diff := cmp.Diff(at(list, "data", 0), any(one)); diff != "" {
				t.Errorf("listed and single (-want +got)\n%s", diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name         string
		handler      http.Handler
		path         string
		fields, body string
		status       int
		kind         string
	}{
		{"no credential", fakeupstream.Anthropic(), "/v1/messages", "Host: h\nAnthropic-Version: 1\n", messages, 401, "authentication_error"},
		{"two credentials", fakeupstream.Anthropic(), "/v1/messages", claude + "Authorization: Bearer x\n", messages, 400, "invalid_request_error"},
		{"no version", fakeupstream.Anthropic(), "/v1/messages", "Host: h\nX-Api-Key: k\n", messages, 400, "invalid_request_error"},
		{"no max_tokens", fakeupstream.Anthropic(), "/v1/messages", claude, chat, 400, "invalid_request_error"},
		{"nothing to count", fakeupstream.Anthropic(), "/v1/messages/count_tokens", claude, `{"model":"m"}`, 400, "invalid_request_error"},
		{"no JSON", fakeupstream.Anthropic(), "/v1/messages", claude, "?", 400, "invalid_request_error"},
		{"no gzip", fakeupstream.Anthropic(), "/v1/messages", claude + "Content-Encoding: gzip\n", "?", 400, "invalid_request_error"},
		{"too large", fakeupstream.Anthropic(), "/v1/messages", claude, strings.Repeat(" ", 32<<20+1), 413, "request_too_large"},
		{"path", fakeupstream.Anthropic(), "/v1/nothing", claude, messages, 404, "not_found_error"},
		{"method", fakeupstream.Anthropic(), "/v1/models", claude, messages, 405, "invalid_request_error"},
		{"no credential, OpenAI", fakeupstream.OpenAI(), "/v1/responses", "Host: h\n", responses, 401, "invalid_request_error"},
		{"another scheme, OpenAI", fakeupstream.OpenAI(), "/v1/responses", "Host: h\nAuthorization: Basic x\n", responses, 401, "invalid_request_error"},
		{"no messages, OpenAI", fakeupstream.OpenAI(), "/v1/chat/completions", openai, responses, 400, "invalid_request_error"},
		{"no input, OpenAI", fakeupstream.OpenAI(), "/v1/responses", openai, chat, 400, "invalid_request_error"},
		{"no input to embed", fakeupstream.OpenAI(), "/v1/embeddings", openai, chat, 400, "invalid_request_error"},
		{"no input to moderate", fakeupstream.OpenAI(), "/v1/moderations", openai, chat, 400, "invalid_request_error"},
		{"path, OpenAI", fakeupstream.OpenAI(), "/v1/nothing", openai, chat, 404, "invalid_request_error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := post(t, c.handler, c.path, c.fields, c.body)
			o := decode(t, r.Body)
			if r.Status() != c.status || at(o, "error", "type") != c.kind || at(o, "headersafe_received", "path") != c.path {
				t.Errorf("want %d %s, got\n%s", c.status, c.kind, r)
			}
			if anthropic := o["type"] == "error"; anthropic == r.Fields.Has("X-Request-Id") {
				t.Errorf("not in the provider's shape:\n%s", r)
			}
		})
	}
}

// event is one server-sent event.
type event struct{ name, data string }

func events(t *testing.T, r *rawhttp.Response) []event {
	t.Helper()
	if r.Status() != 200 || !r.Complete() || !strings.HasPrefix(r.Fields.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("%s", r)
	}
	var out []event
	for block := range strings.SplitSeq(strings.TrimSuffix(string(r.Body), "\n\n"), "\n\n") {
		name, data := "", block
		if rest, ok := strings.CutPrefix(block, "event: "); ok {
			name, data, _ = strings.Cut(rest, "\n")
		}
		data, ok := strings.CutPrefix(data, "data: ")
		if !ok {
			t.Fatalf("no data in %q", block)
		}
		out = append(out, event{name, data})
	}
	return out
}

// A stream has the vendor's events in order, describes the request in the first, and its deltas add up to what the
// whole reply says.
func TestStreams(t *testing.T) {
	for _, c := range []struct {
		name                     string
		handler                  http.Handler
		path, fields, body       string
		events                   []string // repeats taken together
		received, delta, written []any
	}{
		{"messages", fakeupstream.Anthropic(), "/v1/messages", claude, messages,
			[]string{"message_start", "content_block_start", "ping", "content_block_delta", "content_block_stop", "message_delta", "message_stop"},
			[]any{"message", "headersafe_received"}, []any{"delta", "text"}, []any{"content", 0, "text"}},
		{"chat", fakeupstream.OpenAI(), "/v1/chat/completions", openai, chat,
			[]string{"chat.completion.chunk", "[DONE]"},
			[]any{"headersafe_received"}, []any{"choices", 0, "delta", "content"}, []any{"choices", 0, "message", "content"}},
		{"chat with usage", fakeupstream.OpenAI(), "/v1/chat/completions", openai, strings.Replace(chat, "{", `{"stream_options":{"include_usage":true},`, 1),
			[]string{"chat.completion.chunk", "[DONE]"},
			[]any{"headersafe_received"}, []any{"choices", 0, "delta", "content"}, []any{"choices", 0, "message", "content"}},
		{"responses", fakeupstream.OpenAI(), "/v1/responses", openai, responses,
			[]string{"response.created", "response.in_progress", "response.output_item.added", "response.content_part.added", "response.output_text.delta",
				"response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed"},
			[]any{"response", "headersafe_received"}, []any{"delta"}, []any{"output", 0, "content", 0, "text"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			whole := decode(t, post(t, c.handler, c.path, c.fields, c.body).Body)
			var names []string
			var text strings.Builder
			for i, e := range events(t, post(t, c.handler, c.path, c.fields, streamed(c.body))) {
				if e.data == "[DONE]" {
					names = append(names, e.data)
					continue
				}
				o := decode(t, []byte(e.data))
				kind, _ := o["type"].(string)
				if kind == "" {
					kind, _ = o["object"].(string)
				}
				if e.name != "" && e.name != kind {
					t.Errorf("event %q has the type %q", e.name, kind)
				}
				if number, ok := o["sequence_number"]; ok && number != float64(i) {
					t.Errorf("event %d has the number %v", i, number)
				}
				names = append(names, kind)
				if i == 0 && at(at(o, c.received...), "path") != c.path {
					t.Errorf("first event: %v", o)
				}
				delta, _ := at(o, c.delta...).(string)
				text.WriteString(delta)
			}
			if diff := cmp.Diff(c.events, slices.Compact(names)); diff != "" {
				t.Errorf("events (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(at(whole, c.written...), any(text.String())); diff != "" || text.Len() == 0 {
				t.Errorf("text (-whole +streamed)\n%s", diff)
			}
		})
	}
}

// The response begins before the request's handler is done: each event is flushed.
func TestEventsComeOneByOne(t *testing.T) {
	c := rawhttp.Dial(t, serve(t, fakeupstream.Anthropic()))
	body := streamed(messages)
	c.Send("POST /v1/messages HTTP/1.1\n" + claude + "Transfer-Encoding: chunked\n\n" + hex(len(body)) + "\n" + body + "\n0\n\n")
	if h, err := c.ReadHead(); err != nil || h.Status() != 200 {
		t.Fatalf("%v, %v", h, err)
	}
	for _, want := range []string{"event: message_start\n", "event: content_block_start\n", "event: ping\n"} {
		if chunk, err := c.ReadChunk(); err != nil || !strings.HasPrefix(chunk, want) || !strings.HasSuffix(chunk, "\n\n") {
			t.Errorf("chunk %q, %v, want %q", chunk, err, want)
		}
	}
}

func TestOverNetHTTP(t *testing.T) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, serve(t, fakeupstream.OpenAI())+"/v1/responses", strings.NewReader(responses))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk-0123456789")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	headers, _ := at(decode(t, raw), "headersafe_received", "headers").(map[string]any)
	want := []string{"Accept-Encoding", "Authorization", "Content-Length", "Host", "User-Agent"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(headers))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
