//go:build unix

package http1

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// Each reason, and beside it what is just not refused.
func TestRefusals(t *testing.T) {
	silent, far, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = silent.Close(), far.Close() }()
	const ok = "HTTP/1.1 200 OK\r\n"
	const chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
	const end = "Content-Length: 0\r\n\r\n"
	for name, test := range map[string]struct {
		reply string
		want  Reason // empty for none
	}{
		"LF after the status line":        {"HTTP/1.1 200 OK\n" + end, BareLineFeed},
		"LF after a field":                {ok + "A: b\n" + end, BareLineFeed},
		"LF alone at the end":             {ok + "Content-Length: 0\r\n\n", BareLineFeed},
		"another protocol":                {"SSH-2.0-OpenSSH\r\n", BadStatusLine},
		"another version":                 {"HTTP/2.0 200 OK\r\n" + end, BadStatusLine},
		"two spaces":                      {"HTTP/1.1  200 OK\r\n" + end, BadStatus},
		"four digits":                     {"HTTP/1.1 2000\r\n" + end, BadStatusLine},
		"a control in the reason":         {"HTTP/1.1 200 O\x01\r\n" + end, BadStatusLine},
		"no reason":                       {"HTTP/1.1 200\r\n" + end, ""},
		"a status below 100":              {"HTTP/1.1 099 OK\r\n" + end, BadStatus},
		"a status with a sign":            {"HTTP/1.1 +20 OK\r\n" + end, BadStatus},
		"no colon":                        {ok + "A\r\n" + end, BadFieldName},
		"no name":                         {ok + ": b\r\n" + end, BadFieldName},
		"a space before the colon":        {ok + "A : b\r\n" + end, BadFieldName},
		"CR in a value":                   {ok + "A: b\rc\r\n" + end, BadFieldValue},
		"NUL in a value":                  {ok + "A: b\x00c\r\n" + end, BadFieldValue},
		"obs-text in a value":             {ok + "A: b\xffc\r\n" + end, ""},
		"folding":                         {ok + "A: b\r\n c\r\n" + end, FoldedField},
		"998 more fields":                 {ok + strings.Repeat("A: b\r\n", maxFields-2) + end, ""},
		"1000 more fields":                {ok + strings.Repeat("A: b\r\n", maxFields) + end, TooManyFields},
		"a large header":                  {ok + "A: " + strings.Repeat("x", maxHeader-100) + "\r\n" + end, ""},
		"a larger header":                 {ok + "A: " + strings.Repeat("x", maxHeader) + "\r\n" + end, HeaderTooLarge},
		"headers that together are large": {strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 700) + ok + end, HeaderTooLarge},
		"two lengths":                     {ok + "Content-Length: 0\r\n" + end, BadLength},
		"a list of lengths":               {ok + "Content-Length: 0, 0\r\n\r\n", BadLength},
		"a negative length":               {ok + "Content-Length: -1\r\n\r\n", BadLength},
		"a length of 64 bits":             {ok + "Content-Length: 9223372036854775808\r\n\r\n", BadLength},
		"another coding":                  {ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", BadCoding},
		"two codings":                     {ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", BadCoding},
		"a length and a coding":           {ok + "Transfer-Encoding: chunked\r\n" + end, LengthAndCoding},
		"a coding in HTTP/1.0":            {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", CodingBefore11},
		"a trailer that frames":           {ok + "Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n0\r\n\r\n", BadTrailerNames},
		"an announced name with a space":  {ok + "Transfer-Encoding: chunked\r\nTrailer: A b\r\n\r\n0\r\n\r\n", BadTrailerNames},
		"a size that is no number":        {chunked + "x\r\n", BadChunk},
		"an empty size":                   {chunked + "\r\n\r\n", BadChunk},
		"15 digits":                       {chunked + strings.Repeat("0", 15) + "\r\n\r\n", ""},
		"16 digits":                       {chunked + strings.Repeat("0", 16) + "\r\n\r\n", BadChunk},
		"LF after a size":                 {chunked + "0\n\r\n", BadChunk},
		"CR in a size":                    {chunked + "0\r0\r\n\r\n", BadChunk},
		"no CR after the data":            {chunked + "1\r\na\n0\r\n\r\n", BadChunk},
		"no LF after the data":            {chunked + "1\r\na\r\r0\r\n\r\n", BadChunk},
		"more data than the size":         {chunked + "1\r\nab\r\n0\r\n\r\n", BadChunk},
		"an extension":                    {chunked + "0;" + strings.Repeat("x", maxChunkLine-10) + "\r\n\r\n", ""},
		"a long extension":                {chunked + "0;" + strings.Repeat("x", maxChunkLine) + "\r\n\r\n", BadChunk},
		"a control in an extension":       {chunked + "0;\x00\r\n\r\n", BadChunk},
		"mostly extensions":               {chunked + strings.Repeat("1;"+strings.Repeat("x", 1000)+"\r\na\r\n", 20) + "0\r\n\r\n", BadChunk},
		"small chunks":                    {chunked + strings.Repeat("1\r\na\r\n", 2000) + "0\r\n\r\n", ""},
		"trailers":                        {chunked + "0\r\nA: " + strings.Repeat("x", maxTrailers-100) + "\r\n\r\n", ""},
		"long trailers":                   {chunked + "0\r\nA: " + strings.Repeat("x", maxTrailers) + "\r\n\r\n", BadTrailers},
		"a trailer without a colon":       {chunked + "0\r\nA\r\n\r\n", BadTrailers},
		"a trailer that ends in LF":       {chunked + "0\r\nA: b\n\r\n", BadTrailers},
		"switching protocols":             {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", UnaskedSwitching},
	} {
		t.Run(name, func(t *testing.T) {
			for _, cuts := range [][]byte{nil, []byte(strings.Repeat("\x01", len(test.reply)))} {
				got := exchangeWith(makeClient, silent, "GET", script{split([]byte(test.reply), cuts), io.EOF})
				var refused *MalformedError
				switch {
				case test.want == "" && got.err != nil:
					t.Errorf("the error is %v", got.err)
				case test.want != "" && (!errors.As(got.err, &refused) || refused.Reason != test.want):
					t.Errorf("the error is %v, not %q", got.err, test.want)
				}
			}
		})
	}
}
