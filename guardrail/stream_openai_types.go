package guardrail

import "strings"

// saidWording is for what the model says; itemWording for what it gives to tools.
var (
	saidWording = &wording{kind: Prompt}
	codeWording = &wording{kind: ToolInput}
	jsonWording = &wording{kind: ToolInput, escapes: true}
	shellOutput = &wording{kind: ToolResult}
	itemWording = map[string]*wording{"arguments": jsonWording, "input": codeWording, "code": codeWording}
)

// responseEvent says what an event of a type is for.
type responseEvent struct {
	role    responseRole
	member  string   // of the event: what goes on
	list    string   // of the item: where the text's part stands; empty for a text of the item itself
	index   string   // of the event: which part
	of      string   // of the part or the item: the text
	whole   string   // the text's key, where it is of no item
	wording *wording // what the text is
}

type responseRole uint8

const (
	tells           responseRole = iota // what it says, it says whole
	responseCreated                     // the first event
	responseEnds                        // a terminal event
	responseFails                       // an error
	itemAdded
	itemDone
	partAdded
	partDone
	textGoesOn
	textDone
)

var openAIResponseEventTypes = func() map[string]responseEvent {
	types := map[string]responseEvent{
		"response.created":           {role: responseCreated},
		"response.completed":         {role: responseEnds},
		"response.failed":            {role: responseEnds},
		"response.incomplete":        {role: responseEnds},
		"error":                      {role: responseFails},
		"response.output_item.added": {role: itemAdded},
		"response.output_item.done":  {role: itemDone},

		"response.content_part.added":           {role: partAdded, member: "part", list: "content", index: "content_index"},
		"response.content_part.done":            {role: partDone, list: "content", index: "content_index"},
		"response.reasoning_summary_part.added": {role: partAdded, member: "part", list: "summary", index: "summary_index"},
		"response.reasoning_summary_part.done":  {role: partDone, list: "summary", index: "summary_index"},
		"response.shell_call_command.added": {
			role: partAdded, member: "command", list: "commands", index: "command_index", of: "command", wording: codeWording,
		},
	}
	for event, as := range map[string]responseEvent{
		"response.output_text":                     {list: "content", index: "content_index", of: "text", wording: saidWording},
		"response.refusal":                         {list: "content", index: "content_index", of: "refusal", wording: saidWording},
		"response.reasoning_text":                  {list: "content", index: "content_index", of: "text", wording: saidWording},
		"response.reasoning_summary_text":          {list: "summary", index: "summary_index", of: "text", wording: saidWording},
		"response.function_call_arguments":         {of: "arguments", wording: jsonWording},
		"response.mcp_call_arguments":              {of: "arguments", wording: jsonWording},
		"response.custom_tool_call_input":          {of: "input", wording: codeWording},
		"response.code_interpreter_call_code":      {of: "code", wording: codeWording},
		"response.apply_patch_call_operation_diff": {of: "operation.diff", wording: codeWording}, // in no SDK's types
		"response.shell_call_command":              {list: "commands", index: "command_index", of: "command", wording: codeWording},
		"response.shell_call_output_content":       {list: "output", index: "command_index", of: "content", wording: shellOutput},
		"response.audio.transcript":                {whole: "audio.transcript", wording: saidWording},
	} {
		as.role, as.member = textGoesOn, "delta"
		types[event+".delta"] = as
		as.role = textDone
		types[event+".done"] = as
	}
	for _, event := range strings.Fields(`
		keepalive
		response.queued response.in_progress
		response.output_text.annotation.added
		response.audio.delta response.audio.done
		response.web_search_call.in_progress response.web_search_call.searching response.web_search_call.completed
		response.file_search_call.in_progress response.file_search_call.searching response.file_search_call.completed
		response.code_interpreter_call.in_progress response.code_interpreter_call.interpreting
		response.code_interpreter_call.completed
		response.image_generation_call.in_progress response.image_generation_call.generating
		response.image_generation_call.partial_image response.image_generation_call.completed
		response.mcp_call.in_progress response.mcp_call.completed response.mcp_call.failed
		response.mcp_list_tools.in_progress response.mcp_list_tools.completed response.mcp_list_tools.failed
		response.compaction.compacting
		response.steer.pending response.steer.accepted response.steer.failed`) {
		types[event] = responseEvent{role: tells}
	}
	return types
}()
