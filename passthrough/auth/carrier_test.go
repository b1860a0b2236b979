package auth_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/passthrough/auth"
)

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestHeaderCarrier(t *testing.T) {
	const in = "header X-Gateway-Key"
	run(t, gate(t, auth.Header("x-gateway-key")), []exchange{
		{"bare", "/v1 | Accept: */* | X-Gateway-Key: alice-secret", "alice: /v1 | Accept: */*"},
		{"bearer", "/v1 | X-Gateway-Key: Bearer alice-secret", "alice: /v1"},
		{"bearer in another case", "/v1 | X-Gateway-Key: bEARER  bob-secret-2", "bob: /v1"},
		{"Authorization stays", "/ | Authorization: Bearer oauth | X-Gateway-Key: alice-secret", "alice: / | Authorization: Bearer oauth"},
		{"Proxy-Authorization goes", "/ | Proxy-Authorization: Basic eA== | X-Gateway-Key: alice-secret", "alice: /"},
		{"another name stays", "/ | X-Gateway-Key: alice-secret | X-Gateway-Keys: a", "alice: / | X-Gateway-Keys: a"},
		{"other casing on the wire", "/ | x-GATEWAY-key: alice-secret", "alice: /"},
		{"missing", "/v1", "401 unauthenticated: missing: nothing in " + in},
		{"in the wrong field", "/ | Authorization: Bearer alice-secret", "401 unauthenticated: missing: nothing in " + in},
		{"unknown", "/ | X-Gateway-Key: mallory-secret", "401 unauthenticated: the credential in " + in + ": auth: denied: unknown key"},
		{"expired", "/ | X-Gateway-Key: carol-secret", "401 unauthenticated: the credential in " + in + ": auth: denied: expired key of carol, at 1970-01-01T00:00:01Z"},
		{"empty", "/ | X-Gateway-Key:", "401 unauthenticated: malformed: the credential in " + in + " is shorter than 6 bytes"},
		{"short", "/ | X-Gateway-Key: alice", "401 unauthenticated: malformed: the credential in " + in + " is shorter than 6 bytes"},
		{"long", "/ | X-Gateway-Key: " + strings.Repeat("a", 4097), "401 unauthenticated: malformed: the credential in " + in + " is longer than 4096 bytes"},
		{"two words", "/ | X-Gateway-Key: alice-secret bob-secret-2", "401 unauthenticated: malformed: the credential in " + in + " holds white space"},
		{"bearer without a key", "/ | X-Gateway-Key: Bearer", "401 unauthenticated: malformed: the credential in " + in + " does not follow its scheme after a space"},
		{"bearer and a tab", "/ | X-Gateway-Key: Bearer\talice-secret", "401 unauthenticated: malformed: the credential in " + in + " does not follow its scheme after a space"},
		{"repeated", "/ | X-Gateway-Key: alice-secret | X-Gateway-Key: bob-secret-2", "400 ambiguous-credential: " + in + " is repeated"},
		{"repeated, the same", "/ | X-Gateway-Key: alice-secret | X-Gateway-Key: alice-secret", "400 ambiguous-credential: " + in + " is repeated"},
		{"repeated, one empty", "/ | X-Gateway-Key: | X-Gateway-Key: alice-secret", "400 ambiguous-credential: " + in + " is repeated"},
	})
}

