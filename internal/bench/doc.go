// Package bench measures headersafe beside libraries that the root module does not require. It has benchmarks alone:
//
//	go -C internal/bench test -bench .
package bench
