package denial_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headersafe/headersafe/internal/denial"
)

func TestProblem(t *testing.T) {
	for _, tt := range []struct {
		name string
		d    denial.Denial
		want string
	}{
		{"plain", denial.Denial{Status: 400, Code: "alias", Message: "No."}, `{"title":"Bad Request","status":400,"detail":"No.","code":"alias"}`},
		{"the detail stays private", denial.Denial{Status: 503, Code: "x", Message: "No.", Detail: "private"}, `{"title":"Service Unavailable","status":503,"detail":"No.","code":"x"}`},
		{"a message that needs quoting", denial.Denial{Status: 400, Code: "x", Message: "\"<\xff>\"\n"}, `{"title":"Bad Request","status":400,"detail":"\"\u003c\ufffd\u003e\"\n","code":"x"}`},
		{"no message", denial.Denial{Status: 599}, `{"title":"","status":599,"detail":"","code":""}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			contentType, body := denial.Problem(tt.d)
			if diff := cmp.Diff(tt.want, string(body)); diff != "" || contentType != "application/problem+json" {
				t.Errorf("%s (-want +got):\n%s", contentType, diff)
			}
			if !json.Valid(body) {
				t.Error("no JSON")
			}
		})
	}
}

func TestError(t *testing.T) {
	for want, d := range map[string]denial.Denial{
		"code: message": {Code: "code", Message: "message"},
		"code: detail":  {Code: "code", Message: "message", Detail: "detail"},
	} {
		if got := d.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func plain(d denial.Denial) (string, []byte) { return "text/plain", []byte(d.Code) }

// TestWrite says what comes out beside what outer middleware has set.
func TestWrite(t *testing.T) {
	const problem = `{"title":"Forbidden","status":403,"detail":"No.","code":"no"}`
	fields := func(contentType, length string, more ...string) http.Header {
		h := http.Header{
			"Content-Type": {contentType}, "Content-Length": {length},
			"Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"},
		}
		for i := 0; i < len(more); i += 2 {
			h.Add(more[i], more[i+1])
		}
		return h
	}
	no := denial.Denial{Status: 403, Code: "no", Message: "No."}
	challenging := no
	challenging.Header = http.Header{"Www-Authenticate": {"Bearer", "Basic"}, "X-Frame-Options": {"DENY"}, "Content-Type": {"text/html"}}
	for _, tt := range []struct {
		name   string
		set    http.Header
		shape  denial.Shape
		denial denial.Denial
		header http.Header
		body   string
	}{
		{"a problem by default", nil, nil, no, fields("application/problem+json", "61"), problem},
		{"in a shape", nil, plain, no, fields("text/plain", "2"), "no"},
		{"an empty body", nil, func(denial.Denial) (string, []byte) { return "text/plain", nil }, no, fields("text/plain", "0"), ""},
		{"outer fields stay", http.Header{"Access-Control-Allow-Origin": {"*"}, "X-Request-Id": {"1"}}, plain, no, fields("text/plain", "2", "Access-Control-Allow-Origin", "*", "X-Request-Id", "1"), "no"},
		{"fields of another body go", http.Header{"Content-Encoding": {"gzip"}, "Content-Language": {"fr"}, "Content-Range": {"bytes 0-1/2"}, "Etag": {`"x"`}, "Last-Modified": {"x"}, "Trailer": {"X"}, "Content-Type": {"text/html"}, "Content-Length": {"99"}, "Cache-Control": {"public"}}, plain, no, fields("text/plain", "2"), "no"},
		{"fields of the denial", http.Header{"Www-Authenticate": {"Digest"}, "X-Frame-Options": {"SAMEORIGIN"}}, plain, challenging, fields("text/plain", "2", "Www-Authenticate", "Bearer", "Www-Authenticate", "Basic", "X-Frame-Options", "DENY"), "no"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			for name, lines := range tt.set {
				w.Header()[name] = lines
			}
			denial.Write(w, tt.shape, tt.denial)
			if w.Code != tt.denial.Status || w.Body.String() != tt.body {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if diff := cmp.Diff(tt.header, w.Header()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestWriteSharesNoHeader lets outer middleware change what it finds in the response: the denial, which may answer
// many requests, stays as it is.
func TestWriteSharesNoHeader(t *testing.T) {
	d := denial.Denial{Status: 405, Header: http.Header{"Allow": {"GET"}}}
	w := httptest.NewRecorder()
	denial.Write(w, plain, d)
	w.Header()["Allow"][0] = "changed"
	if diff := cmp.Diff(http.Header{"Allow": {"GET"}}, d.Header); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWriteToAServer shows the same header for HEAD and GET, and the body for GET alone.
func TestWriteToAServer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		denial.Write(w, nil, denial.Denial{Status: 403, Code: "no", Message: "No."})
	}))
	defer server.Close()
	fetch := func(method string) (http.Header, int64, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 403 {
			t.Errorf("%s: %d, %v", method, resp.StatusCode, err)
		}
		return resp.Header, resp.ContentLength, string(body)
	}
	header, length, body := fetch(http.MethodGet)
	headHeader, headLength, headBody := fetch(http.MethodHead)
	if diff := cmp.Diff(header, headHeader); diff != "" || length != headLength {
		t.Errorf("lengths %d and %d (-GET +HEAD):\n%s", length, headLength, diff)
	}
	if int64(len(body)) != length || headBody != "" {
		t.Errorf("GET %q, HEAD %q", body, headBody)
	}
}
