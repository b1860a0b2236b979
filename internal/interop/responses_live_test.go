package interop

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/google/go-cmp/cmp"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/ssestream"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/passthrough"
)

// The guard on answers blocks this. It is said in pieces, after and before others.
const phrase = "banned phrase"

var (
	before = slices.Repeat([]string{"Tulips bloom in ", "spring, and "}, 8)
	said   = []string{"so is the ba", "nned phr", "ase as well, "}
	after  = slices.Repeat([]string{"crocuses do ", "so as well, "}, 8)
)

// reason is what the client may learn.
const reason = "matches a pattern that is not allowed"

// modes are all the modes, with windows that are small.
var modes = []guardrail.Responses{
	{Mode: guardrail.Hold, KeepAlive: -1},
	{Mode: guardrail.Window, WindowSize: 32, WindowOverlap: 16, MaxHold: -1, KeepAlive: -1},
	{Mode: guardrail.Observe},
}

// recorder keeps the records of answers.
type recorder chan *guardrail.ResponseRecord

func (r recorder) Observe(_ context.Context, e *passthrough.Exchange) { r <- e.Guardrail.Response }

// guarded is a gateway whose answers are judged.
func guarded(t *testing.T, upstream string, r guardrail.Responses) (url string, records recorder) {
	t.Helper()
	words, err := guardrail.Patterns("phrases", phrase)
	if err != nil {
		t.Fatal(err)
	}
	r.Guards = []guardrail.Guard{words}
	r.DangerouslyAllowOpaque = "recorded answers have images in them"
	records = make(recorder, 1)
	return gateway(t, upstream, r, records), records
}

// sdkOf returns the SDK with the name.
func sdkOf(t *testing.T, name string) sdk {
	t.Helper()
	at := slices.IndexFunc(sdks, func(s sdk) bool { return s.name == name })
	if at < 0 {
		t.Fatalf("no SDK is called %q", name)
	}
	return sdks[at]
}

// same compares what an SDK read through a gateway with what it read from the upstream.
func same(t *testing.T, direct, through transcript) {
	t.Helper()
	if diff := cmp.Diff(direct.Events, through.Events); diff != "" {
		t.Errorf("the events (-direct +through):\n%s", diff)
	}
	if diff := cmp.Diff(pretty(t, direct.Message), pretty(t, through.Message)); diff != "" {
		t.Errorf("the message (-direct +through):\n%s", diff)
	}
	if direct.Text != through.Text || direct.Complete != through.Complete {
		t.Errorf("%q complete: %v, want %q %v", through.Text, through.Complete, direct.Text, direct.Complete)
	}
	if (direct.Err == nil) != (through.Err == nil) {
		t.Errorf("%v, want %v", through.Err, direct.Err)
	}
}

// passing are streams in which nothing is wrong: those recorded for the tests of package guardrail, and those in which
// the phrase stands, without it.
func passing(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for file, name := range map[string]string{
		"anthropic-text": "anthropic", "anthropic-tools": "anthropic", "anthropic-error": "anthropic",
		"openai-chat": "chat", "openai-chat-others": "chat", "openai-chat-error": "chat",
		"openai-responses-text": "responses", "openai-responses-tools": "responses", "openai-responses-error": "responses",
	} {
		recorded, err := os.ReadFile(filepath.Join("..", "..", "guardrail", "testdata", "streams", file+".sse"))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = append(all[name], string(recorded))
	}
	for _, w := range wordings {
		all[w.sdk] = append(all[w.sdk], w.stream(t, slices.Concat(before, after)))
	}
	return all
}

// In each mode an SDK reads from the gateway what it reads from the upstream, byte for byte.
func TestStreamsPassUnchanged(t *testing.T) {
	for name, streams := range passing(t) {
		for _, stream := range streams {
			s := sdkOf(t, name)
			upstream := answering(t, http.StatusOK, "text/event-stream", parts(stream)...)
			direct := s.stream(t, s.direct(upstream), http.DefaultClient)
			if len(direct.Events) == 0 {
				t.Fatalf("%s: the SDK can't read the upstream's own stream: %v", name, direct.Err)
			}
			for _, r := range modes {
				t.Run(name+" "+r.Mode.String(), func(t *testing.T) {
					url, records := guarded(t, upstream, r)
					tap := newTap()
					same(t, direct, s.stream(t, s.through(url), tap.client()))
					record := <-records
					if record.Outcome != guardrail.Passed || record.Released != int64(len(stream)) {
						t.Errorf("the record: %+v", record)
					}
					if diff := cmp.Diff(stream, tap.bytes()); diff != "" {
						t.Errorf("the client got other bytes than the upstream sent (-want +got):\n%s", diff)
					}
				})
			}
		}
	}
}

