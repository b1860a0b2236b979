package headerpolicy

// Anthropic returns what Claude Code, Anthropic's SDKs and plain HTTP clients need to use api.anthropic.com with a
// credential of the caller's own: an API key or an OAuth token, exactly one of them.
//
// To use a key of the gateway's instead, replace Request.Credentials by a [Set], and take Anthropic-Workspace-Id
// and Anthropic-User-Profile-Id out of Request.Forward, unless callers may choose whom that key acts for.
//
// Sources: "docs" is platform.claude.com/docs, "gateway" is code.claude.com/docs/en/llm-gateway-protocol, "SDK" is
// github.com/anthropics/anthropic-sdk-go v1.84.0, "seen" is a recording of Claude Code 2.1.330.
func Anthropic() Config {
	return Config{
		Request: Request{
			Credentials: []Credential{{OneOf: []CredentialField{
				{Name: "Authorization"}, // docs, authentication; gateway: ANTHROPIC_AUTH_TOKEN, apiKeyHelper
				{Name: "X-Api-Key"},     // docs, authentication; gateway: ANTHROPIC_API_KEY, apiKeyHelper
			}}},
			Forward: []string{
				"Accept",           // SDK, internal/requestconfig; seen
				"Accept-Encoding",  // seen
				"Content-Encoding", // of the body: it means nothing without
				"Content-Type",     // docs, API overview
				"User-Agent",       // SDK, internal/requestconfig; seen

				"Anthropic-Version",                         // docs, versions; gateway: forward unchanged
				"Anthropic-Beta",                            // docs, beta headers; gateway: forward unchanged
				"Anthropic-Dangerous-Direct-Browser-Access", // seen; the TypeScript SDK's dangerouslyAllowBrowser
				"Anthropic-Workspace-Id",                    // SDK, header tags of params
				"Anthropic-User-Profile-Id",                 // SDK, header tags of params
				"Anthropic-Worker-Id",                       // SDK, header tags of params
				"Idempotency-Key",                           // SDK, option.WithHeader; the TypeScript SDK's idempotencyHeader

				"X-App",               // seen
				"X-Claude-Code-*",     // gateway, request headers: Session-Id, Agent-Id, Parent-Agent-Id; seen
				"X-Client-Request-Id", // seen
				"X-Stainless-*",       // SDK, internal/requestconfig; seen
			},
			Query: Query{Forward: anthropicParameters},
		},
		Response: Response{
			Forward: []string{
				"Cache-Control",       // of the body: event streams say no-cache
				"Content-Disposition", // docs, Files API: downloads
				"Content-Encoding",    // of the body: it means nothing without
				"Content-Type",        // SDK, packages/ssestream
				"Date",                // HTTP; clients with a wrong clock reckon with it

				"Request-Id",                // docs, errors; SDK, internal/apierror
				"Anthropic-Organization-Id", // docs, API overview
				"Anthropic-Workspace-Id",    // SDK, packages/ssestream
				"Anthropic-Ratelimit-*",     // docs, rate limits; Claude Code reads Anthropic-Ratelimit-Unified-*
				"Anthropic-Priority-*",      // docs, service tiers
				"Retry-After",               // docs, rate limits; SDK, internal/requestconfig
				"Retry-After-Ms",            // SDK, internal/requestconfig
				"X-Should-Retry",            // SDK, internal/requestconfig
			},
		},
	}.With(Config{}) // a copy: nobody can write into the list below
}

// anthropicParameters are the parameters of the SDK's query tags, in the spelling of its bracket format, and the
// "beta" of its paths.
var anthropicParameters = []string{
	"actor_ids[]", "after_id", "agent_id", "agent_version", "api_key_id", "before_id", "beta", "block_ms",
	"bucket_width", "claude_tag_categories[]", "claude_tag_user_ids[]", "context_windows[]", "created_at[gt]",
	"created_at[gte]", "created_at[lt]", "created_at[lte]", "created_by_user_id", "date", "deployment_id", "depth",
	"desired_ttl_seconds", "email", "ending_at", "ending_date", "event_deltas[]", "exclude_deleted_users",
	"expected_content_sha256", "expected_last_heartbeat", "filter[]", "group_by[]", "group_type", "has_error",
	"ids[]", "include_archived", "include_default", "include_inherited", "inference_geos[]", "issuer_id",
	"lifecycle[]", "limit", "marketplace_id", "memory_id", "memory_store_id", "model", "models[]", "operation",
	"order", "order_by", "organization_id", "owner_type", "owner_user_id", "page", "path_prefix", "period[]",
	"products[]", "rbac_group_ids[]", "reclaim_older_than_ms", "roles[]", "scope_id", "scope_type[]",
	"service_account_id", "session_id", "slack_channel_ids[]", "source", "speeds[]", "starting_at",
	"starting_date", "status", "status[]", "statuses[]", "target_type", "trigger_type", "types[]", "user_ids[]",
	"version", "view", "workspace_id", "workspace_ids[]",
}
