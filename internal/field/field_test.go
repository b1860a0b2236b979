package field

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{
		"Accept": true, "X_Api.Key": true, "!#$%&'*+-.^_`|~": true,
		"": false, "X Y": false, "X:": false, "X\r\n": false, "Ü": false, "(x)": false,
	} {
		if got := ValidName(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}

func TestValidValue(t *testing.T) {
	for value, want := range map[string]bool{
		"": true, "a": true, "a b\tc": true, "\xff": true, "ü": true, "~": true,
		" a": false, "a ": false, "\ta": false, "a\t": false, " ": false,
		"a\r\nb": false, "a\nb": false, "a\x00b": false, "a\x7fb": false, "\x1b": false,
	} {
		if got := ValidValue(value); got != want {
			t.Errorf("%q: got %v", value, got)
		}
	}
}

func TestFold(t *testing.T) {
	tests := []struct {
		name, fold string
		punctuated bool
	}{
		{"X-Api-Key", "x-api-key", false},
		{"X_Api.Key", "x-api-key", true},
		{"x_API-kEY", "x-api-key", true},
		{"Äpi", "Äpi", false},
		{"", "", false},
	}
	for _, test := range tests {
		if got := Fold(test.name); got != test.fold {
			t.Errorf("%q: got %q, want %q", test.name, got, test.fold)
		}
		if got := HasAliasPunctuation(test.name); got != test.punctuated {
			t.Errorf("%q: punctuated %v", test.name, got)
		}
	}
}

// FuzzFold holds Fold against its purpose: spellings that differ in case and punctuation alone meet, and folding
// twice is folding once.
func FuzzFold(f *testing.F) {
	f.Add("X_Api.Key")
	f.Add("Ü")
	f.Fuzz(func(t *testing.T, name string) {
		fold := Fold(name)
		if again := Fold(fold); again != fold {
			t.Errorf("%q folds to %q and then to %q", name, fold, again)
		}
		if HasAliasPunctuation(fold) {
			t.Errorf("%q folds to %q", name, fold)
		}
		if ValidName(name) && Fold(Canonical(name)) != fold {
			t.Errorf("%q and its canonical form do not meet", name)
		}
	})
}

func TestKinds(t *testing.T) {
	type kinds struct{ HopByHop, Framing, Singleton, Credential bool }
	for name, want := range map[string]kinds{
		"Accept":              {},
		"Connection":          {HopByHop: true, Framing: true},
		"Te":                  {HopByHop: true, Framing: true},
		"Upgrade":             {HopByHop: true, Framing: true},
		"Http2-Settings":      {HopByHop: true, Framing: true},
		"Proxy-Authorization": {HopByHop: true, Framing: true, Singleton: true, Credential: true},
		"Host":                {Framing: true, Singleton: true},
		"Expect":              {Framing: true},
		"Content-Length":      {Framing: true, Singleton: true},
		"Content-Type":        {Singleton: true},
		"Authorization":       {Singleton: true, Credential: true},
		"Cookie":              {Singleton: true, Credential: true},
		"X_api.key":           {Singleton: true, Credential: true},
		"Acme-Auth-Token":     {Singleton: true, Credential: true},
		"X-Acme-Secret-Key":   {Singleton: true, Credential: true},
		"X-Keyboard":          {},
		"Session_id":          {},
	} {
		if diff := cmp.Diff(want, kinds{HopByHop(name), Framing(name), Singleton(name), Credential(name)}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestCredentialParameter(t *testing.T) {
	for name, want := range map[string]bool{
		"key": true, "KEY": true, "api_key": true, "access_token": true, "X-Amz-Signature": true, "client.secret": true,
		"my-token": true, "authorization": true, "x-goog-api-key": true,
		"page_token": false, "pageToken": false, "next-token": false, "beta": false, "api_key_id": false, "keyword": false, "": false,
	} {
		if got := CredentialParameter(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}

func TestNominated(t *testing.T) {
	tests := []struct {
		lines, want []string
	}{
		{nil, nil},
		{[]string{"keep-alive"}, nil},
		{[]string{"Close, KEEP-ALIVE"}, nil},
		{[]string{"", ",, ", "x-a"}, []string{"X-A"}},
		{[]string{"close, x-a ,X-B", "\tx-c\t"}, []string{"X-A", "X-B", "X-C"}},
		{[]string{"a b"}, []string{"a b"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, Nominated(http.Header{"Connection": test.lines})); diff != "" {
			t.Errorf("%q: %s", test.lines, diff)
		}
	}
}

func TestMembers(t *testing.T) {
	lines := []string{"a, b", "", ",c ,,d"}
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, slices.Collect(Members(lines))); diff != "" {
		t.Error(diff)
	}
	for range Members(lines) {
		break // a loop may end early
	}
	for member, want := range map[string]bool{"a": true, "B": true, "D": true, "e": false, "": false, "a, b": false} {
		if got := HasMember(lines, member); got != want {
			t.Errorf("%q: got %v", member, got)
		}
	}
}

func TestMergeResponse(t *testing.T) {
	dst := http.Header{
		"Vary": {"Origin"}, "Set-Cookie": {"gateway=1"}, "Link": {"</g>"}, "Content-Type": {"text/plain"},
		"Content-Security-Policy": {"default-src 'self'"}, "Location": {"/g"}, "Date": nil, "X-Frame-Options": {"DENY"},
	}
	vary := dst["Vary"]
	var kept []string
	for name, lines := range (http.Header{
		"Vary": {"Accept"}, "Set-Cookie": {"u=1", "u=2"}, "Link": {"</u>"}, "Content-Type": {"a/b"}, "Content-Encoding": {"br"},
		"Content-Security-Policy": {"none"}, "Location": {"/u"}, "Date": {"today"}, "Request-Id": {"7"},
	}) {
		if !MergeResponse(dst, Field{name, lines}) {
			kept = append(kept, name)
		}
	}
	slices.Sort(kept)
	want := http.Header{
		"Vary": {"Origin", "Accept"}, "Set-Cookie": {"gateway=1", "u=1", "u=2"}, "Link": {"</g>", "</u>"}, "Content-Type": {"a/b"},
		"Content-Encoding": {"br"}, "Content-Security-Policy": {"default-src 'self'"}, "Location": {"/g"}, "Date": nil,
		"X-Frame-Options": {"DENY"}, "Request-Id": {"7"},
	}
	if diff := cmp.Diff(want, dst); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Content-Security-Policy", "Date", "Location"}, kept); diff != "" {
		t.Error(diff)
	}
	if len(vary) != 1 || cap(vary) > 1 && vary[:2][1] == "Accept" {
		t.Error("the gateway's own slice was written into")
	}
}

// FuzzIsCanonical: a name is canonical exactly if it is what Canonical makes of it.
func FuzzIsCanonical(f *testing.F) {
	for _, name := range []string{"", "X-Api-Key", "x-api-key", "X-5h", "X_Key", "A--B", "A b", "a b", "É", "-A", "ETag"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if got, want := IsCanonical(name), Canonical(name) == name; got != want {
			t.Errorf("%q: %t, want %t", name, got, want)
		}
	})
}