// comment is a keep-alive.
const comment = ": keep-alive\n"

// An SDK doesn't see keep-alives.
func TestKeepAlivesAreUnseen(t *testing.T) {
	for _, w := range wordings {
		t.Run(w.sdk+" "+w.place, func(t *testing.T) {
			s := sdkOf(t, w.sdk)
			stream := w.stream(t, slices.Concat(before, after))
			tap := newTap()
			sent := parts(stream)
			direct := s.stream(t, s.direct(answering(t, http.StatusOK, "text/event-stream", sent...)), http.DefaultClient)
			sent[4].before = tap.wait
			url, records := guarded(t, answering(t, http.StatusOK, "text/event-stream", sent...), guardrail.Responses{Mode: guardrail.Hold, KeepAlive: time.Millisecond})
			same(t, direct, s.stream(t, s.through(url), tap.client()))
			if got := tap.bytes(); !strings.HasPrefix(got, comment) || strings.ReplaceAll(got, comment, "") != stream {
				t.Errorf("the client got %.200q", got)
			}
			if record := <-records; record.Outcome != guardrail.Passed || record.Released != int64(len(stream)) || record.Held == 0 {
				t.Errorf("the record: %+v", record)
			}
		})
	}
}

// raised checks that err is the SDK's own for an error in the middle of a stream, and has the public reason.
func raised(t *testing.T, name string, err error) {
	t.Helper()
	if name == "anthropic" {
		e, ok := errors.AsType[*anthropic.Error](err)
		if !ok || e.StatusCode != http.StatusOK || e.Type() != anthropic.ErrorTypeInvalidRequestError || !strings.Contains(e.RawJSON(), reason) {
			t.Errorf("%T %v", err, err)
		}
		return
	}
	e, ok := errors.AsType[*ssestream.StreamError](err)
	if !ok || !strings.Contains(e.Message, reason) || !strings.Contains(e.Message, `"code":"blocked"`) {
		t.Fatalf("%T %v", err, err)
	}
	if name == "responses" {
		if !strings.Contains(string(e.Event.Data), `"type":"error"`) || e.Event.Type != "error" {
			t.Errorf("the event is %s %s", e.Event.Type, e.Event.Data)
		}
	}
}

// refused checks that err is the SDK's own for an answer with a status of 400, and has the public reason.
func refused(t *testing.T, name string, err error) {
	t.Helper()
	if name == "anthropic" {
		e, ok := errors.AsType[*anthropic.Error](err)
		if !ok || e.StatusCode != http.StatusBadRequest || e.Type() != anthropic.ErrorTypeInvalidRequestError || !strings.Contains(e.RawJSON(), reason) {
			t.Errorf("%T %v", err, err)
		}
		return
	}
	e, ok := errors.AsType[*openai.Error](err)
	if !ok || e.StatusCode != http.StatusBadRequest || e.Code != "blocked" || !strings.Contains(e.Message, reason) {
		t.Errorf("%T %v", err, err)
	}
}

// With Hold, a block before anything has been sent is an ordinary error.
func TestBlockedBeforeTheStream(t *testing.T) {
	for _, w := range wordings {
		t.Run(w.sdk+" "+w.place, func(t *testing.T) {
			refused(t, w.sdk, blockedUnseen(t, w, modes[0], newTap(), nil))
		})
	}
}

// With Hold, a block after a keep-alive is an error event, and nothing else.
func TestBlockedAfterAKeepAlive(t *testing.T) {
	for _, w := range wordings {
		t.Run(w.sdk+" "+w.place, func(t *testing.T) {
			tap := newTap()
			raised(t, w.sdk, blockedUnseen(t, w, guardrail.Responses{Mode: guardrail.Hold, KeepAlive: time.Millisecond}, tap, tap.wait))
			if got := strings.ReplaceAll(tap.bytes(), comment, ""); strings.Count(got, "\n\n") != 1 || strings.Contains(got, "Tulips") {
				t.Errorf("the client got %s", got)
			}
		})
	}
}

