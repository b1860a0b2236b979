package endpoint

import (
	"net/http/httptest"
	"slices"
	"testing"
)

func TestMatch(t *testing.T) {
	set, faults := Compile([]string{"POST /v1/messages", "GET /v1/models/{id}", "/v1/any", "GET /v1/tree/"})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for _, c := range []struct {
		method, path string
		index        int
		allow        string
		ok           bool
	}{
		{"POST", "/v1/messages", 0, "", true},
		{"GET", "/v1/messages", 0, "POST", false},
		{"POST", "/v1/messages/", 0, "", false},
		{"POST", "/v1/Messages", 0, "", false},
		{"GET", "/v1/models/x", 1, "", true},
		{"HEAD", "/v1/models/x", 1, "", true},
		{"GET", "/v1/models/a%2Fb", 1, "", true},
		{"GET", "/v1/models/", 0, "", false},
		{"DELETE", "/v1/models/x", 0, "GET, HEAD", false},
		{"PATCH", "/v1/any", 2, "", true},
		{"GET", "/v1/tree/a/b", 3, "", true},
		{"GET", "/v1/tree", 0, "", false}, // no redirect: that would be another request
		{"GET", "/", 0, "", false},
	} {
		index, allow, ok := set.Match(httptest.NewRequest(c.method, c.path, nil))
		if index != c.index || allow != c.allow || ok != c.ok {
			t.Errorf("%s %s: %d, %q, %v; want %d, %q, %v", c.method, c.path, index, allow, ok, c.index, c.allow, c.ok)
		}
	}
	if _, _, ok := (*Set)(nil).Match(httptest.NewRequest("GET", "/", nil)); ok {
		t.Error("a nil Set matches")
	}
}

func TestAmbiguous(t *testing.T) {
	set, faults := Compile([]string{"POST /v1/messages", "POST /v1/{one}", "POST /v1/files/{id}", "POST /v1/files/{id}/content"})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for path, want := range map[string]bool{
		"/v1/messages":                 false,
		"/v1/%6dessages":               false, // the same, read either way
		"/v1/%256dessages":             true,  // {one}, or messages for who decodes twice
		"/v1/files/a%2Fb":              false, // {id}, which decoded is in no pattern
		"/v1/files/a%2Fcontent":        true,
		"/v1%2Fmessages":               true, // no pattern, or messages
		"/v1/files/%25%32%46":          false,
		"/v1/files/a%252Fcontent":      true,
		"/v1/files/report%20final.pdf": false,
	} {
		r := httptest.NewRequest("POST", path, nil)
		index, _, ok := set.Match(r)
		if got := set.Ambiguous(r, index, ok); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestCompileReportsEveryMistake(t *testing.T) {
	wrong := []string{"example.com/x", "", "POST /a/{", "POST /ok", "POST"} // the second of two that are the same
	_, faults := Compile(append([]string{"POST /ok"}, wrong...))
	var got []string
	for _, f := range faults {
		if got = append(got, f.Pattern); f.Reason == "" {
			t.Errorf("%q: no reason", f.Pattern)
		}
	}
	if !slices.Equal(got, wrong) {
		t.Errorf("%q, want %q", got, wrong)
	}
}
