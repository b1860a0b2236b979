//go:build !race

// Package race tells tests whether the race detector is on. Under it sync.Pool forgets at random, so that allocations
// cannot be counted.
package race

// Enabled reports whether the race detector is on.
const Enabled = false
