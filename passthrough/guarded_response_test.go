package passthrough_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/headersafe/headersafe/guardrail"
	"github.com/headersafe/headersafe/internal/rawhttp"
	"github.com/headersafe/headersafe/passthrough"
)

// blockedPhrase is what answers must not say, to the last word of it.
const blockedPhrase = "crimson heron"

// judgingAnswers puts guards of requests and answers before the route.
func judgingAnswers(t *testing.T, mode guardrail.Mode, more ...guardrail.Guard) option {
	t.Helper()
	phrase, err := guardrail.Patterns("phrase", blockedPhrase)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *passthrough.Config) {
		guarded(append(more, words{now()})...)(c)
		c.Errors = passthrough.AnthropicErrors
		r := guardrail.Responses{Guards: []guardrail.Guard{phrase}, Mode: mode}
		if mode == guardrail.Window {
			r.WindowSize, r.WindowOverlap = 64, 32
		}
		c.Guardrail.Responses = r
	}
}

// eventStream is a stream of Anthropic's that says a text, three bytes an event.
func eventStream(text string) string { return eventStreamBy(3, text) }

// eventStreamBy is an eventStream with so many bytes of the text an event.
func eventStreamBy(n int, text string) string {
	const begin = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude\",\"content\":[]," +
		"\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n" +
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
	const end = "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n" +
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":9}}\n\n" +
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
	var b strings.Builder
	b.WriteString(begin)
	for ; text != ""; text = text[min(n, len(text)):] {
		b.WriteString("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"" + text[:min(n, len(text))] + "\"}}\n\n")
	}
	b.WriteString(end)
	return b.String()
}

// inChunks is a body in chunks of odd sizes, without the last one.
func inChunks(body string) string {
	var b strings.Builder
	for n := 1; body != ""; n = n*7%61 + 1 {
		part := body[:min(n, len(body))]
		b.WriteString(hex(len(part)) + "\r\n" + part + "\r\n")
		body = body[len(part):]
	}
	return b.String()
}

const answerHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nRequest-Id: req_1\r\nTransfer-Encoding: chunked\r\n\r\n"

var harmless = strings.Repeat("the quick brown fox jumps over the lazy dog and says nothing of it. ", 4)

// What passes is what the upstream sent; what is blocked is nowhere in what the client received, in no mode that promises it;
// and the record says whose doing it was.
func TestGuardedAnswers(t *testing.T) {
	json := func(text string) string {
		return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
			inChunks(`{"type":"message","role":"assistant","content":[{"type":"text","text":"`+text+`"}]}`) + "0\r\n\r\n"
	}
	stream := func(text string) string { return answerHead + inChunks(eventStream(text)) + "0\r\n\r\n" }
	cut := func(text string) string { return answerHead + inChunks(eventStream(text)[:3000]) }
	for _, mode := range []guardrail.Mode{guardrail.Hold, guardrail.Window, guardrail.Observe} {
		for _, c := range []struct {
			name, reply string
			status      map[guardrail.Mode]int
			outcome     passthrough.Outcome
			code        string
		}{
			{"a good stream", stream(harmless), nil, passthrough.Forwarded, ""},
			{"a good answer", json(harmless), nil, passthrough.Forwarded, ""},
			{"a banned stream", stream(harmless + blockedPhrase + harmless), map[guardrail.Mode]int{guardrail.Hold: 400}, passthrough.Denied, "blocked"},
			{"a banned answer", json(harmless + blockedPhrase), map[guardrail.Mode]int{guardrail.Hold: 400, guardrail.Window: 400}, passthrough.Denied, "blocked"},
			{"a stream that breaks off", cut(harmless), map[guardrail.Mode]int{guardrail.Hold: 502}, passthrough.Truncated, "response-incomplete"},
		} {
			t.Run(mode.String()+"/"+c.name, func(t *testing.T) {
				up := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
					x.ReadBody()
					x.SendExactly(c.reply)
					x.Close()
				})
				g := newGateway(t, &upstream{url: up.URL()}, judgingAnswers(t, mode))
				res := rawhttp.Do(t, g.url, asking("a good one", "Accept-Encoding: gzip, br", "Range: bytes=0-5")+"\n")
				e := g.record()
				status := c.status[mode]
				if status == 0 {
					status = 200
				}
				if res.Status() != status || e.Status != status || res.Complete() != (c.outcome != passthrough.Truncated || status != 200) {
					t.Fatalf("%s\n%+v", res, e)
				}
				got := up.Requests()[0].Head.Fields
				if enc := got.Values("Accept-Encoding"); len(enc) != 1 || enc[0] != "identity" || got.Has("Range") {
					t.Errorf("the upstream was asked with %v", got)
				}
				outcome := c.outcome
				if mode == guardrail.Observe && outcome == passthrough.Denied {
					outcome = passthrough.Forwarded
				}
				if e.Outcome != outcome || e.Guardrail.Response == nil || e.BytesOut != e.Guardrail.Response.Released {
					t.Errorf("the record says %s: %+v", e.Outcome, e.Guardrail.Response)
				}
				if outcome == passthrough.Denied && (e.Denial == nil || e.Denial.Stage != "guardrail" || e.Denial.Code != c.code || e.Error != "") {
					t.Errorf("the record says %+v, %q", e.Denial, e.Error)
				}
				switch {
				case mode == guardrail.Observe:
					return
				case c.name == "a good stream" && string(res.Body) != eventStream(harmless):
					t.Errorf("it was changed:\n%s", res.Body)
				case c.code == "blocked":
					noTrace(t, res)
				}
				if strings.Contains(g.logs.String(), "quick brown") || strings.Contains(g.logs.String(), "crimson") {
					t.Error("an answer's words are in the log")
				}
			})
		}
	}
}

