package guardrail

import "fmt"

// ConfigError is one mistake in a configuration of this package or of a package below it.
type ConfigError struct {
	Field  string // where it stands: "Endpoints[2].Text[0].Path"
	Value  string // what stands there; empty if that is, or could be, a secret
	Reason string // what is wrong with it, and the way out
}

// Error returns the three parts in one line.
func (e *ConfigError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("guardrail: %s: %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("guardrail: %s %q: %s", e.Field, e.Value, e.Reason)
}
