package main

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
)

// route is a way to have the embedded upstream repeat a text, a word an event.
type route struct {
	name   string
	path   string
	header map[string]string
	body   string // %q stands for the text, and %v for whether to stream
	end    string // what only a stream that is whole has
	event  string // how an error event in the provider's shape begins
	denial string // how an ordinary error begins
	// words finds the pieces of the text in events.
	words *regexp.Regexp
}

var routes = []route{
	{
		name: "messages", path: "/anthropic/v1/messages",
		header: map[string]string{"X-Gateway-Key": demoKey, "Authorization": "Bearer sk-ant-oat01-own", "Anthropic-Version": "2023-06-01"},
		body:   `{"model":"m","max_tokens":9,"stream":%[2]v,"messages":[{"role":"user","content":%[1]q}]}`,
		end:    "message_stop", event: "event: error\ndata: {\"type\":\"error\",\"error\":{", denial: `{"type":"error","error":{`,
		words: regexp.MustCompile(`"text":"([^"]*)","type":"text_delta"`),
	},
	{
		name: "chat", path: "/openai/v1/chat/completions", header: map[string]string{"Authorization": "Bearer " + demoKey},
		body: `{"model":"m","stream":%[2]v,"messages":[{"role":"user","content":%[1]q}]}`,
		end:  "[DONE]", event: `data: {"error":{`, denial: `{"error":{`,
		words: regexp.MustCompile(`"delta":{"content":"([^"]*)"}`),
	},
	{
		name: "responses", path: "/openai/v1/responses", header: map[string]string{"Authorization": "Bearer " + demoKey},
		body: `{"model":"m","stream":%[2]v,"input":%[1]q}`,
		end:  "response.completed", event: "event: error\ndata: {\"type\":\"error\",", denial: `{"error":{`,
		words: regexp.MustCompile(`"delta":"([^"]*)"`),
	},
}

// ask has the route say a text, and returns the status, the body, and the text in it.
func (r route) ask(t *testing.T, g *running, text string, stream bool) (status int, body, said string) {
	t.Helper()
	header := map[string]string{"Content-Type": "application/json"}
	for name, value := range r.header {
		header[name] = value
	}
	status, body = send(t, "POST", g.url+r.path, header, fmt.Sprintf(r.body, text, stream))
	if !stream {
		return status, body, body
	}
	for _, piece := range r.words.FindAllStringSubmatch(body, -1) {
		said += piece[1]
	}
	return status, body, said
}

// answered is what the records say of answers, one for each exchange.
func answered(t *testing.T, g *running) []string {
	t.Helper()
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(g.stderr.String()) {
		if !strings.HasPrefix(line, "{") {
			continue
		}
		type outcome struct{ Outcome string }
		var record struct {
			Guardrail struct {
				Response struct {
					Mode, Outcome string
					Words         outcome `json:"block-response"`
				}
			}
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		r := record.Guardrail.Response
		all = append(all, fmt.Sprintf("%s: %s, the guard: %s", r.Mode, r.Outcome, r.Words.Outcome))
	}
	return all
}

var (
	goodText = strings.Repeat("a few good words, ", 200) // more than two windows
	badText  = goodText + "and then a banned phrase, please"
)

// badWords matches what two events say together.
const badWords = `banned\s+phrase`

func TestGuardsOnAnswers(t *testing.T) {
	for _, mode := range []string{"hold", "window", "observe"} {
		for _, r := range routes {
			for _, stream := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s %s, stream: %v", mode, r.name, stream), func(t *testing.T) {
					g := start(t, nil, "-log", "json", "-block-response", "never there", "-block-response", badWords, "-response-mode", mode)

					status, body, said := r.ask(t, g, goodText, stream)
					if status != 200 || !strings.Contains(said, goodText) || stream && !strings.Contains(body, r.end) {
						t.Errorf("a good text: %d %s", status, body)
					}

					status, body, said = r.ask(t, g, badText, stream)
					blocked := fmt.Sprintf("%s: block, the guard: block", mode)
					switch {
					case mode == "observe":
						blocked = "observe: pass, the guard: block"
						if status != 200 || !strings.Contains(said, badText) || stream && !strings.Contains(body, r.end) {
							t.Errorf("a bad text: %d %s", status, body)
						}
					case mode == "window" && stream: // the first windows have left by then
						at := strings.Index(body, r.event)
						if status != 200 || at < 0 || !strings.HasSuffix(body, "}\n\n") || strings.Count(body[max(at, 0):], "\n\n") > 1 || !strings.Contains(said, "good words") {
							t.Errorf("a bad text is not cut off with an error event: %d %s", status, body)
						}
					default:
						if status != 400 || !strings.HasPrefix(body, r.denial) {
							t.Errorf("a bad text is not denied: %d %s", status, body)
						}
					}
					if mode != "observe" && (strings.Contains(said, "banned") || strings.Contains(body, r.end)) {
						t.Errorf("of a bad text the client got %s", body)
					}

					want := []string{mode + ": pass, the guard: pass", blocked}
					if got := answered(t, g); strings.Join(got, "\n") != strings.Join(want, "\n") {
						t.Errorf("the records say %q, want %q", got, want)
					}
				})
			}
		}
	}
}

// Guards on answers have nothing against the same words in a request, and the other way around.
func TestGuardsKeepDirectionsApart(t *testing.T) {
	g := start(t, nil, "-block", badWords, "-block-response", "few good words", "-response-mode", "hold")
	r := routes[0]
	if status, body, _ := r.ask(t, g, badText, false); status != 400 || !strings.Contains(body, "The request was blocked") {
		t.Errorf("%d %s", status, body)
	}
	if status, body, _ := r.ask(t, g, goodText, false); status != 400 || !strings.Contains(body, "The response was blocked") {
		t.Errorf("%d %s", status, body)
	}
	if status, body, _ := r.ask(t, g, "something else", false); status != 200 {
		t.Errorf("%d %s", status, body)
	}
}

func TestResponseFlags(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no mode", []string{"-block-response", "x"}, "-response-mode"},
		{"nothing to look for", []string{"-response-mode", "hold"}, "-block-response"},
		{"a mode of requests", []string{"-block-response", "x", "-response-mode", "alongside"}, "must be hold, window or observe"},
		{"the mode that stands for none", []string{"-block-response", "x", "-response-mode", "block"}, "must be hold, window or observe"},
		{"an empty mode", []string{"-block-response", "x", "-response-mode", ""}, "must be hold, window or observe"},
		{"no mode by that name", []string{"-block-response", "x", "-response-mode", "Hold"}, "must be hold, window or observe"},
		{"a bad pattern", []string{"-block-response", "(", "-response-mode", "hold"}, "-block-response"},
		{"an empty pattern", []string{"-block-response", "", "-response-mode", "hold"}, "-block-response"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := run(t.Context(), append([]string{"-listen", "127.0.0.1:0"}, c.args...), func(string) string { return "" }, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want it to name %s", err, c.want)
			}
		})
	}
}
