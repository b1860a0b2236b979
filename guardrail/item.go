package guardrail

import (
	"bytes"

	"github.com/headersafe/headersafe/internal/jsonscan"
)

// item is a text, found and not yet copied: a string, or the name of a member.
type item struct {
	node     jsonscan.Node
	role     jsonscan.Node // the string that says whose it is; 0, which is the root, for none
	selector int16         // index into rule.text; -1 for none
	name     bool
}

// spelling returns the text as it stands between its quotes, and whether it holds escapes.
func (it item) spelling(t *jsonscan.Tape) (raw []byte, escaped bool) {
	if it.name {
		return t.Name(it.node)
	}
	return t.Text(it.node)
}

func (it item) raw(t *jsonscan.Tape) []byte {
	raw, _ := it.spelling(t)
	return raw
}

// size returns how many bytes the text has at most, unescaped.
func (it item) size(t *jsonscan.Tape) int {
	raw, escaped := it.spelling(t)
	size := len(raw)
	if !escaped {
		return size
	}
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return size
		}
		if raw[i+1] == 'u' {
			size -= 3 // six bytes, for a character of three at most
		} else {
			size--
		}
		raw = raw[i+2:]
	}
}

func (it item) appendTo(dst []byte, t *jsonscan.Tape) []byte {
	if it.name {
		return t.AppendName(dst, it.node)
	}
	return t.AppendText(dst, it.node)
}
