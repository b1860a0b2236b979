package guardrail

import (
	"strings"
	"testing"
)

// What two JSON parsers read differently is refused, wherever it stands, with rules and without.
func TestJSON(t *testing.T) {
	cases := map[string]struct{ body, says string }{
		"duplicate name":              {`{"messages":[{"content":"a"}],"messages":[{"content":"b"}]}`, "duplicate name"},
		"duplicate name by escape":    {`{"messages":[{"content":"a"}],"\u006dessages":[{"content":"b"}]}`, "duplicate name"},
		"duplicate name below":        {`{"messages":[{"content":"a","x":{"y":1,"y":2}}]}`, "duplicate name"},
		"names alike":                 {`{"messages":[{"content":"a"}],"Messages":[]}`, "case is folded"},
		"names alike by long s":       {`{"messages":[{"content":"a"}],"meſsages":[]}`, "case is folded"},
		"names alike by Kelvin":       {`{"messages":[{"content":"a","key":1,"\u212aey":2}]}`, "case is folded"},
		"invalid UTF-8":               {"{\"messages\":[{\"content\":\"a\xff\"}]}", "invalid UTF-8"},
		"overlong UTF-8":              {"{\"messages\":[{\"content\":\"a\xc0\xaf\"}]}", "invalid UTF-8"},
		"encoded surrogate":           {"{\"messages\":[{\"content\":\"a\xed\xa0\x80\"}]}", "invalid UTF-8"},
		"lone high surrogate":         {`{"messages":[{"content":"a\ud800"}]}`, "lone surrogate"},
		"lone low surrogate":          {`{"messages":[{"content":"a\udc00b"}]}`, "lone surrogate"},
		"swapped surrogates":          {`{"messages":[{"content":"\ude00\ud83d"}]}`, "lone surrogate"},
		"byte order mark":             {"\xef\xbb\xbf" + says("a"), "byte order mark"},
		"UTF-16":                      {"\xff\xfe{\x00}\x00", "encoding"},
		"NaN":                         {`{"messages":[{"content":"a","x":NaN}]}`, "refused"},
		"Infinity":                    {`{"messages":[{"content":"a","x":-Infinity}]}`, "refused"},
		"comment":                     {`{/* x */"messages":[{"content":"a"}]}`, "comment"},
		"line comment":                {`{"messages":[{"content":"a"}]} // x`, "comment"},
		"trailing comma in an array":  {`{"messages":[{"content":"a"},]}`, "trailing comma"},
		"trailing comma in an object": {`{"messages":[{"content":"a",}]}`, "trailing comma"},
		"raw line feed":               {"{\"messages\":[{\"content\":\"a\nb\"}]}", "control character"},
		"raw NUL":                     {"{\"messages\":[{\"content\":\"a\x00b\"}]}", "control character"},
		"leading zero":                {`{"messages":[{"content":"a","x":01}]}`, "malformed number"},
		"leading plus":                {`{"messages":[{"content":"a","x":+1}]}`, "refused"},
		"second document":             {says("a") + says("b"), "data after the document"},
		"garbage after":               {says("a") + "x", "data after the document"},
		"single quotes":               {`{'messages':[]}`, "unexpected byte"},
		"NUL in a name":               {`{"messages\u0000":1,"messages":[{"content":"a"}]}`, "NUL in a name"},
		"too deep":                    {`{"messages":[{"content":` + strings.Repeat("[", 200) + `"a"` + strings.Repeat("]", 200) + `}]}`, "nested too deeply"},
		"millions of brackets":        {strings.Repeat("[", 5_600_000), "nested too deeply"},
		"too many values":             {`{"messages":["a"` + strings.Repeat(",0", 1<<20) + `]}`, "too many values"},
		"an unknown escape":           {`{"messages":[{"content":"\x61"}]}`, "escape"},
		"white space alone":           {" \n", "empty text"},
		"an odd space":                {"\u00a0" + says("a"), "unexpected byte"},
	}
	for name, c := range cases {
		for rule, endpoints := range map[string][]Endpoint{"rule": chat(), "every string": EveryString("POST /v1/messages")} {
			t.Run(name+"/"+rule, func(t *testing.T) {
				u := &upstream{}
				budget := NewBudget(256 << 20)
				h := must(t, Config{Endpoints: endpoints, Guards: []Guard{&fake{}}, Budget: budget}).Wrap(u)
				a, _ := post(h, c.body)
				refused(t, u, a, 400, "ambiguous-json")
				if !strings.Contains(a.Body, c.says) || !strings.Contains(a.Body, "offset") {
					t.Errorf("the client was told %s", a.Body)
				}
				drained(t, budget)
			})
		}
	}
}

