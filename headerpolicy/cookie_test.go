package headerpolicy

import "testing"

func TestCookies(t *testing.T) {
	p := mustNew(t, Config{Request: Request{Cookies: []string{"a", "b_c"}}})
	tests := []struct {
		in   string
		want string // the rebuilt field, or the refusal
	}{
		{"a=1", "a=1"},
		{"x=0; a=1; b_c=2; y", "a=1; b_c=2"},
		{"a=1;b_c=2", "a=1; b_c=2"},
		{"a = 1", "a = 1"},
		{`a="x y"`, `a="x y"`},
		{"a=", "a="},
		{"a", ""},
		{"A=1", ""},
		{"x=1", ""},
		{";;", ""},
		{"a=1; a=2", "Bad Request: repeated-cookie Cookie"},
		{"a=1; a =2", "Bad Request: repeated-cookie Cookie"},
		{`a="x; x=1; y="`, "Bad Request: ambiguous-cookie Cookie"},
		{`x="; a=1; y="`, "a=1"},
		{"a=1\x01", "Bad Request: invalid-field Cookie"},
	}
	for _, test := range tests {
		d, err := p.Request(t.Context(), RequestInput{Header: header("Cookie: " + test.in)})
		got := d.Header.Get("Cookie")
		if err != nil {
			got = outcome(d, err)
		}
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.in, got, test.want)
		}
	}
	d, err := p.Request(t.Context(), RequestInput{Header: header("Cookie: a=1; x=2", "Cookie: b_c=3")})
	if got, want := outcome(d, err), "Cookie forwarded (2 of 3 cookies)"; got != want {
		t.Errorf("two lines: got %q, want %q", got, want)
	}
	if got, want := d.Header.Get("Cookie"), "a=1; b_c=3"; got != want {
		t.Errorf("two lines: got %q, want %q", got, want)
	}
}
