package auth_test

import (
	"fmt"

	"github.com/headersafe/headersafe/passthrough/auth"
)

func ExampleHeader() {
	send(alicesGate(auth.Header("X-Gateway-Key")).Wrap(upstream), "/v1", "X-Gateway-Key: alice-secret")
	// Output:
	// 200 caller "alice", /v1, header map[]
}

func ExampleBearer() {
	send(alicesGate(auth.Bearer()).Wrap(upstream), "/v1", "Authorization: Bearer alice-secret")
	// Output:
	// 200 caller "alice", /v1, header map[]
}

func ExampleBasic() { // curl -u alice-secret: …
	send(alicesGate(auth.Basic()).Wrap(upstream), "/v1", "Authorization: Basic YWxpY2Utc2VjcmV0Og==")
	// Output:
	// 200 caller "alice", /v1, header map[]
}

func ExampleQuery() {
	send(alicesGate(auth.Query("key")).Wrap(upstream), "/v1?alt=sse&key=alice-secret&a=%41")
	// Output:
	// 200 caller "alice", /v1?alt=sse&a=%41, header map[]
}

func ExampleCookie() {
	send(alicesGate(auth.Cookie("gw")).Wrap(upstream), "/v1", "Cookie: theme=dark; gw=alice-secret; a=b")
	// Output:
	// 200 caller "alice", /v1, header map[Cookie:[theme=dark; a=b]]
}

func ExampleProxyAuthorization() {
	send(alicesGate(auth.ProxyAuthorization()).Wrap(upstream), "/v1", "Proxy-Authorization: Bearer alice-secret")
	// Output:
	// 200 caller "alice", /v1, header map[]
}

func ExampleCarrier_String() {
	fmt.Println(auth.Header("x-gateway-key"), "/", auth.Bearer(), "/", auth.Query("key"))
	// Output:
	// header X-Gateway-Key / bearer / query key
}