// What gjson takes for nothing at all, and upstreams for something.
func TestJSON_AnotherShapeThanTheRuleExpects(t *testing.T) {
	cases := map[string]struct{ body, code string }{
		"another case":             {`{"Messages":[{"content":"` + word + `"}]}`, "ambiguous-json"},
		"a long s":                 {`{"meſsages":[{"content":"` + word + `"}]}`, "ambiguous-json"},
		"another case, beside":     {`{"messages":[{"content":"a"}],"System":"b"}`, "ambiguous-json"},
		"another case, below":      {`{"messages":[{"content":[{"Source":{"data":"x"}}]}]}`, "ambiguous-json"},
		"another case, by escape":  {`{"\u004dessages":[{"content":"` + word + `"}]}`, "ambiguous-json"},
		"a top-level array":        {`[{"messages":[{"content":"` + word + `"}]}]`, "nothing-to-inspect"},
		"a top-level string":       {`"` + word + `"`, "nothing-to-inspect"},
		"messages an object":       {`{"messages":{"0":{"content":"` + word + `"}}}`, "blocked"},
		"messages a string":        {`{"messages":"` + word + `"}`, "blocked"},
		"content an object":        {`{"messages":[{"content":{"text":"` + word + `"}}]}`, "blocked"},
		"content a list in a list": {`{"messages":[{"content":[[{"text":"` + word + `"}]]}]}`, "blocked"},
		"escaped":                  {`{"messages":[{"content":"the \u0062anned word"}]}`, "blocked"},
		"an escaped name":          {`{"\u006dessages":[{"c\u006fntent":"` + word + `"}]}`, "blocked"},
		"split by an escaped pair": {`{"messages":[{"content":"\ud83d\ude00 ` + word + `"}]}`, "blocked"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u := &upstream{}
			h := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}}).Wrap(u)
			a, _ := post(h, c.body)
			refused(t, u, a, 400, c.code)
		})
	}
}

// A name that folds to a selected one does no harm where nothing is selected by name, and tools of the real world have such
// properties.
func TestNamesAlikeElsewhere(t *testing.T) {
	u := &upstream{}
	h := must(t, Config{Endpoints: chat(), Guards: []Guard{&fake{}}}).Wrap(u)
	body := `{"messages":[{"content":"a"}],"tools":[{"input_schema":{"properties":{"Messages":{"type":"string"},"Type":{},"Role":{}}}}]}`
	if a, _ := post(h, body); a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// Nor may a name that the rule knows from elsewhere be taken for another one.
func TestKnownNamesAlike(t *testing.T) {
	rule := Endpoint{Pattern: "POST /", Text: []Selector{{Path: "a.text", Kind: Prompt}}, Names: []string{"Text", "b"}}
	g := must(t, Config{Endpoints: []Endpoint{rule}, Guards: []Guard{&fake{}}})
	for body, code := range map[string]string{
		`{"a":{"Text":"x"}}`: "ambiguous-json",
		`{"b":{"Text":"x"}}`: "",
		`{"a":{"text":"x"}}`: "",
		`{"A":{"text":"x"}}`: "ambiguous-json",
	} {
		_, err := g.Texts("POST", "/", "application/json", []byte(body))
		if d, _ := err.(*Denial); (d == nil) != (code == "") || d != nil && d.Code != code {
			t.Errorf("%s: %v, want %q", body, err, code)
		}
	}
}

// A document that is made to keep the selectors busy is refused.
func TestSelectorsAreBounded(t *testing.T) {
	rule := Endpoint{Pattern: "POST /", Text: []Selector{{Path: "$..[?@..x]", Kind: Prompt}}}
	g := must(t, Config{Endpoints: []Endpoint{rule}, Guards: []Guard{&fake{}}})
	body := strings.Repeat("[", 120) + "[1" + strings.Repeat(",[1]", 20_000) + "]" + strings.Repeat("]", 120)
	_, err := g.Texts("POST", "/", "application/json", []byte(body))
	if d, _ := err.(*Denial); d == nil || d.Code != "ambiguous-json" || !strings.Contains(d.Detail, "budget") {
		t.Errorf("%v", err)
	}
}
