package passthrough

import (
	"encoding/json"
	"net/http"

	"github.com/headersafe/headersafe/internal/denial"
)

// Denial is a refusal: a public part for the client, and a private Detail for the exchange record.
type Denial = denial.Denial

// ErrorShape renders the public part of a [Denial] as a response body and its media type.
type ErrorShape = denial.Shape

// ProblemErrors is application/problem+json (RFC 9457), the default.
func ProblemErrors(d Denial) (contentType string, body []byte) { return denial.Problem(d) }

// AnthropicErrors is the error body of Anthropic's API, from which its SDKs make their typed errors
// (https://docs.anthropic.com/en/api/errors).
func AnthropicErrors(d Denial) (contentType string, body []byte) {
	type detail struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
	return encode(struct {
		Type  string `json:"type"`
		Error detail `json:"error"`
	}{"error", detail{anthropicType(d.Status), d.Message}})
}

func anthropicType(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusNotFound:
		return "not_found_error"
	case http.StatusRequestEntityTooLarge:
		return "request_too_large"
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	case http.StatusServiceUnavailable:
		return "overloaded_error"
	case http.StatusGatewayTimeout:
		return "timeout_error"
	}
	if status >= 500 {
		return "api_error"
	}
	return "invalid_request_error"
}

// OpenAIErrors is the error body of OpenAI's API, from which its SDKs make their typed errors
// (https://platform.openai.com/docs/guides/error-codes).
func OpenAIErrors(d Denial) (contentType string, body []byte) {
	type detail struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    string  `json:"code"`
	}
	return encode(struct {
		Error detail `json:"error"`
	}{detail{Message: d.Message, Type: openAIType(d.Status), Code: d.Code}})
}

func openAIType(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "authentication_error"
	case status == http.StatusForbidden:
		return "permission_error"
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status >= 500:
		return "server_error"
	}
	return "invalid_request_error"
}

func encode(v any) (string, []byte) {
	body, err := json.Marshal(v)
	if err != nil { // strings always marshal
		body = []byte("{}")
	}
	return "application/json", body
}