func TestBearerCarrier(t *testing.T) {
	run(t, gate(t, auth.Bearer()), []exchange{
		{"plain", "/v1 | Authorization: Bearer alice-secret | User-Agent: x", "alice: /v1 | User-Agent: x"},
		{"other casing", "/ | Authorization: bearer   alice-secret", "alice: /"},
		{"missing", "/", "401 unauthenticated: missing: nothing in bearer"},
		{"another scheme", "/ | Authorization: Basic YWxpY2Utc2VjcmV0Og==", "401 unauthenticated: missing: nothing in bearer"},
		{"no scheme", "/ | Authorization: alice-secret", "401 unauthenticated: missing: nothing in bearer"},
		{"empty", "/ | Authorization:", "401 unauthenticated: missing: nothing in bearer"},
		{"scheme alone", "/ | Authorization: Bearer", "401 unauthenticated: malformed: the credential in bearer does not follow its scheme after a space"},
		{"a tab", "/ | Authorization: Bearer\talice-secret", "401 unauthenticated: malformed: the credential in bearer does not follow its scheme after a space"},
		{"an equals sign", "/ | Authorization: Bearer=alice-secret", "401 unauthenticated: malformed: the credential in bearer does not follow its scheme after a space"},
		{"two words", "/ | Authorization: Bearer alice-secret x", "401 unauthenticated: malformed: the credential in bearer holds white space"},
		{"unknown", "/ | Authorization: Bearer mallory-secret", "401 unauthenticated: the credential in bearer: auth: denied: unknown key"},
	})
}

func TestBasicCarrier(t *testing.T) {
	run(t, gate(t, auth.Basic()), []exchange{
		{"user and password", "/ | Authorization: " + basic("me", aliceKey), "alice: /"},
		{"the user name is the key", "/ | Authorization: " + basic(aliceKey, ""), "alice: /"},
		{"no user name", "/ | Authorization: " + basic("", aliceKey), "alice: /"},
		{"other casing", "/ | Authorization: bAsIc  " + basic("", aliceKey)[6:], "alice: /"},
		{"another scheme", "/ | Authorization: Bearer alice-secret", "401 unauthenticated: missing: nothing in basic"},
		{"no colon", "/ | Authorization: Basic YWxpY2Utc2VjcmV0", "401 unauthenticated: malformed: the credential in basic has no colon between user name and password"},
		{"no base64", "/ | Authorization: Basic alice:secret", "401 unauthenticated: malformed: the credential in basic is not in base64"},
		{"stray bits", "/ | Authorization: Basic YTphbGljZS1zZWNyZXR=", "401 unauthenticated: malformed: the credential in basic is not in base64"},
		{"scheme alone", "/ | Authorization: Basic", "401 unauthenticated: malformed: the credential in basic does not follow its scheme after a space"},
		{"nothing in it", "/ | Authorization: " + basic("", ""), "401 unauthenticated: malformed: the credential in basic is shorter than 6 bytes"},
		{"control character", "/ | Authorization: " + basic("", "alice\nsecret"), "401 unauthenticated: malformed: the credential in basic holds a control character"},
		{"control character in the user name", "/ | Authorization: " + basic("\x00", aliceKey), "401 unauthenticated: malformed: the credential in basic has a user name that is too long or holds a control character"},
		{"colon in the password", "/ | Authorization: " + basic("a", "b:"+aliceKey), "401 unauthenticated: the credential in basic: auth: denied: unknown key"},
	})
}

func TestAuthorizationOfAnotherSchemeStays(t *testing.T) {
	key := " | X-Gateway-Key: alice-secret"
	run(t, gate(t, auth.Header("X-Gateway-Key"), auth.Bearer()), []exchange{
		{"another scheme", "/ | Authorization: Basic bWU6bXktcGFzc3dvcmQ=" + key, "alice: / | Authorization: Basic bWU6bXktcGFzc3dvcmQ="},
		{"a scheme that begins alike", "/ | Authorization: Bearerish x" + key, "alice: / | Authorization: Bearerish x"},
		{"parameters and commas", `/ | Authorization: Digest username="x", realm="y"` + key, `alice: / | Authorization: Digest username="x", realm="y"`},
		{"a second credential behind a comma", "/ | Authorization: Basic eDp5, Bearer alice-secret" + key, "400 ambiguous-credential: Authorization holds a second credential after a comma"},
		{"far behind it", "/ | Authorization: Basic eDp5,,x=y,bearer alice-secret" + key, "400 ambiguous-credential: Authorization holds a second credential after a comma"},
		{"another scheme twice", "/ | Authorization: Basic eDp5 | Authorization: Basic eDp5" + key, "400 ambiguous-credential: Authorization is repeated"},
	})
}

