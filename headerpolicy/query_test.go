package headerpolicy

import (
	"strings"
	"testing"
)

func TestQuery(t *testing.T) {
	named := Query{Forward: []string{"beta", "tag", "ids[]", "f-*", "created_at[gte]", "a b"}, Repeat: []string{"tag", "f-r*"}}
	all := Query{Forward: []string{"*"}}
	tests := []struct {
		name  string
		query Query
		raw   string
		want  string
	}{
		{"none", named, "", ""},
		{"named", named, "beta=true", ""},
		{"without a value", named, "beta", ""},
		{"encoded name", named, "b%65ta=1&created_at%5Bgte%5D=2", ""},
		{"plus is a space", named, "a+b=1", ""},
		{"any value", named, "beta=%00%ff&f-x=a=b", ""},
		{"prefix", named, "f-1=a&f-2=b", ""},
		{"empty parts", named, "&beta=1&&", ""},
		{"array", named, "ids[]=1&ids[]=2&ids%5b%5d=3", ""},
		{"repeat with leave", named, "tag=1&tag=2&f-r=1&f-r=2", ""},

		{"not named", named, "gamma=1", "Bad Request: query-not-named gamma"},
		{"another case", named, "Beta=1", "Bad Request: query-not-named Beta"},
		{"no name", named, "=1", "Bad Request: query-not-named "},
		{"not named, a key in place of the name", named, "sk-ant-" + strings.Repeat("x", 90), "Bad Request: query-not-named "},
		{"not named, odd characters", named, "a%22=1", "Bad Request: query-not-named "},
		{"repeat", named, "beta=1&beta=2", "Bad Request: query-repeated beta"},
		{"repeat, encoded", named, "beta=1&%62eta=2", "Bad Request: query-repeated beta"},
		{"repeat under a prefix", named, "f-1=a&f-1=b", "Bad Request: query-repeated f-1"},

		{"U1: semicolon", named, "beta=1;gamma=2", "Bad Request: query-invalid "},
		{"U1: bad triplet in a name", named, "bet%zz=1", "Bad Request: query-invalid "},
		{"U1: bad triplet in a value", named, "beta=%f", "Bad Request: query-invalid "},
		{"U1: lone percent", named, "beta=1%", "Bad Request: query-invalid "},
		{"U5: fragment", named, "beta=1#x", "Bad Request: query-invalid "},
		{"space", named, "beta=1 2", "Bad Request: query-invalid "},
		{"line feed", named, "beta=1\n", "Bad Request: query-invalid "},
		{"not ASCII", named, "beta=ü", "Bad Request: query-invalid "},
		{"control character in a name", all, "be%00ta=1", "Bad Request: query-invalid "},
		{"name that is not UTF-8", all, "be%ffta=1", "Bad Request: query-invalid "},
		{"U2: too many", named, strings.Repeat("tag=1&", 256) + "tag=1", "Bad Request: query-too-many "},
		{"as many as allowed", named, strings.Repeat("tag=1&", 255) + "tag=1", ""},

		{"everything", all, "x=1&y[z]=2", ""},
		{"everything but credentials", all, "key=1", "Bad Request: query-not-named key"},
		{"R9: in another spelling", all, "Api_Key=1", "Bad Request: query-not-named Api_Key"},
		{"R9: in an array", all, "token[]=1", "Bad Request: query-not-named token[]"},
		{"R9: encoded", all, "%6bey=1", "Bad Request: query-not-named key"},
		{"R9: PHP drops the space", all, "+key=1", "Bad Request: query-not-named "},
		{"cursors are none", all, "pageToken=1&page_token=2", ""},
		{"prefix that meets a credential", Query{Forward: []string{"x-*"}}, "x-amz-signature=1", "Bad Request: query-not-named x-amz-signature"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := mustNew(t, Config{Request: Request{Query: test.query}})
			if got := outcome(p.Request(t.Context(), RequestInput{RawQuery: test.raw})); got != test.want {
				t.Errorf("%q: got %s, want %s", test.raw, got, test.want)
			}
		})
	}
}
