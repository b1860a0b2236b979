package jsonpath

import (
	"fmt"
	"strconv"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// Normalized returns the normalized path of n (section 2.7), such as $['messages'][0]['content']. Compiled, it selects n
// and nothing else.
func Normalized(t *jsonscan.Tape, n jsonscan.Node) string {
	return string(AppendNormalized(nil, t, n))
}

// AppendNormalized appends the normalized path of n to dst. Its time is in proportion to the path's length.
func AppendNormalized(dst []byte, t *jsonscan.Tape, n jsonscan.Node) []byte {
	var few [32]node
	steps := few[:0]
	for {
		parent, ok := t.Parent(n)
		if !ok {
			break
		}
		steps = append(steps, n)
		n = parent
	}
	dst = append(dst, '$')
	for i := len(steps) - 1; i >= 0; i-- {
		if index, ok := t.Index(steps[i]); ok {
			dst = append(dst, '[')
			dst = strconv.AppendInt(dst, int64(index), 10)
			dst = append(dst, ']')
			continue
		}
		dst = append(dst, "['"...)
		start := len(dst)
		dst = quoteFrom(t.AppendName(dst, steps[i]), start)
		dst = append(dst, "']"...)
	}
	return dst
}

// quoteFrom escapes what stands in b from start on as normal-single-quoted.
func quoteFrom(b []byte, start int) []byte {
	plain := true
	for _, c := range b[start:] {
		plain = plain && c >= 0x20 && c != '\'' && c != '\\'
	}
	if plain {
		return b
	}
	name := string(b[start:])
	b = b[:start]
	for i := range len(name) {
		switch c := name[i]; c {
		case '\'', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			if c < 0x20 {
				b = fmt.Appendf(b, `\u%04x`, c)
				continue
			}
			b = append(b, c)
		}
	}
	return b
}
