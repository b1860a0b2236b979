package guardrail

import (
	"slices"
	"sync"
)

// anthropicMessageTable is the table of [AnthropicMessageStream], read off BetaRawMessageStreamEventUnion of
// anthropic-sdk-go v1.84.0, in which the stable API's events are contained.
var anthropicMessageTable = sync.OnceValue(func() *eventTable {
	return newEventTable(
		slices.Concat(
			texts(Prompt, "",
				"content_block.text",                     // BetaTextBlock
				"content_block.thinking",                 // BetaThinkingBlock
				"$[?@.type=='compaction'].content",       // BetaCompactionBlock
				"delta.text",                             // BetaTextDelta
				"delta.thinking",                         // BetaThinkingDelta
				"$[?@.type=='compaction_delta'].content", // BetaCompactionContentBlockDelta
			),
			texts(ToolInput, "", "delta.partial_json"), // BetaInputJSONDelta
		),
		[]string{"delta.partial_json"},
		anthropicMessageAnswer("message."),
		anthropicBlockAnswer("content_block"),
		Response{ // BetaMessageDeltaUsage, BetaRawMessageDeltaEventDelta, BetaCitationsDelta
			Text: slices.Concat(
				texts(Document, "", "delta.citation"),
				texts(Prompt, "", "delta.stop_details"),
				texts(Other, "", "delta.stop_sequence", "error"),
			),
			NotText: slices.Concat(
				[]string{"type", "delta.type", "error.type", "request_id"},
				anthropicOutcome("delta."),
				anthropicAccounts(""),
				below([]string{"delta.citation"}, anthropicCitation...),
			),
			Sealed: []string{
				"delta.signature",         // BetaSignatureDelta
				"delta.encrypted_content", // BetaCompactionContentBlockDelta
				"delta.citation.encrypted_index",
				"delta.stop_details.fallback_credit_token",
			},
			Names: []string{"index", "estimated_tokens", "message"},
		},
	)
})

// anthropicCompletionTable is the table of [AnthropicCompletionStream].
var anthropicCompletionTable = sync.OnceValue(func() *eventTable {
	return newEventTable(
		texts(Prompt, "", "completion"), nil,
		Response{
			Text:    texts(Other, "", "error"),
			NotText: []string{"type", "id", "model", "stop_reason", "log_id", "error.type", "request_id"},
			Names:   []string{"stop", "message"}, // what stopped it is a text of the client's
		},
	)
})

// anthropicMessageAnswer has the paths of BetaMessage, whose members stand at p: "message.".
func anthropicMessageAnswer(p string) Response {
	own := Response{
		Text: slices.Concat(
			texts(Prompt, "", p+"stop_details"),
			texts(Other, "", p+"container", p+"diagnostics", p+"stop_sequence"),
		),
		NotText: slices.Concat(
			below([]string{p}, "id", "type", "role", "model", "diagnostics.cache_miss_reason.type"),
			anthropicOutcome(p),
			anthropicAccounts(p),
		),
		Sealed: []string{p + "stop_details.fallback_credit_token"},
		Names:  slices.Concat(anthropicAnswerNames, anthropicBlockNames, anthropicToolNames, schemaNames),
	}
	return both(anthropicBlockAnswer(p+"content[*]"), own)
}

// anthropicOutcome returns the paths of how a message ended.
func anthropicOutcome(p string) []string {
	return below([]string{p},
		"stop_reason",
		"stop_details.type", // BetaRefusalStopDetails
		"stop_details.category",
		"stop_details.recommended_model",
		"container.id", // BetaContainer
		"container.expires_at",
		"container.skills[*].type",
		"container.skills[*].skill_id",
		"container.skills[*].version",
	)
}

// anthropicAccounts returns the paths of what a message cost and what was done to its request.
func anthropicAccounts(p string) []string {
	return below([]string{p},
		"usage.service_tier", // BetaUsage
		"usage.inference_geo",
		"usage.speed",
		"usage.iterations[*].type",
		"usage.iterations[*].model",
		"usage.fallback_credit.status",
		"usage.fallback_credit.status.type",
		"usage.fallback_credit.status.reason",              // "variant_fields_present"
		"usage.fallback_credit.status.remove_to_redeem[*]", // BetaFallbackCreditNotApplied: members of the request
		"context_management.applied_edits[*].type",
		"input_transformations[*].type",
		"input_transformations[*].reason",
		"input_transformations[*].path", // in the request
	)
}

// anthropicCitation are the members of BetaTextCitationUnion that are no text.
var anthropicCitation = []string{".type", ".file_id"}

// anthropicBlockAnswer has the paths of a content block of an answer, BetaContentBlockUnion, at block.
func anthropicBlockAnswer(block string) Response {
	inner := []string{block + ".content", block + ".content[*]", block + ".content.content", block + ".content.content[*]"}
	return Response{
		Text: slices.Concat(
			texts(ToolInput, "",
				block+".input", // any JSON
				block+".name",
				block+".toolset_name",
				block+".server_name",
				block+".mcp_server_name",
			),
			texts(ToolDefinition, "", block+".tools", block+".tool_changes"),
			texts(ToolResult, "tool", block+".content"), // what a tool of the server's returned
			texts(Document, "", block+".citations"),
			texts(Prompt, "", block+".text", block+".thinking"),
		),
		NotText: slices.Concat(
			below([]string{block},
				".type", ".id", ".tool_use_id", ".file_id", ".caller.type", ".caller.tool_id", ".from.model", ".to.model",
				".trigger.type", ".trigger.category", ".tool_changes[*].type", ".tool_changes[*].tool.type",
			),
			below([]string{block + ".tool_changes[*].tool.definition"}, anthropicDefinition...),
			below([]string{block + ".citations[*]"}, anthropicCitation...),
			below(inner,
				".type", ".error_code", ".file_id", ".file_type", ".retrieved_at", ".source.type", ".source.media_type",
				".stop_reason", ".tool_references[*].type", ".citations[*].type", ".citations[*].file_id",
			),
		),
		Opaque: below([]string{block + ".content[?@.source.type=='base64']", block + ".content.content[?@.source.type=='base64']"},
			".source.data"),
		Sealed: slices.Concat(
			below([]string{block}, ".signature", ".data", ".encrypted_content", ".citations[*].encrypted_index"),
			below(inner, ".encrypted_content", ".encrypted_stdout", ".citations[*].encrypted_index"),
		),
	}
}

// anthropicAnswerNames are members of answers that no path above names.
var anthropicAnswerNames = []string{
	"applied_edits", "cache_creation", "cache_creation_input_tokens", "cache_missed_input_tokens",
	"cache_read_input_tokens", "cleared_input_tokens", "cleared_thinking_turns", "cleared_tool_uses", "content",
	"ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens", "explanation", "fallback_has_prefill_claim", "input_tokens",
	"output_tokens", "output_tokens_details", "server_tool_use", "thinking_tokens", "title", "tool", "url",
	"web_fetch_requests", "web_search_requests",
}
