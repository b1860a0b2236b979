package guardrail

import "slices"

// anthropicParameters returns the paths of a request's own identifiers and choices.
func anthropicParameters(p string) []string {
	return []string{
		p + "model",
		p + "inference_geo",
		p + "service_tier",
		p + "speed",
		p + "metadata.user_id",                // MetadataParam: "uuid, hash value, or other opaque identifier"
		p + "diagnostics.previous_message_id", // DiagnosticsParam: a message to compare the cache with
		p + "cache_control.type",              // CacheControlEphemeralParam
		p + "cache_control.ttl",
		p + "thinking.type", // ThinkingConfigParamUnion
		p + "thinking.display",
		p + "thinking.block_binding.prefix_mismatch_behavior",
		p + "tool_choice.type",     // ToolChoiceUnionParam
		p + "output_config.effort", // OutputConfigParam
		p + "output_config.format.type",
		p + "output_config.task_budget.type",
		p + "output_format.type",
		p + "compaction.type",                  // CompactionParam
		p + "context_management.edits[*].type", // ContextManagementConfigParam
		p + "context_management.edits[*].trigger.type",
		p + "context_management.edits[*].keep", // "all"
		p + "context_management.edits[*].keep.type",
		p + "context_management.edits[*].clear_at_least.type",
		p + "container.skills[*].type", // SkillParams
		p + "container.skills[*].version",
		p + "fallbacks",             // "default"
		p + "fallbacks[*].model",    // BetaFallbackParam
		p + "fallback_credit_token", // minted with a refusal, checked when it comes back
		p + "fallback_credit_token.token",
		p + "fallback_credit_token.mode",
		p + "mcp_servers[*].type",  // RequestMCPServerURLDefinitionParam
		p + "messages[*].role",     // MessageParam
		p + "messages[*].clear_at", // BetaMessageParam
		p + "messages[*].output_config.effort",
	}
}

// anthropicStructure returns the paths of what holds content blocks and tools together: types, IDs, cache marks.
func anthropicStructure(p string) []string {
	block := p + "messages[*].content[*]"
	return slices.Concat(
		below([]string{block},
			".id",          // ToolUseBlockParam
			".tool_use_id", // ToolResultBlockParam
			".caller.type", // DirectCallerParam, ServerToolCallerParam
			".caller.tool_id",
			".from.model", // BetaFallbackBlockParam
			".to.model",
			".tool.type", // a reference to a tool, or a definition
			".tool_changes[*].type",
			".tool_changes[*].tool.type",
			".tool_changes[*].cache_control.type",
			".tool_changes[*].cache_control.ttl",
			".content.tool_references[*].type", // ToolSearchToolSearchResultBlockParam
			".content.tool_references[*].cache_control.type",
			".content.tool_references[*].cache_control.ttl",
			".content[*].state_changes[*].type", // BetaBrowserStateBlockParam
		),
		below(anthropicBlocks(p), anthropicMarks...),
		below(anthropicBlocks(p), ".citations[*].type", ".transformations.oversized_image"),
		below(anthropicSources(p, "[*]"), ".source.type", ".source.media_type"),
		below([]string{
			p + "tools[*]",
			block + ".tool.definition",
			block + ".tool_changes[*].tool.definition",
		}, anthropicDefinition...),
	)
}

// anthropicMarks are the members of a content block or tool that say what it is, and how long it is cached.
var anthropicMarks = []string{".type", ".cache_control.type", ".cache_control.ttl"}

// anthropicDefinition are the identifiers and choices of a definition of a tool.
var anthropicDefinition = slices.Concat(anthropicMarks, []string{
	".caching.type", // BetaAdvisorTool20260301Param: how the advisor's prompt is cached
	".caching.ttl",
	".model",              // of the advisor
	".allowed_callers[*]", // "direct", "code_execution_20250825"
	".response_inclusion", // "full", "excluded"
	".user_location.type", // "approximate"
	".url_sources.*.type", // where a fetched URL may come from
	".url_sources.*.tools[*].type",
})

// anthropicBlocks returns the places where content blocks stand.
func anthropicBlocks(p string) []string {
	block := p + "messages[*].content[*]"
	return []string{
		p + "system[*]",
		block,
		block + ".content",                      // the result of a server's tool: WebFetchBlockParam and others
		block + ".content[*]",                   // blocks of a tool_result, WebSearchResultBlockParam, the document of a WebFetchBlockParam
		block + ".content[*].content[*]",        // text of a search_result in a tool_result
		block + ".content[*].source.content[*]", // blocks of a document in a tool_result
		block + ".content.content[*]",           // CodeExecutionOutputBlockParam
		block + ".source.content[*]",            // ContentBlockSourceParam
	}
}

