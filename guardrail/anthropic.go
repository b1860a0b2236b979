package guardrail

import "slices"

// Anthropic returns the rules for the endpoints of the Claude API that take text, and for those that only look at or
// cancel what is there: messages, token counts, message batches, models, and the text completions of old. Paths
// are as under https://api.anthropic.com.
//
// Each rule is read off the request types of anthropic-sdk-go v1.84.0 and the reference at
// https://platform.claude.com/docs/en/api: the stable and the beta form of a request together, since the path is the same.
//
// # What is read
//
// Whatever the model could read, and more: string and block content, the system prompt in both forms, definitions
// of tools with every name and value of their schemas, inputs and results of tools however they are nested, documents and
// search results, thinking, citations, instructions for compaction. Of the structure around it, types, IDs, model names
// and the like are passed over while they look like what they should be.
//
// # What can't be read
//
//   - Base64 images and documents are opaque.
//   - URLs and file IDs of images and documents, containers and their skills, and MCP servers are references: the string
//     is read, what it stands for is not. Like the opaque they are refused unless the Config lets them pass.
//   - Signatures of thinking, redacted thinking and encrypted results of the server's tools are sealed: only
//     Anthropic could have made them. Put these rules before another server that speaks the same protocol, and
//     does not check them, only with Sealed taken away.
//   - mcp_servers[*].authorization_token is a credential for somebody else. No guard should be shown it, since a guard may
//     be a vendor: a request that has one is refused. Take the path out of Refuse to have the token read as any text.
//
// # What is read of answers
//
// Every string of a message and of an event of its stream, but for types, IDs and the like while they look like that: text
// and thinking, the input of tools, results of the server's own tools, citations, and errors. Signatures and
// encrypted results are sealed; a PDF that a tool fetched is opaque. Results of a batch (GET
// /v1/messages/batches/{message_batch_id}/results) are lines of JSON, and refused where answers are read.
//
// # What is left out, and so is refused
//
// Uploads (POST /v1/files, /v1/skills) are multipart forms and not JSON. Agents, sessions, memory stores and the
// administration of organizations want rules of their own.
func Anthropic() []Endpoint {
	messages := anthropicMessages("")
	messages.Pattern = "POST /v1/messages"

	// MessageCountTokensParams is a part of MessageNewParams.
	count := anthropicMessages("")
	count.Pattern = "POST /v1/messages/count_tokens"

	// MessageBatchNewParams: each request has params, which are those of a message.
	batch := anthropicMessages("requests[*].params.")
	batch.Pattern = "POST /v1/messages/batches"
	batch.NotText = append(batch.NotText, "requests[*].custom_id")

	return anthropicAnswers(slices.Concat(
		[]Endpoint{messages, count, batch, anthropicComplete()},
		bodiless(
			"GET /v1/messages/batches",
			"GET /v1/messages/batches/{message_batch_id}",
			"GET /v1/messages/batches/{message_batch_id}/results",
			"POST /v1/messages/batches/{message_batch_id}/cancel",
			"DELETE /v1/messages/batches/{message_batch_id}",
			"GET /v1/models",
			"GET /v1/models/{model_id}",
		),
	))
}

// anthropicComplete is the rule for CompletionNewParams.
func anthropicComplete() Endpoint {
	return Endpoint{
		Pattern: "POST /v1/complete",
		Text: []Selector{
			{Path: "prompt", Kind: Prompt, Required: true}, // holds all turns, "\n\nHuman:" between them
			{Path: "stop_sequences"},
			{Path: "metadata"},
		},
		NotText: []string{"model", "metadata.user_id"},
		Names:   []string{"max_tokens_to_sample", "temperature", "top_k", "top_p", "stream"},
	}
}

// anthropicMessages is the rule for MessageNewParams and BetaMessageNewParams, which stand at p.
func anthropicMessages(p string) Endpoint {
	block := p + "messages[*].content[*]"
	return Endpoint{
		Text: slices.Concat(
			texts(System, "system",
				p+"system",             // string or []TextBlockParam
				p+"compaction",         // CompactionParam.Instructions
				p+"context_management", // ContextManagementConfigParam: instructions for compaction, names of tools
				p+"output_config",      // OutputConfigParam.Format: a schema, which the model reads
				p+"output_format",      // the same, as it was before
				p+"fallbacks",          // BetaFallbackParam: the same for another model, open to any member
			),
			texts(ToolDefinition, "system",
				p+"tools",       // ToolUnionParam: name, description, input_schema, input_examples, user_location, domains
				p+"tool_choice", // ToolChoiceToolParam.Name
				p+"mcp_servers", // RequestMCPServerURLDefinitionParam: name, url, allowed_tools
			),
			texts(ToolDefinition, "",
				block+".tool",         // a tool added in mid-conversation
				block+".tools",        // the tools of an MCP server, as it listed them
				block+".tool_changes", // CompactionBlockParam: the same, as compaction keeps it
			),
			texts(ToolInput, "",
				block+".input",           // ToolUseBlockParam and ServerToolUseBlockParam: any JSON
				block+".name",            // of a tool: the client's for a tool_use
				block+".toolset_name",    // of a set of tools
				block+".server_name",     // MCPToolUseBlockParam
				block+".mcp_server_name", // the block that lists an MCP server's tools
			),
			texts(System, "", p+"messages[?@.role=='system']"), // BetaMessageParam: instructions in mid-conversation
			texts(Document, "",
				block+".source",  // DocumentBlockParam, ImageBlockParam; SearchResultBlockParam, where it is a string
				block+".title",   // of a document or search result
				block+".context", // DocumentBlockParam
				p+"messages[*].content[?@.type=='search_result'].content",
			),
			texts(Prompt, "",
				p+"messages[*].content[?@.type=='compaction'].content", // CompactionBlockParam: a summary of what was said
			),
			texts(ToolResult, "",
				block+".content", // the results of all tools: a string, blocks, or an object such as WebFetchBlockParam
			),
			[]Selector{{Path: p + "messages[*].content", Kind: Prompt, Required: true}}, // text, thinking, citations
			texts(Prompt, "", p+"messages"),                                             // whatever else stands in a message
			texts(Other, "", // said to no model, but open in form
				p+"stop_sequences", p+"metadata", p+"container", p+"diagnostics", p+"fallback_credit_token",
			),
		),
		NotText:   slices.Concat(anthropicParameters(p), anthropicStructure(p)),
		Opaque:    below(anthropicSources(p, "[?@.source.type=='base64']"), ".source.data"), // Base64ImageSourceParam, Base64PDFSourceParam
		Sealed:    anthropicSealed(p),
		Reference: anthropicReferences(p),
		Refuse: []string{
			p + "mcp_servers[*].authorization_token", // RequestMCPServerURLDefinitionParam: a bearer token for that server
		},
		Names: slices.Concat(anthropicNames, anthropicBlockNames, anthropicToolNames, schemaNames),
	}
}
