package guardrail

import "slices"

// openAIResponses returns the rules for ResponseNewParams, and for what takes a part of it: ResponseCompactParams,
// InputTokenCountParams, ConversationNewParams, ItemNewParams.
func openAIResponses() []Endpoint {
	create := openAIItems("input")
	create.Pattern = "POST /v1/responses"
	create.Text = append(create.Text, Selector{Path: "input", Kind: Prompt, Role: "user", Required: true})

	// What may be there is what may be in a response's request; there need not be an input beside an earlier response.
	compact, count := openAIItems("input"), openAIItems("input")
	compact.Pattern, count.Pattern = "POST /v1/responses/compact", "POST /v1/responses/input_tokens"
	count.NotText = append(count.NotText, "personality") // the name of a preset

	conversation, items := openAIItems("items"), openAIItems("items")
	conversation.Pattern, items.Pattern = "POST /v1/conversations", "POST /v1/conversations/{conversation_id}/items"

	update := Endpoint{ // ConversationUpdateParams
		Pattern: "POST /v1/conversations/{conversation_id}",
		Text:    []Selector{{Path: "metadata"}},
	}
	return []Endpoint{create, compact, count, conversation, items, update}
}

// openAIItems is the rule for ResponseNewParams with its items at input.
func openAIItems(input string) Endpoint {
	item := input + "[*]"
	parts := []string{ // ResponseInputContentUnionParam, and what else stands in its place
		item + ".content[*]",
		item + ".output[*]",
		item + ".output",
		"prompt.variables.*",
	}
	tools := []string{"tools[*]", item + ".tools[*]"}
	inner := both(openAIParts(parts), openAITools(tools))
	return Endpoint{
		Text: slices.Concat(
			texts(System, "developer",
				"instructions",
				"text",       // ResponseTextConfigParam: a schema, which the model reads
				item+".text", // ResponseConfigurationUpdateItemParam
				"reasoning",
				item+".reasoning",
				"context_management",
				"personality",
			),
			texts(ToolDefinition, "developer",
				"tools",       // ToolUnionParam
				"tool_choice", // ResponseNewParamsToolChoiceUnion
				item+".tools", // tools found or listed by a server, and those that a developer adds
			),
			texts(ToolInput, "assistant", openAIInputs(item)...),
			texts(ToolResult, "tool", openAIResults(item)...),
			texts(System, "", input+"[?@.role=='system']", input+"[?@.role=='developer']"),
			texts(Prompt, "assistant", input+"[?@.type=='reasoning']"),           // ResponseReasoningItemParam: summary, content
			texts(Prompt, "user", input, "prompt"),                               // messages, and a stored prompt's variables
			texts(Other, "", "metadata", "conversation", "previous_response_id"), // said to no model, but open in form
		),
		NotText: slices.Concat(openAICommon, openAIResponseParameters,
			below([]string{item}, openAIItemParameters...),
			inner.NotText,
		),
		Opaque: append(inner.Opaque,
			input+"[?@.type=='image_generation_call'].result", // ResponseInputItemImageGenerationCallParam
			item+".outputs[*].url",                            // ResponseCodeInterpreterToolCallOutputImageParam
		),
		Sealed: []string{
			item + ".encrypted_content",            // ResponseReasoningItemParam, ResponseCompactionItemParam
			item + ".content[*].encrypted_content", // BetaResponseNewParams: what agents said to each other
			item + ".fingerprint",                  // ResponseInputItemProgramParam: "must be round-tripped"
		},
		Reference: append(inner.Reference,
			"previous_response_id",
			"conversation",
			"conversation.id",
			"prompt.id",                            // ResponsePromptParam
			input+"[?@.type=='item_reference'].id", // ResponseInputItemItemReferenceParam
			item+".environment.container_id",       // ResponseContainerReferenceParam
			item+".outputs[*].url",                 // ResponseCodeInterpreterToolCallOutputImageParam
		),
		Refuse: below(tools,
			".authorization", // ToolMcpParam: a token for that server
			".headers.*",
			".container.network_policy.domain_secrets", // ContainerNetworkPolicyAllowlistParam: credentials for domains
			".environment.network_policy.domain_secrets",
		),
		Names: slices.Concat(openAIResponseNames, schemaNames),
	}
}

// openAIInputs returns the paths of what the model gave to tools.
func openAIInputs(item string) []string {
	return below([]string{item},
		".arguments", // ResponseFunctionToolCallParam, McpCall, McpApprovalRequest, ToolSearchCall
		".name",      // of a function, tool or server's tool
		".namespace",
		".server_label",
		".input",          // ResponseCustomToolCallParam
		".action",         // ResponseComputerToolCallParam, LocalShellCall, ShellCall, ResponseFunctionWebSearchParam
		".actions",        // ResponseComputerToolCallParam
		".operation",      // ApplyPatchCall: path and diff
		".code",           // ResponseCodeInterpreterToolCallParam, Program
		".queries",        // ResponseFileSearchToolCallParam
		".revised_prompt", // ImageGenerationCall
		".environment",    // ShellCall
		".pending_safety_checks",
	)
}

// openAIResults returns the paths of what tools returned.
func openAIResults(item string) []string {
	return below([]string{item},
		".output",  // FunctionCallOutput, ComputerCallOutput, ShellCallOutput, ApplyPatchCallOutput, McpCall
		".outputs", // ResponseCodeInterpreterToolCallParam: logs, URLs of images
		".results", // ResponseFileSearchToolCallParam
		".result",  // ProgramOutput, ImageGenerationCall
		".error",   // McpCall, McpListTools
		".acknowledged_safety_checks",
	)
}
