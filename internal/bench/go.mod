module github.com/headersafe/headersafe/internal/bench

go 1.26.0

replace github.com/headersafe/headersafe => ../..

require (
	github.com/headersafe/headersafe v0.0.0
	github.com/ohler55/ojg v1.28.5
	github.com/theory/jsonpath v0.12.0
	github.com/tidwall/gjson v1.20.1
)

require (
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
)
