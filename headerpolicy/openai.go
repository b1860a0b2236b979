package headerpolicy

// OpenAI returns what OpenAI's SDKs, Codex and plain HTTP clients need to use api.openai.com, WebSockets (the
// realtime and responses APIs) included.
//
// It names no credential, because most such routes use a key of the gateway's own:
//
//	headerpolicy.OpenAI().With(headerpolicy.Config{Request: headerpolicy.Request{
//		Set: []headerpolicy.Set{{Name: "Authorization", Value: headerpolicy.Env("OPENAI_API_KEY").WithScheme("Bearer")}},
//	}})
//
// Nor does it name the fields that choose whom a request is billed to or acts for: OpenAI-Organization,
// OpenAI-Project, ChatGPT-Account-Id. With a key of the gateway's, a caller could then spend from any
// organization that the key reaches. Add them to Request.Forward where callers bring keys of their own.
// What a response says about the organization stays likewise. Location stays too: an SDK that followed a redirect would
// take the key it holds for the gateway along.
//
// Sources: "docs" is developers.openai.com/api, "SDK" is github.com/openai/openai-go v3.96.0, "Codex" is
// github.com/openai/codex, codex-rs/codex-api and codex-rs/core/src/client.rs.
func OpenAI() Config {
	return Config{
		Request: Request{
			Forward: []string{
				"Accept",           // SDK, internal/requestconfig
				"Accept-Encoding",  // any client
				"Content-Encoding", // Codex: zstd bodies; they mean nothing without
				"Content-Type",     // docs, API overview
				"User-Agent",       // SDK, internal/requestconfig; Codex

				"Openai-Beta",         // docs, assistants; SDK, header tags; Codex
				"Idempotency-Key",     // SDK, header tags of params
				"X-Client-Request-Id", // docs, API overview, request IDs; Codex
				"X-Stainless-*",       // SDK, internal/requestconfig

				"Originator",      // Codex: which client
				"Version",         // Codex: its version
				"Session-Id",      // Codex, requests/headers.rs
				"Session_id",      // the same, in older releases; some clients send both
				"Thread-Id",       // Codex, requests/headers.rs
				"Thread_id",       // the same, in some clients
				"Conversation_id", // Codex, in older releases
				"X-Codex-*",       // Codex: turn state and metadata, beta features, window and installation
				"X-Openai-Subagent",
				"X-Openai-Memgen-Request",
				"X-Openai-Internal-Codex-Responses-Lite",
				"X-Responsesapi-Include-Timing-Metrics", // Codex, endpoint/responses_websocket.rs
			},
			Query: Query{Forward: openAIParameters},
		},
		Response: Response{
			Forward: []string{
				"Cache-Control",       // of the body: event streams say no-cache
				"Content-Disposition", // docs, files: downloads
				"Content-Encoding",    // of the body: it means nothing without
				"Content-Type",        // SDK, packages/ssestream
				"Date",                // HTTP; clients with a wrong clock reckon with it
				"Etag",                // Codex: the list of models

				"X-Request-Id",         // docs, API overview, debugging requests
				"Openai-Processing-Ms", // docs, API overview, debugging requests
				"Openai-Version",       // docs, API overview, debugging requests
				"Openai-Model",         // Codex, sse/responses.rs
				"Openai-Poll-After-Ms", // SDK, polling.go
				"X-Ratelimit-*",        // docs, rate limits
				"Retry-After",          // SDK, internal/requestconfig
				"Retry-After-Ms",       // SDK, internal/requestconfig
				"X-Should-Retry",       // SDK, internal/requestconfig

				"X-Codex-*",            // Codex: turn state; rate_limits.rs
				"X-Models-Etag",        // Codex, endpoint/responses_websocket.rs
				"X-Reasoning-Included", // Codex, endpoint/responses_websocket.rs
			},
		},
	}.With(WebSocket())
}

// openAIParameters are the parameters of the SDK's query tags, in the spelling of its bracket format; those of
// its paths (beta) and of the realtime API (model, intent, call_id); and Codex's client_version.
var openAIParameters = []string{
	"actor_emails[]", "actor_ids[]", "after", "agent_id", "api_key_ids[]", "batch", "before", "beta", "bucket_width",
	"call_id", "client_version", "context_levels[]", "effective_at[gt]", "effective_at[gte]", "effective_at[lt]",
	"effective_at[lte]", "emails[]", "end_time", "environment_id", "event_types[]", "filter", "group_by[]",
	"group_type", "include[]", "include_archived", "include_obfuscation", "intent", "limit", "line_items[]",
	"metadata[*", "model", "models[]", "name", "order", "owner_project_access", "page", "path", "project_id",
	"project_ids[]", "purpose", "resource_ids[]", "run_id", "service_account_id", "sizes[]", "sources[]",
	"start_time", "starting_after", "status", "status[*", "stream", "tenant_only", "type", "user", "user_ids[]",
	"variant", "vector_store_ids[]",
}