// noTrace checks that nothing of what is blocked reached the client, neither in one piece nor in the pieces in which it was said,
// and that the answer doesn't look complete.
func noTrace(t *testing.T, res *rawhttp.Response) {
	t.Helper()
	text := string(res.Body)
	for _, trace := range []string{blockedPhrase, "crimson", "\"cri\"", "\"mso\"", "\"ron\"", "message_stop"} {
		if strings.Contains(text, trace) {
			t.Errorf("%q reached the client:\n%s", trace, text)
		}
	}
	if !strings.Contains(text, `"type":"error"`) {
		t.Errorf("no error in\n%s", text)
	}
}

// A block ends the upstream's work at once, although it has more to say; so it does with a guard alongside.
func TestGuardedAnswerCancels(t *testing.T) {
	for name, more := range map[string][]guardrail.Guard{"alone": nil, "alongside another": {guardrail.InMode(words2{words{now()}}, guardrail.Alongside)}} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan struct{})
			up := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
				defer close(closed)
				x.ReadBody()
				stream := eventStream(harmless + blockedPhrase + harmless)
				x.SendExactly(answerHead + inChunks(stream[:len(stream)-200]))
				_, _ = x.AwaitClose()
			})
			g := newGateway(t, &upstream{url: up.URL()}, judgingAnswers(t, guardrail.Window, more...))
			res := rawhttp.Do(t, g.url, asking("a good one")+"\n")
			<-closed
			noTrace(t, res)
			if e := g.record(); res.Status() != http.StatusOK || !res.Complete() || e.Outcome != passthrough.Denied || e.Status != http.StatusOK || e.Denial.Code != "blocked" {
				t.Errorf("%s\n%+v", res, e)
			}
		})
	}
}

// words2 is words under another name.
type words2 struct{ words }

func (words2) Describe() guardrail.Description { return guardrail.Description{Name: "words alongside"} }

// What the gateway itself has to say of an upstream that can't be reached is nobody's to judge.
func TestGuardedAnswerThatIsOurs(t *testing.T) {
	up := rawhttp.Upstream(t, func(x *rawhttp.Exchange) {
		x.ReadBody()
		x.Close()
	})
	g := newGateway(t, &upstream{url: up.URL()}, judgingAnswers(t, guardrail.Hold))
	res := rawhttp.Do(t, g.url, asking("a good one")+"\n")
	e := g.record()
	if res.Status() != http.StatusBadGateway || e.Outcome != passthrough.UpstreamClosed || e.Denial.Stage != "forwarder" || e.Guardrail.Response != nil {
		t.Errorf("%s\n%+v", res, e)
	}
}
