// Package interop holds headersafe against the SDKs that its users' clients are built with. It is a module of its own, so
// that nobody who imports headersafe inherits the SDKs.
//
// Its tests fill the types of the SDKs' requests, answers and stream events, every field and every variant of every union,
// and look at what the guardrail presets make of each string: one that a rule neither selects nor lists fails the test, and
// so does a member that a rule doesn't know by name. What the rules make of everything is in testdata, to be looked
// through when it changes:
//
//	go test ./internal/interop -update
//
// Other tests have the SDKs ask a gateway, and see what they make of what passes and of what is blocked.
package interop
