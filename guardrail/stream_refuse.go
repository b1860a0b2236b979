package guardrail

import "encoding/json"

// The error events of each API. Their SDKs look at the name of an event (Anthropic's), or at a member "error" of its data
// (OpenAI's), and raise an error for either.

// anthropicError returns the event of https://docs.anthropic.com/en/docs/build-with-claude/streaming#error-events.
func anthropicError(code, message string) []byte {
	type detail struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
	kind := "api_error"
	switch code {
	case "blocked":
		kind = "invalid_request_error"
	case "guard-unavailable", "busy":
		kind = "overloaded_error"
	}
	return errorEvent("error", struct {
		Type  string `json:"type"`
		Error detail `json:"error"`
	}{"error", detail{kind, message}})
}

// openAIDetail is the object by which OpenAI's SDKs know an error.
type openAIDetail struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    string  `json:"code"`
}

func newOpenAIDetail(code, message string) openAIDetail {
	kind := "server_error"
	if code == "blocked" {
		kind = "invalid_request_error"
	}
	return openAIDetail{Message: message, Type: kind, Code: code}
}

func openAIError(code, message string) []byte {
	return errorEvent("", struct {
		Error openAIDetail `json:"error"`
	}{newOpenAIDetail(code, message)})
}

// openAIResponseError returns a ResponseErrorEvent. By itself that is no error to the SDKs, so that it has an object
// "error" as well.
func openAIResponseError(code, message string, number int64) []byte {
	return errorEvent("error", struct {
		Type           string       `json:"type"`
		Code           string       `json:"code"`
		Message        string       `json:"message"`
		Param          *string      `json:"param"`
		SequenceNumber int64        `json:"sequence_number"`
		Error          openAIDetail `json:"error"`
	}{"error", code, message, nil, number, newOpenAIDetail(code, message)})
}

func errorEvent(name string, data any) []byte {
	body, err := json.Marshal(data) // one line, and U+2028 in escapes
	if err != nil {                 // strings and numbers always marshal
		body = []byte(`{"type":"error","error":{}}`)
	}
	var event []byte
	if name != "" {
		event = append(append(append(event, "event: "...), name...), '\n')
	}
	return append(append(append(event, "data: "...), body...), "\n\n"...)
}
