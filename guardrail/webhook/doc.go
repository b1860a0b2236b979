// Package webhook is a guard that asks any service that speaks LiteLLM's generic guardrail API
// (POST /beta/litellm_basic_guardrail_api; docs.litellm.ai/docs/adding_provider/generic_guardrail_api), which several
// vendors do, and which is little to write for a service of one's own.
//
// # What it is asked
//
// All texts of a request go in one question, in the order of the document:
//
//	{
//	  "input_type": "request",
//	  "texts": ["You are a helpful assistant.", "Hello!"],
//	  "structured_messages": [{"role": "user", "content": "Hello!"}, …],   // with Config.Messages
//	  "request_data": {"user_api_key_user_id": "alice"},                   // {} without Config.Caller
//	  "additional_provider_specific_params": {…}                           // Config.Params
//	}
//
// Of an answer, the input_type is "response". Its structured_messages are those of the request, and then its own. An event
// stream in mode window is asked about once a window.
//
// The key goes in the field X-Api-Key, as the services have it that check one, or in [Config].KeyField. Images are not
// sent: what no guard can read is the guardrail's to decide.
//
// # What it answers
//
// The action NONE passes. BLOCKED blocks. So does GUARDRAIL_INTERVENED: the service wants to go on with other texts, and
// a body is never changed here. Anything else is an error. What the service gives as its reason is the client's to see
// only with [Config].PublicReason, and goes into the record only with [Config].RecordReason, since it could
// repeat the text.
//
// Anything but a whole, strict, documented reply with status 200 within the deadline is an error, and so blocks unless
// the guard is made to fail open. Bounds and retries are those of [Config].
package webhook