func TestQueryCarrier(t *testing.T) {
	run(t, gate(t, auth.Query("api_key")), []exchange{
		{"alone", "/v1?api_key=alice-secret", "alice: /v1"},
		{"first", "/v1?api_key=alice-secret&b=%41+&&c", "alice: /v1?b=%41+&&c"},
		{"in the middle", "/v1?a=%20&api_key=alice-secret&b=2", "alice: /v1?a=%20&b=2"},
		{"last", "/v1?a=1&&api_key=alice-secret", "alice: /v1?a=1&"},
		{"name percent-encoded", "/v1?a=%41&%61pi%5Fkey=alice-secret", "alice: /v1?a=%41"},
		{"value percent-encoded", "/v1?api_key=%61lice-secret&a=+", "alice: /v1?a=+"},
		{"path as it came", "/v1%2Fx?api_key=alice-secret", "alice: /v1%2Fx"},
		{"name encoded twice is another name", "/?%2561pi_key=x&api_key=alice-secret", "alice: /?%2561pi_key=x"},
		{"missing", "/v1?a=1", "401 unauthenticated: missing: nothing in query api_key"},
		{"no query", "/v1", "401 unauthenticated: missing: nothing in query api_key"},
		{"no value", "/v1?api_key", "401 unauthenticated: malformed: the credential in query api_key is shorter than 6 bytes"},
		{"control character", "/v1?api_key=alice%00secret", "401 unauthenticated: malformed: the credential in query api_key holds a control character"},
		{"repeated", "/?api_key=alice-secret&api_key=bob-secret-2", "400 ambiguous-credential: query api_key is repeated"},
		{"repeated, the same", "/?api_key=alice-secret&api_key=alice-secret", "400 ambiguous-credential: query api_key is repeated"},
		{"repeated by percent-encoding", "/?api_key=alice-secret&api%5fkey=alice-secret", "400 ambiguous-credential: query api_key is repeated"},
		{"alias in another case", "/?api_key=alice-secret&API_KEY=alice-secret", "400 alias: a parameter is an alias of query api_key"},
		{"alias by punctuation", "/?api.key=alice-secret", "400 alias: a parameter is an alias of query api_key"},
		{"semicolon", "/?a=1;b=2&api_key=alice-secret", "400 unparsable-query: the query holds a semicolon or an invalid percent-encoding"},
		{"bad triplet in a name", "/?%zz=1&api_key=alice-secret", "400 unparsable-query: the query holds a semicolon or an invalid percent-encoding"},
		{"bad triplet in a value", "/?api_key=alice-secret&a=%", "400 unparsable-query: the query holds a semicolon or an invalid percent-encoding"},
	})
}

func TestQueryIsNotReadWithoutItsCarrier(t *testing.T) {
	run(t, gate(t, auth.Header("X-Gateway-Key")), []exchange{
		{"unparsable", "/?a=1;b=%zz | X-Gateway-Key: alice-secret", "alice: /?a=1;b=%zz"},
	})
}