// anthropicSources returns the places where a block has a source: images and documents. The last step of each path is
// element, "[*]" or a filter.
func anthropicSources(p, element string) []string {
	block := p + "messages[*].content[*]"
	return []string{
		p + "messages[*].content" + element,
		block + ".content" + element, // in a tool_result, and in a WebFetchBlockParam, where it is a member
		block + ".source.content" + element,
		block + ".content[*].source.content" + element,
	}
}

// anthropicSealed returns the paths of what Anthropic encrypts or signs, and takes back unchanged.
func anthropicSealed(p string) []string {
	block := p + "messages[*].content[*]"
	return slices.Concat(
		[]string{
			block + ".signature",                    // ThinkingBlockParam
			block + ".data",                         // RedactedThinkingBlockParam
			block + ".encrypted_content",            // CompactionBlockParam
			block + ".content[*].encrypted_content", // WebSearchResultBlockParam
			block + ".content.encrypted_content",    // AdvisorRedactedResultBlockParam
			block + ".content.encrypted_stdout",     // EncryptedCodeExecutionResultBlockParam
			p + "fallback_credit_token",
			p + "fallback_credit_token.token",
		},
		below(anthropicBlocks(p), ".citations[*].encrypted_index"), // CitationWebSearchResultLocationParam
	)
}

// anthropicReferences returns the paths of what brings in content that is not in the body.
func anthropicReferences(p string) []string {
	return slices.Concat(
		below(anthropicSources(p, "[*]"),
			".source.url",     // URLImageSourceParam, URLPDFSourceParam
			".source.file_id", // FileImageSourceParam, FileDocumentSourceParam
		),
		[]string{
			p + "messages[*].content[*].file_id", // ContainerUploadBlockParam
			p + "container",                      // a container's ID: what its files hold
			p + "container.id",                   // ContainerParams
			p + "container.skills[*].skill_id",   // SkillParams: a skill is instructions
			p + "mcp_servers[*].url",             // a server of the client's choice, which describes its tools to the model
		},
	)
}

// anthropicNames are members of requests that no path above names.
var anthropicNames = []string{
	"active", "allowed_tools", "authorization_token", "budget_tokens", "clear_tool_inputs", "disable_parallel_tool_use",
	"download_id", "error", "error_code", "exclude_tools", "file_type", "instructions", "pause_after_compaction",
	"remaining", "retrieved_at", "schema", "size_bytes", "stop_reason", "stream", "tab_id", "tabs", "temperature",
	"tool_configuration", "top_k", "top_p", "total", "value",
}

// anthropicBlockNames are members of content blocks, of requests and of answers, that no path names.
var anthropicBlockNames = []string{
	"cited_text", "document_index", "document_title", "end_block_index", "end_char_index", "end_page_number",
	"error_message", "is_error", "is_file_update", "lines", "new_lines", "new_start", "num_lines", "old_lines", "old_start",
	"page_age", "path", "return_code", "search_result_index", "start_block_index", "start_char_index", "start_line",
	"start_page_number", "stderr", "stdout", "text", "tool_name", "total_lines",
}

// anthropicToolNames are members of definitions of tools that no path names. Of the tools for browsers and computers each thing
// that they can do is one.
var anthropicToolNames = []string{
	"allowed_domains", "blocked_domains", "city", "client_tool_results", "close_tab", "configs", "country",
	"cursor_position", "default_config", "defer_loading", "display_height_px", "display_number", "display_width_px",
	"double_click", "eager_input_streaming", "enable_zoom", "enabled", "file_upload", "find", "form_input", "get_page_text",
	"hold_key", "hover", "input_examples", "input_schema", "javascript_exec", "key", "left_click", "left_click_drag",
	"left_mouse_down", "left_mouse_up", "list_tabs", "max_characters", "max_content_tokens", "max_tokens", "max_uses",
	"middle_click", "mouse_move", "navigate", "new_tab", "read_console", "read_network", "read_page", "region",
	"right_click", "screenshot", "scroll", "scroll_to", "server_tool_results", "strict", "switch_tab", "timezone",
	"triple_click", "use_cache", "user_input", "wait", "zoom",
}
