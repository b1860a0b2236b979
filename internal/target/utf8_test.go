package target

import "testing"

// Bytes that are no UTF-8 read differently from parser to parser: a lenient decoder takes an overlong form such as
// %c0%ae for the dot that no check has seen.
func TestJoinRefusesWhatIsNoUTF8(t *testing.T) {
	base, err := ParseBase("https://api.example")
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{
		"overlong dots":             "/v1/%c0%ae%c0%ae/secret",
		"overlong dots, upper case": "/v1/%C0%AE%C0%AE/secret",
		"an overlong slash":         "/v1/..%c0%afsecret",
		"an overlong backslash":     "/v1/..%c1%9csecret",
		"three bytes for a dot":     "/v1/%e0%80%ae%e0%80%ae/secret",
		"encoded twice":             "/v1/%25c0%25ae%25c0%25ae/secret",
		"encoded in halves":         "/v1/%c0%25ae/secret",
		"a surrogate":               "/v1/%ed%a0%80",
		"a sequence that breaks":    "/v1/%e2%82",
		"a lonely byte":             "/v1/%ff",
		"a byte as it stands":       "/v1/\xff",
		"overlong as it stands":     "/v1/\xc0\xae\xc0\xae/secret",
	} {
		if u, err := base.Join(request(t, in)); err == nil {
			t.Errorf("%s: Join(%q) = %s, want an error", name, in, u.String())
		}
	}
	const euro = "/v1/files/%E2%82%AC"
	if u, err := base.Join(request(t, euro)); err != nil || u.EscapedPath() != euro {
		t.Errorf("Join(%q) = %s, %v", euro, u.String(), err)
	}
	if b, err := ParseBase("https://api.example/%c0%ae%c0%ae"); err == nil {
		t.Errorf("ParseBase takes a base that is no UTF-8: %+v", b)
	}
}
