// Package bodies makes request bodies for benchmarks and tests: conversations of a given size in the shapes in which
// clients send them to the messages API. A body is the same in every run.
package bodies

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Shape is how the text of a conversation is laid out.
type Shape int

// The shapes.
const (
	Strings Shape = iota // messages whose content is one string
	Blocks               // messages whose content is a list of blocks: text, tool_use, tool_result
	Images               // like Blocks, with base64 images among the blocks
)

// Shapes are all of them.
var Shapes = []Shape{Strings, Blocks, Images}

func (s Shape) String() string { return [...]string{"strings", "blocks", "images"}[s] }

// Size is a named body size.
type Size struct {
	Name  string
	Bytes int
}

// Sizes are those that are measured.
var Sizes = []Size{{"10KB", 10 << 10}, {"200KB", 200 << 10}, {"2MB", 2 << 20}}

// Make returns a body of about the given number of bytes.
func Make(shape Shape, size int) []byte {
	random := rand.New(rand.NewPCG(uint64(shape), uint64(size)))
	var b strings.Builder
	b.WriteString(`{"model":"claude-sonnet-4","max_tokens":4096,"stream":true,"metadata":{"user_id":"u-1"},"messages":[`)
	for i := 0; b.Len() < size; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		role := [...]string{"user", "assistant"}[i%2]
		if shape == Strings {
			fmt.Fprintf(&b, `{"role":%q,"content":"%s"}`, role, prose(random, 700))
			continue
		}
		fmt.Fprintf(&b, `{"role":%q,"content":[`, role)
		blocks(&b, random, shape, i)
		b.WriteString(`]}`)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func blocks(b *strings.Builder, random *rand.Rand, shape Shape, turn int) {
	fmt.Fprintf(b, `{"type":"text","text":"%s"}`, prose(random, 500))
	switch {
	case shape == Images && turn%4 == 0:
		raw := make([]byte, 6000)
		for i := range raw {
			raw[i] = byte(random.Uint32())
		}
		fmt.Fprintf(b, `,{"type":"image","source":{"type":"base64","media_type":"image/png","data":"%s"}}`,
			base64.StdEncoding.EncodeToString(raw))
	case turn%2 == 1:
		fmt.Fprintf(b, `,{"type":"tool_use","id":"toolu_%08x","name":"read_file","input":{"path":"/srv/%x.go","limit":%d}}`,
			random.Uint32(), random.Uint32(), random.IntN(2000))
	default:
		fmt.Fprintf(b, `,{"type":"tool_result","tool_use_id":"toolu_%08x","content":[{"type":"text","text":"%s"}]}`,
			random.Uint32(), prose(random, 900))
	}
}

var (
	words = strings.Fields("the a of and to gateway forwards request header upstream token guard reads body before it is sent " +
		"because nothing crosses unless named function returns error when caller context deadline stream buffer")
	foreign = strings.Fields("café naïve größer 東京 — it’s don’t “so” 😀")
)

// prose is text of about n bytes as it stands in JSON: English, with a line break, a quotation or a bit of code about every dozen
// words, and a word that is not ASCII about every forty.
func prose(random *rand.Rand, n int) string {
	var b strings.Builder
	for b.Len() < n {
		switch random.IntN(72) {
		case 0, 1, 2:
			b.WriteString(`\n`)
		case 3, 4, 5:
			b.WriteString(`\"quoted\" `)
		case 6, 7:
			b.WriteString(foreign[random.IntN(len(foreign))] + " ")
		default:
			b.WriteString(words[random.IntN(len(words))] + " ")
		}
	}
	return b.String()
}
