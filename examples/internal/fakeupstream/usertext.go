package fakeupstream

import "strings"

// lastUserText returns the text that the user said last: in messages, as Anthropic and OpenAI's chat have them, or
// in the input of OpenAI's responses and embeddings, which is a string or a list.
func lastUserText(messages []any, input any) string {
	switch in := input.(type) {
	case string:
		return in
	case []any:
		messages = in
	}
	for i := len(messages) - 1; i >= 0; i-- {
		switch m := messages[i].(type) {
		case string:
			return m
		case object:
			if m["role"] != "user" {
				continue
			}
			if text := blockText(m["content"]); text != "" {
				return text
			}
		}
	}
	return ""
}

// blockText joins the text of a content: a string, or blocks of which some have text.
func blockText(content any) string {
	switch c := content.(type) {
	case string:
		return c
	case []any:
		var texts []string
		for _, block := range c {
			if b, ok := block.(object); ok {
				if text, ok := b["text"].(string); ok {
					texts = append(texts, text)
				}
			}
		}
		return strings.Join(texts, "\n")
	}
	return ""
}
