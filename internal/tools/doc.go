// Package tools pins the linters that .ci/run builds and runs. It is a module of its own, so that no
// service that imports headersafe inherits what they need. It holds no code.
package tools
