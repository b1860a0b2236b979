module github.com/headersafe/headersafe/internal/peers

go 1.26.0

require (
	github.com/google/go-cmp v0.7.0
	github.com/headersafe/headersafe v0.0.0
)

require (
	github.com/vulcand/oxy/v2 v2.1.0
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/headersafe/headersafe => ../..
