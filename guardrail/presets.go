package guardrail

import "slices"

// What the presets share. Their paths are made of names, wildcards and tests for one member's value, one name to a
// path: all of them together are followed in a single walk of the document.

// below returns every path continued by every tail.
func below(paths []string, tails ...string) []string {
	all := make([]string, 0, len(paths)*len(tails))
	for _, path := range paths {
		for _, tail := range tails {
			all = append(all, path+tail)
		}
	}
	return all
}

// texts returns a selector for each path.
func texts(kind Kind, role string, paths ...string) []Selector {
	all := make([]Selector, len(paths))
	for i, path := range paths {
		all[i] = Selector{Path: path, Kind: kind, Role: role}
	}
	return all
}

// bodiless returns rules for requests that have no body: what they ask for is in the URL.
func bodiless(patterns ...string) []Endpoint {
	all := make([]Endpoint, len(patterns))
	for i, pattern := range patterns {
		all[i] = Endpoint{Pattern: pattern, NoBody: true}
	}
	return all
}

// answering gives each endpoint the rule for its answers, by its pattern, and for its errors.
func answering(endpoints []Endpoint, answer func(pattern string) Response, errors Response) []Endpoint {
	for i, e := range endpoints {
		own := answer(e.Pattern)
		r := both(errors, own)
		r.Stream, r.Media = own.Stream, own.Media
		endpoints[i].Response = r
	}
	return endpoints
}

// schemaNames are the keywords of JSON Schema (draft 2020-12, and what earlier drafts had besides), which stand in
// every tool's schema and say nothing by themselves. The names of properties do, and are read.
var schemaNames = slices.Concat(
	[]string{ // Core, section 8
		"$schema", "$id", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$comment", "$defs", "definitions",
	},
	[]string{ // Core, section 10: applicators
		"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "prefixItems", "items", "additionalItems",
		"contains", "properties", "patternProperties", "additionalProperties", "propertyNames", "unevaluatedItems",
		"unevaluatedProperties", "dependencies",
	},
	[]string{ // Validation, section 6
		"type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength",
		"minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains", "minContains", "maxProperties",
		"minProperties", "required", "dependentRequired",
	},
	[]string{ // Validation, sections 7 to 9
		"format", "contentEncoding", "contentMediaType", "contentSchema", "title", "description", "default", "deprecated",
		"readOnly", "writeOnly", "examples",
	},
)