// blockedUnseen has a stream blocked of which the SDK sees nothing, and returns the SDK's error. The upstream calls
// pause when it has sent some events.
func blockedUnseen(t *testing.T, w wording, r guardrail.Responses, tap *tap, pause func(*http.Request)) error {
	t.Helper()
	s := sdkOf(t, w.sdk)
	sent := parts(w.stream(t, slices.Concat(before, said, after)))
	sent[4].before = pause
	url, records := guarded(t, answering(t, http.StatusOK, "text/event-stream", sent...), r)
	got := s.stream(t, s.through(url), tap.client())
	if len(got.Events) > 0 || got.Complete {
		t.Errorf("the SDK saw %+v", got)
	}
	if record := <-records; record.Outcome != guardrail.Blocked || record.Released != 0 {
		t.Errorf("the record: %+v", record)
	}
	return got.Err
}

// With Window, a block in the middle of a stream is an error event, before which no byte of the phrase has come.
func TestBlockedInTheMiddle(t *testing.T) {
	for _, w := range wordings {
		t.Run(w.sdk+" "+w.place, func(t *testing.T) {
			s := sdkOf(t, w.sdk)
			stream := w.stream(t, slices.Concat(before, said, after))
			url, records := guarded(t, answering(t, http.StatusOK, "text/event-stream", parts(stream)...), modes[1])
			tap := newTap()
			got := s.stream(t, s.through(url), tap.client())
			if got.Text == "" {
				t.Errorf("nothing was released before: %+v", got)
			}
			cutOff(t, w.sdk, got, stream, tap.bytes(), <-records)
		})
	}
}

// A block ends the upstream's work at once, also while it is silent and the forwarder waits for it: here the upstream does
// nothing but wait for that.
func TestBlockedWhileTheUpstreamIsSilent(t *testing.T) {
	for _, w := range wordings {
		t.Run(w.sdk+" "+w.place, func(t *testing.T) {
			s := sdkOf(t, w.sdk)
			stream := w.stream(t, slices.Concat(before, said, after))
			sent := parts(stream)
			sent[len(sent)-8].before = func(r *http.Request) { <-r.Context().Done() }
			url, records := guarded(t, answering(t, http.StatusOK, "text/event-stream", sent...),
				guardrail.Responses{Mode: guardrail.Window, WindowSize: 1 << 20, WindowOverlap: 16, MaxHold: time.Millisecond})
			tap := newTap()
			got := s.stream(t, s.through(url), tap.client())
			cutOff(t, w.sdk, got, stream, tap.bytes(), <-records)
		})
	}
}

// cutOff checks what an SDK, a client and the record got of a stream that was blocked in the middle.
func cutOff(t *testing.T, name string, got transcript, stream, bytes string, record *guardrail.ResponseRecord) {
	t.Helper()
	raised(t, name, got.Err)
	if got.Complete {
		t.Errorf("the SDK takes it for complete: %+v", got)
	}
	released := released(t, stream, bytes)
	if at := strings.Index(stream, said[0][:6]); released > at || released == 0 {
		t.Errorf("%d bytes were released, and the phrase's sentence begins at %d", released, at)
	}
	if record.Outcome != guardrail.Blocked || record.Released != int64(released) {
		t.Errorf("the record: %+v, and %d bytes were released", record, released)
	}
}

// released returns how many of the stream's bytes a client got before one error event, which ends what it got.
func released(t *testing.T, stream, got string) int {
	t.Helper()
	n := 0
	for n < min(len(got), len(stream)) && got[n] == stream[n] {
		n++
	}
	n = strings.LastIndex(got[:n], "\n\n") + 2
	if rest := got[n:]; !strings.Contains(rest, `"error"`) || strings.Count(rest, "\n\n") != 1 || !strings.HasSuffix(rest, "\n\n") {
		t.Errorf("after the upstream's own events comes %q", rest)
	}
	return n
}

// With Observe everything passes, and the record says what would have been blocked.
func TestObservedStreamsPass(t *testing.T) {
	for _, w := range wordings {
		t.Run(w.sdk+" "+w.place, func(t *testing.T) {
			s := sdkOf(t, w.sdk)
			stream := w.stream(t, slices.Concat(before, said, after))
			upstream := answering(t, http.StatusOK, "text/event-stream", parts(stream)...)
			url, records := guarded(t, upstream, modes[2])
			same(t, s.stream(t, s.direct(upstream), http.DefaultClient), s.stream(t, s.through(url), http.DefaultClient))
			record := <-records
			if len(record.Guards) != 1 || record.Guards[0].Outcome != guardrail.Blocked || record.Released != int64(len(stream)) {
				t.Errorf("the record: %+v", record)
			}
		})
	}
}

