package guardrail

import "slices"

// openAIResponseParameters are the identifiers and choices of ResponseNewParams.
var openAIResponseParameters = []string{
	"access_programs.cyber",
	"context_management[*].type",
	"include[*]",
	"prompt.version", // ResponsePromptParam
	"prompt_cache_options.comparison_response_id",
	"reasoning.context", // ReasoningParam
	"reasoning.effort",
	"reasoning.generate_summary",
	"reasoning.mode",
	"reasoning.summary",
	"text.format.type", // ResponseTextConfigParam
	"text.verbosity",
	"tool_choice", // "auto", "none", "required"
	"tool_choice.type",
	"tool_choice.mode",
	"truncation",
}

// openAIItemParameters are those of an item, ResponseInputItemUnionParam.
var openAIItemParameters = []string{
	".type",
	".id",
	".call_id",
	".role",
	".status",              // "completed"
	".phase",               // "commentary", "final_answer"
	".execution",           // "server", "client"
	".approval_request_id", // McpApprovalResponse
	".caller.type",         // who ran a tool: the model, or a program
	".caller.caller_id",
	".container_id", // ResponseCodeInterpreterToolCallParam: where it ran
	".action.type",  // "click", "search", "exec"
	".actions[*].type",
	".action.button", // "left"
	".actions[*].button",
	".operation.type",   // "create_file"
	".environment.type", // "local"
	".outputs[*].type",  // "logs", "image"
	".summary[*].type",  // "summary_text"
	".reasoning.effort", // ResponseConfigurationUpdateItemParam
	".text.format.type",
	".text.verbosity",
	".background", // ImageGenerationCall
	".output_format",
	".quality",
	".size",
	".svg_usage.model",
	".output[*].outcome.type", // ShellCallOutput: "exit", "timeout"
	".results[*].file_id",     // ResponseFileSearchToolCallParam: where the text beside it was found
	".action.sources[*].type",
	".error.type", // McpCall: "http_error"
}

// openAIParts has the paths of parts of content, ResponseInputContentUnionParam and ResponseOutputMessageContentUnion.
func openAIParts(parts []string) Response {
	return Response{
		NotText: slices.Concat(
			below(parts,
				".type",
				".detail", // of an image: "high"
				".prompt_cache_breakpoint.mode",
				".prompt_cache_breakpoint.ttl",
			),
			openAIAnnotations(below(parts, ".annotations[*]")),
		),
		Opaque:    below(parts, ".image_url", ".file_data"),
		Reference: below(parts, ".image_url", ".file_id", ".file_url"),
	}
}

// openAIAnnotations returns the paths of what says where a citation comes from, ResponseOutputTextAnnotationUnion.
func openAIAnnotations(annotations []string) []string {
	return below(annotations, ".type", ".file_id", ".container_id")
}

// openAITools has the paths of definitions of tools, ToolUnionParam.
func openAITools(tools []string) Response {
	return Response{
		NotText: slices.Concat(
			below(tools, openAIToolParameters...),
			below(tools, below([]string{".tools[*]"}, ".type", ".allowed_callers[*]", ".format.type", ".format.syntax")...),
		),
		Opaque:    below(tools, ".input_image_mask.image_url", ".environment.skills[*].source.data"),
		Reference: below(tools, openAIToolReferences...),
	}
}

// openAIToolParameters are those of a tool, ToolUnionParam.
var openAIToolParameters = []string{
	".type",
	".execution",          // ToolSearchToolParam
	".allowed_callers[*]", // FunctionToolParam
	".format.type",        // CustomToolParam
	".format.syntax",
	".connector_id",     // ToolMcpParam: one of OpenAI's
	".require_approval", // "always", "never"
	".filters.type",     // FileSearchToolParam: "eq", "and"
	".ranking_options.ranker",
	".search_context_size", // WebSearchToolParam
	".search_content_types[*]",
	".user_location.type",
	".container.type", // ToolCodeInterpreterParam
	".container.memory_limit",
	".container.network_policy.type",
	".environment.type", // FunctionShellToolParam
	".environment.memory_limit",
	".environment.network_policy.type",
	".environment.skills[*].type", // SkillReferenceParam, InlineSkillParam
	".environment.skills[*].version",
	".environment.skills[*].source.type",
	".environment.skills[*].source.media_type",
	".action", // ToolImageGenerationParam
	".background",
	".complexity",
	".input_fidelity",
	".model",
	".moderation",
	".output_format",
	".quality",
	".size",
	".svg.model",
	".svg.reasoning.effort",
}

// openAIToolReferences are the members of a tool that bring in content of the client's choice.
var openAIToolReferences = []string{
	".server_url", // ToolMcpParam: a server that describes its tools to the model
	".tunnel_id",
	".vector_store_ids[*]", // FileSearchToolParam
	".container",           // ToolCodeInterpreterParam: a container's ID
	".container.file_ids[*]",
	".environment.container_id", // FunctionShellToolParam
	".environment.file_ids[*]",
	".environment.skills[*].skill_id", // SkillReferenceParam: a skill is instructions
	".input_image_mask.image_url",     // ToolImageGenerationParam
	".input_image_mask.file_id",
}

// openAIResponseNames are the members that no path above names. The SDK adds stream by itself.
var openAIResponseNames = []string{
	"agent", "agent_name", "allowed_domains", "allowed_tools", "always", "approve", "async", "attributes", "author",
	"authorization", "bytes", "categories", "city", "command", "commands", "compact_threshold", "country",
	"defer_loading", "definition", "diff", "display_height", "display_width", "domain_secrets", "embedding_weight",
	"enabled", "end_index", "env", "exit_code", "external_web_access", "filename", "frame_count",
	"frame_duration_ms", "headers", "hybrid_search", "include_obfuscation", "index", "input_schema", "input_tokens",
	"key", "keys", "logprob", "logprobs", "logs", "max_concurrent_subagents", "max_num_results",
	"max_output_length", "max_output_tokens", "max_tool_calls", "message", "moderation_details", "moderation_stage",
	"multi_agent", "never", "output_compression", "output_schema", "output_tokens", "parallel_tool_calls", "param",
	"parameters", "partial_images", "path", "prewarm", "query", "read_only", "reason", "reasoning_tokens",
	"recipient", "refusal", "region", "schema", "score", "score_threshold", "scroll_x", "scroll_y",
	"server_description", "start_index", "stderr", "stdout", "store", "stream", "stream_options", "strict", "temperature",
	"text_weight", "timeout_ms", "timezone", "token", "tool_names", "top_logprobs", "top_p", "total_tokens", "url",
	"value", "working_directory", "x", "y",
}