func TestCookieCarrier(t *testing.T) {
	run(t, gate(t, auth.Cookie("gw")), []exchange{
		{"alone", "/ | Cookie: gw=alice-secret", "alice: /"},
		{"first", "/ | Cookie: gw=alice-secret; a=1;  b=2", "alice: / | Cookie: a=1;  b=2"},
		{"in the middle", "/ | Cookie: a=1; gw=alice-secret;b=\"2\"", "alice: / | Cookie: a=1;b=\"2\""},
		{"last", "/ | Cookie: a=1; b=2; gw=alice-secret", "alice: / | Cookie: a=1; b=2"},
		{"quoted", "/ | Cookie: gw=\"alice-secret\"; a=1", "alice: / | Cookie: a=1"},
		{"spaces", "/ | Cookie: gw = alice-secret ; a=1", "alice: / | Cookie: a=1"},
		{"on a line of its own", "/ | Cookie: a=1 | Cookie: gw=alice-secret | Cookie: b=2", "alice: / | Cookie: a=1 | Cookie: b=2"},
		{"odd neighbours", "/ | Cookie: ;; a; =x; gw=alice-secret", "alice: / | Cookie: ;; a; =x"},
		{"missing", "/ | Cookie: a=gw", "401 unauthenticated: missing: nothing in cookie gw"},
		{"no value", "/ | Cookie: gw", "401 unauthenticated: malformed: the credential in cookie gw is shorter than 6 bytes"},
		{"half quoted", "/ | Cookie: gw=alice-secret\"", "401 unauthenticated: the credential in cookie gw: auth: denied: unknown key"},
		{"repeated", "/ | Cookie: gw=alice-secret; gw=bob-secret-2", "400 ambiguous-credential: cookie gw is repeated"},
		{"repeated on two lines", "/ | Cookie: gw=alice-secret | Cookie: gw=alice-secret", "400 ambiguous-credential: cookie gw is repeated"},
		{"alias in another case", "/ | Cookie: gw=alice-secret; GW=alice-secret", "400 alias: a cookie is an alias of cookie gw"},
	})
}

func TestProxyAuthorizationCarrier(t *testing.T) {
	const in = "proxy authorization"
	run(t, gate(t, auth.ProxyAuthorization()), []exchange{
		{"bearer", "/ | Proxy-Authorization: Bearer alice-secret | Authorization: Bearer oauth", "alice: / | Authorization: Bearer oauth"},
		{"basic", "/ | Proxy-Authorization: " + basic("me", aliceKey), "alice: /"},
		{"another scheme", "/ | Proxy-Authorization: Digest x", "401 unauthenticated: malformed: the credential in " + in + " is of neither the Bearer nor the Basic scheme"},
		{"no scheme", "/ | Proxy-Authorization: alice-secret", "401 unauthenticated: malformed: the credential in " + in + " is of neither the Bearer nor the Basic scheme"},
		{"repeated", "/ | Proxy-Authorization: Bearer alice-secret | Proxy-Authorization: Bearer alice-secret", "400 ambiguous-credential: " + in + " is repeated"},
		{"alias", "/ | Proxy_Authorization: Bearer alice-secret", "400 alias: field Proxy_authorization is an alias of " + in},
		{"missing", "/", "401 unauthenticated: missing: nothing in " + in},
	})
}