// document returns a JSON answer with a text in it.
func document(t *testing.T, name, text string) string {
	t.Helper()
	return encode(t, map[string]object{
		"anthropic": {
			"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "stop_reason": "tool_use", "stop_sequence": nil,
			"content": []any{
				object{"type": "thinking", "thinking": "The flowers, first.", "signature": "EqQBCgIYAhIM1gbcDa9G"},
				object{"type": "text", "text": "Here they are."},
				object{"type": "tool_use", "id": "toolu_1", "name": "find", "input": object{"words": []any{text}}},
			},
			"usage": object{"input_tokens": 1, "output_tokens": 2},
		},
		"chat": {
			"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt", "choices": []any{
				object{"index": 0, "finish_reason": "stop", "message": object{"role": "assistant", "content": "Here they are."}},
				object{"index": 1, "finish_reason": "stop", "message": object{"role": "assistant", "content": text, "refusal": nil}},
			},
		},
		"responses": {
			"id": "resp_1", "object": "response", "created_at": 1, "model": "gpt", "status": "completed", "output": []any{
				object{"type": "reasoning", "id": "rs_1", "summary": []any{object{"type": "summary_text", "text": "The flowers, first."}}},
				object{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": []any{
					object{"type": "output_text", "text": text, "annotations": []any{}},
				}},
			},
		},
	}[name])
}

// JSON answers pass unchanged, and are blocked as a whole.
func TestJSONAnswers(t *testing.T) {
	for _, s := range sdks {
		for _, r := range modes {
			for _, text := range []string{"Tulips bloom in spring.", "There is a " + phrase + " here."} {
				t.Run(s.name+" "+r.Mode.String(), func(t *testing.T) {
					body := document(t, s.name, text)
					upstream := answering(t, http.StatusOK, "application/json", part{bytes: body[:9]}, part{bytes: body[9:]})
					url, records := guarded(t, upstream, r)
					tap := newTap()
					got := s.ask(t, s.through(url), tap.client())
					record := <-records
					if r.Mode != guardrail.Observe && strings.Contains(text, phrase) {
						refused(t, s.name, got.Err)
						if record.Outcome != guardrail.Blocked || record.Released != 0 || strings.Contains(tap.bytes(), phrase) {
							t.Errorf("the client got %s, the record: %+v", tap.bytes(), record)
						}
						return
					}
					same(t, s.ask(t, s.direct(upstream), http.DefaultClient), got)
					if tap.bytes() != body || record.Released != int64(len(body)) {
						t.Errorf("the client got %s, the record: %+v", tap.bytes(), record)
					}
				})
			}
		}
	}
}

// The upstream's own errors keep their status and body, unless they say what is not allowed.
func TestErrorsOfTheUpstream(t *testing.T) {
	for _, s := range sdks {
		for _, message := range []string{"You are too fast.", "There was a " + phrase + " in it."} {
			t.Run(s.name+" "+message, func(t *testing.T) {
				body := encode(t, object{"error": object{"message": message, "type": "rate_limit_exceeded", "param": nil, "code": "rate_limit_exceeded"}})
				if s.name == "anthropic" {
					body = encode(t, object{"type": "error", "error": object{"type": "rate_limit_error", "message": message}, "request_id": "req_1"})
				}
				url, _ := guarded(t, answering(t, http.StatusTooManyRequests, "application/json", part{bytes: body}), modes[0])
				tap := newTap()
				got := s.stream(t, s.through(url), tap.client())
				if strings.Contains(message, phrase) {
					refused(t, s.name, got.Err)
					return
				}
				status := 0
				if e, ok := errors.AsType[*anthropic.Error](got.Err); ok {
					status = e.StatusCode
				} else if e, ok := errors.AsType[*openai.Error](got.Err); ok {
					status = e.StatusCode
				}
				if status != http.StatusTooManyRequests || tap.bytes() != body {
					t.Errorf("%d %T %v, and the client got %s", status, got.Err, got.Err, tap.bytes())
				}
			})
		}
	}
}
