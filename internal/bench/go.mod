module github.com/headersafe/headersafe/internal/bench

go 1.26.0

replace github.com/headersafe/headersafe => ../..

require (
	github.com/google/go-cmp v0.7.0
	github.com/headersafe/headersafe v0.0.0
	github.com/ohler55/ojg v1.28.5
	github.com/theory/jsonpath v0.12.0
	github.com/tidwall/gjson v1.20.1
	github.com/valyala/fasthttp v1.78.0
	github.com/vulcand/oxy/v2 v2.1.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/molecule-man/go-brrr v1.3.1 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