// TestSeveralCarriers holds what two carriers say against one another.
func TestSeveralCarriers(t *testing.T) {
	g := gate(t, auth.Header("X-Gateway-Key"), auth.Header("X-Old-Key"), auth.Bearer(), auth.Basic(), auth.ProxyAuthorization(), auth.Query("key"), auth.Cookie("gw"))
	const header = " | X-Gateway-Key: alice-secret"
	run(t, g, []exchange{
		{"one of them", "/?a=b" + header, "alice: /?a=b"},
		{"the same in all", "/?key=alice-secret&a=b | Authorization: Bearer alice-secret | Proxy-Authorization: Bearer alice-secret | Cookie: gw=alice-secret; a=b | X-Old-Key: alice-secret" + header, "alice: /?a=b | Cookie: a=b"},
		{"two fields differ", "/ | X-Old-Key: bob-secret-2" + header, "400 ambiguous-credential: header X-Gateway-Key and header X-Old-Key hold different credentials"},
		{"field and bearer differ", "/ | Authorization: Bearer bob-secret-2" + header, "400 ambiguous-credential: header X-Gateway-Key and bearer hold different credentials"},
		{"field and unknown bearer differ", "/ | Authorization: Bearer sk-something" + header, "400 ambiguous-credential: header X-Gateway-Key and bearer hold different credentials"},
		{"field and query differ", "/?key=bob-secret-2" + header, "400 ambiguous-credential: header X-Gateway-Key and query key hold different credentials"},
		{"field and cookie differ", "/ | Cookie: gw=bob-secret-2" + header, "400 ambiguous-credential: header X-Gateway-Key and cookie gw hold different credentials"},
		{"field and an empty cookie differ", "/ | Cookie: gw=" + header, "400 ambiguous-credential: header X-Gateway-Key and cookie gw hold different credentials"},
		{"field and malformed basic differ", "/ | Authorization: Basic x" + header, "400 ambiguous-credential: header X-Gateway-Key and basic hold different credentials"},
		{"the same, malformed in one", "/ | Authorization: " + basic("\x00", aliceKey) + header, "400 ambiguous-credential: header X-Gateway-Key and basic hold different credentials"},
		{"user names differ", "/ | Authorization: " + basic("a", aliceKey) + " | Proxy-Authorization: " + basic("b", aliceKey), "400 ambiguous-credential: proxy authorization and basic hold different credentials"},
		{"one user name", "/ | Authorization: " + basic("a", aliceKey) + header, "alice: /"},
		{"bearer behind basic", "/ | Authorization: " + basic("a", aliceKey) + ", Bearer alice-secret", "400 ambiguous-credential: Authorization holds a second credential after a comma"},
		{"missing", "/", "401 unauthenticated: missing: nothing in header X-Gateway-Key, header X-Old-Key, bearer, basic, proxy authorization, query key, cookie gw"},
	})
}

// TestIrregularKeys fires what no server reads off a wire and a middleware can make: header keys that are not in
// canonical form.
func TestIrregularKeys(t *testing.T) {
	all := []auth.Carrier{auth.Header("X-Gateway-Key"), auth.Bearer(), auth.Cookie("gw")}
	tests := []struct {
		name     string
		carriers []auth.Carrier
		header   map[string][]string
		want     string
	}{
		{"field", all, map[string][]string{"x-gateway-key": {aliceKey}, "accept": {"x"}}, "alice: / | accept: x"},
		{"field twice", all, map[string][]string{"x-gateway-key": {aliceKey}, "X-Gateway-Key": {aliceKey}}, "400 ambiguous-credential: header X-Gateway-Key is repeated"},
		{"Authorization twice", all, map[string][]string{"authorization": {"Bearer alice-secret"}, "Authorization": {"Bearer alice-secret"}}, "400 ambiguous-credential: Authorization is repeated"},
		{"Proxy-Authorization", all, map[string][]string{"proxy-authorization": {"x"}, "X-Gateway-Key": {aliceKey}}, "alice: /"},
		{"cookie", all, map[string][]string{"cookie": {"gw=alice-secret; a=1", "gw2=x"}}, "alice: / | cookie: a=1 | cookie: gw2=x"},
		{"cookie alone", all, map[string][]string{"cookie": {"gw=alice-secret"}}, "alice: /"},
		{"cookie twice", all, map[string][]string{"cookie": {"gw=alice-secret"}, "Cookie": {"gw=alice-secret"}}, "400 ambiguous-credential: cookie gw is repeated"},
		{"cookie that is no carrier", []auth.Carrier{auth.Header("X-Gateway-Key")}, map[string][]string{"x-gateway-key": {aliceKey}, "cookie": {"gw=1"}}, "alice: / | cookie: gw=1"},
		{"alias", all, map[string][]string{"x_gateway_key": {aliceKey}}, "400 alias: field X_gateway_key is an alias of header X-Gateway-Key"},
		{"no lines", all, map[string][]string{"X-Gateway-Key": {}, "Authorization": nil}, "401 unauthenticated: missing: nothing in header X-Gateway-Key, bearer, cookie gw"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := read(t, "/")
			r.Header = tt.header
			if diff := cmp.Diff(tt.want, pass(t, gate(t, tt.carriers...), r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
